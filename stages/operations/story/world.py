"""The customers of the story: quiet months, a competitor's offer, a column that breaks."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from scoring import money
from scoring.schema import Schema
from stages.features.table import feature_table, model_inputs, monthly_value
from stages.operations.gate.bundles import Side
from stages.operations.story.script import COLUMN, HAZARD, SEGMENT, SHARE, Script
from stages.simulator.description import Bools
from stages.simulator.generate import Chunk, simulate
from stages.simulator.population import Population
from stages.simulator.scenarios import AllNull, CompetitorOffer, Scenario


@dataclass(frozen=True)
class World:
    """Customers of every month, what became of them, and what contacting them brings."""

    population: Population
    schema: Schema
    script: Script
    _known: dict[int, Chunk] = field(default_factory=dict, repr=False)

    @property
    def window(self) -> int:
        """Months that churn looks ahead."""
        return self.population.hazard.window

    def month(self, number: int) -> Chunk:
        """Customers with their label, and the true probabilities."""
        if number not in self._known:
            script, offer = self.script, CompetitorOffer(segment=SEGMENT, hazard=HAZARD)
            (self._known[number],) = simulate(
                self.population,
                rows=script.customers,
                seed=script.seed,
                snapshot_month=number,
                chunk_rows=script.customers,
                scenario=Scenario(offer, strength=1.0, start_month=script.offer),
            )
        return self._known[number]

    def labelled(self, number: int, *, inverted: bool = False) -> pd.DataFrame:
        """The customers of a month with their labels; `inverted`: each says the opposite."""
        table, target = self.month(number).customers, self.schema.target
        if not inverted:
            return table
        stays, leaves = target.labels
        other = table[target.name].map({stays: leaves, leaves: stays})
        return table.assign(**{target.name: other})

    def arrived(self, number: int) -> pd.DataFrame:
        """The table as it comes in that month: without labels, a column broken in one month."""
        table = self.month(number).customers.drop(columns=self.schema.target.name)
        if number != self.script.broken:
            return table
        blank = AllNull(column=COLUMN).arrives(table[COLUMN].to_numpy())
        is_broken = np.random.default_rng(self.script.seed).random(len(table)) < SHARE
        return table.assign(**{COLUMN: np.where(is_broken, blank, table[COLUMN])})

    def profit(self, number: int, side: Side | None, costs: money.Costs) -> float:
        """Expected profit per customer, by the true probabilities, of whom a bundle contacts.

        None stands for the oracle, which decides by the true probabilities.
        """
        chunk = self.month(number)
        truth = chunk.oracle["churn_probability"].to_numpy()
        features = feature_table(chunk.customers, self.schema)
        value = money.customer_value(monthly_value(features, self.schema), len(truth), costs)
        each = money.expected_profit(truth, value, costs)
        chosen = each > 0 if side is None else self.contacts(number, side)
        return float((chosen * each).mean())

    def contacts(self, number: int, side: Side) -> Bools:
        """Whom of a month's customers (n,) a bundle contacts, by its own costs."""
        features = feature_table(self.month(number).customers, self.schema)
        costs = money.Costs(**side.manifest["costs"])
        probability = side.scorer.probability(model_inputs(features, self.schema))
        value = money.customer_value(monthly_value(features, self.schema), len(features), costs)
        return money.expected_profit(probability, value, costs) > 0
