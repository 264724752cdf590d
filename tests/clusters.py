"""A Dask scheduler with worker processes, on free ports of this machine."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tests.places import ROOT
from tests.waiting import until


@dataclass(frozen=True)
class DaskCluster:
    """The scheduler's address, and the processes of its workers."""

    address: str
    workers: list[subprocess.Popen[bytes]]


@contextmanager
def dask_cluster(folder: Path, *, workers: int = 2) -> Iterator[DaskCluster]:
    """A cluster whose files go to a folder; killed at the end."""
    assert find_spec("distributed"), "no Dask: make cluster installs it"
    file = folder / "scheduler.json"
    scheduler = _started("scheduler", "--port", "0", "--scheduler-file", str(file))
    until(lambda: file.is_file() and file.stat().st_size, what="no scheduler")
    members = [
        _started("worker", "--scheduler-file", str(file), "--nthreads", "1", "--no-nanny",
                 "--local-directory", str(folder))
        for _ in range(workers)
    ]  # fmt: skip
    try:
        yield DaskCluster(json.loads(file.read_text())["address"], members)
    finally:
        for process in (*members, scheduler):
            process.kill()
            process.wait()


def _started(kind: str, *options: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", "--host", "127.0.0.1"]
    return subprocess.Popen(
        [*command, "--no-dashboard", *options],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
