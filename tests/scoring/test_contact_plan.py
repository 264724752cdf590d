"""Whom to contact first, and what a budget buys."""

import dataclasses

import numpy as np
import pytest
from scipy import stats

from scoring import money
from scoring.contact_plan import RATES, ContactPlan, accept_rates, outlook, sums_of
from tests import builders

COSTS = builders.costs()


def _customers(rows=400, *, seed=0):
    rng = np.random.default_rng(seed)
    probability = rng.uniform(0.01, 0.9, rows)
    value = rng.uniform(20, 400, rows)
    profit = money.expected_profit(probability, value, COSTS)
    return probability[profit > 0], value[profit > 0], profit[profit > 0]


def test_a_value_is_found_again_in_the_profit_that_was_made_of_it():
    probability, value, profit = _customers()

    found = money.value_from_profit(probability, profit, COSTS)

    assert found == pytest.approx(value, abs=1e-9)
    assert money.value_from_profit(np.zeros(2), np.ones(2), COSTS).tolist() == [0, 0]


@pytest.mark.parametrize("budget", [0.0, 5.0, 300.0, 1e9])
def test_a_budget_covers_whom_the_decision_takes_within_it(budget):
    probability, _, profit = _customers()
    plan = ContactPlan.of(probability, profit, COSTS)

    count = plan.covered(budget)

    cost = money.expected_cost(probability, COSTS)
    taken = money.within_budget(np.ones(len(cost)), profit, cost, budget=budget)
    assert set(plan.order[:count]) == set(np.flatnonzero(taken))
    assert plan.outlook(count).cost <= budget


def test_the_outlook_of_the_first_contacts_is_that_of_those_alone():
    probability, _, profit = _customers()
    plan = ContactPlan.of(probability, profit, COSTS)

    first = plan.order[:37]
    alone = outlook(sums_of(probability[first], profit[first], COSTS), COSTS)

    assert plan.outlook(37) == pytest.approx(alone, abs=1e-8)
    assert plan.outlook(0).profit == 0
    assert ContactPlan.of(np.empty(0), np.empty(0), COSTS).covered(10) == 0


def _drawn(probability, value, *, campaigns=2_000):
    """Profits (campaigns,) by who leaves and who accepts, customer by customer."""
    rng, profits = np.random.default_rng(1), []
    for _ in range(campaigns):
        rate = rng.beta(COSTS.accept_alpha, COSTS.accept_beta)
        leaves = rng.random(len(value)) < probability
        kept = leaves & (rng.random(len(value)) < rate)
        taken = kept | ~leaves
        profits.append(
            value[kept].sum() - COSTS.offer_cost * taken.sum() - COSTS.contact_cost * len(value)
        )
    return np.array(profits)


def test_the_interval_holds_the_profits_of_campaigns_that_are_drawn_customer_by_customer():
    probability, value, profit = _customers(rows=600)
    drawn = _drawn(probability, value)

    found = outlook(sums_of(probability, profit, COSTS), COSTS)

    inside = (found.profit_low <= drawn) & (drawn <= found.profit_high)
    assert inside.mean() == pytest.approx(0.95, abs=0.02)
    sure = dataclasses.replace(COSTS, accept_alpha=3e6, accept_beta=7e6)
    narrow = outlook(sums_of(probability, profit, sure), sure)
    assert narrow.profit_high - narrow.profit_low < found.profit_high - found.profit_low


def test_the_interval_is_as_skewed_as_values_that_differ_by_orders_of_magnitude():
    rng = np.random.default_rng(2)
    probability, value = rng.uniform(0.05, 0.15, 150), rng.lognormal(6, 1.2, 150)
    profit = money.expected_profit(probability, value, COSTS)
    low, high = np.quantile(_drawn(probability, value), [0.025, 0.975])

    found = outlook(sums_of(probability, profit, COSTS), COSTS)

    assert found.profit_low == pytest.approx(low, abs=0.1 * (high - low))
    assert found.profit_high == pytest.approx(high, abs=0.1 * (high - low))


@pytest.mark.parametrize("reduction", [None, np.full(20, 0.01)])
def test_a_few_contacts_lose_no_more_than_they_and_their_offers_cost(reduction):
    probability, value = np.full(20, 0.05), np.full(20, 9_000.0)
    profit = money.expected_profit(probability, value, COSTS)

    found = outlook(sums_of(probability, profit, COSTS, reduction=reduction), COSTS)

    assert found.profit_low == pytest.approx(-20 * (COSTS.contact_cost + COSTS.offer_cost))
    assert found.profit_low < found.profit < found.profit_high


def test_a_contact_that_drives_a_customer_away_may_cost_that_customer_too():
    probability, profit = np.full(20, 0.05), np.full(20, -90.0)

    sums = sums_of(probability, profit, COSTS, reduction=np.full(20, -0.01))

    assert sums.loss > 20 * (COSTS.contact_cost + COSTS.offer_cost) + 20 * 1_000


@pytest.mark.parametrize(
    ("alpha", "beta"), [(6, 14), (0.2, 19.8), (19.8, 0.2), (0.03, 0.07), (3e6, 7e6)]
)
def test_equally_probable_shares_that_accept_are_quantiles_of_the_beta(alpha, beta):
    costs = dataclasses.replace(COSTS, accept_alpha=alpha, accept_beta=beta)
    evenly = (np.arange(RATES) + 0.5) / RATES
    assert accept_rates(costs) == pytest.approx(stats.beta.ppf(evenly, alpha, beta), abs=2e-3)
