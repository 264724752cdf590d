"""The champion and the oracle: nobody decides better on average than whoever knows the truth."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.core import measures
from stages.core.metrics import Shown, shown_in
from stages.evaluation import baselines
from stages.evaluation.truth import against_oracle, summary
from stages.features.table import LABEL
from tests import builders

few = settings(max_examples=15, deadline=None, derandomize=True)
PROFITS = ["profit_per_customer", "true_profit_per_customer"]


def known(rows: int = 400, *, seed: int = 0, noise: float = 0.7):
    """Members who leave with a known probability, and a champion that sees it through noise."""
    data, rng = builders.evaluation_data(rows=rows), np.random.default_rng(seed)
    logit = rng.normal(-0.5, 1.5, rows)
    oracle, predicted = (1 / (1 + np.exp(-x)) for x in (logit, logit + rng.normal(0, noise, rows)))
    label = (rng.random(rows) < oracle).astype(float)
    return dataclasses.replace(
        data,
        features=data.features.assign(**{LABEL: label.astype("int8")}),
        label=label,
        probability=predicted,
        baselines={name: np.full(rows, label.mean()) for name in data.baselines},
        oracle=oracle,
    )


@pytest.fixture(scope="module")
def data():
    return known(4000)


@pytest.fixture(scope="module")
def table(data):
    return against_oracle(data)


def test_truth_of_an_adopted_file_is_not_known():
    assert against_oracle(builders.evaluation_data()) is None


def test_every_ranking_metric_and_both_profits_stand_there(table):
    compared = [metric.name for metric in shown_in(Shown.CROSS_VALIDATION)]
    assert list(table.index) == [*compared, *PROFITS]
    assert list(table.columns) == ["champion", "oracle", "regret", "low", "high", "reached"]


def test_values_are_those_of_the_measures(data, table):
    for name, measure in (("roc_auc", measures.roc_auc), ("brier", measures.brier)):
        for who, score in (("champion", data.probability), ("oracle", data.oracle)):
            assert table.loc[name, who] == measures.value(measure, data.label, score)
    decided = baselines.strategies(data).loc["the decision", "profit"]
    assert table.loc["profit_per_customer", "champion"] == pytest.approx(decided)


def test_behind_is_positive_whichever_way_a_metric_points(table):
    ranked = table.drop(index="ece")
    assert (ranked["regret"] > 0).all()
    assert (ranked["low"] <= ranked["regret"]).all()
    assert (ranked["regret"] <= ranked["high"]).all()
    assert ranked["reached"].between(0, 1).all()


@few
@given(seed=st.integers(0, 1000), noise=st.floats(0, 3))
def test_nobody_expects_more_than_the_oracle(seed, noise):
    rows = against_oracle(known(seed=seed, noise=noise))
    assert rows.loc["true_profit_per_customer", "regret"] >= -1e-12
    assert rows.loc["true_profit_per_customer", "low"] >= -1e-12


def test_over_many_draws_of_who_leaves_the_oracle_brings_more_than_the_model():
    leads = [
        against_oracle(known(seed=seed)).loc["profit_per_customer", "regret"] for seed in range(20)
    ]
    assert np.mean(leads) > 0


def test_who_knows_the_truth_is_not_behind(data):
    rows = against_oracle(dataclasses.replace(data, probability=data.oracle))
    assert (rows[["regret", "low", "high"]] == 0).all(axis=None)
    assert (rows["reached"].dropna() == 1).all()


def test_words_name_both_and_what_is_reached(table):
    words = summary(table, currency="euros")
    assert " euros per customer" in words
    assert f"{table.loc['roc_auc', 'oracle']:.3f}" in words
    assert f"{table.loc['true_profit_per_customer', 'reached']:.0%}" in words
