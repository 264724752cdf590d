"""The measures: those of scikit-learn, weighted or not; the bootstrap: one seed, any batch size."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics

from stages.core import measures
from stages.core.measures import value
from tests.core.samples import sample

few = settings(max_examples=25, deadline=None, derandomize=True)
seeds = st.integers(0, 10_000)

RANKING = {
    "roc_auc": sklearn_metrics.roc_auc_score,
    "average_precision": sklearn_metrics.average_precision_score,
    "brier": sklearn_metrics.brier_score_loss,
    "log_loss": sklearn_metrics.log_loss,
}
DECISION = {
    "accuracy": sklearn_metrics.accuracy_score,
    "precision": sklearn_metrics.precision_score,
    "recall": sklearn_metrics.recall_score,
    "f1": sklearn_metrics.f1_score,
}


def churners_first(rows: int = 100, churners: int = 20):
    """A perfect ranking without ties."""
    label = (np.arange(rows) < churners).astype(float)
    return label, np.linspace(0.99, 0.01, rows)


# --- agreement with scikit-learn ---------------------------------------------------------------


@pytest.mark.parametrize("name", RANKING)
@few
@given(seed=seeds, digits=st.sampled_from([1, 2, 8]))
def test_ranking_measures_agree_with_scikit_learn(name, seed, digits):
    label, score, weight = sample(seed, digits=digits)
    measure, theirs = getattr(measures, name), RANKING[name]
    assert value(measure, label, score) == pytest.approx(theirs(label, score))
    weighted = measure(label, score, weight[None])[0]
    assert weighted == pytest.approx(theirs(label, score, sample_weight=weight))


@pytest.mark.parametrize("name", DECISION)
@few
@given(seed=seeds, cut=st.sampled_from([0.2, 0.4, 0.6]))
def test_decision_measures_agree_with_scikit_learn(name, seed, cut):
    label, score, weight = sample(seed)
    chosen = (score >= cut).astype(float)
    measure, theirs = getattr(measures, name), DECISION[name]
    options = {} if name == "accuracy" else {"zero_division": 0}
    assert value(measure, label, chosen) == pytest.approx(theirs(label, chosen, **options))
    weighted = measure(label, chosen, weight[None])[0]
    assert weighted == pytest.approx(theirs(label, chosen, sample_weight=weight, **options))


def test_certain_and_wrong_is_a_finite_loss_as_in_scikit_learn():
    label, score = np.array([0.0, 1.0]), np.array([1.0, 0.0])
    loss = value(measures.log_loss, label, score)
    assert np.isfinite(loss)
    assert loss > 30


EVERY = [getattr(measures, name) for name in RANKING]
EVERY += [measures.calibration_error, measures.top_decile_lift]
OF_DECISIONS = [getattr(measures, name) for name in DECISION]


@pytest.mark.parametrize("measure", EVERY)
@few
@given(seed=seeds)
def test_whole_weights_are_repeated_customers(measure, seed):
    label, score, weight = sample(seed)
    if measure is measures.calibration_error:
        weight = np.ones_like(weight) * 3  # its bins are drawn on the sample as it is
    rows = np.repeat(np.arange(len(label)), weight.astype(int))
    repeated = value(measure, label[rows], score[rows])
    assert measure(label, score, weight[None])[0] == pytest.approx(repeated)


@pytest.mark.parametrize("measure", [*EVERY, *OF_DECISIONS])
@few
@given(seed=seeds)
def test_one_value_per_resample_whatever_else_is_in_the_batch(measure, seed):
    label, score, weight = sample(seed)
    chosen = (score > 0.4).astype(float) if measure in OF_DECISIONS else score
    weights = np.stack([weight, np.ones_like(weight), weight[::-1] + 1])
    together = measure(label, chosen, weights)
    assert together.shape == (3,)
    alone = [measure(label, chosen, row[None])[0] for row in weights]
    np.testing.assert_allclose(together, alone)


@pytest.mark.parametrize("measure", [*EVERY, *OF_DECISIONS])
@few
@given(seed=seeds)
def test_order_of_the_customers_is_irrelevant(measure, seed):
    label, score, _ = sample(seed)
    chosen = (score > 0.4).astype(float) if measure in OF_DECISIONS else score
    order = np.random.default_rng(seed).permutation(len(label))
    assert value(measure, label[order], chosen[order]) == pytest.approx(
        value(measure, label, chosen)
    )


def test_nobody_contacted_is_no_precision_and_no_error():
    label = np.array([0.0, 1.0])
    for measure in (measures.precision, measures.recall, measures.f1):
        assert value(measure, label, np.zeros(2)) == 0


def test_mean_is_that_of_the_values_under_each_row_of_weights():
    weights = np.array([[1.0, 1, 1], [0, 0, 2]])
    found = measures.mean(np.zeros(3), np.array([1.0, 2, 6]), weights)
    np.testing.assert_allclose(found, [3, 6])


# --- lift --------------------------------------------------------------------------------------


@few
@given(seed=seeds)
def test_lift_agrees_with_empulse_where_no_scores_are_tied(seed):
    from empulse.metrics import lift_score

    rng = np.random.default_rng(seed)
    label = rng.permutation(np.r_[np.ones(30), np.zeros(70)])
    score = rng.permutation(np.linspace(0.01, 0.99, 100))
    expected = lift_score(label, score, fraction=0.1)
    assert value(measures.top_decile_lift, label, score) == pytest.approx(expected)


def test_lift_of_a_perfect_ranking_is_the_best_possible_and_of_none_is_1():
    label, score = churners_first(100, 20)
    assert value(measures.top_decile_lift, label, score) == pytest.approx(5)
    assert value(measures.top_decile_lift, label, -score) == 0
    assert value(measures.top_decile_lift, label, np.full(100, 0.3)) == pytest.approx(1)


def test_lift_takes_tied_customers_in_part():
    # five customers above, ten tied of whom four left: half of the tied belong to the top tenth
    label, score = np.zeros(100), np.zeros(100)
    score[:5], score[5:15] = 0.9, 0.5
    label[[0, 1, 5, 6, 7, 8, 50, 51]] = 1
    expected = ((2 + 4 / 2) / 10) / (8 / 100)
    assert value(measures.top_decile_lift, label, score) == pytest.approx(expected)


# --- calibration -------------------------------------------------------------------------------


def test_calibration_error_is_0_where_every_bin_keeps_its_promise():
    score = np.repeat([0.1, 0.3, 0.5, 0.8], 10)
    label = np.concatenate([np.arange(10) < share for share in (1, 3, 5, 8)]).astype(float)
    assert value(measures.calibration_error, label, score) == pytest.approx(0, abs=1e-12)


def test_calibration_error_is_the_distance_by_which_all_promises_are_off():
    score = np.repeat([0.2, 0.4, 0.6], 10)
    label = np.concatenate([np.arange(10) < share for share in (1, 3, 5)]).astype(float)
    assert value(measures.calibration_error, label, score) == pytest.approx(0.1)


def test_calibration_error_weighs_bins_by_customers():
    score = np.repeat([0.2, 0.6], [30, 10])
    label = np.concatenate([np.arange(30) < 6, np.arange(10) < 2]).astype(float)
    assert value(measures.calibration_error, label, score) == pytest.approx(0.4 * 10 / 40)


@few
@given(seed=seeds, bins=st.integers(2, 20))
def test_calibration_error_lies_between_0_and_the_brier_bound(seed, bins):
    label, score, _ = sample(seed, digits=4)
    error = measures.calibration_error(label, score, np.ones((1, len(label))), bins=bins)[0]
    assert 0 <= error <= np.abs(score - label).mean()


@few
@given(seed=seeds, bins=st.integers(2, 20))
def test_bins_are_equally_filled_without_ties_and_rise_with_the_score(seed, bins):
    score = np.random.default_rng(seed).permutation(np.linspace(0, 1, 97))
    place = measures.quantile_bins(score, bins)
    counts = np.bincount(place)
    assert len(counts) == bins
    assert counts.max() - counts.min() <= 2  # an edge may fall on a score, on either side by a hair
    assert (np.diff(place[np.argsort(score)]) >= 0).all()


def test_tied_scores_share_a_bin():
    score = np.repeat([0.1, 0.2, 0.3], [50, 3, 47])
    place = measures.quantile_bins(score, 10)
    assert all(len(set(place[score == s])) == 1 for s in (0.1, 0.2, 0.3))
    assert set(measures.quantile_bins(np.full(10, 0.5), 4)) == {0}
