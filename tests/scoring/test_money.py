"""Money: expected profit is the mean of the realised one, and decisions follow from it."""

import numpy as np
import pytest
from empulse.metrics import cost_loss, mpc_score
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.money import (
    customer_value,
    expected_cost,
    expected_months,
    expected_profit,
    gain_from_churner,
    loss_from_retained,
    realised_profit,
    within_budget,
)
from stages.model.costs import costs_of
from stages.simulator.generate import simulate
from stages.simulator.population import load_population
from tests import builders
from tests.places import HERE

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


# --- how long a kept customer stays ------------------------------------------------------------

rates = st.floats(0.01, 0.95)


def months(**changes) -> float:
    given = {"base_rate": 0.3, "window": 6, "risk": 1, "discount_rate": 0.12, "horizon": 600}
    return expected_months(**given | changes)


@few
@given(rate=rates, discount_rate=st.floats(0, 0.5))
def test_without_a_horizon_the_months_are_the_margin_multiple(rate, discount_rate):
    retained, interest = (1 - rate) ** (1 / 6), (1 + discount_rate) ** (1 / 12) - 1
    expected = retained / (1 + interest - retained)
    found = months(base_rate=rate, discount_rate=discount_rate, horizon=20_000)
    assert found == pytest.approx(expected, rel=1e-6)


def test_months_are_those_that_simulated_customers_stay():
    hazard, limit = 1 - (1 - 0.3) ** (2 / 6), 36
    left = np.random.default_rng(0).geometric(hazard, 200_000)
    stayed = np.minimum(left - 1, limit)  # months lived through before the one of leaving
    found = months(base_rate=0.3, risk=2, discount_rate=0, horizon=limit)
    assert found == pytest.approx(stayed.mean(), abs=0.05)


@few
@given(rate=rates, more=st.floats(0.01, 1))
def test_months_fall_with_churn_risk_and_interest_and_rise_with_window_and_horizon(rate, more):
    start = months(base_rate=rate, horizon=36)
    assert months(base_rate=rate + more * (1 - rate), horizon=36) < start
    assert months(base_rate=rate, horizon=36, risk=1 + more) < start
    assert months(base_rate=rate, horizon=36, discount_rate=0.12 + more) < start
    assert months(base_rate=rate, horizon=36, window=6 + more) > start
    assert months(base_rate=rate, horizon=37) > start


def test_nobody_stays_longer_than_the_horizon():
    assert months(base_rate=0.0, discount_rate=0, horizon=36) == 36
    assert months(base_rate=1.0, horizon=36) == 0


def test_leavers_who_are_kept_have_about_twice_the_average_risk():
    # what `money.lifetime.kept_risk` is in params.yaml: on simulated customers it can be counted.
    # A customer kept stays on like another with the same columns: weight everybody's life by the
    # chance to leave, and by the fee, for it is money that has to be right.
    population, snapshots = load_population(HERE.population), [0, 3, 6, 9, 12, 18, 24, 36]
    world = {"rows": 4000, "seed": 3, "chunk_rows": 4000}
    first = next(simulate(population, **world))
    leaving = first.oracle["churn_probability"].to_numpy()
    weight = leaving * first.customers["MonthlyCharges"].to_numpy()
    alive = [
        first.oracle["customerID"].isin(
            next(simulate(population, **world, snapshot_month=month)).oracle["customerID"]
        )
        for month in snapshots
    ]
    stayed = np.trapezoid([np.average(here, weights=weight) for here in alive], snapshots)
    rate, window = leaving.mean(), population.hazard.window
    off = {
        risk: abs(
            months(base_rate=rate, window=window, risk=risk, discount_rate=0, horizon=36) - stayed
        )
        for risk in (1, 2, 3)
    }
    assert min(off, key=off.get) == 2


@few
@given(low=st.floats(0.01, 1), high=st.floats(0.01, 1))
def test_value_rises_with_the_margin_and_falls_with_the_discount_rate(low, high):
    low, high = sorted((low, high))
    fees = np.array([20.0, 70.0])

    def values(**changes):
        rule = {"rule": "hazard", "discount_rate": changes.pop("discount_rate", 0.1)}
        money = builders.money_params(lifetime=rule, **changes)
        return customer_value(fees, 2, costs_of(money, base_rate=0.3))

    assert (values(margin=low) <= values(margin=high)).all()
    assert (values(discount_rate=low) >= values(discount_rate=high)).all()


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
