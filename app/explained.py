"""Why the model says what it says of one customer, and what it would say of a changed one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.scored import Scored
from scoring.derive import derive, raw_inputs
from scoring.explanation import NOTABLE
from scoring.loading import Bundle
from scoring.schema import Column
from scoring.terms import Terms

STRONG, CLEAR = 0.5, 0.2  # log-odds from which a reason is called so
MOST = 5  # reasons of each kind
Inputs = Mapping[str, Sequence[Any]]


@dataclass(frozen=True)
class Reason:
    """A column that speaks for leaving or against it: its value, what is usual, by how much."""

    column: Column
    value: Any
    usual: Any
    contribution: float

    @property
    def strength(self) -> str:
        """In a word: strong, clear or slight."""
        size = abs(self.contribution)
        return "strong" if size >= STRONG else "clear" if size >= CLEAR else "slight"


def reasons(bundle: Bundle, inputs: Inputs) -> tuple[list[Reason], list[Reason]]:
    """What raises the risk of one customer and what lowers it, the strongest first.

    Sensitive columns are never named. Both are empty where the bundle cannot explain.
    """
    explainer = bundle.explainer(bundle.best_tier)
    if explainer is None:
        return [], []
    found = explainer.contributions(inputs)
    all_of_them = [
        Reason(column, inputs[column.name][0], found.typical.get(column.name), float(own))
        for column, own in zip(bundle.schema.inputs, found.values[0], strict=True)
        if "sensitive" not in column.roles and abs(own) >= NOTABLE
    ]
    ordered = sorted(all_of_them, key=lambda reason: -abs(reason.contribution))
    return (
        [reason for reason in ordered if reason.contribution > 0][:MOST],
        [reason for reason in ordered if reason.contribution < 0][:MOST],
    )


@dataclass(frozen=True)
class Answer:
    """The probability of churn of one customer, and the profit of a contact; None without money."""

    probability: float
    profit: float | None


def answer(bundle: Bundle, inputs: Inputs) -> Answer:
    """What the model says of one customer, by the best tier that can."""
    model = bundle.models[bundle.best_tier]
    probability = model.probability(derive(inputs, bundle.schema))
    known = raw_inputs(inputs, bundle.schema)
    terms = Terms.of(bundle.manifest, bundle.schema, bundle.effect)
    profit = terms.decide(probability, known).profit
    return Answer(float(probability[0]), None if profit is None else float(profit[0]))


def rank_among(scored: Scored, place: int) -> tuple[float, float | None]:
    """The shares of customers of a lower risk, and of a lower value where there is money."""
    risk = float(np.mean(scored.probability < scored.probability[place]))
    if scored.value is None:
        return risk, None
    return risk, float(np.mean(scored.value < scored.value[place]))
