"""The prediction log: complete, pseudonymous, bounded, out of the way."""

import json
import threading
import weakref
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from serving import prediction_log
from serving.engine import Answers
from serving.exchange import Call
from serving.log_lines import Entry
from serving.prediction_log import Balance, PredictionLog
from serving.settings import Settings
from serving.telemetry import Metrics
from tests import builders
from tests.builders import MONTHS
from tests.service.conftest import one
from tests.waiting import until

CLUB = builders.schema()
ROW = one()["features"]
CALL = Call("request", json.dumps(one()).encode())


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

    def __init__(self, folder, *, shadow=None, **changes):
        self.folder, self.metrics = folder, Metrics([], CollectorRegistry())
        settings = Settings(log_folder=folder, **{"log_key": "secret", **changes})
        self.log = PredictionLog(settings, CLUB, self.metrics, worker=1, shadow=lambda: shadow)

    def counted(self, what):
        return self.metrics.registry.get_sample_value(f"churn_log_{what}_total")

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
    assert log.counted("written") == 1


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


@pytest.fixture
def release(monkeypatch):
    """An event that the log's writer waits for, so that its queue fills up."""
    released = threading.Event()
    real = PredictionLog._write

    def slow(self, entries):
        released.wait(5)
        real(self, entries)

    monkeypatch.setattr(PredictionLog, "_write", slow)
    return released


def test_a_full_queue_drops_and_counts(tmp_path, release):
    log = Log(tmp_path, log_queue=10)
    for _ in range(50):
        log.log.put(entry())
    log.log.put(entry(11))
    assert log.counted("written") == 0
    release.set()
    assert len(log.lines()) == log.counted("written") == 10
    assert log.counted("dropped") == 51


def test_a_batch_waits_for_room_and_no_longer_than_its_timeout(tmp_path, release):
    log = Log(tmp_path, log_queue=10)
    log.log.put(entry(10))
    log.log.put(entry(8), timeout=0.01)
    log.log.put(entry(11), timeout=60)  # more than ever fits
    assert log.counted("dropped") == 19
    threading.Timer(0.05, release.set).start()
    log.log.put(entry(8), timeout=60)
    assert len(log.lines()) == log.counted("written") == 18


def test_room_comes_back(tmp_path):
    log = Log(tmp_path, log_queue=3)
    for _ in range(4):
        log.log.put(entry(3))
        until(lambda: log.counted("written") % 3 == 0 and log.log._room == 3, what="no room")
    assert (len(log.lines()), log.counted("dropped")) == (12, 0)


def test_a_row_that_cannot_be_written_fails_nobody_and_is_counted(tmp_path):
    log = Log(tmp_path, log_queue=20)
    made = entry()
    log.log.put(replace(made, rows=[{**ROW, MONTHS: object()}]))
    for _ in range(19):  # more than one request makes lines of, so its own thread sees the fault
        log.log.put(made)
    assert len(log.lines()) == log.counted("written") == 19
    assert (log.counted("dropped"), log.log._room) == (1, 20)


def test_lines_of_several_requests_are_written_in_one_call_and_in_order(tmp_path, monkeypatch):
    writes, real = [], prediction_log._File.append

    def append(self, lines):
        writes.append(lines.count(b"\n"))
        real(self, lines)

    monkeypatch.setattr(prediction_log, "ROUND", 60)  # only closing writes
    monkeypatch.setattr(prediction_log._File, "append", append)
    log = Log(tmp_path, log_ids="plain")
    ids = [f"K-{place}" for place in range(200)]
    for customer in ids:
        log.log.put(entry(ids=[customer]))
    assert [line["customer"] for line in log.lines()] == ids
    assert writes == [200]


