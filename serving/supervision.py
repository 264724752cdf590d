"""The process that starts the workers: its port, its folder for metrics, and who ends with whom."""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import errno
import fcntl
import os
import shutil
import signal
import socket
import sys
import tempfile
import time
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from prometheus_client.multiprocess import mark_process_dead

from scoring.errors import UserError
from serving import logs
from serving.telemetry import DeathCount

PREFIX = "churn-service-"
METRICS, OWNER = "metrics", "owner"
SETTLED = 60.0  # seconds after which a folder without an owner belongs to a run that has ended
PR_SET_PDEATHSIG = 1


def check_port(host: str, port: int) -> None:
    """`UserError` where the service could not listen there; nothing else is touched before."""
    family = socket.AF_INET6 if ip_address(host).version == 6 else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            in_use = error.errno == errno.EADDRINUSE
            reason = "another program listens there" if in_use else os.strerror(error.errno or 0)
            raise UserError(
                f"port {port} of {host}: {reason}; expected a free one (bentoml serve --port 3001)"
            ) from None


class RunFolder:
    """A folder of one run of the service, gone when it ends; `metrics` is for Prometheus's files.

    The open lock on `owner` says that the run goes on, however it ends.
    """

    def __init__(self) -> None:
        _remove_ended()
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX))
        self.metrics = self.path / METRICS
        self._owner = (self.path / OWNER).open("w")
        fcntl.flock(self._owner, fcntl.LOCK_EX)
        print(os.getpid(), file=self._owner, flush=True)
        atexit.register(self.close)

    def close(self) -> None:
        """Remove it."""
        shutil.rmtree(self.path, ignore_errors=True)
        self._owner.close()


def _remove_ended() -> None:
    """Remove the folders of runs that could not do it themselves."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime > SETTLED and not _is_owned(folder / OWNER):
                shutil.rmtree(folder, ignore_errors=True)


def _is_owned(file: Path) -> bool:
    with contextlib.suppress(FileNotFoundError), file.open() as owner:
        try:
            fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


class Deaths:
    """What is done about workers that end without being asked to."""

    def __init__(self, metrics: Path) -> None:
        self._metrics, self._count = metrics, DeathCount(metrics)

    def look_after(self, watcher: Any) -> None:
        """Have a watcher of circus report every worker that ends.

        It forgets one whose first thread has ended, without its hook, where others of its threads
        take a moment longer: such a worker cannot be waited for yet.
        """
        from circus.process import DEAD_OR_ZOMBIE, UNEXISTING

        watcher.hooks["after_reap"] = self.after_reap
        manage = watcher.manage_processes

        def managed() -> Any:
            for process in list(watcher.processes.values()):
                if process.status in (DEAD_OR_ZOMBIE, UNEXISTING):
                    watcher.reap_process(process.pid)
            return manage()

        watcher.manage_processes = managed

    def after_reap(self, **event: Any) -> bool:
        """Circus's hook after a worker has ended: log it, count it, forget its live gauges."""
        watcher, pid = event["watcher"], event["process_pid"]
        mark_process_dead(pid, str(self._metrics))
        if not (watcher.is_stopping() or watcher.is_stopped()):
            self._count.add()
            logs.service.error(
                "a worker died; another one is started",
                extra={"pid": pid, "exit_code": event["exit_code"]},
            )
        return True


def end_with_parent() -> None:
    """Have this worker stop as on SIGTERM when its parent is gone, so that the port is free again.

    On Linux; elsewhere a worker outlives a parent that was killed.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    owner = Path(os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")).parent / OWNER
    if owner.is_file() and owner.read_text().strip() != str(os.getppid()):
        sys.exit("the process that started this worker is gone")
