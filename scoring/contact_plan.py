"""Whom to contact first, and what the first so many contacts cost and bring. NumPy only.

Batch scoring and the retention manager's page share it, so that a budget buys the same on both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scoring import money

Floats = NDArray[np.float64]
LEVEL = 0.95
RATES, DEVIATIONS = 400, 50  # values, each as probable, that stand for a distribution
CELLS, REACH = 2_000, 8.0  # of the integral of a Beta; its ends, in standard deviations
POINTS = 200  # of a curve
TINY = 1e-9
CENTS, DIGITS = 2, 6  # decimals of amounts and of probabilities on a contact list


class Outlook(NamedTuple):
    """What contacts are expected to cost and to bring, and the interval of the profit."""

    cost: float
    gain: float
    profit: float
    profit_low: float
    profit_high: float


class Sums(NamedTuple):
    """Sums over contacts, or running sums (n,) over contacts in their order.

    With the value less the offer k, the offer o and the probability p of each: `kept` is the sum
    of p k, `offers` that of (1 - p) o, `loss` what is lost at most, and the rest are what the
    variance of the profit is made of. With an effect, p in `kept` is the reduction over the share
    that accepts.
    """

    contacts: Any
    cost: Any
    profit: Any
    kept: Any
    offers: Any
    loss: Any
    kept_by_value: Any
    kept_squared: Any
    kept_by_offer: Any
    offers_squared: Any


def sums_of(
    probability: Floats,
    profit: Floats,
    costs: money.Costs,
    *,
    reduction: Floats | None = None,
    add: Callable[[Floats], Any] = np.sum,
) -> Sums:
    """The sums over contacts of that probability of churn (n,) and expected profit (n,).

    `reduction` (n,) is what an effect takes off the probability, in place of the share that
    accepts; `add` is `np.sum`, or `np.cumsum` for running sums.
    """
    offer = costs.offer_cost
    cost = contact_cost(probability, costs, reduction=reduction)
    loss = np.full(len(probability), costs.contact_cost + offer)
    if reduction is None:
        net = money.value_from_profit(probability, profit, costs) - offer
        moved = probability
    else:
        net = money.value_from_reduction(profit, cost, reduction) - offer
        moved = reduction / costs.accept_rate
        loss += np.where(reduction < 0, net, 0.0)  # whom a contact drives away
    kept, offers = moved * net, (1 - probability) * offer
    return Sums(
        contacts=add(np.ones(len(probability))),
        cost=add(cost),
        profit=add(profit),
        kept=add(kept),
        offers=add(offers),
        loss=add(loss),
        kept_by_value=add(np.abs(moved) * net**2) if reduction is not None else add(kept * net),
        kept_squared=add(kept * kept),
        kept_by_offer=add(kept * offers),
        offers_squared=add(offers * offers),
    )


def contact_cost(
    probability: Floats, costs: money.Costs, *, reduction: Floats | None = None
) -> Floats:
    """Expected cost (n,) of contacting each customer, by the share that accepts or by an effect."""
    if reduction is None:
        return money.expected_cost(probability, costs)
    return money.incremental_cost(
        probability, reduction, contact_cost=costs.contact_cost, offer_cost=costs.offer_cost
    )


def outlook(sums: Sums, costs: money.Costs) -> Outlook:
    """What contacts of these sums are expected to cost and to bring.

    The interval holds 95% of campaigns by the model's own probabilities: the share that accepts is
    Beta(accept_alpha, accept_beta), and given it the sum over customers who leave or stay, accept
    or not, by chance of each alone is that of a gamma above what is lost at most: few contacts of
    very different value make it skewed, and no campaign loses more. Its quantiles are those of
    Wilson and Hilferty (1931, doi 10.1073/pnas.17.12.684). Both by values that are equally
    probable, without chance: the same to the cent wherever it is computed (`economics.js`).
    """
    rate = accept_rates(costs)[:, None]
    mean = rate * sums.kept - sums.offers - costs.contact_cost * sums.contacts
    square = rate * sums.kept_by_value + costs.offer_cost * sums.offers
    square_of_means = (
        rate**2 * sums.kept_squared - 2 * rate * sums.kept_by_offer + sums.offers_squared
    )
    variance = np.maximum(square - square_of_means, 0)
    above = np.maximum(mean + sums.loss, TINY)
    spread = np.sqrt(variance) / (3 * above)
    gamma = above * np.maximum(1 - spread**2 + spread * deviations(), 0) ** 3
    profits = gamma - sums.loss
    low, high = np.quantile(profits, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    cost, profit = float(sums.cost), float(sums.profit)
    return Outlook(cost, profit + cost, profit, float(low), float(high))


def accept_rates(costs: money.Costs) -> Floats:
    """Shares that accept (RATES,), each as probable: quantiles of the Beta, lowest first.

    Its density is summed over the log-odds, where it has no poles however uncertain it is.
    """
    alpha, beta = costs.accept_alpha, costs.accept_beta
    spread = REACH * np.sqrt(1 / alpha + 1 / beta)
    middle, below, above = np.log(alpha / beta), 2 * REACH / alpha, 2 * REACH / beta
    edges = np.linspace(middle - spread - below, middle + spread + above, CELLS + 1)
    centres = (edges[1:] + edges[:-1]) / 2
    density = -alpha * np.logaddexp(0, -centres) - beta * np.logaddexp(0, centres)
    mass = np.append(0.0, np.cumsum(np.exp(density - density.max())))
    log_odds = np.interp((np.arange(RATES) + 0.5) / RATES * mass[-1], mass, edges)
    return np.asarray(np.exp(-np.logaddexp(0, -log_odds)))


@cache
def deviations() -> Floats:
    """Standard normal values (DEVIATIONS,), each as probable, lowest first."""
    normal = NormalDist()
    return np.array([normal.inv_cdf((k + 0.5) / DEVIATIONS) for k in range(DEVIATIONS)])


@dataclass(frozen=True)
class ContactPlan:
    """Customers whom to contact, most profitable first.

    `order` (n,) are their places in the arrays that the plan was made of; `sums` run along it.
    """

    order: NDArray[np.int64]
    sums: Sums
    costs: money.Costs

    @classmethod
    def of(
        cls,
        probability: Floats,
        profit: Floats,
        costs: money.Costs,
        *,
        reduction: Floats | None = None,
    ) -> ContactPlan:
        """The plan for customers of that probability of churn (n,) and expected profit (n,)."""
        order = by_profit(profit)
        reduced = None if reduction is None else reduction[order]
        sums = sums_of(probability[order], profit[order], costs, reduction=reduced, add=np.cumsum)
        return cls(order, sums, costs)

    def __len__(self) -> int:
        return len(self.order)

    def covered(self, budget: float) -> int:
        """How many contacts the budget covers in expectation, in the order of the plan."""
        return int(np.searchsorted(self.sums.cost, budget, side="right"))

    def outlook(self, contacts: int) -> Outlook:
        """What the first so many contacts are expected to cost and to bring."""
        if contacts == 0:
            return Outlook(0.0, 0.0, 0.0, 0.0, 0.0)
        return outlook(Sums(*(running[contacts - 1] for running in self.sums)), self.costs)

    def curve(self) -> tuple[Floats, Floats]:
        """Cost and expected profit (m,) as more and more customers are contacted, from 0 on."""
        if not len(self):
            return np.zeros(1), np.zeros(1)
        shown = np.unique(np.linspace(0, len(self) - 1, min(POINTS, len(self))).astype(int))
        return (
            np.append(0.0, self.sums.cost[shown]),
            np.append(0.0, self.sums.profit[shown]),
        )


def list_columns(
    rank: NDArray[np.int64],
    ids: Any,
    *,
    probability: Floats,
    cost: Floats,
    gain: Floats,
    cumulative: Floats,
) -> dict[str, Any]:
    """The columns (n,) of a contact list; `cumulative` is the profit down to each contact."""
    return {
        "rank": rank,
        "customer_id": ids,
        "churn_probability": probability.round(DIGITS),
        "expected_cost": cost.round(CENTS),
        "expected_gain": gain.round(CENTS),
        "expected_profit": (gain - cost).round(CENTS),
        "cumulative_profit": cumulative.round(CENTS),
    }


def by_profit(profit: Floats) -> NDArray[np.int64]:
    """Places (n,) of the customers, most profitable first; of equal ones the earlier.

    As a stable sort has it, in a fifth of the time: equal ones, which are few, are sorted apart.
    """
    order = np.argsort(-profit)
    found = profit[order]
    same = found[1:] == found[:-1]
    if same.any():
        tied = np.flatnonzero(np.append(same, False) | np.append(False, same))
        order[tied] = order[tied][np.lexsort((order[tied], -found[tied]))]
    return order
