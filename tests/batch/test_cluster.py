"""Batch scoring on a real Dask scheduler with worker processes."""

import gc
import json
import os
import subprocess
import sys
import time
from importlib.util import find_spec

import pytest

from scoring.errors import UserError
from stages.batch import cluster
from stages.batch.cluster import on_cluster
from stages.core.paths import Paths
from tests import builders

pytestmark = [
    pytest.mark.slow,
    # Dask's own loops are left to the garbage collector
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
TIMEOUT = 60


@pytest.fixture(autouse=True)
def _collected():
    """What Dask leaves is collected here: amid the parsing of an import it stops Python 3.11."""
    yield
    gc.collect()


@pytest.fixture
def dask(tmp_path):
    """Address of a scheduler, and its two worker processes."""
    assert find_spec("distributed"), "no Dask: make cluster installs it"
    file = tmp_path / "scheduler.json"
    quiet = {"cwd": Paths.here().root, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    scheduler = subprocess.Popen(
        [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1",
         "--port", "0", "--no-dashboard", "--scheduler-file", file], **quiet,
    )  # fmt: skip
    _until(file.exists)
    workers = [
        subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_worker", "--scheduler-file", file,
             "--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1",
             "--local-directory", tmp_path], **quiet,
        )
        for _ in range(2)
    ]  # fmt: skip
    try:
        yield _address(file), workers
    finally:
        for process in (*workers, scheduler):
            process.kill()
            process.wait()


def _until(condition):
    end = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


def _address(file):
    _until(lambda: file.stat().st_size)
    return json.loads(file.read_text())["address"]


@pytest.fixture
def table(tmp_path):
    """Members in many small row groups."""
    members = builders.members(4_000, seed=5).drop(columns=builders.LEFT)
    members.to_parquet(tmp_path / "members.parquet", row_group_size=50)
    return str(tmp_path / "members.parquet")


def test_scores_are_equal_bit_for_bit_although_a_worker_is_killed(dask, table, scored):
    address, workers = dask
    whole = scored(table, "local.parquet", chunk=50)
    engine = on_cluster(address)

    def killing(*arguments):
        for done, name in enumerate(engine(*arguments)):
            yield name
            if done == 5:
                os.kill(workers[0].pid, 9)

    found = scored(table, "dask.parquet", chunk=50, engine=killing)

    assert found.summary["scored"] == 4_000
    assert found.scores.read_bytes() == whole.scores.read_bytes()


def test_a_cluster_without_workers_is_an_error_and_the_next_run_goes_on(
    dask, table, scored, monkeypatch, capsys
):
    address, workers = dask
    monkeypatch.setattr(cluster, "TIMEOUT", 2)
    engine = on_cluster(address)

    def killing(*arguments):
        for name in engine(*arguments):
            yield name
            for worker in workers:
                worker.kill()

    with pytest.raises(UserError, match=r"no worker left|lost several workers"):
        scored(table, "out.parquet", chunk=50, engine=killing)

    assert scored(table, "out.parquet", chunk=50).summary["scored"] == 4_000
    assert "Going on" in capsys.readouterr().err


def test_workers_of_another_version_are_refused_in_one_line(dask, table, scored, monkeypatch):
    monkeypatch.setattr(cluster, "_own_versions", lambda: {"numpy": "0.1"})

    with pytest.raises(UserError, match=r"worker tcp://.*: numpy .*; expected 0.1 as here"):
        scored(table, engine=on_cluster(dask[0]))


def test_without_an_address_a_cluster_is_started_and_stopped(table, scored):
    found = scored(table, "dask.parquet", chunk=500, engine=on_cluster(None))

    assert found.summary["scored"] == 4_000


def test_a_scheduler_that_is_not_there_is_named(table, scored, monkeypatch):
    monkeypatch.setattr(cluster, "CONNECT", 1)

    with pytest.raises(UserError, match=r"scheduler tcp://127.0.0.1:9: cannot be reached"):
        scored(table, engine=on_cluster("tcp://127.0.0.1:9"))
