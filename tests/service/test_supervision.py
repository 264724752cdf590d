"""The service's processes: what a second one does, and what is left when one is killed."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import httpx
import psutil
import pytest
from circus.process import DEAD_OR_ZOMBIE
from circus.watcher import Watcher
from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector

from scoring.errors import UserError
from serving import supervision
from serving.supervision import METRICS, OWNER, PREFIX, Deaths, RunFolder, check_port
from tests.places import ROOT
from tests.service.conftest import Server, one, series, serve
from tests.waiting import WAIT, until


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder for temporary files."""
    monkeypatch.setattr(supervision.tempfile, "tempdir", str(tmp_path))
    return tmp_path


def worker(server: Server) -> psutil.Process:
    children = psutil.Process(server.process.pid).children()
    (found,) = [child for child in children if "--worker-id" in child.cmdline()]
    return found


# --- before anything starts --------------------------------------------------------------------


def test_a_port_in_use_is_named_and_a_free_one_is_taken():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(UserError, match=f"port {port} of 127.0.0.1: another program listens"):
            check_port("127.0.0.1", port)
    check_port("127.0.0.1", port)


def test_folders_of_ended_runs_are_removed_and_those_of_others_stay(place, monkeypatch):
    monkeypatch.setattr(supervision, "SETTLED", -1.0)
    ended = place / f"{PREFIX}ended"
    (ended / METRICS).mkdir(parents=True)
    (ended / OWNER).write_text("1")
    with contextlib.closing(RunFolder()) as running, contextlib.closing(RunFolder()):
        assert not ended.exists()
        assert (running.path / OWNER).read_text().strip() == str(os.getpid())
    assert list(place.iterdir()) == []


def test_a_worker_whose_first_thread_ended_before_the_others_is_counted(tmp_path):
    # given a worker that was killed and that circus takes for gone before it could be waited for
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    gone = SimpleNamespace(pid=child.pid, status=DEAD_OR_ZOMBIE, stop=lambda: None)
    watcher = Watcher("churn", "unused", numprocesses=0)
    watcher._status, watcher.processes = "active", {child.pid: gone}
    Deaths(tmp_path).look_after(watcher)
    child.kill()
    # when circus looks at its workers

    async def look() -> None:
        await watcher.manage_processes()

    asyncio.run(look())
    # then the death is counted
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(tmp_path))
    assert registry.get_sample_value("churn_worker_deaths_total") == 1
    assert not watcher.processes
    child.wait()


# --- with processes ----------------------------------------------------------------------------


@pytest.fixture
def busy(club, tmp_path):
    """A service that has answered a few requests."""
    with serve(tmp_path, club) as server, server.client() as client:
        for _ in range(5):
            assert client.post("/predict", json=one()).status_code == 200
        yield server


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_second_service_says_that_the_port_is_taken_and_touches_nothing(busy, club, tmp_path):
    port = busy.url.rsplit(":", 1)[1]
    done = subprocess.run(
        [sys.executable, "-m", "bentoml", "serve", "-p", port],
        cwd=ROOT,
        env=os.environ | {"CHURN_BUNDLE": str(club), "BENTOML_HOME": str(tmp_path / "bentoml")},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith(f"port {port} of 127.0.0.1: another program listens there")
    assert len(done.stderr.splitlines()) == 1
    assert series(busy, "churn_predictions_total") == 5
    assert busy.ask("/fallback-stats")["predictions"][0]["customers"] == 5


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_killed_worker_is_replaced_logged_and_counted_and_so_is_what_its_log_lost(busy):
    answered, stop = [5], threading.Event()

    def ask():
        with busy.client() as client:
            while not stop.is_set():
                try:
                    answered[0] += client.post("/predict", json=one()).status_code == 200
                except httpx.TransportError:
                    time.sleep(0.01)

    asking = threading.Thread(target=ask)
    asking.start()
    until(lambda: answered[0] > 50, what="answers before")
    killed = worker(busy)
    killed.kill()
    before = answered[0]
    until(lambda: answered[0] > before + 50, what="answers again")
    stop.set()
    asking.join(WAIT)

    def deaths():
        return [line for line in busy.lines() if "a worker died" in line["message"]]

    until(deaths, what="the line about the death")  # it may be read later than answers
    (line,) = deaths()
    assert (line["pid"], line["exit_code"]) == (killed.pid, -signal.SIGKILL)
    assert series(busy, "churn_worker_deaths_total") == 1
    predicted = series(busy, "churn_predictions_total")
    assert 0 <= predicted - answered[0] <= 1  # the one that was under way
    until(
        lambda: (
            series(busy, "churn_log_written_total") + series(busy, "churn_log_lost_total")
            >= predicted
        ),
        what="everything is written or known as lost",
    )


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_a_worker_whose_parent_was_killed_ends_and_the_port_is_free(club, tmp_path):
    with serve(tmp_path, club) as server:
        orphan = worker(server)
        server.process.kill()
        server.process.wait()
        orphan.wait(WAIT)
        check_port("127.0.0.1", int(server.url.rsplit(":", 1)[1]))


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_run_leaves_no_folder_behind(club, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with serve(tmp_path, club) as server:
        assert len(list(tmp_path.glob(f"{PREFIX}*/{METRICS}/*.db"))) > 0
        server.stop()
    assert list(tmp_path.glob(f"{PREFIX}*")) == []
