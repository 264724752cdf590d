"""From a probability to a decision in money. NumPy only: training, scoring and service share it.

The model of a retention contact is that of Verbraken, Verbeke & Baesens (2013, IEEE TKDE 25(5)):
a contact costs `contact_cost`; a churner accepts the offer with chance `accept_rate`, which costs
`offer_cost` and keeps the customer's value; a stayer takes the offer anyway.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Costs(Protocol):
    """What a contact costs and what a kept customer brings; `params.Money` is one."""

    contact_cost: float
    offer_cost: float
    customer_value: float
    margin: float
    months_kept: float

    @property
    def accept_rate(self) -> float:
        """Mean chance that a contacted churner accepts and stays."""
        ...


def customer_value(monthly_value: Floats | None, n: int, costs: Costs) -> Floats:
    """Value (n,) of keeping each customer: months × monthly value × margin, or the flat value."""
    if monthly_value is None:
        return np.full(n, costs.customer_value)
    return np.asarray(monthly_value, dtype=np.float64) * costs.margin * costs.months_kept


def gain_from_churner(value: Floats, costs: Costs, *, accept_rate: float | None = None) -> Floats:
    """Expected profit (n,) of contacting somebody who would have left."""
    rate = costs.accept_rate if accept_rate is None else accept_rate
    return rate * (value - costs.offer_cost) - costs.contact_cost


def loss_from_stayer(costs: Costs) -> float:
    """Cost of contacting somebody who would have stayed."""
    return costs.offer_cost + costs.contact_cost


def expected_profit(probability: Floats, value: Floats, costs: Costs) -> Floats:
    """Expected profit (n,) of contacting each customer, given the probability of churn."""
    gain = gain_from_churner(value, costs)
    return probability * gain - (1 - probability) * loss_from_stayer(costs)


def realised_profit(
    label: Floats, value: Floats, costs: Costs, *, accept_rate: float | None = None
) -> Floats:
    """Profit (n,) of contacting each customer, knowing who left and how many accept."""
    gain = gain_from_churner(value, costs, accept_rate=accept_rate)
    return np.where(label == 1, gain, -loss_from_stayer(costs))
