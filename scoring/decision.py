"""Whom to contact: one rule, for the evaluation and for the service. NumPy only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scoring import money

Floats = NDArray[np.float64]


def contacts(
    probability: Floats, value: Floats, costs: money.Costs, *, threshold: float | None
) -> NDArray[np.bool_]:
    """Whether a contact pays (n,): by expected profit, or where there is one, by threshold.

    A threshold is for customers without a monthly value, who are all worth the same.
    """
    if threshold is not None:
        return probability > threshold
    return money.expected_profit(probability, value, costs) > 0
