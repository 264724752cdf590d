"""Are all customers there, under their own ids? Faults of the table as a whole, named by the id.

Not many times as many leave in a month as ever did: then the table is cut off. And nobody who has
been a customer for longer comes as new, unless the ids are written otherwise than before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple, Self

from scoring.schema import Schema
from scoring.verdict import Fault
from stages.batch.rows import REPEATED
from stages.core.months import number
from stages.monitoring.departures import absent
from stages.monitoring.month_table import MonthTable

ABSENT = 0.1  # share of the month before that is not in this one, from which on it may be cut off
TIMES = 4.0  # as many as were ever absent after a month
FEW = 30  # customers below which nothing is compared


def not_there(
    now: MonthTable, earlier: Sequence[MonthTable], schema: Schema, share: float
) -> Iterator[Fault]:
    """Many more customers absent than after any month before, in proportion to the time."""
    *known, last = [_Step.between(*pair, schema) for pair in pairwise([*earlier, now])] or [None]
    usual = [step for step in known if step]
    if last is not None and usual and last.customers >= FEW:
        pair = earlier[-1], now
        found = [*_cut_off(last, usual, pair, schema)]
        yield from found or _written_otherwise(last, usual, pair, schema, share)


def _cut_off(
    last: _Step, usual: Sequence[_Step], pair: tuple[MonthTable, MonthTable], schema: Schema
) -> Iterator[Fault]:
    """A table without many of the customers. One whose row could not be read is not absent."""
    before, now = pair
    absent_rows = round(last.share * before.rows) - _unread(now)
    share = absent_rows / before.rows
    most = max(step.rate for step in usual)
    if share >= ABSENT and share / last.months >= TIMES * most:
        yield Fault(
            column=str(schema.id_name),
            problem=f"customers of {before.month} are absent",
            customers=absent_rows,
            share=share,
        )


def _written_otherwise(
    last: _Step,
    usual: Sequence[_Step],
    pair: tuple[MonthTable, MonthTable],
    schema: Schema,
    share: float,
) -> Iterator[Fault]:
    """As many more customers absent as come as new, though they have been there for longer."""
    before, now = pair
    more_absent = last.share - last.months * max(step.rate for step in usual)
    most = max(step.as_new / step.months for step in usual)
    if min(last.as_new, more_absent) >= share > 0 and last.as_new >= TIMES * last.months * most:
        tenure = schema.role("tenure")
        assert tenure is not None, "without it nobody is known to come as new"
        yield Fault(
            column=str(schema.id_name),
            problem=f"not in {before.month}, though {tenure.name} says so: written otherwise",
            customers=round(last.as_new * now.rows),
            share=last.as_new,
        )


def _unread(now: MonthTable) -> int:
    """Rows that failed a check. Those that have an id again are of a customer who is there."""
    again = sum(n for (_, problem), n in now.problems.items() if problem == REPEATED)
    return max(0, now.rows - (len(now) << now.thinned) - again)


class _Step(NamedTuple):
    """From a month of so many customers to a later one.

    `share` of them are absent from it; `as_new` is the share of the later month's customers who
    were not there, though their tenure is longer.
    """

    customers: int
    share: float
    as_new: float
    months: int

    @property
    def rate(self) -> float:
        """The share absent, a month."""
        return self.share / self.months

    @classmethod
    def between(cls, before: MonthTable, now: MonthTable, schema: Schema) -> Self | None:
        gone = absent(before, now)
        if gone is None:
            return None
        months = number(now.month) - number(before.month)
        as_new = _as_new(before, now, schema, months=months)
        return cls(len(gone), float(gone.mean()), as_new, months)


def _as_new(before: MonthTable, now: MonthTable, schema: Schema, *, months: int) -> float:
    tenure, new = schema.role("tenure"), absent(now, before)
    if new is None or tenure is None or tenure not in schema.numeric_inputs:
        return 0.0
    here = now.thinner(before.thinned)
    longer = here.numbers[:, schema.numeric_inputs.index(tenure)] > months + 1
    return float((new & longer).mean())
