"""The test that may be looked at as often as one likes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.operations.canary.sequential import Rate, bounds, exceeds
from stages.operations.canary.step import Counts, Figures, judge
from tests.operations.canary.conftest import canary


@given(st.integers(0, 500), st.integers(0, 500), st.sampled_from([0.05, 0.001]))
@settings(max_examples=80, deadline=None, derandomize=True)
def test_the_bounds_hold_the_share_and_widen_with_certainty(k, more, alpha):
    rate = Rate(k, k + more)
    low, high = bounds(rate, alpha=alpha)
    assert 0 <= low <= high <= 1
    if rate.n:
        assert low <= rate.value <= high
        wider = bounds(rate, alpha=alpha / 10)
        assert wider[0] <= low + 1e-9
        assert wider[1] >= high - 1e-9


def test_more_customers_narrow_the_bounds():
    widths = [np.subtract(*bounds(Rate(3 * n, 10 * n), alpha=0.05)[::-1]) for n in (1, 10, 100)]
    assert widths == sorted(widths, reverse=True)


def test_the_truth_is_left_out_at_any_look_as_seldom_as_promised():
    """400 streams of 400 customers, looked at after every tenth: 5 % at most, plus noise."""
    rng = np.random.default_rng(1)
    counts = np.cumsum(rng.random((400, 400)) < 0.2, axis=1)[:, 9::10]
    out = 0
    for stream in counts:
        pairs = (bounds(Rate(int(k), 10 * (i + 1)), alpha=0.05) for i, k in enumerate(stream))
        out += any(not low <= 0.2 <= high for low, high in pairs)
    assert out / 400 <= 0.05


@pytest.mark.parametrize("tolerance", [0.0, 0.1])
def test_a_large_difference_is_seen_and_a_tolerated_one_is_not(tolerance):
    large, small = Rate(900, 1000), Rate(500, 1000)
    assert exceeds(large, small, tolerance=tolerance, alpha=0.001)
    assert not exceeds(small, large, tolerance=tolerance, alpha=0.001)
    assert not exceeds(Rate(550, 1000), small, tolerance=0.1, alpha=0.5)


def taken_back(customers: int, *, runs: int, seed: int) -> float:
    """Share of canaries of an equal bundle that go back, looked at twenty times."""
    rng, params = np.random.default_rng(seed), canary(least=50)
    looks = np.unique(np.linspace(1, customers, 20).astype(int))
    went = 0
    for _ in range(runs):
        drawn = np.cumsum(rng.random((4, customers)) < [[0.45], [0.45], [0.01], [0.01]], axis=1)
        for n in looks:
            a, b, x, y = (int(each[n - 1]) for each in drawn)
            pair = Figures(
                *(Counts(int(n) - f, min(c, int(n) - f), f) for c, f in ((a, x), (b, y)))
            )
            if judge(pair, params, is_all=False).outcome == "back":
                went += 1
                break
    return went / runs


@pytest.mark.parametrize("customers", [50, 500])
def test_an_equal_bundle_is_hardly_ever_taken_back(customers):
    assert taken_back(customers, runs=60, seed=2) <= 0.02


@pytest.mark.slow
@pytest.mark.parametrize("customers", [50, 500, 5000])
def test_of_a_thousand_equal_bundles_one_in_a_hundred_is_taken_back_at_most(customers):
    assert taken_back(customers, runs=1000, seed=3) <= 0.01
