"""What the documentation tells people to run is run: smoke test, Python and curl."""

import json
import shutil
import subprocess
import sys

import pytest

from scoring.errors import UserError
from stages.operations.smoke_test import smoke
from tests.book import commands
from tests.conftest import stages
from tests.network import free_port
from tests.places import ROOT
from tests.service.conftest import one


def test_the_smoke_test_passes_on_a_running_service(server):
    assert "ok, champion" in smoke(server.url + "/")
    done = stages(ROOT, "smoke", server.url)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_smoke_test_says_where_nobody_answers():
    url = f"http://127.0.0.1:{free_port()}"
    done = stages(ROOT, "smoke", url)
    assert done.returncode == 1
    assert url in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/predict", {"churn_probability": 1.5, "decision": "no_contact"}),
        ("/predict", {"churn_probability": 0.5, "decision": "maybe"}),
        ("/predict", {}),
    ],
)
def test_the_smoke_test_sees_a_wrong_answer(server, monkeypatch, path, answer):
    from stages.operations import smoke_test as module

    real = module._expect

    def wrong(url, asked, status, body=None):
        reply = real(url, asked, status, body)
        return answer if asked == path and status == 200 else reply

    monkeypatch.setattr(module, "_expect", wrong)
    with pytest.raises(UserError, match="field"):
        smoke(server.url)


@pytest.mark.parametrize(
    "command",
    sorted({one for one in commands() if "localhost:3000" in one}),
    ids=lambda one: one.split()[-1],
)
def test_what_the_book_asks_of_the_service_is_answered(server, command):
    program, *arguments = command.replace("localhost:3000", server.url).split()
    if program == "curl" and shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    asked = {"curl": ["curl", "--fail"], "python": [sys.executable]}[program]
    arguments = [each.replace("http://http://", "http://") for each in arguments]
    done = subprocess.run(
        [*asked, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_python_client_runs(server):
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "client.py"), server.url],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "probability of churn: " in done.stdout


@pytest.mark.parametrize(
    ("argument", "code", "words"),
    [("--help", 0, "usage: client.py"), ("localhost", 2, "localhost: expected the address")],
)
def test_the_python_client_says_how_it_is_called(argument, code, words):
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "client.py"), argument],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == code
    assert words in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_curl_runs(server, tmp_path):
    (tmp_path / "one.json").write_text(json.dumps(one()))
    done = subprocess.run(
        ["curl", "-sS", f"{server.url}/predict", "-H", "Content-Type: application/json",
         "-d", f"@{tmp_path}/one.json"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert 0 <= json.loads(done.stdout)["churn_probability"] <= 1
