"""What contacts bring under assumptions that somebody tries: money by `scoring` alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.scored import Floats, Mask, Scored
from scoring import money
from scoring.assumptions import Scenario, worth
from scoring.contact_plan import ContactPlan, by_profit, contact_cost
from scoring.decision import pays
from scoring.effect import as_sure


@dataclass(frozen=True)
class Ranking:
    """Whom to contact, the best first: `places` (m,) among the scored customers.

    `profit` and `cost` (m,) of each contact and the `plan` are None without a monthly value;
    `stake` is what is lost on average if nobody contacts them.
    """

    places: NDArray[np.int64]
    profit: Floats | None = None
    cost: Floats | None = None
    plan: ContactPlan | None = None
    stake: float | None = None

    def __len__(self) -> int:
        return len(self.places)


def ranked(scored: Scored, scenario: Scenario) -> Ranking:
    """The customers whom to contact pays under a scenario, the most profitable first.

    Without a monthly value, those whom the threshold takes, the most probable first.
    """
    if scored.profit is None or scored.value is None:
        chosen = np.flatnonzero(_without_control(scored, scored.contact))
        return Ranking(chosen[by_profit(scored.probability[chosen])])
    assumed = scored.terms.costs
    costs = scenario.costs(assumed)
    if costs == assumed:
        profit, contact = scored.profit, scored.contact
    elif scored.reduction is None:
        value = worth(scored.value, assumed, costs)
        profit = money.expected_profit(scored.probability, value, costs)
        contact = pays(profit)
    else:
        profit = _by_effect(scored, scored.reduction, costs)
        contact = pays(profit)
    chosen = np.flatnonzero(_without_control(scored, contact))
    reduction = None if scored.reduction is None else _reduced(scored.reduction, assumed, costs)
    if reduction is not None:
        costs = as_sure(costs, error=scored.error)
    reduced = None if reduction is None else reduction[chosen]
    plan = ContactPlan.of(scored.left_alone[chosen], profit[chosen], costs, reduction=reduced)
    places = chosen[plan.order]
    reduced = None if reduction is None else reduction[places]
    cost = contact_cost(scored.left_alone[places], costs, reduction=reduced)
    stake = float(scored.left_alone[places] @ worth(scored.value[places], assumed, costs))
    return Ranking(places, profit[places], cost, plan, stake)


def _without_control(scored: Scored, contact: Mask) -> Mask:
    """Whom to contact (n,), the control group left alone."""
    return contact if scored.control is None else contact & ~scored.control


def _by_effect(scored: Scored, reduction: Floats, costs: money.Costs) -> Floats:
    """Expected profit (n,) of a contact under other costs, by what a campaign showed."""
    assert scored.value is not None
    return money.incremental_profit(
        worth(scored.value, scored.terms.costs, costs),
        scored.left_alone,
        _reduced(reduction, scored.terms.costs, costs),
        contact_cost=costs.contact_cost,
        offer_cost=costs.offer_cost,
    )


def _reduced(reduction: Floats, assumed: money.Costs, costs: money.Costs) -> Floats:
    """Reductions (n,) if the share that accepts were the second: in proportion."""
    return reduction * (costs.accept_rate / assumed.accept_rate)
