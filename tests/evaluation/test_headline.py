"""The evaluation: every figure of the contract, with its interval and its baselines."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings

from scoring import money
from scoring.bundle import BASELINES
from stages.core import measures
from stages.core.measures import value
from stages.evaluation.baselines import strategies, summary
from stages.evaluation.headline import confusion, headline
from tests import builders
from tests.builders import CONTRACT, with_labels

few = settings(max_examples=25, deadline=None, derandomize=True)


# --- headline ----------------------------------------------------------------------------------


def test_headline_has_every_metric_of_the_contract_with_interval_and_baselines(metrics):
    assert set(metrics.index) >= CONTRACT
    assert set(metrics.columns) == {"value", "low", "high", *BASELINES}
    assert metrics.notna().all(axis=None)


def test_intervals_contain_their_values(metrics):
    outside = metrics[(metrics["value"] < metrics["low"]) | (metrics["value"] > metrics["high"])]
    assert list(outside.drop(index="threshold", errors="ignore").index) == []
    assert (metrics["low"] <= metrics["high"]).all()


def test_values_are_those_of_the_measures(data, metrics):
    label, score = data.label, data.probability
    assert metrics.loc["roc_auc", "value"] == value(measures.roc_auc, label, score)
    assert metrics.loc["recall", "value"] == value(measures.recall, label, data.decision)
    for who, other in data.baselines.items():
        assert metrics.loc["roc_auc", who] == value(measures.roc_auc, label, other)
        assert metrics.loc["recall", who] == value(measures.recall, label, data.decide(other))


def test_calibration_error_has_the_bins_asked_for(data, metrics):
    bins, ones = data.params.calibration_bins, np.ones((1, len(data.label)))
    label, score = data.label, data.probability
    expected = measures.calibration_error(label, score, ones, bins=bins)[0]
    assert metrics.loc["ece", "value"] == expected
    assert expected != measures.calibration_error(label, score, ones, bins=2 * bins)[0]


def test_baseline_of_everybody_alike_is_chance(data, metrics):
    assert metrics.loc["roc_auc", "base_rate"] == 0.5
    assert metrics.loc["average_precision", "base_rate"] == pytest.approx(data.label.mean())
    assert metrics.loc["top_decile_lift", "base_rate"] == pytest.approx(1)


def test_champion_stands_above_the_baselines_it_is_sharper_than(metrics):
    for name in ("roc_auc", "average_precision", "top_decile_lift", "empc", "profit_per_customer"):
        assert metrics.loc[name, "value"] > metrics.loc[name, "one_feature"], name


def test_profit_is_that_of_the_decision(data, metrics):
    profit = money.realised_profit(data.label, data.value, data.costs)
    expected = (profit * data.decision).mean()
    assert metrics.loc["profit_per_customer", "value"] == pytest.approx(expected)


def test_empc_is_empulses_own_and_above_the_profit_of_nobody(data, metrics):
    from empulse.metrics import empc_score

    costs = data.costs
    expected = empc_score(
        data.label,
        data.probability,
        clv=data.value.mean(),
        incentive_cost=costs.offer_cost,
        contact_cost=costs.contact_cost,
        alpha=costs.accept_alpha,
        beta=costs.accept_beta,
    )
    assert metrics.loc["empc", "value"] == pytest.approx(expected)
    assert expected > 0


def test_mpc_is_the_best_profit_over_all_thresholds(data, metrics):
    value = np.full(len(data.label), data.value.mean())
    profit = money.realised_profit(data.label, value, data.costs)
    best = max((profit * (data.probability >= cut)).mean() for cut in data.probability)
    assert metrics.loc["mpc", "value"] == pytest.approx(best)
    assert (
        metrics.loc["mpc", "value"] < metrics.loc["empc", "value"]
    )  # who knows acceptance, does more


def test_threshold_is_the_bundles_and_not_the_tests(data, metrics):
    assert metrics.loc["threshold", "value"] == data.manifest["threshold"]
    flipped = headline(with_labels(data, 1 - data.label)).loc["threshold"]
    pd.testing.assert_series_equal(flipped, metrics.loc["threshold"])


def test_intervals_are_those_of_the_seed(data, metrics):
    pd.testing.assert_frame_equal(headline(data), metrics)
    params = builders.evaluate_params(seed=6)
    other = headline(dataclasses.replace(data, params=params))
    assert (other["value"] == metrics["value"]).all()
    assert other.loc["roc_auc", "low"] != metrics.loc["roc_auc", "low"]


# --- tables and words ------------------------------------------------------------------------


def test_confusion_counts_everybody_once(data):
    counts = confusion(data)
    assert counts.to_numpy().sum() == len(data.label)
    assert counts.loc["left"].sum() == data.label.sum()
    assert counts["contacted"].sum() == data.decision.sum()
    both = ((data.label == 1) & (data.decision == 1)).sum()
    assert counts.loc["left", "contacted"] == both


def test_words_say_the_headline(data, metrics):
    words = summary(data, metrics)
    lead = strategies(data).loc["one-feature model, same rule"]
    assert f"{lead['lead']:+.2f} against one feature ({lead['lead_low']:+.2f} to" in words
    assert f"{metrics.loc['roc_auc', 'value']:.1%}" in words
    assert f"{metrics.loc['roc_auc', 'one_feature']:.1%}" in words
    assert f"{metrics.loc['profit_per_customer', 'value']:.2f}" in words
    assert f"{data.decision.mean():.0%}" in words
