"""Whom to contact this month: best first, within the budget, and what the campaign is to bring."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from tqdm import tqdm

from scoring import money
from scoring.contact_plan import by_profit, list_columns, outlook, sums_of
from scoring.terms import Terms
from stages.batch.inputs import Block, Chunk, read_block
from stages.batch.outputs import Candidates, split_reasons
from stages.batch.parts import Work
from stages.batch.rows import wanted
from stages.batch.score_part import ID, PLACE, PartScorer, why

SLICE = 100_000  # contacts that are written at a time
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Chosen:
    """The customers on the list, best first.

    part         (n,) place of their part among the candidates' names
    place        (n,) their place in it
    """

    part: NDArray[np.int64]
    place: NDArray[np.int64]
    probability: Floats
    cost: Floats
    gain: Floats

    @property
    def profit(self) -> Floats:
        """Expected profit (n,) of each contact."""
        return self.gain - self.cost


def choose(candidates: Candidates, terms: Terms, *, budget: float | None) -> Chosen:
    """The customers to contact, most profitable first, as many as the budget covers.

    Where there is no monthly value everybody is worth the same: the most probable come first.
    """
    none = np.empty(0)
    probability = np.concatenate([none, *candidates.probability])
    profit = np.concatenate([none, *candidates.profit])
    if terms.monthly is None:
        value = money.customer_value(None, len(probability), terms.costs)
        profit = money.expected_profit(probability, value, terms.costs)
    cost = money.expected_cost(probability, terms.costs)
    order = by_profit(profit)
    if budget is not None:
        covered = money.within_budget(np.ones(len(cost)), profit, cost, budget=budget)
        order = order[covered[order] == 1]
    part = np.repeat(np.arange(len(candidates.places)), [len(p) for p in candidates.places])
    place = np.concatenate([np.empty(0, np.int32), *candidates.places])
    gain = profit + cost
    return Chosen(part[order], place[order], probability[order], cost[order], gain[order])


def contact_list(
    chosen: Chosen, names: Sequence[str], work: Work, reasons: pa.ChunkedArray | None
) -> Iterator[pa.Table]:
    """One row per customer to contact, best first, some at a time; at least one table.

    `reasons` (n,) are lists of words, or None.
    """
    n = len(chosen.part)
    ids = of_parts(chosen, names, work, ID)
    cumulative = np.cumsum(chosen.profit)
    for start in range(0, max(n, 1), SLICE):
        part = slice(start, min(start + SLICE, n))
        columns = list_columns(
            np.arange(part.start + 1, part.stop + 1),
            ids[part],
            probability=chosen.probability[part],
            cost=chosen.cost[part],
            gain=chosen.gain[part],
            cumulative=cumulative[part],
        )
        yield pa.table(columns | (split_reasons(reasons[part]) if reasons is not None else {}))


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
    together = pa.chunked_array([chunk for each in taken for chunk in each.chunks])
    return together.take(pa.array(np.argsort(np.concatenate(order), kind="stable")))


def _by_part(chosen: Chosen) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Parts with customers on the list, and where on it those are."""
    order = np.argsort(chosen.part, kind="stable")
    parts, starts = np.unique(chosen.part[order], return_index=True)
    if len(parts):
        yield from zip(map(int, parts), np.split(order, starts[1:]), strict=True)


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


def expected(chosen: Chosen, costs: money.Costs) -> dict[str, float]:
    """What the list is expected to cost and to bring, and the interval of the profit."""
    return outlook(sums_of(chosen.probability, chosen.profit, costs), costs)._asdict()
