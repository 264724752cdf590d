"""Money: expected profit is the mean of the realised one, and decisions follow from it."""

import numpy as np
import pytest
from empulse.metrics import cost_loss, mpc_score
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.money import (
    customer_value,
    expected_cost,
    expected_profit,
    gain_from_churner,
    loss_from_retained,
    realised_profit,
    within_budget,
)
from stages.model.costs import costs_of
from tests import builders

few = settings(max_examples=30, deadline=None, derandomize=True)
amounts = st.floats(0, 1000)
chances = st.floats(0, 1)
costs = st.builds(
    builders.costs,
    contact_cost=st.floats(0, 50),
    offer_cost=st.floats(0, 100),
    accept_alpha=st.floats(0.1, 50),
    accept_beta=st.floats(0.1, 50),
)


def crowd(seed: int, rows: int = 200):
    """Probabilities, values and labels that follow the probabilities."""
    rng = np.random.default_rng(seed)
    probability = rng.random(rows).round(2)
    label = (rng.random(rows) < probability).astype(int)
    return probability, rng.uniform(0, 400, rows), label


# --- the formulas ------------------------------------------------------------------------------


@few
@given(probability=chances, value=amounts, costs=costs)
def test_expected_profit_is_the_mean_of_the_realised_one(probability, value, costs):
    values = np.array([value, value])
    churner, retained = realised_profit(np.array([1, 0]), values, costs)
    mean = probability * churner + (1 - probability) * retained
    expected = expected_profit(np.array([probability]), np.array([value]), costs)[0]
    assert expected == pytest.approx(mean, abs=1e-9)


def test_expected_profit_is_what_many_such_customers_bring():
    rng, money = np.random.default_rng(0), builders.costs()
    label = (rng.random(200_000) < 0.3).astype(int)
    accepted = rng.random(200_000) < money.accept_rate
    kept = np.where(accepted, 120.0 - money.offer_cost, 0.0)
    realised = np.where(label == 1, kept, -money.offer_cost) - money.contact_cost
    expected = expected_profit(np.array([0.3]), np.array([120.0]), money)[0]
    assert expected == pytest.approx(realised.mean(), abs=0.3)


@few
@given(low=chances, high=chances, value=amounts, costs=costs)
def test_expected_profit_never_falls_with_the_probability(low, high, value, costs):
    low, high = sorted((low, high))
    one, other = expected_profit(np.array([low, high]), np.array([value, value]), costs)
    assert one <= other + 1e-9


@few
@given(probability=chances, low=amounts, high=amounts, costs=costs)
def test_expected_profit_never_falls_with_the_value(probability, low, high, costs):
    low, high = sorted((low, high))
    pair = np.array([probability, probability])
    one, other = expected_profit(pair, np.array([low, high]), costs)
    assert one <= other + 1e-9


@few
@given(probability=chances, value=amounts, more=st.floats(0.01, 100))
def test_expected_profit_falls_with_every_cost(probability, value, more):
    money = builders.costs()
    arguments = np.array([probability]), np.array([value])
    before = expected_profit(*arguments, money)[0]
    for name in ("contact_cost", "offer_cost"):
        dearer = builders.costs(**{name: getattr(money, name) + more})
        assert expected_profit(*arguments, dearer)[0] <= before


def test_contacting_a_retained_customer_only_costs():
    money = builders.costs(contact_cost=2.0, offer_cost=5.0)
    profit = realised_profit(np.zeros(3), np.array([0.0, 100, 1e6]), money)
    np.testing.assert_array_equal(profit, -7)
    assert loss_from_retained(money) == 7


def test_customer_whose_value_is_below_the_offer_is_never_worth_a_contact():
    money = builders.costs(offer_cost=50.0)
    assert gain_from_churner(np.array([49.0]), money)[0] < 0
    assert expected_profit(np.array([1.0]), np.array([49.0]), money)[0] < 0


# --- the value of a customer -------------------------------------------------------------------


def test_value_is_flat_without_a_monthly_value():
    money = builders.costs(customer_value=77.0)
    np.testing.assert_array_equal(customer_value(None, 4, money), [77.0] * 4)


def test_value_is_what_the_kept_months_earn():
    money = builders.costs(margin=0.25, months_kept=8.0)
    fees = np.array([0, 10, 35.5], dtype=np.float32)
    values = customer_value(fees, 3, money)
    np.testing.assert_allclose(values, [0, 20, 71])
    assert values.dtype == np.float64


def test_value_is_flat_where_the_rule_says_so():
    flat = costs_of(builders.money_params(lifetime={"rule": "value"}), base_rate=0.3)
    assert flat.months_kept is None
    np.testing.assert_array_equal(customer_value(np.array([1.0, 900.0]), 2, flat), [120, 120])


def test_months_given_are_the_months_kept():
    # what the section was before there were rules: value = fee x margin x months
    given = costs_of(builders.money_params(lifetime={"months": 12.0}), base_rate=0.3)
    assert given == builders.costs(months_kept=12.0)
    np.testing.assert_allclose(customer_value(np.array([70.0]), 1, given), [70 * 0.5 * 12])


def test_acceptance_is_the_mean_of_its_distribution():
    assert builders.costs(accept_alpha=2.0, accept_beta=6.0).accept_rate == 0.25


# --- decisions ---------------------------------------------------------------------------------


