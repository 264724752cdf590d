"""Months that are not what they seem: delivered again, one value for everybody, ids given away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from scoring.errors import UserError
from scoring.schema import parse_schema
from scoring.verdict import Verdict
from stages.monitoring.archive import keep, kept_before
from stages.monitoring.month_table import MonthTable
from stages.monitoring.month_view import answers
from stages.monitoring.outcomes import Outcomes
from tests import builders
from tests.monitoring.conftest import club_months

Judge = Callable[..., Verdict]
Read = Callable[[pd.DataFrame, str], MonthTable]


@pytest.mark.parametrize("with_ids", [True, False])
def test_a_month_that_is_delivered_again_is_a_fault_in_any_order(
    judge: Judge, read: Read, with_ids: bool
) -> None:
    # given two months, of which the first comes again as the third, in another order
    first, second = club_months(2)
    for month, members in (("001", first), ("002", second)):
        judge(replace(read(members, month), has_ids=with_ids), month)
    again = read(first.sample(frac=1, random_state=3), "003")
    verdict = judge(replace(again, has_ids=with_ids), "003")
    # then the file is at fault, and the month that it is of is named
    assert verdict.status == "fault"
    assert verdict.faults[0].problem == "the customers and values of 001 again"


@pytest.mark.parametrize("problem", ["column missing", "out of range"])
def test_customers_whose_rows_cannot_be_read_are_not_absent(judge: Judge, problem: str) -> None:
    *before, last = club_months(4)
    for place, members in enumerate(before, start=1):
        judge(members, f"{place:03}")
    broken = last.drop(columns=builders.FEE)
    if problem == "out of range":
        broken = last.assign(**{builders.FEE: last[builders.FEE] * 1e6})
    verdict = judge(broken, "004")
    assert [(f.column, f.problem) for f in verdict.faults] == [(builders.FEE, problem)]


def test_a_table_without_any_of_the_columns_has_no_share_of_customers(judge: Judge) -> None:
    (members,) = club_months(1)
    verdict = judge(members.rename(columns=lambda name: f"{name}!"), "001")
    assert verdict.status == "fault"
    assert ": column missing (and " in verdict.summary


def test_one_number_for_everybody_is_a_fault_where_there_were_several(judge: Judge) -> None:
    first, second = club_months(2)
    judge(first, "001")
    verdict = judge(second.assign(**{builders.FEE: 20.0}), "002")
    assert [(f.column, f.problem) for f in verdict.faults] == [(builders.FEE, "20 for everybody")]


def test_what_was_wanted_is_accepted_and_compared_with_from_then_on(judge: Judge) -> None:
    # given a price list of one price, in two months
    first, second, third = (members.copy() for members in club_months(3))
    second[builders.FEE] = third[builders.FEE] = 20.0
    judge(first, "001")
    verdict = judge(second, "002", accept=[builders.FEE])
    # when it is accepted in the first of these, then it is no fault in either
    assert verdict.faults == ()
    assert [fault.problem for fault in verdict.accepted] == ["20 for everybody"]
    assert f"accepted: {builders.FEE}" in verdict.summary
    assert judge(third, "003").status != "fault"


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (builders.MONTHS, f"not among the columns with a fault: {builders.FEE}"),
        (builders.FEE, "column missing: the model cannot read these rows"),
    ],
)
def test_only_a_fault_of_values_that_can_be_read_is_accepted(
    judge: Judge, column: str, expected: str
) -> None:
    first, second = club_months(2)
    judge(first, "001")
    with pytest.raises(UserError, match=f"--accept: {column}: {expected}"):
        judge(second.drop(columns=builders.FEE), "002", accept=[column])


def test_ids_given_to_other_customers_are_a_fault(judge: Judge) -> None:
    # given a tenth of the ids under which somebody has just become a member
    first, second = club_months(2)
    judge(first, "001")
    second.loc[::10, builders.MONTHS] = second[builders.MONTHS].min()
    (fault,) = judge(second, "002").faults
    assert fault.column == builders.NUMBER
    assert fault.problem.startswith("given to other customers")


def joined_lately(months: list[pd.DataFrame]) -> list[pd.DataFrame]:
    """The months, with a tenure of nothing for whoever was not there the month before."""
    for before, now in pairwise(months):
        is_new = ~now[builders.NUMBER].isin(before[builders.NUMBER])
        now.loc[is_new, builders.MONTHS] = 0
    return months


def test_ids_that_are_written_otherwise_are_a_fault_and_no_departures(judge: Judge) -> None:
    # given a tenth of the ids without their first character
    *before, last = joined_lately(list(club_months(4)))
    for place, members in enumerate(before, start=1):
        assert judge(members, f"{place:03}").faults == ()
    ids = last[builders.NUMBER].astype(str)
    tenth = np.arange(len(last)) % 10 == 0
    verdict = judge(last.assign(**{builders.NUMBER: ids.mask(tenth, "x" + ids)}), "004")
    assert [fault.column for fault in verdict.faults] == [builders.NUMBER]
    assert "written otherwise" in verdict.faults[0].problem
    assert answers(verdict).loc["Is the data broken?", "answer"] == "1 fault"
    assert verdict.departures.changed is None


def test_customers_of_another_base_who_join_with_their_tenure_are_no_fault(judge: Judge) -> None:
    *before, last = joined_lately(list(club_months(4)))
    for place, members in enumerate(before, start=1):
        judge(members, f"{place:03}")
    others = builders.members(120, seed=99)
    assert judge(pd.concat([last, others]), "004").faults == ()


@pytest.mark.parametrize(("factor", "is_fault"), [(1 / 4.33, True), (3.0, True), (1.5, False)])
def test_a_number_that_is_the_same_times_as_much_for_everybody_is_in_another_unit(
    judge: Judge, factor: float, is_fault: bool
) -> None:
    first, second = club_months(2)
    judge(first, "001")
    verdict = judge(second.assign(**{builders.FEE: second[builders.FEE] * factor}), "002")
    assert bool(verdict.faults) == is_fault
    if is_fault:
        assert verdict.faults[0].column == builders.FEE
        assert verdict.faults[0].problem.startswith("another unit")


def test_what_jumps_for_as_many_in_every_month_is_in_no_other_unit(judge: Judge) -> None:
    # given days that count down from 320, and begin again for an eighth of the members a month
    months = [members.copy() for members in club_months(3)]
    for month, members in enumerate(months):
        begun = members[builders.NUMBER].astype(str).map(lambda text: sum(map(ord, text)))
        members[builders.DAYS] = ((begun - month) % 8 + 1) * 40.0
    first, second, third = months
    judge(first, "001")
    # when that is accepted once, as nobody knows yet what is usual
    judge(second, "002", accept=[builders.DAYS])
    # then it is usual, and another unit is still seen
    assert judge(third, "003").faults == ()
    hours = third.assign(**{builders.DAYS: third[builders.DAYS] / 24})
    assert [fault.column for fault in judge(hours, "003").faults] == [builders.DAYS]


def test_what_grows_by_itself_may_double_for_everybody(judge: Judge) -> None:
    # given a second month in which everybody has paid twice what they had before
    first, second = club_months(2)
    judge(first, "001")
    twice = second[builders.NUMBER].map(first.set_index(builders.NUMBER)[builders.PAID] * 2)
    assert judge(second.assign(**{builders.PAID: twice.fillna(0)}), "002").faults == ()


def test_the_columns_of_a_change_are_those_against_the_months_it_is_seen_in(judge: Judge) -> None:
    # given a fee that rose a month ago: this month's is that of the month before
    risen = [
        members.assign(**{builders.FEE: members[builders.FEE] * (1.5 if month > 2 else 1)})
        for month, members in enumerate(club_months(4, rows=1_500), start=1)
    ]
    verdicts = [judge(members, f"{month:03}") for month, members in enumerate(risen, start=1)]
    assert verdicts[-1].population.changed
    assert verdicts[-1].population.columns[0].column == builders.FEE


def test_outcomes_of_leavers_alone_say_nothing_of_the_churn_rate(judge: Judge, read: Read) -> None:
    first, second = club_months(2)
    table = read(first, "001")
    judge(table, "001")
    leavers = Outcomes(table.key[::5], np.ones(len(table.key[::5]), bool))
    verdict = judge(second, "007", outcomes={"001": leavers})
    assert verdict.calibration.changed is None
    assert verdict.calibration.reason == "outcomes of 120 of 600 customers of 001; expected all"


def test_a_month_of_other_columns_or_values_is_not_compared_with(
    read: Read, tmp_path: Path
) -> None:
    schema = builders.schema()
    keep(read(next(club_months(1)), "001"), schema, tmp_path)
    more = builders.content()
    for column in more["columns"]:
        if column["name"] == builders.SIZE:
            column["values"] = [*column["values"], "riesig"]
    assert kept_before("002", schema, tmp_path) == ["001"]
    assert kept_before("002", parse_schema(more, origin="schema.yaml"), tmp_path) == []


def moving(months: int, column: str, *, share: float) -> Iterator[pd.DataFrame]:
    """Months in which this share of the members has drawn the value of a column again each time."""
    rng, drawn = np.random.default_rng(7), {}
    for members in club_months(months):
        again = (rng.random(len(members)) < share) | ~members[builders.NUMBER].isin(drawn)
        kept = members[builders.NUMBER].map(drawn).astype(members[column].dtype)
        values = kept.mask(again, members[column].sample(frac=1, random_state=rng).to_numpy())
        drawn = dict(zip(members[builders.NUMBER], values, strict=True))
        yield members.assign(**{column: values})


def test_after_a_broken_month_a_category_may_have_changed_for_twice_as_many(judge: Judge) -> None:
    # given a category that another twelfth of the members changes each month, and a broken month
    months = list(moving(4, builders.SIZE, share=1 / 8))
    months[2] = months[2].drop(columns=builders.FEE)
    verdicts = [judge(members, f"{place:03}") for place, members in enumerate(months, start=1)]
    # then that month alone is a fault, although the one after is compared with the one before
    assert [v.month for v in verdicts if v.faults] == ["003"]
    # and a change of as many members as there are is a fault still
    turned = months[-1].assign(**{builders.SIZE: np.roll(months[-1][builders.SIZE], 1)})
    (fault,) = judge(turned, "004").faults
    assert (fault.column, fault.problem) == (builders.SIZE, "another value than in 002")


def test_a_category_that_always_changes_is_accepted_once(judge: Judge) -> None:
    first, second, third = moving(3, builders.SIZE, share=0.3)
    judge(first, "001")
    assert judge(second, "002").faults
    judge(second, "002", accept=[builders.SIZE])
    assert judge(third, "003").faults == ()


def test_amounts_that_are_others_each_month_are_no_other_unit(judge: Judge) -> None:
    # given days since the last purchase, of which an eighth are eight times as many, or an eighth
    first, second = moving(2, builders.DAYS, share=1.0)
    judge(first, "001")
    assert judge(second, "002").faults == ()
