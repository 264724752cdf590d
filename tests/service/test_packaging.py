"""The bento: built from the root, installed into an empty environment, served, tested, measured."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.places import ROOT
from tests.service.conftest import ELSEWHERE, Server, serve

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

INSTALLED_MB, START_SECONDS, RESIDENT_MB = 350, 6.0, 250


def run(*command: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def python(bento, tmp_path_factory) -> str:
    """The Python of an empty environment with what the bento asks for, and nothing else."""
    place = tmp_path_factory.mktemp("environment") / "venv"
    run("uv", "venv", "--quiet", "--python", sys.executable, str(place))
    chosen = str(place / "bin" / "python")
    wanted = str(bento / "src" / "requirements" / "service.lock")
    run("uv", "pip", "install", "--quiet", "--python", chosen, "--require-hashes", "-r", wanted)
    return chosen


def test_a_bento_carries_the_service_and_the_bundle_alone(bento):
    files = {path.relative_to(bento / "src").as_posix() for path in (bento / "src").rglob("*.*")}
    assert {"models/champion/model.onnx", "models/champion/bundle.json"} <= files
    assert not [f for f in files if f.endswith((".csv", ".parquet", ".ipynb"))]
    assert not [f for f in files if f.startswith(("tests", "data", "reports", "notebooks"))]


def test_the_bento_asks_for_the_lock_and_nothing_besides(bento):
    asked, locked = (
        set(re.findall(r"^([a-z0-9._-]+==[^ ;\n]+)", path.read_text(), flags=re.MULTILINE))
        for path in (bento / "env/python/requirements.txt", bento / "src/requirements/service.lock")
    )
    assert asked == locked


def test_the_environment_is_lean(python):
    site = Path(python).parent.parent / "lib"
    size = sum(f.stat().st_size for f in site.rglob("*") if f.is_file() and not f.is_symlink())
    assert size <= INSTALLED_MB * 1e6
    listed = run("uv", "pip", "list", "--quiet", "--python", python, "--format", "json")
    names = {package["name"] for package in json.loads(listed)}
    assert not names & {"scikit-learn", "pandas", "dvc", "evidently", "jupyter", "pyarrow"}


def cpu_seconds(server: Server) -> float:
    """Processor time of the service's processes since they began, whoever else uses the machine."""
    main = psutil.Process(server.process.pid)
    times = [process.cpu_times() for process in (main, *main.children(recursive=True))]
    return sum(time.user + time.system for time in times)


def test_the_bento_is_ready_in_time(bento, python, club, tmp_path):
    with serve(tmp_path, club, service=str(bento), python=python, path="") as server:
        assert cpu_seconds(server) <= START_SECONDS


def test_the_bento_serves_and_passes_the_tests_of_the_service(bento, python, club, tmp_path):
    options = {"service": str(bento), "python": python, "path": "", "rate_limit": "100000/second"}
    with serve(tmp_path, club, **options) as server:
        running = json.dumps({"url": server.url, "log": server.log})
        run("pytest", "-q", "-p", "no:cacheprovider", "tests/service/test_http.py",
            **{ELSEWHERE: running})  # fmt: skip
        children = psutil.Process(server.process.pid).children(recursive=True)
        resident = max(child.memory_info().rss for child in children)
        assert resident <= RESIDENT_MB * 1e6
