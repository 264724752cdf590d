"""Doubly robust scores, the policies judged by them, and the choice among those."""

import numpy as np
import pytest

from stages.campaigns.choice import Judged, choose, judge
from stages.campaigns.doubly_robust import Scores, cross_fitted, scores_of
from stages.campaigns.policies import (
    POLICIES,
    SIMPLE,
    UPLIFT,
    Assumed,
    Effects,
    Evidence,
    decide,
    fit,
)
from stages.campaigns.repeated import value
from stages.campaigns.trial import Terms, folds

ASSUMED = Assumed(0.3, 0.1)


def test_the_mean_of_the_scores_is_the_effect(made_up):
    errors = []
    for seed in range(8):
        trial = made_up(lambda x, risk: 0.2 * risk, seed=seed)
        scores = cross_fitted(trial, folds(trial, number=3, seed=0), seed=0).reduction[:, 0]
        mean, error = value(scores)
        errors.append((mean - (0.2 * trial.risk).mean()) / error)
    assert abs(np.mean(errors)) < 1.2  # of 8 standard normal ones
    assert 0.4 < np.std(errors) < 2


def test_scores_are_unbiased_whatever_the_model_is_worth(made_up):
    trial = made_up(lambda x, risk: 0.1, n=20_000)
    nonsense = np.full((len(trial), 2), 0.9)
    mean, error = value(scores_of(trial, nonsense).reduction[:, 0])
    assert abs(mean - np.minimum(trial.risk, 0.1).mean()) < 4 * error


def test_a_good_model_makes_the_scores_less_noisy(made_up):
    trial = made_up(lambda x, risk: 0.1)
    good = np.column_stack([trial.risk, np.clip(trial.risk - 0.1, 0, 1)])
    poor = np.full((len(trial), 2), 0.9)
    assert value(scores_of(trial, good).reduction[:, 0])[1] < (
        0.9 * value(scores_of(trial, poor).reduction[:, 0])[1]
    )


def test_folds_hold_as_many_of_each_arm_and_outcome(made_up):
    trial = made_up(lambda x, risk: 0.1, arms=2)
    fold = folds(trial, number=5, seed=1)
    for arm in range(3):
        counts = np.bincount(fold[trial.arm == arm], minlength=5)
        assert counts.max() - counts.min() <= 2


def test_profit_of_an_offer_is_that_of_the_money_model():
    from scoring.money import Costs, expected_profit

    costs = Costs(1.0, 10.0, 6.0, 14.0, 200.0, 0.25, 12.0)
    probability, worth = np.array([0.1, 0.5, 0.9]), np.array([50.0, 200.0, 800.0])
    terms = Terms(np.array([1.0]), np.array([10.0]))
    paid = terms.profit(worth, probability, costs.accept_rate * probability[:, None])
    assert np.allclose(paid[:, 0], expected_profit(probability, worth, costs))


def test_nobody_is_contacted_where_no_offer_pays(made_up):
    trial = made_up(lambda x, risk: 0.0, n=100)
    nothing = Effects(trial.risk, np.zeros((100, 1)))
    assert (decide(nothing, trial) == 0).all()
    certain = Effects(trial.risk, np.ones((100, 1)))
    assert (decide(certain, trial) == 1).all()


@pytest.mark.parametrize("name", POLICIES)
def test_every_policy_takes_several_offers(made_up, name):
    trial = made_up(lambda x, risk: 0.3 * risk, n=900, arms=2)
    effects = fit([name], Evidence(trial, ASSUMED, 0))[name](trial)
    assert effects.reduction.shape == (900, 2)
    assert set(np.unique(decide(effects, trial))) <= {0, 1, 2}


def test_the_share_is_learned_the_more_the_larger_the_campaign(made_up):
    true = 0.6
    learned = []
    for n in (400, 20_000):
        trial = made_up(lambda x, risk: true * risk, n=n)
        effects = fit(["learned_share"], Evidence(trial, ASSUMED, 0))["learned_share"](trial)
        learned.append(float((effects.reduction[:, 0] / trial.risk).mean()))
    assert abs(learned[1] - true) < abs(learned[0] - true)
    assert ASSUMED.mean < learned[0] < learned[1] + 0.2


def test_uplift_finds_whom_a_call_drives_away(made_up):
    trial = made_up(lambda x, risk: np.where(x[:, 1] > 0, 0.25, -0.25) * risk, n=8000)
    for name in UPLIFT:
        expected = fit([name], Evidence(trial, ASSUMED, 0))[name](trial).reduction[:, 0]
        assert expected[trial.inputs[:, 1] > 0.5].mean() > 0.04
        assert expected[trial.inputs[:, 1] < -0.5].mean() < -0.04


def test_values_are_those_of_customers_that_a_policy_did_not_learn_from(made_up):
    """With an effect of pure noise, no policy of uplift is worth more than contacting nobody."""
    gained = []
    for seed in range(6):
        trial = made_up(lambda x, risk: 0.0, n=1500, seed=seed)
        judged = judge(trial, ASSUMED, number=3, seed=0, names=["x_learner"])
        gained.append(value(judged.gained("x_learner"))[0])
    assert np.mean(gained) < 2 * np.std(gained) / np.sqrt(len(gained))


def judged_as(values: dict[str, float], *, noise: float = 0.0) -> Judged:
    """Policies whose gain is certain, or the same up to noise."""
    rng = np.random.default_rng(0)
    n = 400
    profit = np.column_stack([values[name] + noise * rng.normal(size=n) for name in values])
    offers = {name: np.full(n, place) for place, name in enumerate(values)}
    scores = Scores(np.zeros((n, 2)), np.zeros((n, 2)))
    return Judged(offers, {}, scores, profit, fold=np.arange(n) % 2)


def test_the_simplest_policy_within_one_standard_error_is_chosen():
    names = list(SIMPLE)
    clear = judged_as({names[0]: 0.0, names[1]: 1.0, names[2]: 1.0}, noise=0.1)
    assert choose(clear, names) == names[1]
    losing = judged_as({names[0]: -0.1, names[1]: 0.0, names[2]: 0.05}, noise=5.0)
    if losing.gained(names[0]).mean() < 0 <= losing.gained(names[2]).mean():
        assert choose(losing, names) != names[0]
    noisy = judged_as({names[0]: 1.0, names[1]: 1.01, names[2]: 1.0}, noise=5.0)
    assert choose(noisy, names) in names[:2]
