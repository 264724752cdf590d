"""Whom to contact this month: best first, within the budget, and what the campaign is to bring."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from tqdm import tqdm

from scoring import money
from scoring.contact_plan import DIGITS, by_profit, contact_cost, list_columns, outlook, sums_of
from scoring.effect import Effect, as_sure
from scoring.score_files import ASSIGNMENT, ID, OFFER, REDUCTION
from scoring.terms import Terms
from stages.batch.assignment import CALLED, CONTACT, EXPLORE, Design
from stages.batch.inputs import Block, Chunk, read_block
from stages.batch.outputs import Candidates, split_reasons
from stages.batch.parts import Work
from stages.batch.rows import wanted
from stages.batch.score_part import PLACE, PartScorer, why

FETCHED = 1_000_000  # contacts whose ids are in memory at a time
SLICE = 50_000  # contacts that are written at a time
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Chosen:
    """The customers on the list, best first.

    part         (n,) place of their part among the candidates' names
    place        (n,) their place in it
    assignment   (n,) `CONTACT`, `EXPLORE` or `CONTROL`
    reduction    (n,) what a contact takes off the probability of leaving
    """

    part: NDArray[np.integer]
    place: NDArray[np.int64]
    probability: Floats
    cost: Floats
    gain: Floats
    assignment: NDArray[np.int8]
    reduction: Floats

    @property
    def profit(self) -> Floats:
        """Expected profit (n,) of each contact."""
        return self.gain - self.cost

    def rows(self, which: NDArray[np.bool_] | NDArray[np.int64] | slice) -> Chosen:
        """Some of them, by mask, by slice or in an order."""
        return Chosen(*(getattr(self, field.name)[which] for field in fields(self)))


def choose(candidates: Candidates, terms: Terms, *, budget: float | None) -> Chosen:
    """The customers to contact, most profitable first, as many as the budget covers.

    With a design, those it leaves alone are among them where the budget would have covered them,
    and those it explores, whose cost the budget covers first. Where there is no monthly value
    everybody is worth the same: the most probable come first.
    """
    probability = _together(candidates.probability)
    assignment = _together(candidates.assignment, np.int8)
    profit, cost, reduction = _economics(candidates, probability, terms)
    order = by_profit(profit)
    if budget is not None:
        order = order[_covered(profit, cost, assignment, budget)[order]]
    parts = len(candidates.places)
    number = np.arange(parts, dtype=np.min_scalar_type(parts))  # small ones are sorted by radix
    part = np.repeat(number, [len(places) for places in candidates.places])
    place = _together(candidates.places, np.int32)
    found = Chosen(part, place, probability, cost, profit + cost, assignment, reduction)
    return found.rows(order)


def _together(arrays: Sequence[NDArray[Any]], kind: type[np.generic] = np.float64) -> NDArray[Any]:
    """Arrays of that type one after the other; an empty one of none."""
    return np.concatenate([np.empty(0, kind), *arrays])


def _economics(
    candidates: Candidates, probability: Floats, terms: Terms
) -> tuple[Floats, Floats, Floats]:
    """Expected profit and cost (n,) of each contact, and what it takes off the probability."""
    costs, effect = terms.costs, terms.effect
    if effect is None:
        reduction = costs.accept_rate * probability
        cost = contact_cost(probability, costs)
    else:
        reduction = _together(candidates.reduction)
        cost = contact_cost(effect.untreated(probability), costs, reduction=reduction)
    if terms.monthly is not None:
        return _together(candidates.profit), cost, reduction
    value = money.customer_value(None, len(probability), costs)
    if effect is None:
        return money.expected_profit(probability, value, costs), cost, reduction
    return value * reduction - cost, cost, reduction


def _covered(
    profit: Floats, cost: Floats, assignment: NDArray[np.int8], budget: float
) -> NDArray[np.bool_]:
    """Who is covered by the budget (n,): first the explored, then the others, best first."""
    explored = assignment == EXPLORE
    left = max(budget - cost[explored].sum(), 0.0)
    spent = cost * (assignment == CONTACT)
    others = money.within_budget((~explored).astype(float), profit, spent, budget=left)
    return explored | (others == 1)


def contact_list(
    chosen: Chosen,
    names: Sequence[str],
    work: Work,
    reasons: pa.ChunkedArray | None,
    *,
    effect: Effect | None = None,
    design: Design | None = None,
) -> Iterator[pa.Table]:
    """One row per customer to contact, best first, some at a time; at least one table.

    `reasons` (n,) are lists of words, or None.
    """
    cumulative = np.cumsum(chosen.profit)
    for block in _slices(len(cumulative), FETCHED):
        some = chosen.rows(block)
        columns = list_columns(
            np.arange(block.start + 1, block.stop + 1),
            of_parts(some, names, work, ID),
            probability=some.probability,
            cost=some.cost,
            gain=some.gain,
            cumulative=cumulative[block],
        )
        columns |= _more_columns(some, names, work, effect, design)
        for part in _slices(len(some.part), SLICE):
            words = {} if reasons is None else split_reasons(reasons[block][part])
            yield pa.table({name: values[part] for name, values in columns.items()} | words)


def _slices(n: int, most: int) -> Iterator[slice]:
    """Consecutive slices of n, `most` or fewer at a time; an empty one of none."""
    for start in range(0, max(n, 1), most):
        yield slice(start, min(start + most, n))


def _more_columns(
    chosen: Chosen, names: Sequence[str], work: Work, effect: Effect | None, design: Design | None
) -> dict[str, Any]:
    """What the effect and the design say of each customer on the list."""
    columns: dict[str, Any] = {}
    if effect is not None:
        columns[REDUCTION] = chosen.reduction.round(DIGITS)
        if len(effect.offers) > 1:
            offers = of_parts(chosen, names, work, OFFER).to_numpy()
            columns[OFFER] = np.array(effect.offers, dtype=object)[offers.astype(int)]
    if design is not None:
        columns[ASSIGNMENT] = np.array(CALLED, dtype=object)[chosen.assignment]
    return columns


def of_parts(
    chosen: Chosen, names: Sequence[str], work: Work, column: str
) -> pa.ChunkedArray | pa.Array:
    """A column of the parts (n,) for the customers on the list, in its order."""
    taken, order = [], []
    for part, mine in _by_part(chosen):
        taken.append(work.read(names[part])[0][column].take(pa.array(chosen.place[mine])))
        order.append(mine)
    if not taken:
        return pa.array([], pa.string())
    together = pa.chunked_array([chunk for each in taken for chunk in each.chunks]).combine_chunks()
    back = np.empty(len(together), np.int64)
    back[np.concatenate(order)] = np.arange(len(together))
    return together.take(pa.array(back))


def _by_part(chosen: Chosen) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Parts with customers on the list, and where on it those are."""
    order = np.argsort(chosen.part, kind="stable")
    ordered = chosen.part[order]
    starts = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
    for mine in np.split(order, starts):
        if len(mine):
            yield int(chosen.part[mine[0]]), mine


