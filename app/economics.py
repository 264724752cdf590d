"""What contacts bring under assumptions that somebody tries: money by `scoring` alone."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.scored import Floats, Scored
from scoring import money
from scoring.contact_plan import ContactPlan, by_profit
from scoring.decision import contacts

POINTS = 200  # of a curve


@dataclass(frozen=True)
class Scenario:
    """Assumptions that differ from those of the bundle; None where they do not.

    `accept` is the mean share of contacted leavers that accept; `months` those that a kept customer
    stays.
    """

    accept: float | None = None
    offer_cost: float | None = None
    contact_cost: float | None = None
    months: float | None = None

    def costs(self, assumed: money.Costs) -> money.Costs:
        """The costs under this scenario; how sure the share that accepts is stays as assumed."""
        changes = {
            "offer_cost": self.offer_cost,
            "contact_cost": self.contact_cost,
            "months_kept": self.months,
        }
        if self.accept is not None:
            sure = assumed.accept_alpha + assumed.accept_beta
            changes["accept_alpha"] = self.accept * sure
            changes["accept_beta"] = (1 - self.accept) * sure
        return replace(assumed, **{name: v for name, v in changes.items() if v is not None})


@dataclass(frozen=True)
class Ranking:
    """Whom to contact, the best first: `places` (m,) among the scored customers.

    `profit` and `cost` (m,) of each contact and the `plan` are None without a monthly value.
    """

    places: NDArray[np.int64]
    profit: Floats | None = None
    cost: Floats | None = None
    plan: ContactPlan | None = None

    def __len__(self) -> int:
        return len(self.places)


def ranked(scored: Scored, scenario: Scenario) -> Ranking:
    """The customers whom to contact pays under a scenario, the most profitable first.

    Without a monthly value, those whom the threshold takes, the most probable first.
    """
    if scored.profit is None or scored.value is None:
        chosen = np.flatnonzero(scored.contact)
        return Ranking(chosen[by_profit(scored.probability[chosen])])
    assumed = scored.terms.costs
    costs = scenario.costs(assumed)
    if costs == assumed:
        profit, contact = scored.profit, scored.contact
    else:
        value = worth(scored.value, assumed, costs)
        profit = money.expected_profit(scored.probability, value, costs)
        contact = contacts(scored.probability, value, costs, threshold=scored.terms.threshold)
    chosen = np.flatnonzero(contact)
    plan = ContactPlan.of(scored.probability[chosen], profit[chosen], costs)
    places = chosen[plan.order]
    cost = money.expected_cost(scored.probability[places], costs)
    return Ranking(places, profit[places], cost, plan)


def worth(value: Floats, assumed: money.Costs, costs: money.Costs) -> Floats:
    """Values (n,) of customers if they stay as many months as the second costs say."""
    if assumed.months_kept is None or costs.months_kept is None:
        return value
    return value * (costs.months_kept / assumed.months_kept)


def curve(plan: ContactPlan) -> tuple[Floats, Floats]:
    """Cost and expected profit (m,) as more and more customers of a plan are contacted."""
    shown = np.unique(np.linspace(0, len(plan) - 1, min(POINTS, len(plan))).astype(int))
    if not len(plan):
        return np.zeros(1), np.zeros(1)
    return (
        np.append(0.0, plan.sums.cost[shown]),
        np.append(0.0, plan.sums.profit[shown]),
    )
