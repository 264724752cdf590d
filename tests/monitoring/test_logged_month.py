"""A month of the prediction log, as the service writes it: judged as a table of those customers."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from prometheus_client import CollectorRegistry

from scoring.errors import UserError
from scoring.verdict import Verdict
from serving.engine import Answers
from serving.log_lines import Entry
from serving.prediction_log import PredictionLog
from serving.settings import Settings
from serving.telemetry import Metrics
from stages.cli import command_line
from stages.core.paths import Paths
from stages.monitoring.logged_month import read_log
from stages.monitoring.month_table import MonthTable
from stages.monitoring.verdict_files import folder_of, read_verdict
from tests import builders
from tests.places import HERE

ROWS = 400
Read = Callable[[pd.DataFrame, str], MonthTable]


def entry_of(members: pd.DataFrame, month: str) -> Entry:
    """A request of the month that asks for some members; what is answered is not read."""
    names = [column.name for column in builders.schema().inputs]
    rows = members[names].astype(object).where(members[names].notna(), None)
    n = len(members)
    answers = Answers(
        probability=np.full(n, 0.5),
        profit=None,
        contact=np.ones(n, bool),
        tiers=["champion"] * n,
        variants=["champion"] * n,
        fallbacks=[],
        models={"champion": ("churn", "1")},
    )
    at = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC).timestamp() + 1e6
    ids = members[builders.NUMBER].astype(str).tolist()
    return Entry(at, "request", rows.to_dict("records"), ids, answers)


def write_log(folder: Path, entries: list[Entry], *, ids: str = "plain") -> Path:
    """The log of a service that was asked for these."""
    settings = Settings(log_folder=folder, log_ids=ids, log_key="secret")
    metrics = Metrics([], CollectorRegistry())
    log = PredictionLog(settings, builders.schema(), metrics, worker=1, shadow=lambda: None)
    for entry in entries:
        log.put(entry)
    log.close()
    return folder


def monitored(paths: Paths, log: Path, club: Path, month: str, *options: str) -> Verdict:
    """What `python -m stages monitor` says of a month of a log."""
    shutil.copy(HERE.params, paths.params)
    command = ["monitor", str(log), "--month", month, "--model", str(club), "--no-report"]
    asked = command_line().parse_args([*command, *options])
    verdict_code = asked.command(asked, paths)
    verdict = read_verdict(folder_of(paths) / f"{month}.json")
    assert verdict_code == verdict.exit_code
    return verdict


def test_the_log_has_what_a_table_of_the_same_customers_has(
    tmp_path: Path, club: Path, read: Read
) -> None:
    members = builders.members(ROWS, seed=3)
    stale = members.assign(**{builders.FEE: 10.0})
    entries = [entry_of(stale, "2026-07"), entry_of(members, "2026-07")]
    entries += [replace(entry_of(stale, "2026-07"), shadow=True), entry_of(stale, "2026-08")]
    log = write_log(tmp_path / "log", entries)
    found = read_log(log, club, month="2026-07", most=10_000)
    wanted = read(members, "2026-07")
    order, other = np.argsort(found.key), np.argsort(wanted.key)
    for name in ("key", "numbers", "codes", "probability", "contact"):
        ours, theirs = getattr(found, name)[order], getattr(wanted, name)[other]
        np.testing.assert_array_equal(ours, theirs, err_msg=f"{name}: the last row of each")
    assert not found.is_complete


@pytest.mark.parametrize(("ids", "joined"), [("plain", True), ("hashed", False)])
def test_a_log_is_judged_with_outcomes_where_its_ids_are_theirs(
    tmp_path: Path, paths: Paths, club: Path, ids: str, joined: bool
) -> None:
    members = builders.members(ROWS, seed=3)
    months = ("2026-01", "2026-07")
    log = write_log(tmp_path / "log", [entry_of(members, month) for month in months], ids=ids)
    outcomes = tmp_path / "2026-01.csv"
    members[[builders.NUMBER, builders.LEFT]].to_csv(outcomes, index=False)
    monitored(paths, log, club, months[0])
    found = monitored(paths, log, club, months[1], "--outcomes", str(outcomes))
    assert found.status == "quiet"
    assert found.departures.changed is None, "who was not asked for has not left"
    assert (found.calibration.customers == ROWS) == joined
    assert (found.performance.realised is not None) == joined


def test_a_line_that_cannot_be_read_is_named(tmp_path: Path, club: Path) -> None:
    log = write_log(tmp_path / "log", [entry_of(builders.members(30), "2026-07")])
    with next(log.glob("predictions.*.jsonl")).open("a") as file:
        file.write('{"time": "2026-0\n')
    with pytest.raises(UserError, match=r"predictions\.1\.jsonl: line 31"):
        read_log(log, club, month="2026-07", most=10_000)
