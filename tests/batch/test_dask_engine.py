"""Batch scoring on a real Dask scheduler with worker processes."""

import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scoring.errors import UserError
from stages.batch.dask_engine import on_cluster
from stages.core import cluster
from tests import builders

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("collected")]


@pytest.fixture
def table(tmp_path):
    """Members in many small row groups."""
    members = builders.members(4_000, seed=5).drop(columns=builders.LEFT)
    members.to_parquet(tmp_path / "members.parquet", row_group_size=50)
    return str(tmp_path / "members.parquet")


def test_scores_are_equal_bit_for_bit_although_a_worker_is_killed(dask, table, scored):
    whole = scored(table, "local.parquet", chunk=50)
    engine = on_cluster(dask.address)

    def killing(*arguments):
        for done, name in enumerate(engine(*arguments)):
            yield name
            if done == 5:
                os.kill(dask.workers[0].pid, 9)

    found = scored(table, "dask.parquet", chunk=50, engine=killing)

    assert found.summary["scored"] == 4_000
    assert found.scores.read_bytes() == whole.scores.read_bytes()


def test_a_cluster_without_workers_is_an_error_and_the_next_run_goes_on(
    dask, table, scored, monkeypatch, capsys
):
    monkeypatch.setattr(cluster, "TIMEOUT", 2)
    engine = on_cluster(dask.address)

    def killing(*arguments):
        for name in engine(*arguments):
            yield name
            for worker in dask.workers:
                worker.kill()

    with pytest.raises(UserError, match=r"no worker left|lost several workers"):
        scored(table, "out.parquet", chunk=50, engine=killing)

    assert scored(table, "out.parquet", chunk=50).summary["scored"] == 4_000
    assert "Going on" in capsys.readouterr().err


def test_workers_of_another_version_are_refused_in_one_line(dask, table, scored, monkeypatch):
    monkeypatch.setattr(cluster, "_own_versions", lambda: {"numpy": "0.1"})

    with pytest.raises(UserError, match=r"worker tcp://.*: numpy .*; expected 0.1 as here"):
        scored(table, engine=on_cluster(dask.address))


def test_without_an_address_a_cluster_is_started_and_stopped(table, scored):
    found = scored(table, "dask.parquet", chunk=500, engine=on_cluster(None))

    assert found.summary["scored"] == 4_000


def test_what_a_worker_cannot_read_is_an_error_of_one_line(table, scored, tmp_path, capfd):
    typed = pq.read_table(table).drop_columns([builders.MONTHS])
    lists = pa.array([[place] for place in range(len(typed))])
    pq.write_table(typed.append_column(builders.MONTHS, lists), tmp_path / "lists.parquet")

    with pytest.raises(UserError, match=r"lists.parquet: column Monate dabei: holds list"):
        scored(str(tmp_path / "lists.parquet"), engine=on_cluster(None))

    assert "Traceback" not in capfd.readouterr().err


def test_a_scheduler_that_is_not_there_is_named(table, scored, monkeypatch):
    monkeypatch.setattr(cluster, "CONNECT", 1)

    with pytest.raises(UserError, match=r"scheduler tcp://127.0.0.1:9: cannot be reached"):
        scored(table, engine=on_cluster("tcp://127.0.0.1:9"))
