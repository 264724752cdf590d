"""The image, built and run without rights, on a file system that cannot be written to."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.deploy.containers import CONFINED, container
from tests.places import ROOT
from tests.service.conftest import ELSEWHERE, Server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
OWN_MB = 210


def asked(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.strip()


@pytest.fixture(scope="module")
def running(
    engine: str, image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Server]]:
    """A container without capabilities, and the service in it; stopped at the end."""
    with container(engine, image, tmp_path_factory.mktemp("container")) as found:
        yield found


def test_the_image_passes_the_tests_of_the_service(running: tuple[str, Server]) -> None:
    _, server = running
    running = json.dumps({"url": server.url, "log": server.log})
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "0",
         "tests/service/test_http.py"],
        cwd=ROOT, env=os.environ | {ELSEWHERE: running},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]


def test_it_runs_without_rights_and_writes_the_prediction_log_alone(
    engine: str, running: tuple[str, Server]
) -> None:
    name, _ = running
    inside = (engine, "exec", name, "python", "-c")
    assert asked(*inside, "import os; print(os.getuid(), os.getgid())") == "1034 1034"
    status = asked(*inside, "print(open('/proc/self/status').read())")
    assert re.search(r"^CapEff:\s+0+$", status, flags=re.MULTILINE)
    assert "predictions.1.jsonl" in asked(
        *inside, "import os; print(os.listdir(os.environ['CHURN_LOG_FOLDER']))"
    )
    writable = "import os; print([p for p in ('/', '/opt', '/opt/bento') if os.access(p, os.W_OK)])"
    assert asked(*inside, writable) == "[]"


def test_it_is_lean_and_has_no_installer(engine: str, image: str, base: str) -> None:
    sizes = [
        int(asked(engine, "image", "inspect", "--format={{.Size}}", each)) for each in (image, base)
    ]
    assert (sizes[0] - sizes[1]) / 1e6 <= OWN_MB
    found = (
        "import importlib.util as u; print([n for n in ('pip', 'setuptools') if u.find_spec(n)])"
    )
    assert asked(engine, "run", "--rm", *CONFINED, image, "python", "-c", found) == "[]"
