"""Is the data broken? Faults by column, which are never called drift.

A column or all rows missing, ids twice, values that the schema does not allow, a month delivered
again, ids given to other customers, more blanks than before, one number for everybody, numbers in
another unit, categories that changed places, and customers that are not there.
The first follow from the checks of the intake; the others compare with months that were whole,
customer by customer where the ids allow it: a customer's fee does not grow a hundredfold in a
month, nobody's tenure falls, a whole base does not change how it pays, and not many times as many
leave as ever did.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from scoring.batch import code_labels
from scoring.errors import UserError
from scoring.schema import Column, Schema
from scoring.verdict import Fault
from stages.batch.rows import REPEATED
from stages.core.months import number
from stages.monitoring.departures import absent
from stages.monitoring.month_table import Floats, MonthTable

FACTOR = 8.0  # from which a number is taken to be in another unit
QUANTILES = (0.25, 0.5, 0.75, 0.9)
MOVED = 0.1  # share of customers whose category or unit changed since the month before
OFTEN = 2.0  # times as many as usually change theirs in that time
BLANKS = 0.05  # share by which blanks may grow
ABSENT = 0.1  # share of the month before that is not in this one, from which on it may be cut off
TIMES = 4.0  # as many as were ever absent after a month
FEW = 30  # customers below which nothing is compared
MOST_COMMON = 0.9  # share of customers with one value, from which on a column hardly varied


@dataclass(frozen=True)
class _Pair:
    """A month and one before it; `same` are the places (m, 2) of the customers in both."""

    now: MonthTable
    before: MonthTable
    same: tuple[NDArray[np.int64], NDArray[np.int64]] | None

    @classmethod
    def of(cls, before: MonthTable, now: MonthTable) -> Self:
        return cls(now, before, _in_both(now, before))

    def moved(self, place: int) -> NDArray[np.bool_]:
        """Whether the category (m,) in the column at this place is another one; of none unknown."""
        here, there = self.same or (np.empty(0, np.int64),) * 2
        return self.now.codes[here, place] != self.before.codes[there, place]

    @property
    def months(self) -> int:
        """From one month to the other: more than one where those between were not whole."""
        return number(self.now.month) - number(self.before.month)


def faults(
    now: MonthTable, earlier: Sequence[MonthTable], schema: Schema, *, share: float
) -> tuple[Fault, ...]:
    """What is broken in a month, at least for this share of its customers; by column, in order.

    `earlier` are the months before it that were whole, the newest last; without any, the customers
    that were learned from.
    """
    before = earlier[-1] if earlier else None
    again = [*_delivered_again(now, earlier, schema)]
    if again:
        return tuple(again)
    found = [*_refused(now, share), *_cut_off(now, earlier, schema)]
    if before is not None and min(len(now), len(before)) >= FEW:
        broken = {fault.column for fault in found}
        pair = _Pair.of(before, now)
        found += [f for f in _compared(pair, earlier, schema, share) if f.column not in broken]
    order = [*schema.names, *(column.name for column in schema.inputs)]
    return tuple(sorted(found, key=lambda fault: order.index(fault.column)))


def without_accepted(
    found: Sequence[Fault], accept: Collection[str], now: MonthTable
) -> tuple[tuple[Fault, ...], tuple[Fault, ...]]:
    """The faults, and those of columns that somebody accepts as they are.

    `UserError` for a column that has no fault, or one whose rows cannot be read.
    """
    for name in accept:
        problems = [fault.problem for fault in found if fault.column == name]
        unread = [problem for problem in problems if (name, problem) in now.problems]
        if not problems:
            columns = ", ".join(dict.fromkeys(fault.column for fault in found)) or "none"
            raise UserError(f"--accept: {name}: not among the columns with a fault: {columns}")
        if unread:
            raise UserError(
                f"--accept: {name}: {unread[0]}: the model cannot read these rows; expected a "
                "column that differs from the months before"
            )
    return (
        tuple(fault for fault in found if fault.column not in accept),
        tuple(fault for fault in found if fault.column in accept),
    )


def _refused(now: MonthTable, share: float) -> Iterator[Fault]:
    """Checks of the intake that too many customers fail."""
    for (column, problem), customers in now.problems.items():
        part = customers / now.rows if now.rows else 0.0
        if problem == "column missing" or part >= share > 0:
            yield Fault(column=column, problem=problem, customers=customers, share=part)


def _delivered_again(
    now: MonthTable, earlier: Sequence[MonthTable], schema: Schema
) -> Iterator[Fault]:
    """The customers of an earlier month with every value that they had then, in any order."""
    for before in reversed(earlier):
        if before.is_complete and len(now) >= FEW and _same_content(now, before):
            name = schema.id_name or schema.inputs[0].name
            problem = f"the customers and values of {before.month} again"
            yield Fault(column=name, problem=problem, customers=now.rows, share=1.0)
            return


def _same_content(now: MonthTable, before: MonthTable) -> bool:
    if now.has_ids != before.has_ids or len(now) != len(before) or now.thinned != before.thinned:
        return False
    if now.has_ids and not np.array_equal(np.sort(now.key), np.sort(before.key)):
        return False
    sides = [np.column_stack([t.numbers, t.codes]) for t in (now, before)]
    orders = [np.argsort(t.key) if t.has_ids else np.lexsort(side.T)
              for t, side in zip((now, before), sides, strict=True)]  # fmt: skip
    one, other = (side[order] for side, order in zip(sides, orders, strict=True))
    return np.array_equal(one, other, equal_nan=True)


def _cut_off(now: MonthTable, earlier: Sequence[MonthTable], schema: Schema) -> Iterator[Fault]:
    """Many more customers absent than after any month before, in proportion to the time.

    A customer whose row could not be read is not absent.
    """
    steps = [_Step.between(*pair) for pair in pairwise([*earlier, now])]
    *known, last = steps or [None]
    usual = [step.rate for step in known if step]
    if last is None or not usual or last.customers < FEW:
        return
    before = earlier[-1]
    absent_rows = round(last.share * before.rows) - _unread(now)
    share = absent_rows / before.rows
    if share >= ABSENT and last.rate * share / last.share >= TIMES * max(usual):
        yield Fault(
            column=str(schema.id_name),
            problem=f"customers of {before.month} are absent",
            customers=absent_rows,
            share=share,
        )


def _unread(now: MonthTable) -> int:
    """Rows that failed a check. Those that have an id again are of a customer who is there."""
    again = sum(n for (_, problem), n in now.problems.items() if problem == REPEATED)
    return max(0, now.rows - (len(now) << now.thinned) - again)


class _Step(NamedTuple):
    """Customers of a month, the share of them absent from a later one, and that share a month."""

    customers: int
    share: float
    rate: float

    @classmethod
    def between(cls, before: MonthTable, now: MonthTable) -> Self | None:
        gone = absent(before, now)
        if gone is None:
            return None
        share = float(gone.mean())
        return cls(len(gone), share, share / (number(now.month) - number(before.month)))


def _compared(
    pair: _Pair, earlier: Sequence[MonthTable], schema: Schema, share: float
) -> Iterator[Fault]:
    yield from _given_to_others(pair, schema, share)
    for place, column in enumerate(schema.numeric_inputs):
        now, before = pair.now.numbers[:, place], pair.before.numbers[:, place]
        yield from _blanks(column, np.isnan(now), np.isnan(before), pair.now)
        yield from _constant(column, now, before, pair.now)
        yield from _unit(column, now, before, pair, share)
    for place, column in enumerate(schema.category_inputs):
        codes, before_codes = pair.now.codes[:, place], pair.before.codes[:, place]
        absent = len(code_labels(column)) - 1
        yield from _blanks(column, codes == absent, before_codes == absent, pair.now)
        if pair.same is not None:
            yield from _other_values(column, place, pair, earlier)
        else:
            yield from _places(column, codes, before_codes, pair)


def _given_to_others(pair: _Pair, schema: Schema, share: float) -> Iterator[Fault]:
    """Ids of the month before under which somebody has been a customer for less time than then."""
    tenure = schema.role("tenure")
    if pair.same is None or tenure is None or tenure not in schema.numeric_inputs:
        return
    here, there = pair.same
    place = schema.numeric_inputs.index(tenure)
    fell = pair.now.numbers[here, place] < pair.before.numbers[there, place]
    if fell.mean() >= share:
        problem = f"given to other customers: {tenure.name} is less than in {pair.before.month}"
        yield _fault(schema[str(schema.id_name)], problem, fell, pair.now)


def _constant(column: Column, now: Floats, before: Floats, table: MonthTable) -> Iterator[Fault]:
    """One number for everybody where there were several."""
    values, earlier = now[~np.isnan(now)], before[~np.isnan(before)]
    if len(values) < FEW or not len(earlier) or (values != values[0]).any():
        return
    if np.unique(earlier, return_counts=True)[1].max() / len(earlier) < MOST_COMMON:
        yield _fault(column, f"{values[0]:.4g} for everybody", ~np.isnan(now), table)


def _blanks(
    column: Column, now: NDArray[np.bool_], before: NDArray[np.bool_], table: MonthTable
) -> Iterator[Fault]:
    grown = float(now.mean() - before.mean())
    error = float(np.sqrt((before.mean() + 0.01) * (1 / len(now) + 1 / len(before))))
    if grown > max(BLANKS, 5 * error):
        yield _fault(column, f"blank, {before.mean():.1%} before", now, table)


def _unit(
    column: Column, now: Floats, before: Floats, pair: _Pair, share: float
) -> Iterator[Fault]:
    """Numbers many times what they were, of the same customers or at most quantiles.

    Of customers counted less those the other way: what a customer spends in a month may be ten
    times as much for some, and for as many others a tenth.
    """
    if pair.same is not None:
        here, there = pair.same
        with np.errstate(divide="ignore", invalid="ignore"):
            factor = np.abs(now[here] / before[there])
        known = np.isfinite(factor) & (factor > 0)
        ways = known & (factor >= FACTOR), known & (factor <= 1 / FACTOR)
        fewer, jumped = sorted(ways, key=np.count_nonzero)
        if known.any() and (jumped.sum() - fewer.sum()) / known.sum() >= max(share, MOVED):
            typical = float(np.median(factor[jumped]))
            yield _fault(column, f"another unit: {typical:.3g} times as much", jumped, pair.now)
        return
    ratios = _quantile_ratios(now, before)
    if len(ratios) and ((ratios >= FACTOR).all() or (ratios <= 1 / FACTOR).all()):
        words = f"another unit: {float(np.median(ratios)):.3g} times as much"
        yield _fault(column, words, np.ones(len(now), bool), pair.now)


def _quantile_ratios(now: Floats, before: Floats) -> Floats:
    if np.isnan(now).all() or np.isnan(before).all():
        return np.empty(0)
    here, there = (np.abs(np.nanquantile(values, QUANTILES)) for values in (now, before))
    usable = (here > 0) & (there > 0)
    return here[usable] / there[usable] if usable.sum() >= 2 else np.empty(0)


def _other_values(
    column: Column, place: int, pair: _Pair, earlier: Sequence[MonthTable]
) -> Iterator[Fault]:
    """Categories that changed for many customers at once, and for more than usually in that time.

    Usual is the median month of those before. Where none is known, half of what is a fault.
    """
    moved = pair.moved(place)
    if moved.mean() < MOVED:
        return
    steps = [step for step in (_Pair.of(*two) for two in pairwise(earlier)) if step.same]
    usual = [step.moved(place).mean() / step.months for step in steps] or [MOVED / OFTEN]
    if moved.mean() >= OFTEN * pair.months * float(np.median(usual)):
        yield _fault(column, f"another value than in {pair.before.month}", moved, pair.now)


def _places(
    column: Column, now: NDArray[np.int64], before: NDArray[np.int64], pair: _Pair
) -> Iterator[Fault]:
    """Categories whose shares changed places."""
    size = len(code_labels(column))
    shares = [np.bincount(codes, minlength=size) / len(codes) for codes in (now, before)]
    apart, sorted_apart = (
        float(np.abs(a - b).sum()) / 2 for a, b in (shares, [np.sort(s) for s in shares])
    )
    if apart >= 0.25 and sorted_apart <= apart / 4:
        places = np.abs(shares[0] - shares[1]) > 0.01
        yield _fault(column, "values changed places", places[now], pair.now)


def _fault(column: Column, problem: str, which: NDArray[np.bool_], table: MonthTable) -> Fault:
    """A fault of some customers, counted up to all where a sample of them is at hand."""
    part = float(which.mean())
    return Fault(
        column=column.name, problem=problem, customers=round(part * table.rows), share=part
    )


def _in_both(
    now: MonthTable, before: MonthTable
) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """Places of the customers of both months; None where there are too few."""
    if not (now.has_ids and before.has_ids):
        return None
    _, here, there = np.intersect1d(now.key, before.key, assume_unique=True, return_indices=True)
    return (here, there) if len(here) >= FEW else None