@few
@given(value=st.floats(10, 1000), seed=st.integers(0, 1000))
def test_by_profit_is_by_threshold_where_everybody_is_worth_the_same(value, seed):
    money, (probability, _, _) = builders.costs(), crowd(seed)
    values = np.full(len(probability), value)
    gain, loss = gain_from_churner(values, money)[0], loss_from_retained(money)
    threshold = loss / (gain + loss)
    by_profit = expected_profit(probability, values, money) > 0
    np.testing.assert_array_equal(by_profit, probability > threshold)


@few
@given(seed=st.integers(0, 1000), low=chances, high=chances)
def test_a_higher_threshold_never_contacts_more_customers(seed, low, high):
    probability, _, _ = crowd(seed)
    low, high = sorted((low, high))
    assert set(np.flatnonzero(probability > high)) <= set(np.flatnonzero(probability > low))


@pytest.mark.parametrize(("cost", "today"), [("offer_cost", 8.0), ("contact_cost", 1.0)])
@few
@given(seed=st.integers(0, 1000), dearer=st.floats(0, 100))
def test_what_is_dearer_never_contacts_more_customers(cost, today, seed, dearer):
    probability, value, _ = crowd(seed)
    contacted = [
        expected_profit(probability, value, builders.costs(**{cost: amount})) > 0
        for amount in (today, today + dearer)
    ]
    assert set(np.flatnonzero(contacted[1])) <= set(np.flatnonzero(contacted[0]))


@few
@given(seed=st.integers(0, 1000), threshold=chances, costs=costs)
def test_decision_expects_at_least_the_profit_of_any_threshold(seed, threshold, costs):
    probability, value, _ = crowd(seed)
    profit = expected_profit(probability, value, costs)
    assert profit[profit > 0].sum() >= profit[probability > threshold].sum() - 1e-9


# --- costs and budget --------------------------------------------------------------------------


@few
@given(probability=chances, value=amounts, costs=costs)
def test_expected_profit_is_the_value_kept_less_the_expected_cost(probability, value, costs):
    p, v = np.array([probability]), np.array([value])
    kept = p * costs.accept_rate * v
    np.testing.assert_allclose(
        expected_profit(p, v, costs), kept - expected_cost(p, costs), atol=1e-9
    )


@few
@given(seed=st.integers(0, 1000), share=st.floats(0, 1.2))
def test_budget_is_never_exceeded_and_goes_to_the_best_first(seed, share):
    probability, value, _ = crowd(seed)
    money = builders.costs()
    profit, cost = expected_profit(probability, value, money), expected_cost(probability, money)
    chosen = (profit > 0).astype(float)
    budget = share * (chosen * cost).sum()
    kept = within_budget(chosen, profit, cost, budget=budget)
    assert (kept * cost).sum() <= budget + 1e-9
    assert (kept <= chosen).all()
    left_out = (chosen == 1) & (kept == 0)
    if left_out.any():
        best = np.flatnonzero(left_out)[np.argmax(profit[left_out])]
        assert profit[kept == 1].min(initial=np.inf) >= profit[best]
        assert (kept * cost).sum() + cost[best] > budget  # the next best no longer fits


@few
@given(seed=st.integers(0, 1000), low=chances, high=chances)
def test_a_larger_budget_drops_nobody(seed, low, high):
    probability, value, _ = crowd(seed)
    money, (low, high) = builders.costs(), sorted((low, high))
    profit, cost = expected_profit(probability, value, money), expected_cost(probability, money)
    chosen = (profit > 0).astype(float)
    whole = (chosen * cost).sum()
    less, more = (within_budget(chosen, profit, cost, budget=s * whole) for s in (low, high))
    assert (less <= more).all()


def test_decision_by_true_probability_is_the_best_on_average():
    probability, value, label = crowd(0, rows=20_000)
    money = builders.costs()
    profit = realised_profit(label, value, money)
    best = profit[expected_profit(probability, value, money) > 0].sum()
    for off in (-0.3, -0.15, 0.15, 0.3):
        wrong = np.clip(probability + off, 0, 1)
        assert profit[expected_profit(wrong, value, money) > 0].sum() < best


# --- agreement with empulse --------------------------------------------------------------------


@few
@given(seed=st.integers(0, 1000))
def test_realised_profit_is_the_negative_cost_of_empulse(seed):
    probability, value, label = crowd(seed)
    money = builders.costs()
    chosen = expected_profit(probability, value, money) > 0
    ours = (realised_profit(label, value, money) * chosen).sum()
    theirs = cost_loss(
        label,
        chosen.astype(int),
        tp_cost=-gain_from_churner(value, money),
        fp_cost=loss_from_retained(money),
    )
    assert ours == pytest.approx(-theirs)


@few
@given(seed=st.integers(0, 1000))
def test_best_profit_over_all_thresholds_is_that_of_empulse(seed):
    probability, _, label = crowd(seed)
    money, value = builders.costs(), np.full(len(label), 150.0)
    profit = realised_profit(label, value, money)
    best = max((profit * (probability > cut)).mean() for cut in np.append(-1.0, probability))
    theirs = mpc_score(
        label,
        probability,
        clv=150.0,
        incentive_cost=money.offer_cost,
        contact_cost=money.contact_cost,
        accept_rate=money.accept_rate,
    )
    assert best == pytest.approx(theirs)