def reasons_for(
    chosen: Chosen,
    names: Sequence[str],
    work: Work,
    blocks: Sequence[Block],
    score: PartScorer,
) -> pa.ChunkedArray:
    """Why each customer on the list is at risk (n,): those rows of the input are read again."""
    schema = score.scorer.bundle.schema
    mine = {names[part]: rows for part, rows in _by_part(chosen)}
    words = np.empty(len(chosen.part), dtype=object)
    with tqdm(total=len(words), desc="reasons", unit="", leave=False) as bar:
        for block in blocks:
            for chunk in read_block(block, wanted(schema), finished=_Others(mine)):
                if isinstance(chunk, Chunk):
                    rows, listed = score.rows(chunk), mine[chunk.name]
                    places = _places(work, chunk.name, chosen.place[listed], rows.places)
                    found = why(score.scorer, rows.numbers[places], rows.codes[places])
                    words[listed] = np.fromiter(found, dtype=object, count=len(found))
                    bar.update(len(found))
    return pa.chunked_array([pa.array(words.tolist(), pa.list_(pa.string()))])


class _Others:
    """Every name but those of parts with customers on the list."""

    def __init__(self, mine: Mapping[str, object]) -> None:
        self._mine = mine

    def __contains__(self, name: object) -> bool:
        return name not in self._mine


def _places(
    work: Work, name: str, listed: NDArray[np.int64], numbers: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Where customers stand among the checked rows of their chunk, from their places in a part."""
    return np.searchsorted(numbers, work.read(name)[0][PLACE].to_numpy()[listed])


def expected(chosen: Chosen, terms: Terms) -> dict[str, float]:
    """What the list is expected to cost and to bring, and the interval of the profit."""
    if terms.effect is None:
        sums = sums_of(chosen.probability, chosen.profit, terms.costs)
        return outlook(sums, terms.costs)._asdict()
    costs = as_sure(terms.costs, error=terms.effect.error)
    alone = terms.effect.untreated(chosen.probability)
    sums = sums_of(alone, chosen.profit, costs, reduction=chosen.reduction)
    return outlook(sums, costs)._asdict()
