"""A bundle of the cheese club, and servers that answer from it on a free port of this machine."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from prometheus_client import CollectorRegistry

from serving.document import example
from serving.settings import Settings
from serving.worker import Worker
from stages.core.files import write_table
from stages.core.paths import Paths
from stages.model.champion import write_bundle
from stages.operations.reproducible import copy_work_tree
from tests import builders
from tests.network import free_port
from tests.places import ROOT

ELSEWHERE = "CHURN_TEST_SERVER"  # a running service to test: {"url": …, "log": …}
START = 90.0  # seconds, on a busy machine


def write_club(folder: Path, *, variant: str = "full", winner: str = "vote") -> Path:
    """A champion bundle of the club in a new folder."""
    features, paths = builders.features(variant), Paths(folder)
    write_table(paths.train, features)
    write_bundle(
        winner,
        builders.validation(variant),
        features,
        builders.schema(variant),
        train=builders.train_params(),
        money=builders.money_params(),
        paths=paths,
    )
    return paths.champion


@pytest.fixture(scope="session")
def club(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle whose champion is not its fallback; nobody changes it."""
    return write_club(tmp_path_factory.mktemp("club"))


@pytest.fixture(scope="session")
def bento(club, tmp_path_factory) -> Path:
    """A bento, built in a copy of what git would have here, with the club's bundle."""
    place = tmp_path_factory.mktemp("bento")
    copy_work_tree(place / "clone", ROOT)
    (place / "clone" / "models").mkdir(exist_ok=True)
    shutil.copytree(club, place / "clone" / "models" / "champion")
    built = subprocess.run(
        [sys.executable, "-m", "bentoml", "build", "--output", "tag"],
        cwd=place / "clone",
        env=os.environ | {"BENTOML_HOME": str(place / "home"), "BENTOML_DO_NOT_TRACK": "True"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr[-3000:]
    name, version = built.stdout.strip().splitlines()[-1].removeprefix("__tag__:").split(":")
    return place / "home" / "bentos" / name / version


@pytest.fixture
def own_club(club: Path, tmp_path: Path) -> Path:
    """A copy of the bundle that a test may break."""
    return Path(shutil.copytree(club, tmp_path / "champion"))


@pytest.fixture
def settings(club: Path, tmp_path: Path) -> Settings:
    """Settings for the club's bundle, without a watch over its files."""
    return Settings(bundle=club, reload_seconds=0, log_folder=tmp_path / "log", rate_limit="off")


@pytest.fixture
def work(settings: Settings) -> Iterator[Callable[..., Worker]]:
    """A function that makes a worker with some settings, metrics of its own; closed at the end."""
    made: list[Worker] = []

    def make(**changes) -> Worker:
        chosen = Settings(**{**settings.model_dump(), **changes})
        made.append(Worker(chosen, registry=CollectorRegistry()))
        return made[-1]

    yield make
    for worker in made:
        worker.close()


@dataclass
class Server:
    """A running service."""

    process: subprocess.Popen[bytes] | None
    url: str
    log: str

    def client(self, **options) -> httpx.Client:
        """A client of its own connection."""
        return httpx.Client(base_url=self.url, timeout=30, trust_env=False, **options)

    def ask(self, path: str) -> dict:
        """What a `GET` answers."""
        with self.client() as client:
            return client.get(path).json()

    def stop(self) -> int:
        """Ask it to stop, as an operator would; its exit code."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(30)

    def lines(self) -> list[dict]:
        """The service's own log."""
        lines = Path(self.log).read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]


@contextlib.contextmanager
def serve(
    folder: Path,
    bundle: Path,
    *,
    service: str = ".",
    host: str | None = "127.0.0.1",
    python: str = sys.executable,
    path: str = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
    **environment: str,
) -> Iterator[Server]:
    """The service in processes of its own, as `bentoml serve` starts it; stopped at the end."""
    port, log, where = free_port(), folder / "service.log", ["--host", host] if host else []
    settings = {f"CHURN_{name.upper()}": value for name, value in environment.items()}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CHURN_")}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [python, "-m", "bentoml", "serve", service, "-p", str(port), *where],
            cwd=ROOT,
            env={
                **kept,
                "CHURN_BUNDLE": str(bundle),
                "CHURN_LOG_FOLDER": str(folder / "log"),
                "CHURN_RATE_LIMIT": "off",  # a fast machine asks more often than any caller would
                "BENTOML_HOME": str(folder / "bentoml"),
                "BENTOML_DO_NOT_TRACK": "True",
                "PYTHONPATH": path,
                **settings,
            },
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    server = Server(process, f"http://127.0.0.1:{port}", str(log))
    try:
        wait(server)
        yield server
    finally:
        if process.poll() is None:
            server.stop()


def wait(server: Server) -> None:
    """Return once it answers; its log where it does not."""
    due = time.monotonic() + START
    while time.monotonic() < due:
        assert server.process.poll() is None, Path(server.log).read_text()[-3000:]
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{server.url}/livez", trust_env=False).status_code == 200:
                return
        time.sleep(0.1)
    raise AssertionError(Path(server.log).read_text()[-3000:])


def series(server: Server, name: str) -> float:
    """The sum of a metric of the service over its series."""
    with server.client() as client:
        lines = client.get("/metrics").text.splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))


@pytest.fixture(scope="session")
def server(club: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One service for all tests that only ask it: one of its own, or that of `ELSEWHERE`."""
    if ELSEWHERE in os.environ:
        yield Server(None, **json.loads(os.environ[ELSEWHERE]))
        return
    folder = tmp_path_factory.mktemp("server")
    with serve(folder, club, rate_limit="100000/second", reload_seconds="0.5") as running:
        yield running


@pytest.fixture(scope="session")
def client(server: Server) -> Iterator[httpx.Client]:
    """A connection to it."""
    with server.client() as opened:
        yield opened


def one(**changes) -> dict:
    """A request for one member of the club."""
    request = example("/predict", builders.schema())
    request["features"].update(changes)
    return request
