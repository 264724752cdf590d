"""Customers of several months: their rows count once."""

from dataclasses import replace

import numpy as np
import pytest

from stages.campaigns.balance import balance
from stages.campaigns.choice import differs, judge
from stages.campaigns.difference import band, slope_p_value, targeting_curve
from stages.campaigns.policies import MEAN, Assumed, updated
from stages.campaigns.repeated import by_customer, value
from stages.campaigns.trial import folds

ASSUMED = Assumed(0.3, 0.1)
TWICE = np.arange(600).repeat(2)


def test_a_row_that_is_given_twice_adds_nothing_to_what_is_known():
    rng = np.random.default_rng(0)
    scores = rng.normal(size=600)
    ranking, fold = scores + rng.normal(size=600), np.arange(600) % 3
    assert value(scores[TWICE], TWICE) == pytest.approx(value(scores))
    assert slope_p_value(scores[TWICE], ranking[TWICE], fold[TWICE], TWICE) == pytest.approx(
        slope_p_value(scores, ranking, fold)
    )
    once, twice = (
        targeting_curve(scores[rows], ranking[rows], level=0.95, seed=0, customer=rows)
        for rows in (np.arange(600), TWICE)
    )
    assert twice.error == pytest.approx(once.error, rel=0.02)
    width = (twice.high - twice.low)[:-1] / (once.high - once.low)[:-1]
    assert width == pytest.approx(1, abs=0.1)


def test_customers_of_one_row_count_as_without_numbers():
    rng = np.random.default_rng(1)
    scores, customer = rng.normal(size=50), rng.permutation(50)
    assert value(scores, customer) == pytest.approx(value(scores))
    table = rng.normal(size=(50, 3))
    assert band(by_customer(table, None), level=0.9, seed=0) == pytest.approx(
        band(by_customer(table, np.arange(50)), level=0.9, seed=0)
    )


def test_all_rows_of_a_customer_are_in_one_fold(made_up):
    trial = replace(made_up(lambda x, risk: 0.1, n=1200), customer=np.arange(1200) // 3)
    fold = folds(trial, number=5, seed=0)
    assert (fold.reshape(-1, 3) == fold[::3, None]).all()
    assert np.bincount(fold).min() > 200


def test_a_campaign_that_is_given_twice_is_judged_as_surely_as_once(made_up):
    once = made_up(lambda x, risk: 0.2 * risk, n=1200)
    rows = np.arange(1200).repeat(2)
    twice = replace(once.rows(rows), customer=rows)
    judged = [judge(trial, ASSUMED, number=2, seed=0, names=[MEAN]) for trial in (once, twice)]
    errors = [value(one.gained(MEAN), one.customer)[1] for one in judged]
    assert errors[1] > 0.9 * errors[0]
    deviations = [
        updated(ASSUMED, trial, one.scores.reduction)[0].deviation
        for trial, one in zip((once, twice), judged, strict=True)
    ]
    assert deviations[1] > 0.9 * deviations[0]
    apart = replace(judged[1], customer=None)
    assert differs(judged[1], ["call"]).p_values["call"] > 1e-6
    assert value(apart.gained(MEAN), None)[1] < 0.8 * errors[1]
    assert balance(twice).is_random
