"""Whom to contact: one rule, for the evaluation and for the service. NumPy only."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from scoring import money
from scoring.schema import Schema

Floats = NDArray[np.float64]
Decision = Literal["contact", "no_contact"]
CONTACT, NO_CONTACT = DECISIONS = get_args(Decision)
Rule = Literal["expected_profit", "threshold", "incremental_profit"]


def contacts(
    probability: Floats, value: Floats, costs: money.Costs, *, threshold: float | None
) -> NDArray[np.bool_]:
    """Whether a contact pays (n,): by expected profit, or where there is one, by threshold.

    A threshold is for customers without a monthly value, who are all worth the same.
    """
    if threshold is not None:
        return probability > threshold
    return pays(money.expected_profit(probability, value, costs))


def pays(profit: Floats) -> NDArray[np.bool_]:
    """Whether a contact (n,) of that expected profit pays."""
    return profit > 0


def decision_rule(schema: Schema) -> Rule:
    """The rule that decides without an effect: the threshold only without a monthly value."""
    return "expected_profit" if schema.role("monthly_value") else "threshold"
