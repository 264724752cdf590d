"""The service that failures are injected into: processes on loopback, stopped at the end."""

from __future__ import annotations

import contextlib
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.serving import free_port
from scoring.bundle import SCHEMA_FILE
from scoring.errors import UserError
from scoring.schema import parse_schema
from serving.document import example
from stages.core.paths import Paths

START = 60.0  # seconds
SETTLES = 60.0
RELOAD = "0.2"


@dataclass(frozen=True)
class Target:
    """A running service, the folder of its own copy of the bundle, and that of its log."""

    port: int
    process: psutil.Process
    bundle: Path
    log: Path
    body: bytes

    def get(self, path: str) -> bytes:
        """What a `GET` answers."""
        # 2026-11-27: the address is made here, of a service started below
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:  # nosec B310
            return bytes(answer.read())

    def metric(self, name: str) -> float:
        """The sum over the series of a metric, of those with the labels in `name` if any."""
        wanted, _, labels = name.partition("{")
        parts = labels.rstrip("}").split(",") if labels else []
        series = re.findall(
            rf"^{wanted}(\{{[^}}]*\}})? (\S+)$", self.get("/metrics").decode(), re.M
        )
        return sum(float(v) for shown, v in series if all(part in shown for part in parts))

    def settled(self, name: str, least: float) -> float:
        """A metric, once it is at least so large or the time is over."""
        due = time.monotonic() + SETTLES
        while (found := self.metric(name)) < least and time.monotonic() < due:
            time.sleep(0.1)
        return found

    def workers(self) -> list[psutil.Process]:
        """The processes that answer."""
        return [one for one in self.process.children(recursive=True) if _answers(one)]

    def memory(self) -> int:
        """Resident bytes of all workers."""
        return sum(one.memory_info().rss for one in self.workers())


def _answers(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return "--worker-id" in process.cmdline()
    return False  # it has just ended


@contextlib.contextmanager
def running(
    bundle: Path, place: Path, *, files: int | None = None, **settings: str
) -> Iterator[Target]:
    """A service with settings, and `files` as its limit of open files."""
    own, log, port = place / "champion", place / "log", free_port()
    shutil.copytree(bundle, own)
    schema = parse_schema(json.loads((own / SCHEMA_FILE).read_bytes()), origin=SCHEMA_FILE)
    environment = _environment(own, log, place) | settings

    def limit() -> None:
        if files:
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))

    with (place / "service.log").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "bentoml", "serve", ".", "--host", "127.0.0.1", "-p", str(port)],
            cwd=Paths.here().root, env=environment, stdout=output, stderr=output, preexec_fn=limit,
        )  # fmt: skip
    body = json.dumps(example("/predict", schema)).encode()
    target = Target(port, psutil.Process(process.pid), own, log, body)
    try:
        _wait(target, process, place / "service.log")
        yield target
    finally:
        process.terminate()
        process.wait(30)


def _environment(bundle: Path, log: Path, place: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CHURN_")}
    return kept | {
        "BENTOML_HOME": str(place / "bentoml"),
        "BENTOML_DO_NOT_TRACK": "True",
        "CHURN_BUNDLE": str(bundle),
        "CHURN_LOG_FOLDER": str(log),
        "CHURN_RELOAD_SECONDS": RELOAD,
        "CHURN_RATE_LIMIT": "off",
    }


def _wait(target: Target, process: subprocess.Popen[bytes], log: Path) -> None:
    due = time.monotonic() + START
    while time.monotonic() < due and process.poll() is None:
        with contextlib.suppress(OSError):
            target.get("/readyz")
            return
        time.sleep(0.1)
    raise UserError(f"the service did not start: {log.read_text(encoding='utf-8')[-1000:]}")
