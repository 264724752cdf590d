"""The choice of the winner: the paired, corrected error, and a rule set beforehand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from stages.core.metrics import Shown, shown_in
from stages.model.folds import paired
from stages.model.selection import choose, compare, verdict
from stages.model.train import summary
from tests import builders

PARAMS = builders.train_params()


COMPARED = shown_in(Shown.CROSS_VALIDATION)


few = settings(max_examples=15, deadline=None, derandomize=True)


differences = arrays(float, st.integers(2, 20), elements=st.floats(-1, 1))


def test_paired_is_the_formula_of_nadeau_and_bengio():
    # two repeats of three folds: J = 6, test/train = 1/2, s² = 5.6/5·1e-4
    difference = np.array([0.01, 0.02, 0.03, 0.00, 0.01, 0.03])
    mean, error = paired(difference, 3)
    spread = sum((d - sum(difference) / 6) ** 2 for d in difference) / 5
    assert mean == pytest.approx(sum(difference) / 6)
    assert error == pytest.approx((spread * (1 / 6 + 1 / 2)) ** 0.5)


@few
@given(difference=differences, n_folds=st.integers(2, 10))
def test_corrected_error_is_never_below_the_naive_one(difference, n_folds):
    naive = difference.std(ddof=1) / np.sqrt(len(difference))
    _, error = paired(difference, n_folds)
    assert error >= naive
    if naive > 1e-9:
        assert error > naive


@few
@given(difference=differences, n_folds=st.integers(2, 10))
def test_turning_the_difference_turns_the_mean_and_keeps_the_error(difference, n_folds):
    mean, error = paired(difference, n_folds)
    assert paired(-difference, n_folds) == pytest.approx((-mean, error))


def test_more_repeats_cannot_buy_certainty():
    rng = np.random.default_rng(0)
    errors = [paired(rng.normal(size=5 * repeats), 5)[1] for repeats in (2, 20, 200, 2000)]
    assert errors[-1] == pytest.approx(np.sqrt(1 / 4), rel=0.1)


def made_scores(*, metric: str = "roc_auc", **values) -> pd.DataFrame:
    """Scores of candidates on six folds of two repeats, simplest first."""
    rows = [
        {"candidate": name, "repeat": i // 3, "fold": i % 3, metric: value}
        for name, series in values.items()
        for i, value in enumerate(series)
    ]
    return pd.DataFrame(rows)


NOISE = np.array([0.01, -0.02, 0.015, 0.0, -0.01, 0.005])


def test_the_simplest_that_surely_loses_no_more_than_allowed_wins():
    # the blend gains 0.3, of which 5 % may be lost
    scores = made_scores(base_rate=0.5 + NOISE, logistic=0.79 + NOISE, blend=0.8 + NOISE)
    comparison = compare(scores, PARAMS)
    assert comparison.loc["logistic", "allowed"] == pytest.approx(0.015)
    assert choose(comparison) == ("logistic", "blend")


def test_a_simpler_candidate_that_loses_more_than_allowed_loses():
    scores = made_scores(base_rate=0.5 + NOISE, logistic=0.78 + NOISE, blend=0.8 + NOISE)
    assert choose(compare(scores, PARAMS)) == ("blend", "logistic")


@pytest.mark.parametrize("ahead", [0.0, 0.005])
def test_a_simpler_candidate_that_is_level_or_ahead_by_luck_does_not_win(ahead):
    # what few customers cannot tell apart is not taken for equal
    centred = NOISE - NOISE.mean()
    scores = made_scores(
        base_rate=0.5 + centred, logistic=0.8 + ahead - centred, blend=0.8 + centred
    )
    comparison = compare(scores, PARAMS)
    row = comparison.loc["logistic"]
    assert row["behind"] <= row["allowed"] < row["behind"] + row["standard_error"]
    assert choose(comparison)[0] == "blend"


@pytest.mark.parametrize(("errors", "winner"), [(1.05, "logistic"), (0.95, "blend")])
def test_the_line_is_drawn_at_one_standard_error(errors, winner):
    centred = NOISE - NOISE.mean()
    lead = errors * paired(-2 * centred, PARAMS.folds)[1]
    scores = made_scores(logistic=0.8 + lead - centred, blend=0.8 + centred)
    assert choose(compare(scores, PARAMS))[0] == winner


def test_without_a_blend_the_reference_is_the_best_and_without_a_base_rate_nothing_is_allowed():
    scores = made_scores(logistic=0.799 + NOISE, xgboost=0.8 + NOISE)
    comparison = compare(scores, PARAMS)
    assert (comparison["allowed"] == 0).all()
    assert choose(comparison) == ("xgboost", "logistic")


def test_difference_is_judged_fold_by_fold():
    # allowed behind by a hair on every fold alike, however much the folds differ
    wild = 10 * NOISE
    scores = made_scores(base_rate=0.5 + wild, logistic=0.79 + wild, xgboost=0.8 + wild)
    assert choose(compare(scores, PARAMS))[0] == "logistic"


def test_more_complex_candidate_never_wins_by_being_close():
    scores = made_scores(base_rate=0.5 + NOISE, logistic=0.8 + NOISE, xgboost=0.801 + NOISE)
    assert choose(compare(scores, PARAMS)) == ("logistic", "xgboost")


def test_runner_up_is_the_best_of_the_others():
    scores = made_scores(base_rate=0.5 + NOISE, logistic=0.7 + NOISE, xgboost=0.8 - NOISE)
    assert choose(compare(scores, PARAMS)) == ("xgboost", "logistic")


def test_only_candidate_is_winner_and_runner_up():
    assert choose(compare(made_scores(logistic=0.8 + NOISE), PARAMS)) == ("logistic", "logistic")


@pytest.mark.parametrize("metric", ["brier", "log_loss"])
def test_lower_is_better_where_it_is(metric):
    scores = made_scores(metric=metric, logistic=0.2 + NOISE, xgboost=0.1 - NOISE)
    comparison = compare(scores, builders.train_params(metric=metric))
    assert choose(comparison)[0] == "xgboost"
    assert comparison.loc["logistic", "behind"] == pytest.approx(0.1, abs=0.02)


def test_comparison_is_the_paired_one_and_nobody_leads_the_best():
    comparison = compare(builders.validation().scores, PARAMS)
    assert list(comparison.index) == PARAMS.candidates
    assert (comparison["behind"] >= 0).all()
    best = comparison["behind"].idxmin()
    scores = builders.validation().scores.groupby("candidate")["roc_auc"].apply(np.array)
    for name, row in comparison.iterrows():
        expected = paired(scores[best] - scores[name], PARAMS.folds)
        assert (row["behind"], row["standard_error"]) == pytest.approx(expected)
        allowed = PARAMS.tolerance * (scores[best].mean() - scores["base_rate"].mean())
        assert row["allowed"] == pytest.approx(allowed)
        assert row["within"] == (name == best or row["behind"] + row["standard_error"] <= allowed)


def test_interval_is_students_around_the_difference():
    from scipy import stats

    comparison = compare(builders.validation().scores, PARAMS)
    half = stats.t.ppf(0.975, PARAMS.folds * PARAMS.repeats - 1) * comparison["standard_error"]
    np.testing.assert_allclose(comparison["high"], comparison["behind"] + half)
    np.testing.assert_allclose(comparison["low"], comparison["behind"] - half)


def test_summary_is_the_mean_of_every_metric_in_the_order_of_the_candidates():
    scores = builders.validation().scores
    table = summary(scores, PARAMS)
    assert list(table.index) == PARAMS.candidates
    assert list(table.columns) == [metric.heading_with_direction for metric in COMPARED]
    logistic = scores[scores["candidate"] == "logistic"]
    assert table.loc["logistic", "Brier score (lower is better)"] == pytest.approx(
        logistic["brier"].mean()
    )


def test_verdict_says_why():
    near = compare(
        made_scores(base_rate=0.5 + NOISE, logistic=0.8 + NOISE, blend=0.801 + NOISE), PARAMS
    )
    far = compare(
        made_scores(base_rate=0.5 + NOISE, logistic=0.7 + NOISE, blend=0.8 - NOISE), PARAMS
    )
    trailing = verdict(near, *choose(near), PARAMS)
    leading = verdict(far, *choose(far), PARAMS)
    assert "The winner is logistic: the simplest that loses at most" in trailing
    assert "5.0% of what blend gains" in trailing
    assert "The winner is blend: no simpler candidate is sure to lose at most" in leading
    assert "The runner-up is logistic" in leading
