"""The tests of balance and of different effects: quiet on noise, and able to find what is there."""

import numpy as np
import pytest

from stages.campaigns.balance import balance
from stages.campaigns.difference import Difference, band, p_text, slope_p_value, targeting_curve
from stages.core.sample_size import customers_per_arm, smallest_effect


def test_the_slope_is_found_where_it_is_and_only_there():
    rng = np.random.default_rng(0)
    predicted, fold = rng.normal(size=4000), np.arange(4000) % 5
    assert slope_p_value(0.2 * predicted + rng.normal(size=4000), predicted, fold) < 1e-6
    assert slope_p_value(-0.2 * predicted + rng.normal(size=4000), predicted, fold) > 0.99


def cross_fitted_slope(scores, columns, fold):
    """The p-value of a regression on all columns, predicted out of fold."""
    predicted = np.empty(len(scores))
    for held_out in np.unique(fold):
        known, rows = fold != held_out, fold == held_out
        weights = np.linalg.solve(
            columns[known].T @ columns[known], columns[known].T @ scores[known]
        )
        predicted[rows] = columns[rows] @ weights
    return slope_p_value(scores, predicted, fold)


@pytest.mark.parametrize("columns", [1, 30])
def test_noise_predicted_from_the_other_folds_is_found_as_often_as_the_level_says(columns):
    """What two folds have in common by chance, each predicts of the other."""
    rng, fold = np.random.default_rng(0), np.arange(400) % 5
    found = [
        cross_fitted_slope(rng.normal(size=400), rng.normal(size=(400, columns)), fold) < 0.05
        for _ in range(400)
    ]
    assert np.mean(found) < 0.075


def test_a_constant_prediction_ranks_nobody():
    assert slope_p_value(np.arange(10.0), np.full(10, 0.3), np.arange(10) % 2) == 1.0


def test_the_level_is_shared_by_the_rankings():
    assert Difference({"one": 0.04}, 0.05).found
    assert not Difference({"one": 0.04, "other": 0.5}, 0.05).found


def test_curve_ends_at_the_mean_and_its_band_widens_to_the_front():
    rng = np.random.default_rng(1)
    ranking = rng.normal(size=3000)
    curve = targeting_curve(ranking + rng.normal(size=3000), ranking, level=0.95, seed=0)
    assert curve.value[-1] == pytest.approx(0, abs=1e-12)
    assert np.all(np.diff(curve.value) < 0.05)
    assert (curve.high - curve.low)[0] > (curve.high - curve.low)[10]
    assert curve.area > 5 * curve.error


def test_the_qini_curve_is_what_the_share_contacted_gains_per_customer():
    # given a ranking that is the effect itself, without noise
    effect = np.repeat([0.3, 0.1, -0.1], 400)
    curve = targeting_curve(effect, effect, level=0.95, seed=0, cumulated=True)
    # then contacting the best third gains a third of 0.3 less the mean of 0.1
    third = np.interp(1 / 3, curve.share, curve.value)
    assert third == pytest.approx((0.3 - 0.1) / 3, abs=0.003)
    assert curve.value[-1] == pytest.approx(0, abs=1e-12)
    assert curve.area > 0
    mean = targeting_curve(effect, effect, level=0.95, seed=0)
    assert np.allclose(curve.value, mean.share * mean.value)


def test_band_of_pure_noise_holds_zero_as_often_as_it_says():
    rng = np.random.default_rng(2)
    covered = []
    for _ in range(60):
        curve = targeting_curve(rng.normal(size=400), rng.normal(size=400), level=0.9, seed=0)
        covered.append(bool(((curve.low <= 0) & (curve.high >= 0)).all()))
    assert np.mean(covered) > 0.78


def test_many_groups_need_a_wider_interval_than_one():
    rng = np.random.default_rng(3)
    noise = rng.normal(size=(800, 25))
    assert band(noise, level=0.95, seed=0) > band(noise[:, :1], level=0.95, seed=0) + 0.5


def test_a_random_draw_passes_and_a_choice_by_risk_does_not(made_up):
    drawn = [balance(made_up(lambda x, r: 0.1, n=1500, seed=s)).is_random for s in range(8)]
    assert sum(drawn) >= 7
    chosen = balance(made_up(lambda x, r: 0.1, called=lambda risk: 0.2 + 0.6 * risk))
    assert not chosen.is_random
    assert {name for name, _ in chosen.apart} & {"a", "risk"}


def test_sample_size_is_that_of_the_textbook():
    # Fleiss, Levin & Paik without continuity correction: 0.25 against 0.20, 5 %, power 80 %
    assert customers_per_arm(0.25, 0.05) == pytest.approx(1091, abs=3)
    assert customers_per_arm(0.25, 0.025) > 3.5 * customers_per_arm(0.25, 0.05)


def test_what_is_found_and_what_is_needed_agree():
    assert customers_per_arm(0.25, smallest_effect(0.25, 2000, 2000)) == pytest.approx(
        2000, rel=0.08
    )


@pytest.mark.parametrize("reduction", [0.0, 0.5])
def test_no_sample_finds_what_is_no_reduction(reduction):
    with pytest.raises(ValueError, match="no change of a rate"):
        customers_per_arm(0.25, reduction)


@pytest.mark.parametrize(
    ("p_value", "words"),
    [(0.0, "p < 0.001"), (0.00099, "p < 0.001"), (0.001, "p = 0.001"), (0.0234, "p = 0.023"),
     (1.0, "p = 1")],
)  # fmt: skip
def test_no_p_value_is_written_as_0(p_value, words):
    assert p_text(p_value) == words
