"""Is the data broken? Faults by column, which are never called drift.

A column or all rows missing, ids twice, values that the schema does not allow, a month delivered
again, ids given to other customers or written otherwise, more blanks than before, one number for
everybody, numbers in another unit, categories that changed places, and customers that are not
there (`absences`).

The first follow from the checks of the intake; the others compare with months that were whole,
customer by customer where the ids allow it: a customer's fee does not grow a hundredfold in a
month, nobody's tenure falls, and a whole base does not change how it pays.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np
from numpy.typing import NDArray

from scoring.batch import code_labels
from scoring.errors import UserError
from scoring.schema import Column, Schema
from scoring.verdict import Fault
from stages.core.months import number
from stages.monitoring.absences import FEW, not_there
from stages.monitoring.month_table import MISSING_COLUMN, Floats, MonthTable
from stages.monitoring.two_sample import grows

FACTOR = 8.0  # from which a number is taken to be in another unit
SAME_FACTOR, NEARLY_ALL, NEAR = 2.0, 0.9, 0.02  # or this one, for so many, who differ by so little
QUANTILES = (0.25, 0.5, 0.75, 0.9)
MOVED = 0.1  # share of customers whose category or unit changed since the month before
OFTEN = 2.0  # times as many as usually change theirs in that time
BLANKS = 0.05  # share by which blanks may grow
MOST_COMMON = 0.9  # share of customers with one value, from which on a column hardly varied


@dataclass(frozen=True)
class _Pair:
    """A month and one before it; `same` are the places (m,) in either of the customers in both."""

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

    def factor(self, place: int) -> Floats:
        """How many times what it was (m,) the number in the column at this place is."""
        here, there = self.same or (np.empty(0, np.int64),) * 2
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.abs(self.now.numbers[here, place] / self.before.numbers[there, place])

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
    found = [*_refused(now, share), *not_there(now, earlier, schema, share)]
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
        if problem == MISSING_COLUMN or part >= share > 0:
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


def _compared(
    pair: _Pair, earlier: Sequence[MonthTable], schema: Schema, share: float
) -> Iterator[Fault]:
    yield from _given_to_others(pair, schema, share)
    for place, column in enumerate(schema.numeric_inputs):
        now, before = pair.now.numbers[:, place], pair.before.numbers[:, place]
        yield from _blanks(column, np.isnan(now), np.isnan(before), pair.now)
        yield from _constant(column, now, before, pair.now)
        yield from _unit(column, place, pair, earlier, share)
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
    column: Column, place: int, pair: _Pair, earlier: Sequence[MonthTable], share: float
) -> Iterator[Fault]:
    """Numbers many times what they were, of the same customers or at most quantiles."""
    if pair.same is not None:
        jumped, part = _other_unit(column, place, pair)
        if part < max(share, MOVED):
            return
        usual = _usually(earlier, lambda step: _other_unit(column, place, step)[1])
        if part >= min(NEARLY_ALL, OFTEN * pair.months * usual):
            typical = float(np.median(pair.factor(place)[jumped]))
            yield _fault(column, f"another unit: {typical:.3g} times as much", jumped, pair.now)
        return
    ratios = _quantile_ratios(pair.now.numbers[:, place], pair.before.numbers[:, place])
    if len(ratios) and ((ratios >= FACTOR).all() or (ratios <= 1 / FACTOR).all()):
        words = f"another unit: {float(np.median(ratios)):.3g} times as much"
        yield _fault(column, words, np.ones(len(pair.now), bool), pair.now)


def _other_unit(column: Column, place: int, pair: _Pair) -> tuple[NDArray[np.bool_], float]:
    """Whose number is many times what it was, and which share of those that can be compared.

    Of customers counted less those the other way: what a customer spends in a month may be ten
    times as much for some, and for as many others a tenth.
    """
    factor = pair.factor(place)
    known = np.isfinite(factor) & (factor > 0)
    if not known.any():
        return known, 0.0
    alike = _by_one_factor(factor, known, column)
    ways = known & (factor >= FACTOR), known & (factor <= 1 / FACTOR)
    fewer, more = sorted(ways, key=np.count_nonzero)
    if alike.any():
        return alike, float(alike.sum() / known.sum())
    return more, float((more.sum() - fewer.sum()) / known.sum())


def _by_one_factor(factor: Floats, known: NDArray[np.bool_], column: Column) -> NDArray[np.bool_]:
    """Who moved by the factor by which nearly everybody did; nobody of what grows by itself."""
    nobody = np.zeros(len(factor), bool)
    if known.sum() < FEW or grows(column):
        return nobody
    typical = float(np.median(factor[known]))
    alike = known & (np.abs(factor / typical - 1) <= NEAR)
    is_one = alike.sum() >= NEARLY_ALL * known.sum()
    return alike if is_one and not 1 / SAME_FACTOR < typical < SAME_FACTOR else nobody


def _quantile_ratios(now: Floats, before: Floats) -> Floats:
    if np.isnan(now).all() or np.isnan(before).all():
        return np.empty(0)
    here, there = (np.abs(np.nanquantile(values, QUANTILES)) for values in (now, before))
    usable = (here > 0) & (there > 0)
    return here[usable] / there[usable] if usable.sum() >= 2 else np.empty(0)


def _other_values(
    column: Column, place: int, pair: _Pair, earlier: Sequence[MonthTable]
) -> Iterator[Fault]:
    """Categories that changed for many customers, and for more than usually in that time."""
    moved = pair.moved(place)
    if moved.mean() < MOVED:
        return
    usual = _usually(earlier, lambda step: float(step.moved(place).mean()))
    if moved.mean() >= OFTEN * pair.months * usual:
        yield _fault(column, f"another value than in {pair.before.month}", moved, pair.now)


def _usually(earlier: Sequence[MonthTable], share_of: Callable[[_Pair], float]) -> float:
    """The share of customers a month, in the median step of those before.

    Where none is known, half of what is a fault.
    """
    steps = [step for step in (_Pair.of(*two) for two in pairwise(earlier)) if step.same]
    return float(np.median([share_of(s) / s.months for s in steps] or [MOVED / OFTEN]))


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
