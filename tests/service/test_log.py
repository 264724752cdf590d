"""The prediction log: complete, pseudonymous, bounded, out of the way."""

import json
import threading
import time

import numpy as np
import pytest

from serving import prediction_log
from serving.engine import Answers
from serving.prediction_log import Entry, FileMonitor, PredictionLog
from serving.settings import Settings
from tests import builders
from tests.builders import MONTHS
from tests.service.conftest import one

CLUB = builders.schema()
ROW = one()["features"]


def entry(n: int = 1, *, ids=None) -> Entry:
    answers = Answers(
        probability=np.full(n, 0.25),
        profit=np.full(n, 3.5),
        contact=np.ones(n, bool),
        tiers=["champion"] * n,
        variants=["champion"] * n,
        fallbacks=[],
        models={"champion": ("churn", "abc")},
    )
    return Entry(1_700_000_000.0, "request-1", [ROW] * n, ids or ["K-1"] * n, answers)


class Log:
    """A prediction log in a folder, with what it counted."""

    def __init__(self, folder, *, shadow=lambda _: None, **changes):
        self.folder, self.written, self.dropped = folder, 0, 0
        settings = Settings(log_folder=folder, **{"log_key": "secret", **changes})
        # BentoML keeps one monitor per name and process
        from bentoml._internal.monitoring.api import _MONITOR_INSTANCES

        _MONITOR_INSTANCES.clear()
        self.log = PredictionLog(
            settings, CLUB, worker=1, written=self._write, dropped=self._drop, shadow=shadow
        )

    def _write(self, n):
        self.written += n

    def _drop(self, n):
        self.dropped += n

    def lines(self):
        self.log.close()
        files = sorted(self.folder.glob("predictions.1.jsonl*"))
        return [json.loads(line) for f in files for line in f.read_text().splitlines()]


def test_a_line_has_inputs_answer_and_where_it_came_from(tmp_path):
    log = Log(tmp_path)
    log.log.put(entry())
    (line,) = log.lines()
    assert {name: line[name] for name in ROW} == {
        c.name: ROW[c.name] if c.is_numeric else str(ROW[c.name]) for c in CLUB.inputs
    }
    assert line["churn_probability"] == 0.25
    assert (line["decision"], line["expected_profit"]) == ("contact", 3.5)
    assert (line["tier"], line["variant"], line["version"]) == ("champion", "champion", "abc")
    assert (line["request_id"], line["time"]) == ("request-1", "2023-11-14T22:13:20.000+00:00")
    assert log.written == 1


def test_the_columns_are_described_for_whoever_reads_the_log(tmp_path):
    log = Log(tmp_path)
    log.log.put(entry())
    (line,) = log.lines()
    columns = json.loads((tmp_path / "columns.json").read_text())
    assert [column["name"] for column in columns] == list(line)
    roles = {column["name"]: (column["role"], column["type"]) for column in columns}
    assert roles[MONTHS] == ("feature", "numerical")
    assert roles["churn_probability"] == ("prediction", "numerical")


def test_ids_are_hashed_with_a_key(tmp_path):
    shown = []
    for number, key in enumerate(("secret", "secret", "another")):
        log = Log(tmp_path / str(number), log_key=key)
        log.log.put(entry())
        shown.append(log.lines()[0]["customer"])
    assert shown[0] == shown[1] != shown[2]
    assert "K-1" not in "".join(shown)


@pytest.mark.parametrize(("how", "shown"), [("plain", "K-1"), ("none", None)])
def test_ids_may_be_logged_plainly_or_not_at_all(tmp_path, how, shown):
    log = Log(tmp_path, log_ids=how)
    log.log.put(entry())
    assert log.lines()[0]["customer"] == shown


def test_a_full_queue_drops_and_counts(tmp_path, monkeypatch):
    gate = threading.Event()
    real = FileMonitor.log_table

    def slow(self, data, schema):
        gate.wait(5)
        real(self, data, schema)

    monkeypatch.setattr(FileMonitor, "log_table", slow)
    log = Log(tmp_path, log_queue=10)
    began = time.monotonic()
    for _ in range(50):
        log.log.put(entry())
    log.log.put(entry(11))
    assert time.monotonic() - began < 0.5
    gate.set()
    assert len(log.lines()) == log.written == 10
    assert log.dropped == 51


def test_room_comes_back(tmp_path):
    log = Log(tmp_path, log_queue=3)
    for _ in range(4):
        log.log.put(entry(3))
        due = time.monotonic() + 5
        while log.written % 3 or log.log._room < 3:
            assert time.monotonic() < due
            time.sleep(0.01)
    assert (len(log.lines()), log.dropped) == (12, 0)


def test_a_disk_that_fails_is_counted_and_nothing_else(tmp_path, monkeypatch):
    def full(self, data, schema):
        raise OSError

    monkeypatch.setattr(FileMonitor, "log_table", full)
    log = Log(tmp_path)
    log.log.put(entry(4))
    assert log.lines() == []
    assert (log.written, log.dropped) == (0, 4)


def test_files_rotate_by_size_and_old_ones_go(tmp_path, monkeypatch):
    monkeypatch.setattr(prediction_log, "ROWS_AT_ONCE", 10)
    log = Log(tmp_path, log_mb=0.01, log_files=2)
    for _ in range(60):
        log.log.put(entry(5))
    log.log.close()
    files = list(tmp_path.glob("predictions.1.jsonl*"))
    assert len(files) == 3
    assert max(f.stat().st_size for f in files) < 20_000


def test_what_a_shadow_says_is_marked(tmp_path):
    from dataclasses import replace

    log = Log(tmp_path, shadow=lambda e: replace(e, shadow=True))
    log.log.put(entry())
    assert [line["shadow"] for line in log.lines()] == [False, True]
