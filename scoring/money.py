"""From a probability to a decision in money. NumPy only: training, scoring and service share it.

The model of a retention contact is that of Verbraken, Verbeke & Baesens (2013, IEEE TKDE 25(5)):
a contact costs `contact_cost`; a churner accepts the offer with chance `accept_rate`, which costs
`offer_cost` and keeps the customer's value; a retained customer takes the offer anyway.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Costs:
    """What a contact costs and what a kept customer brings: the `costs` of a bundle.

    `months_kept` are the months, discounted, that a kept customer is expected to stay; None where
    every customer is worth the flat `customer_value`.
    """

    contact_cost: float
    offer_cost: float
    accept_alpha: float
    accept_beta: float
    customer_value: float
    margin: float
    months_kept: float | None

    @property
    def accept_rate(self) -> float:
        """Mean chance that a contacted churner accepts and stays."""
        return self.accept_alpha / (self.accept_alpha + self.accept_beta)


def expected_months(
    base_rate: float, *, window: float, risk: float, discount_rate: float, horizon: int
) -> float:
    """Months, discounted, that a kept customer is expected to stay, at most `horizon`.

    `base_rate` is the share of customers that leave within `window` months; a kept customer's
    monthly hazard is `risk` times the one behind it, month after month. `discount_rate` is per
    year. Without a horizon the sum is r / (1 + i - r), the margin multiple of Gupta & Lehmann
    (2003, Journal of Interactive Marketing 17(1)), r and i per month.
    """
    survival = (1 - base_rate) ** (risk / window)
    discount = (1 + discount_rate) ** (-1 / 12)
    return float(np.sum((survival * discount) ** np.arange(1, horizon + 1)))


def customer_value(monthly_value: Floats | None, n: int, costs: Costs) -> Floats:
    """Value (n,) of keeping each customer: months × monthly value × margin, or the flat value."""
    if monthly_value is None or costs.months_kept is None:
        return np.full(n, costs.customer_value)
    return np.asarray(monthly_value, dtype=np.float64) * costs.margin * costs.months_kept


def gain_from_churner(value: Floats, costs: Costs) -> Floats:
    """Expected profit (n,) of contacting somebody who would have left."""
    return costs.accept_rate * (value - costs.offer_cost) - costs.contact_cost


def loss_from_retained(costs: Costs) -> float:
    """Cost of contacting somebody who would have stayed."""
    return costs.offer_cost + costs.contact_cost


def expected_profit(probability: Floats, value: Floats, costs: Costs) -> Floats:
    """Expected profit (n,) of contacting each customer, given the probability of churn."""
    gain = gain_from_churner(value, costs)
    return probability * gain - (1 - probability) * loss_from_retained(costs)


def value_from_profit(probability: Floats, profit: Floats, costs: Costs) -> Floats:
    """The value (n,) behind an expected profit (n,); 0 where nobody leaves and none follows."""
    gain = profit + expected_cost(probability, costs)
    accepted = costs.accept_rate * probability
    return np.divide(gain, accepted, out=np.zeros_like(gain), where=accepted > 0)


def expected_cost(probability: Floats, costs: Costs) -> Floats:
    """Expected cost (n,) of contacting each customer: the contact, and the offer if it is taken."""
    taken = 1 - probability * (1 - costs.accept_rate)
    return costs.contact_cost + costs.offer_cost * taken


def value_from_reduction(profit: Floats, cost: Floats, reduction: Floats) -> Floats:
    """The value (n,) behind an incremental profit and its cost; 0 where nothing is changed."""
    gain = profit + cost
    return np.divide(gain, reduction, out=np.zeros_like(gain), where=reduction != 0)


def incremental_profit(
    value: Floats, untreated: Floats, reduction: Floats, *, contact_cost: Any, offer_cost: Any
) -> Floats:
    """Expected profit of a contact against none, by what it takes off the probability of leaving.

    `value` is kept with a customer who stays, `untreated` the probability of leaving if left alone,
    all of shapes that broadcast. With the accepted share of leavers as the reduction this is
    `expected_profit`. Linear in `untreated` and `reduction`: unbiased ones give an unbiased profit.
    """
    return value * reduction - incremental_cost(
        untreated, reduction, contact_cost=contact_cost, offer_cost=offer_cost
    )


def incremental_cost(
    untreated: Floats, reduction: Floats, *, contact_cost: Any, offer_cost: Any
) -> Floats:
    """Expected cost of a contact: the offer is taken by all who stay."""
    return contact_cost + offer_cost * (1 - untreated + reduction)


def realised_profit(label: Floats, value: Floats, costs: Costs) -> Floats:
    """Profit (n,) of contacting each customer, knowing who left, at the mean acceptance."""
    return np.where(label == 1, gain_from_churner(value, costs), -loss_from_retained(costs))


def within_budget(chosen: Floats, profit: Floats, cost: Floats, *, budget: float) -> Floats:
    """Of the `chosen` (n,), those whose expected costs the budget covers, most profitable first.

    Stops at the first contact that no longer fits; nobody further down is taken instead.
    """
    order = np.argsort(-profit, kind="stable")
    spent = np.cumsum((chosen * cost)[order])
    kept = np.zeros_like(chosen)
    kept[order] = chosen[order] * (spent <= budget)
    return kept
