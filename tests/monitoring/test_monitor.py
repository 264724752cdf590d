"""The monitor on a club month by month: quiet, other members, other behaviour, broken columns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from scoring.verdict import Verdict
from stages.core.paths import Paths
from stages.monitoring.archive import archive_of
from stages.monitoring.month_table import MonthTable
from stages.monitoring.outcomes import Outcomes
from stages.monitoring.two_sample import side_of
from stages.monitoring.verdict_files import folder_of
from tests import builders
from tests.monitoring.conftest import PARAMS, club_months

Judge = Callable[..., Verdict]
Read = Callable[[pd.DataFrame, str], MonthTable]


def broken(members: pd.DataFrame, how: str) -> pd.DataFrame:
    """Half of the records of a column arrive otherwise than they are."""
    half = np.arange(len(members)) % 2 == 0
    days, size = members[builders.DAYS], members[builders.SIZE]
    turned = {"klein": "mittel", "mittel": "groß", "groß": "klein"}
    arrived = {
        "unit": days.mask(half, days / 24),
        "blank": days.mask(half),
        "new value": size.mask(half, "riesig"),
        "shifted": size.mask(half, size.map(turned)),
    }
    if how == "no column":
        return members.drop(columns=builders.FEE)
    return members.assign(**{FAULTS[how]: arrived[how]})


FAULTS = {
    "unit": builders.DAYS,
    "blank": builders.DAYS,
    "new value": builders.SIZE,
    "shifted": builders.SIZE,
    "no column": builders.FEE,
}


def test_quiet_months_are_quiet_and_the_same_history_gives_the_same_bytes(
    judge: Judge, paths: Paths
) -> None:
    tables = list(club_months(5))
    verdicts = [judge(members, f"{month:03d}") for month, members in enumerate(tables, start=1)]
    assert [verdict.status for verdict in verdicts] == ["quiet"] * 5
    assert verdicts[-1].population.reference == ("002", "003", "004")
    before = (folder_of(paths) / "005.json").read_bytes()
    judge(tables[-1], "005")
    assert (folder_of(paths) / "005.json").read_bytes() == before


def test_what_follows_from_tenure_and_total_value_is_no_change_of_members(read: Read) -> None:
    # given members who differ from themselves in how long they have paid, and how much on average
    (members,) = club_months(1)
    later = members.assign(
        **{builders.MONTHS: members[builders.MONTHS] + 9, builders.PAID: members[builders.PAID] / 2}
    )
    sides = [side_of([read(each, "001")], builders.schema(), seed=0) for each in (members, later)]
    # then the test sees the same customers twice
    np.testing.assert_array_equal(sides[0].inputs, sides[1].inputs)


def test_members_who_are_others_are_a_change_and_the_column_is_named(judge: Judge) -> None:
    first, *_ = tables = list(club_months(3))
    judge(first, "001")
    risen = tables[1].assign(**{builders.FEE: tables[1][builders.FEE] * 1.5})
    verdict = judge(risen, "002")
    assert verdict.population.changed
    assert verdict.status == "change"
    assert verdict.population.columns[0].column == builders.FEE
    assert verdict.population.columns[0].now > verdict.population.columns[0].before
    assert not verdict.faults, "a fee that rises by half is no fault"


def test_members_who_leave_otherwise_are_a_change_and_the_estimate_is_withdrawn(
    judge: Judge,
) -> None:
    verdicts = [
        judge(members, f"{month:03d}")
        for month, members in enumerate(club_months(7, rows=2_000, hazard=3.0), start=1)
    ]
    assert not any(verdict.departures.changed for verdict in verdicts[:5])
    last = verdicts[-1]
    assert last.departures.changed
    assert last.departures.observed > last.departures.high
    assert last.performance.withdrawn
    assert "leave" in last.performance.reason
    assert last.performance.realised is not None, "the window of month 001 has closed in 007"
    assert last.calibration.month == "001"


# Without a month before, half of the values in a circle, or in a smaller unit, are not seen.
@pytest.mark.parametrize(
    ("how", "with_history"),
    [(how, True) for how in FAULTS] + [(how, False) for how in ("blank", "new value", "no column")],
)
def test_a_broken_column_is_a_fault_by_name_and_nothing_else(
    judge: Judge, paths: Paths, how: str, with_history: bool
) -> None:
    first, second = club_months(2)
    if with_history:
        judge(first, "001")
    verdict = judge(broken(second, how), "002")
    assert verdict.status == "fault"
    assert {fault.column for fault in verdict.faults} == {FAULTS[how]}
    assert verdict.population.changed is None
    assert verdict.departures.changed is None
    assert not (archive_of(paths) / "002.parquet").exists(), "nothing is compared with it"


def test_a_whole_column_in_another_unit_is_seen_without_ids(judge: Judge, read: Read) -> None:
    _, second = club_months(2)
    table = read(second, "002")
    numbers = table.numbers.copy()
    numbers[:, 1] *= 100
    verdict = judge(replace(table, numbers=numbers, has_ids=False), "002")
    assert [fault.column for fault in verdict.faults] == [builders.FEE]
    assert verdict.faults[0].problem.startswith("another unit")


def odd(members: pd.DataFrame, how: str) -> pd.DataFrame:
    if how == "empty":
        return members.head(0)
    if how == "one row":
        return members.head(1)
    if how == "constant":
        return members.assign(**{builders.FEE: 20.0, builders.SIZE: "klein"})
    if how == "all missing":
        return members.assign(**{builders.DAYS: np.nan, builders.PAYS: None})
    if how == "new columns":
        return members.assign(shoe_size=40)
    return members.iloc[:0].reindex(range(5))


@pytest.mark.parametrize(
    "how", ["empty", "one row", "constant", "all missing", "new columns", "all blank"]
)
@pytest.mark.parametrize("with_history", [True, False])
def test_no_month_crashes_the_monitor(judge: Judge, how: str, with_history: bool) -> None:
    first, second, third = club_months(3)
    if with_history:
        judge(first, "001")
    verdict = judge(odd(second, how), "002")
    few = how in ("empty", "one row", "all blank")  # blank lines are no rows
    assert (verdict.status == "too_small") == few
    assert how != "new columns" or verdict.status == "quiet"
    assert judge(third, "003").customers == len(third), "nor does the month after it"


@pytest.mark.parametrize("kept", [300, 1, 0])
def test_a_table_that_is_cut_off_is_a_fault_and_no_departures(judge: Judge, kept: int) -> None:
    # given months in which few leave, with a window that ends when half a table arrives
    *before, last = club_months(4)
    for place, members in enumerate(before, start=1):
        judge(members, f"{place:03}", window=3)
    verdict = judge(last.head(kept), "004", window=3)
    # then the file is at fault: nobody is taken to have left
    assert [fault.column for fault in verdict.faults] == [builders.NUMBER]
    assert verdict.faults[0].problem == "customers of 003 are absent"
    assert verdict.faults[0].customers >= len(last) / 2
    assert verdict.departures.changed is None
    assert verdict.calibration.changed is None


def test_a_base_of_which_each_month_is_a_part_is_no_fault(judge: Judge) -> None:
    for place, members in enumerate(club_months(4), start=1):
        # given another third of the members each month, with a window that ends before the last
        verdict = judge(members.iloc[place % 3 :: 3], f"{place:03}", window=2)
    # then nobody can be followed, and who left is not judged
    assert verdict.faults == ()
    assert verdict.departures.changed is None
    assert verdict.calibration.changed is None


def test_ids_in_several_rows_are_a_fault(judge: Judge) -> None:
    (members,) = club_months(1)
    verdict = judge(pd.concat([members, members.head(100)]), "001")
    found = [(fault.column, fault.problem, fault.customers) for fault in verdict.faults]
    assert found == [(builders.NUMBER, "in several rows", 100)]
    few = judge(pd.concat([members, members.head(1)]), "001")
    assert few.faults == (), "below monitor.fault_share each customer counts once"


def test_a_month_of_one_class_is_judged(judge: Judge, read: Read) -> None:
    first, second = club_months(2)
    table = read(first, "001")
    judge(table, "001")
    stayed = Outcomes(table.key, np.zeros(len(table), bool))
    verdict = judge(second, "007", outcomes={"001": stayed})
    assert verdict.performance.realised.metrics.roc_auc is None
    assert verdict.calibration.changed
    assert verdict.calibration.churn_rate == 0


def test_labels_of_an_open_window_change_no_verdict(judge: Judge, read: Read, paths: Paths) -> None:
    first, second = club_months(2)
    table = read(first, "001")
    judge(table, "001")
    everybody = Outcomes(table.key, np.ones(len(table), bool))
    for decision in ("002", "006"):
        plain = judge(second, "002", as_of=decision)
        assert judge(second, "002", outcomes={"001": everybody}, as_of=decision) == plain
    late = judge(second, "002", outcomes={"001": everybody}, as_of="007")
    assert late.calibration.changed
    assert late.calibration.churn_rate == 1


def test_a_prediction_log_says_nothing_of_departures(judge: Judge, read: Read) -> None:
    tables = list(club_months(4))
    for month, members in enumerate(tables[:3], start=1):
        judge(members, f"{month:03d}")
    table = replace(read(tables[3], "004"), is_complete=False)
    assert judge(table, "004").departures.changed is None


def test_a_sample_follows_the_same_customers(read: Read, judge: Judge) -> None:
    first, second = club_months(2)
    one, other = (read(each, f"{m:03d}").at_most(100) for m, each in ((1, first), (2, second)))
    whole = [set(read(each, "001").key.tolist()) for each in (first, second)]
    assert len(one) <= 100
    assert len(one) == len(set(one.key.tolist()))
    both = whole[0] & whole[1]
    assert set(one.key.tolist()) & both == set(other.thinner(one.thinned).key.tolist()) & both


def test_the_budget_is_split_over_a_year_of_checks() -> None:
    assert PARAMS.level * 12 * 3 == pytest.approx(PARAMS.false_alarms_per_year)
