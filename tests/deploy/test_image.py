"""The image, built and run without rights, on a file system that cannot be written to."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scoring.errors import UserError
from stages.core.paths import Paths
from stages.operations.image import build, running_engine
from tests.places import ROOT
from tests.service.conftest import ELSEWHERE, Server, bento, club, free_port, wait

__all__ = ["bento", "club"]  # fixtures

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
BASE = "CHURN_IMAGE_BASE"  # another base than the recipe's
TAG = "churn-test:latest"
OWN_MB, MEMORY = 240, "300m"
CONFINED = (
    "--network=host", "--read-only", "--tmpfs=/tmp", "--cap-drop=ALL",
    "--security-opt=no-new-privileges", f"--memory={MEMORY}",
    "--ulimit=nofile=1024:20000", "--ulimit=nproc=4096:4096",
)  # fmt: skip


def asked(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.strip()


@pytest.fixture(scope="module")
def engine() -> str:
    """Docker or Podman."""
    try:
        return running_engine()
    except UserError as error:
        pytest.skip(f"no container engine ({error}); apt-get install podman buildah runc")


@pytest.fixture(scope="module")
def base(engine: str) -> str:
    """The image that ours is put on; the test is skipped where it cannot be pulled."""
    recipe = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    name = os.environ.get(BASE) or re.findall(r"^ARG BASE=(\S+)", recipe, flags=re.MULTILINE)[0]
    for command in ("inspect", "pull"):
        done = subprocess.run([engine, "image", command, name], capture_output=True, check=False)
        if done.returncode == 0:
            return name
    pytest.skip(f"{name} cannot be pulled; {BASE} names another base, with Python 3.11")


@pytest.fixture(scope="module")
def image(engine: str, base: str, bento: Path) -> str:
    """An image of the club's bento."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BENTOML_HOME", str(bento.parents[2]))
        build(Paths(ROOT), base=base, tag=TAG)
    return TAG


@pytest.fixture(scope="module")
def running(
    engine: str, image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Server]]:
    """A container without capabilities, and the service in it; stopped at the end."""
    port, log = free_port(), tmp_path_factory.mktemp("container") / "service.log"
    name, serve = f"churn-test-{port}", ("bentoml", "serve", "/opt/bento", "--host", "127.0.0.1")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [engine, "run", "--rm", f"--name={name}", *CONFINED, "--env=CHURN_RATE_LIMIT=off",
             image, *serve, "--port", str(port)],
            stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
    server = Server(process, f"http://127.0.0.1:{port}", str(log))
    try:
        wait(server)
        yield name, server
    finally:
        subprocess.run([engine, "stop", name], capture_output=True, check=False)
        process.wait(30)


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
