"""Intervals: Wilson's of a rate, and those of the bootstrap, one seed and any batch size."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from stages.core import measures
from stages.core.measures import Bootstrap, value, wilson
from tests.core.samples import sample

few = settings(max_examples=25, deadline=None, derandomize=True)


@few
@given(counts=st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_agrees_with_scipy(counts):
    churners, customers = counts
    low, high = wilson(churners, customers)
    theirs = stats.binomtest(churners, customers).proportion_ci(method="wilson")
    assert (low, high) == pytest.approx((theirs.low, theirs.high), abs=1e-6)


def test_wilson_works_element_by_element():
    low, high = wilson(np.array([0, 5, 10]), np.array([10, 10, 10]))
    assert low[0] == pytest.approx(0, abs=1e-12)
    assert high[2] == pytest.approx(1, abs=1e-12)
    np.testing.assert_allclose(low, 1 - high[::-1], atol=1e-12)


def test_the_rate_lies_in_its_interval_also_where_nobody_or_everybody_left():
    n = np.arange(1, 2001)
    for k in (np.zeros(len(n)), n):
        low, high = wilson(k, n)
        assert (low <= k / n).all()
        assert (k / n <= high).all()


def weights(bootstrap: Bootstrap, n: int) -> np.ndarray:
    return np.concatenate(list(bootstrap.weights(n)))


def test_every_resample_draws_as_many_customers_as_there_are():
    drawn = weights(Bootstrap(seed=0, resamples=30, level=0.95), 17)
    assert drawn.shape == (30, 17)
    np.testing.assert_array_equal(drawn.sum(axis=1), 17)
    assert drawn.max() > 1
    assert len(np.unique(drawn, axis=0)) == 30


def test_resamples_are_those_of_the_seed():
    one, again, other = (
        weights(Bootstrap(seed=s, resamples=10, level=0.95), 20) for s in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("n", [13, 60])
@pytest.mark.parametrize("cells", [1, 100, 250])
def test_batch_size_is_irrelevant(monkeypatch, n, cells):
    bootstrap = Bootstrap(seed=3, resamples=23, level=0.9)
    label, score, _ = sample(1, rows=n)
    at_once, whole = weights(bootstrap, n), bootstrap.interval(measures.roc_auc, label, score)
    monkeypatch.setattr(measures, "BATCH_CELLS", cells)
    assert len(list(bootstrap.weights(n))) > 1
    np.testing.assert_array_equal(weights(bootstrap, n), at_once)
    assert bootstrap.interval(measures.roc_auc, label, score) == pytest.approx(whole, abs=1e-15)


@pytest.mark.parametrize(
    "measure",
    [measures.roc_auc, measures.average_precision, measures.brier, measures.top_decile_lift],
)
def test_interval_contains_the_value(measure):
    label, score, _ = sample(5, rows=300, digits=3)
    low, high = Bootstrap(seed=0, resamples=200, level=0.95).interval(measure, label, score)
    assert low < value(measure, label, score) < high


def test_interval_is_narrower_at_a_lower_level_and_with_more_customers():
    def width(rows: int, level: float) -> float:
        label, score, _ = sample(5, rows=rows, digits=3)
        bootstrap = Bootstrap(seed=0, resamples=200, level=level)
        low, high = bootstrap.interval(measures.roc_auc, label, score)
        return high - low

    assert width(200, 0.5) < width(200, 0.8) < width(200, 0.99)
    assert width(3200, 0.95) < 0.5 * width(200, 0.95)


def test_interval_of_a_mean_is_that_of_theory():
    label = (np.arange(400) < 120).astype(float)
    interval = Bootstrap(seed=0, resamples=2000, level=0.95).interval(
        measures.accuracy, label, np.ones(400)
    )
    half = 1.96 * np.sqrt(0.3 * 0.7 / 400)
    assert interval == pytest.approx((0.3 - half, 0.3 + half), abs=0.006)


def test_interval_covers_the_truth_about_as_often_as_it_says():
    rng, covered = np.random.default_rng(0), 0
    for seed in range(100):
        label = (rng.random(150) < 0.3).astype(float)
        bootstrap = Bootstrap(seed=seed, resamples=100, level=0.8)
        low, high = bootstrap.interval(measures.accuracy, label, np.ones(150))
        covered += low <= 0.3 <= high
    assert 65 <= covered <= 92


def test_resamples_without_a_class_are_passed_over():
    label, score = np.array([1.0, 0, 0, 0]), np.array([0.9, 0.1, 0.2, 0.3])
    bootstrap = Bootstrap(seed=0, resamples=50, level=0.9)
    assert np.isnan(bootstrap.distribution(measures.roc_auc, label, score)).any()
    assert bootstrap.interval(measures.roc_auc, label, score) == (1, 1)


def test_interval_of_what_is_never_defined_is_not_a_number():
    low, high = Bootstrap(seed=0, resamples=20, level=0.9).interval(
        measures.roc_auc, np.zeros(5), np.linspace(0, 1, 5)
    )
    assert np.isnan(low)
    assert np.isnan(high)


def test_all_rows_of_a_customer_are_drawn_together():
    customers = np.repeat([f"c{i}" for i in range(40)], 3)
    drawn = weights(Bootstrap(seed=1, resamples=30, level=0.9, groups=customers), 120)
    by_customer = drawn.reshape(len(drawn), 40, 3)
    assert (by_customer == by_customer[:, :, :1]).all()
    assert (by_customer[:, :, 0].sum(axis=1) == 40).all()


def test_customers_with_one_row_each_are_drawn_as_rows():
    names = np.array([f"c{i}" for i in range(50)])
    plain = Bootstrap(seed=1, resamples=30, level=0.9)
    np.testing.assert_array_equal(
        weights(plain, 50), weights(Bootstrap(1, 30, 0.9, groups=names), 50)
    )


def test_an_interval_knows_that_rows_repeat_customers():
    # given customers whose rows are copies
    rng = np.random.default_rng(0)
    label, score = rng.integers(0, 2, 100).astype(float), rng.random(100)
    copies = {"label": np.repeat(label, 9), "score": np.repeat(score, 9)}
    whose = np.repeat(np.arange(100), 9)
    # when intervals are drawn by row and by customer
    by_row = Bootstrap(0, 300, 0.95).interval(measures.roc_auc, **copies)
    by_customer = Bootstrap(0, 300, 0.95, whose).interval(measures.roc_auc, **copies)
    alone = Bootstrap(0, 300, 0.95).interval(measures.roc_auc, label, score)
    # then copies tell nothing more than one of each does
    assert by_row[1] - by_row[0] < 0.6 * (alone[1] - alone[0])
    np.testing.assert_allclose(by_customer, alone)
