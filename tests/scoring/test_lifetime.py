"""How long a kept customer stays, and what the months are worth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.money import (
    customer_value,
    expected_months,
)
from stages.model.costs import costs_of
from stages.simulator.generate import simulate
from stages.simulator.population import load_population
from tests import builders
from tests.places import HERE

few = settings(max_examples=30, deadline=None, derandomize=True)


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