def test_requests_at_the_same_time_lose_and_repeat_no_line(tmp_path):
    log = Log(tmp_path, log_ids="plain")

    def put(thread):
        for place in range(40):
            log.log.put(entry(2, ids=[f"{thread}-{place}-{row}" for row in range(2)]))

    threads = [threading.Thread(target=put, args=(thread,)) for thread in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = [line["customer"] for line in log.lines()]
    assert len(found) == len(set(found)) == log.counted("written") == 640


class Stream:
    """A file that takes a few bytes at a time, and an error in place of more than `most`."""

    def __init__(self, path, *, most):
        self.file, self.left = path.open("ab", buffering=0), most

    def write(self, lines):
        if not self.left:
            raise OSError("no space left")
        taken = self.file.write(lines[: min(5, self.left)])
        self.left -= taken
        return taken

    def tell(self):
        return self.file.tell()

    def close(self):
        self.file.close()


@pytest.mark.parametrize("most", [1_000, 13])
def test_a_write_that_takes_a_part_goes_on_and_one_that_fails_leaves_no_half_line(tmp_path, most):
    path = tmp_path / "log"
    file = prediction_log._File(path, maxBytes=10_000, delay=True)
    file.stream = Stream(path, most=most)
    lines = b"the first line\nthe second line\n"
    with nullcontext() if most > len(lines) else pytest.raises(OSError, match="no space"):
        file.append(lines)
    file.append(b"the last line\n")
    file.close()
    kept = lines if most > len(lines) else b""
    assert path.read_bytes() == kept + b"the last line\n"


def test_a_full_disk_is_counted_and_nothing_else(tmp_path):
    (tmp_path / "predictions.1.jsonl").symlink_to("/dev/full")
    log = Log(tmp_path)
    log.log.put(entry(4))
    log.log.close()
    assert (log.counted("written"), log.counted("dropped")) == (0, 4)


def test_without_a_folder_for_the_log_answers_go_out_and_rows_are_counted(work, tmp_path):
    (tmp_path / "file").write_text("in the way")
    worker = work(log_folder=tmp_path / "file" / "log")
    assert worker.predict(CALL).status == 200
    assert worker.metrics.log_dropped._value.get() == 1
    (tmp_path / "file").unlink()
    worker.reload()  # mended
    assert worker.predict(CALL).status == 200
    worker.close()
    assert len(list((tmp_path / "file" / "log").glob("predictions.*.jsonl"))) == 1
    assert worker.metrics.log_dropped._value.get() == 1


def test_the_balance_takes_its_room_when_it_is_made(tmp_path):
    """A hole would be found out on a full disk, by a signal that ends the worker."""
    Balance(tmp_path / "balance")
    assert (tmp_path / "balance").stat().st_blocks > 0
    with pytest.raises(OSError, match="No space left"):
        Balance(Path("/dev/full"))


def test_what_a_killed_worker_left_unwritten_is_counted_by_the_next_one(tmp_path):
    balance = Balance(tmp_path / "predictions.1.balance")
    balance.enter(10)
    balance.leave(7)
    (tmp_path / "predictions.1.jsonl").write_text('{"time": "whole"}\n{"time": "hal')
    log = Log(tmp_path)
    log.log.put(entry(2))
    assert [line["time"] == "whole" for line in log.lines()] == [True, False, False]
    assert log.counted("lost") == 3
    assert Log(tmp_path).counted("lost") == 0


def test_lines_are_valid_whatever_the_values_are(tmp_path):
    ids = ['a "quoted"\nid', "100 %", None]
    log = Log(tmp_path, log_ids="plain")
    row = {**ROW, **{c.name: None for c in CLUB.inputs if c.missing}}
    made = entry(3, ids=ids)
    log.log.put(replace(made, rows=[row] * 3, request_id='"%s'))
    lines = log.lines()
    assert [line["customer"] for line in lines] == ids
    assert {line["request_id"] for line in lines} == {'"%s'}
    assert all(lines[0][c.name] is None for c in CLUB.inputs if c.missing)


def test_files_rotate_by_size_and_old_ones_go(tmp_path, monkeypatch):
    monkeypatch.setattr(prediction_log, "ROWS_AT_ONCE", 10)
    log = Log(tmp_path, log_mb=0.01, log_files=2)
    for _ in range(300):
        log.log.put(entry())
    log.log.close()
    files = list(tmp_path.glob("predictions.1.jsonl*"))
    assert len(files) == 3
    assert max(f.stat().st_size for f in files) < 20_000


def test_what_a_shadow_predicts_is_marked(tmp_path):
    log = Log(tmp_path, shadow=lambda e: replace(e, shadow=True))
    log.log.put(entry())
    assert [line["shadow"] for line in log.lines()] == [False, True]


def test_a_shadow_that_fails_loses_no_line_of_the_champion(tmp_path, caplog):
    log = Log(tmp_path, shadow=lambda e: {}[e.request_id])
    log.log.put(entry())
    assert [line["shadow"] for line in log.lines()] == [False]
    assert "the challenger" in caplog.text
    assert log.counted("dropped") == 0


def test_rows_are_kept_for_a_shadow_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(prediction_log, "ROUND", 60)

    def waiting(log):
        entries = [entry() for _ in range(prediction_log.AT_ONCE)]
        for each in entries:
            log.log.put(each)
        return [weakref.ref(each) for each in entries]

    plain, shadowed = Log(tmp_path / "plain"), Log(tmp_path / "shadowed", shadow=lambda e: None)
    assert all(ref() is None for ref in waiting(plain))
    assert all(ref() is not None for ref in waiting(shadowed))
    assert len(plain.lines()) == len(shadowed.lines()) == prediction_log.AT_ONCE


@pytest.mark.parametrize("at", [0.0, 1_700_000_000.0, 1_700_000_000.0625, 1_700_000_001.9999])
def test_the_time_of_a_line_is_that_of_the_request(tmp_path, at):
    log = Log(tmp_path)
    log.log.put(replace(entry(), at=at))
    (line,) = log.lines()
    assert 0 <= at - datetime.fromisoformat(line["time"]).timestamp() < 0.001
