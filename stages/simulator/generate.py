"""The embedded data source: a simulated base of telecom subscribers.

The table has the columns of IBM's Telco Customer Churn. The base is a fixed number of places, each
taken by one customer. At the first snapshot (month 0) every place is given a customer of some
tenure, whose traits depend on that tenure. Then time passes in months: a customer leaves when the
hazard they were exposed to reaches their event time, a unit exponential (inverse transform of the
survival function, one draw per customer), and a newcomer takes the place. The hazard is a function
of published columns and the month, hence the probability of leaving within the window is known
exactly: it is handed out separately as the oracle, never inside it.

A scenario changes what happens from a month on: hazard, prices, or who joins. What could be known
before that month (columns published, labels whose window had closed) stays as it was, to the byte;
a label whose window reaches beyond it tells what really happened, and the oracle knows that the
scenario comes. Where a column arrives broken, label and oracle stay those of the column as it was
before it broke.

Randomness: places are drawn in blocks of `BLOCK`, always in full, each from a child of the seed
that is named after month and block. So the same population, rows, seed and month give the same
bytes whatever `chunk_rows` is, and asking for more rows leaves the earlier ones as they were.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stages.simulator.columns import IDENTITY, Block, contract, published
from stages.simulator.customer_draws import draws
from stages.simulator.description import Bools, Floats, Integers, add_terms
from stages.simulator.population import (
    Population,
    draw_charges,
    draw_traits,
    reference_exposure,
    tenure_shares,
)
from stages.simulator.scenarios import QUIET, Scenario

BLOCK = 8192
MAX_ROWS = 10**8
MAX_MONTH = 600
BREAKAGE, CAMPAIGN, PERSUADABLE = 1, 2, 3  # purposes of draws


@dataclass(frozen=True)
class Chunk:
    """Consecutive rows: the published table and, row by row, the oracle.

    `customers` has `COLUMNS`; TotalCharges is NaN where tenure is 0. `oracle` has customerID and
    churn_probability, the probability of Churn "Yes" given the published columns (as they were
    before a scenario broke one).
    """

    customers: pd.DataFrame
    oracle: pd.DataFrame


def simulate(
    population: Population,
    *,
    rows: int,
    seed: int,
    snapshot_month: int = 0,
    chunk_rows: int = 100_000,
    scenario: Scenario = QUIET,
) -> Iterator[Chunk]:
    """Draw the `rows` customers living at a snapshot, in chunks of `chunk_rows` rows.

    `snapshot_month` counts months since the first snapshot. A customer of two snapshots has the
    same row, identity and traits in both, a tenure longer by the months between and a higher total.
    Churn says whether they leave within `population.hazard.window` months after the snapshot.
    Memory grows with `chunk_rows` only, time with rows and months.

    Raises ValueError when an argument is out of range.
    """
    _check_range("chunk_rows", chunk_rows, low=1, high=MAX_ROWS)
    world = World(population, seed=seed, snapshot_month=snapshot_month, scenario=scenario)
    return _regroup(map(world.publish, world.blocks(rows)), chunk_rows=chunk_rows)


class World:
    """What one seed makes of a population, up to one month.

    Raises ValueError when an argument is out of range.
    """

    def __init__(
        self, population: Population, *, seed: int, snapshot_month: int, scenario: Scenario = QUIET
    ) -> None:
        _check_range("seed", seed, low=0, high=2**64 - 1)
        _check_range("snapshot_month", snapshot_month, low=0, high=MAX_MONTH)
        self.population = population
        self.seed = seed
        self.month = snapshot_month
        self.scenario = scenario
        self.tenures, self.shares = tenure_shares(population.tenure)
        longest = int(self.tenures[-1]) + snapshot_month + population.hazard.window
        self.exposure = reference_exposure(population.hazard, months=longest)

    def blocks(self, rows: int) -> Iterator[Block]:
        """The customers of the snapshot in blocks, the last one cut to the rows asked for."""
        _check_range("rows", rows, low=1, high=MAX_ROWS)
        return (self._block(index, rows=rows) for index in range(-(-rows // BLOCK)))

    def hazard_ahead(self, block: Block) -> Floats:
        """Hazard that each customer is exposed to within the window after the snapshot."""
        window = self.population.hazard.window
        return self._hazard(block, month=self.month, months=window)

    def publish(self, block: Block) -> Chunk:
        """What is published of a block at the snapshot, and its oracle."""
        hazard, scenario, month = self.hazard_ahead(block), self.scenario, self.month
        columns = published(
            block,
            leaves=block["event_time"] <= hazard,
            extra=scenario.extra_charge(block["charge"], block, month=month),
            raised=scenario.raised_bills(block["tenure"], month=month),
            prices=self.population.prices,
            seed=self.seed,
        )
        truth = {IDENTITY: columns[IDENTITY], "churn_probability": -np.expm1(-hazard)}
        broken = scenario.arrived(columns, draws=self.draws(block, purpose=BREAKAGE), month=month)
        return Chunk(customers=pd.DataFrame(broken), oracle=pd.DataFrame(truth))

    def draws(self, block: Block, *, purpose: int) -> Floats:
        """A lot from 0 to 1 per customer, the same in every month."""
        return draws(block["number"], seed=self.seed, purpose=purpose)

    def _block(self, index: int, *, rows: int) -> Block:
        block = self._first_month(index)
        for month in range(1, self.month + 1):
            block = self._one_month_later(block, month=month, index=index)
        return {name: values[: rows - index * BLOCK] for name, values in block.items()}

    def _first_month(self, index: int) -> Block:
        rng = self._rng(month=0, index=index)
        tenure = rng.choice(self.tenures, size=BLOCK, p=self.shares)
        number = index * BLOCK + np.arange(BLOCK)
        return self._draw(tenure, month=0, number=number, kept={}, rng=rng)

    def _one_month_later(self, block: Block, *, month: int, index: int) -> Block:
        """Let everybody live a month; newcomers, billed once, take the places of who left."""
        event_time = block["event_time"] - self._hazard(block, month=month - 1, months=1)
        left = np.flatnonzero(event_time <= 0)
        newcomers = self._draw(
            np.ones(len(left), dtype=np.int64),
            month=month,
            number=month * MAX_ROWS + index * BLOCK + left,
            kept={name: block[name][left] for name in self.population.stays},
            rng=self._rng(month=month, index=index),
        )
        later = block | {"event_time": event_time, "tenure": block["tenure"] + 1}
        return {name: _put(values, left, newcomers[name]) for name, values in later.items()}

    def _draw(
        self,
        tenure: Integers,
        *,
        month: int,
        number: Integers,
        kept: dict[str, Bools],
        rng: np.random.Generator,
    ) -> Block:
        size = len(tenure)
        described = self.population
        # The customers of the first snapshot joined before it: only newcomers are drawn otherwise.
        asked = self.scenario.joining(described.traits, month=month) if month else described.traits
        traits = draw_traits(asked, tenure=tenure, kept=kept, rng=rng)
        return traits | {
            "tenure": np.where(traits["awaiting"], 0, tenure),
            "charge": draw_charges(described.prices, traits=traits, rng=rng),
            "usage": rng.standard_normal(size),
            "event_time": rng.standard_exponential(size),
            "risk": np.exp(add_terms(described.hazard.terms, columns=traits, size=size)),
            "number": number,
        }

    def _hazard(self, block: Block, *, month: int, months: int) -> Floats:
        """Hazard that each customer is exposed to in the `months` months from `month` on."""
        quiet = self.scenario.quiet_months(month, months=months)
        exposure = self._exposure(block, first=0, last=quiet)
        for ahead in range(quiet, months):
            ratio = self.scenario.hazard_ratio(block, month=month + ahead)
            exposure += ratio * self._exposure(block, first=ahead, last=ahead + 1)
        return block["risk"] * exposure

    def _exposure(self, block: Block, *, first: int, last: int) -> Floats:
        """Hazard of the reference customer between two numbers of months from now."""
        kind, tenure = contract(block), block["tenure"]
        return self.exposure[kind, tenure + last] - self.exposure[kind, tenure + first]

    def _rng(self, *, month: int, index: int) -> np.random.Generator:
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(month, index)))


def _check_range(name: str, value: int, *, low: int, high: int) -> None:
    if not low <= value <= high:
        raise ValueError(f"{name}: {value} is not between {low} and {high}")


def _regroup(blocks: Iterator[Chunk], *, chunk_rows: int) -> Iterator[Chunk]:
    """Yield the same rows in chunks of `chunk_rows`, of which the last may be shorter."""
    pending: list[Chunk] = []
    missing = chunk_rows
    for block in blocks:
        start, size = 0, len(block.oracle)
        while start < size:
            stop = min(start + missing, size)
            pending.append(Chunk(block.customers[start:stop], block.oracle[start:stop]))
            missing -= stop - start
            start = stop
            if missing == 0:
                yield _join(pending)
                pending, missing = [], chunk_rows
    if pending:
        yield _join(pending)


def _join(parts: list[Chunk]) -> Chunk:
    return Chunk(
        customers=pd.concat([part.customers for part in parts], ignore_index=True),
        oracle=pd.concat([part.oracle for part in parts], ignore_index=True),
    )


def _put(values: NDArray, places: Integers, new: NDArray) -> NDArray:
    changed = values.copy()
    changed[places] = new
    return changed
