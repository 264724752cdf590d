"""The curves: right at their ends, right in their areas, nobody counted twice."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring import money
from stages.core import metrics
from stages.core.metrics import value
from stages.evaluation.curves import curves, profit_curve
from stages.model.calibrate import reliability
from tests import builders

few = settings(max_examples=20, deadline=None, derandomize=True)
seeds = st.integers(0, 10_000)


@pytest.fixture(scope="module")
def evidence():
    return builders.evidence()


@pytest.fixture(scope="module")
def tables(evidence):
    return curves(evidence)


def tied(seed: int):
    """Evidence whose probabilities are tied in tenths."""
    evidence = builders.evidence(rows=80, seed=seed)
    return dataclasses.replace(evidence, probability=evidence.probability.round(1))


def test_tables_are_those_that_the_pipeline_declares(tables):
    from stages.core import paths

    declared = paths.PIPELINE.read_text(encoding="utf-8")
    for name, table in tables.items():
        assert f"reports/plots/{name}.csv" in declared
        assert table.notna().all(axis=None)


# --- ROC, precision and recall, lift -----------------------------------------------------------


@few
@given(seed=seeds)
def test_roc_rises_from_0_0_to_1_1(seed):
    roc = curves(tied(seed))["roc"]
    assert tuple(roc.iloc[0]) == (0, 0)
    assert tuple(roc.iloc[-1]) == (1, 1)
    assert (np.diff(roc["fpr"]) >= 0).all()
    assert (np.diff(roc["tpr"]) >= 0).all()


@few
@given(seed=seeds)
def test_area_under_the_roc_is_the_roc_auc(seed):
    evidence = tied(seed)
    roc = curves(evidence)["roc"]
    area = np.trapezoid(roc["tpr"], roc["fpr"])
    assert area == pytest.approx(value(metrics.roc_auc, evidence.label, evidence.probability))


@few
@given(seed=seeds)
def test_area_under_precision_and_recall_is_the_average_precision(seed):
    evidence = tied(seed)
    table = curves(evidence)["precision_recall"]
    steps = np.diff(np.append(0, table["recall"]))
    expected = value(metrics.average_precision, evidence.label, evidence.probability)
    assert (steps * table["precision"]).sum() == pytest.approx(expected)
    assert table["recall"].iloc[-1] == 1
    assert table["precision"].iloc[-1] == pytest.approx(evidence.label.mean())


@few
@given(seed=seeds)
def test_lift_rises_from_nobody_to_everybody_and_agrees_with_the_roc(seed):
    found = curves(tied(seed))
    lift = found["lift"]
    assert tuple(lift.iloc[0]) == (0, 0)
    assert tuple(lift.iloc[-1]) == (1, 1)
    assert (np.diff(lift["contacted"]) > 0).all()
    np.testing.assert_array_equal(lift["found"], found["roc"]["tpr"])


def test_long_curves_are_thinned_but_keep_their_ends():
    evidence = builders.evidence(rows=1500)
    roc = curves(evidence)["roc"]
    assert len(roc) <= 400
    assert tuple(roc.iloc[0]) == (0, 0)
    assert tuple(roc.iloc[-1]) == (1, 1)
    expected = value(metrics.roc_auc, evidence.label, evidence.probability)
    assert np.trapezoid(roc["tpr"], roc["fpr"]) == pytest.approx(expected, abs=0.002)


def test_confusion_has_a_row_per_customer_by_decision(evidence, tables):
    table = tables["confusion"]
    assert len(table) == len(evidence.label)
    assert (table["actual"] == "left").sum() == evidence.label.sum()
    assert (table["predicted"] == "left").sum() == evidence.decision.sum()


# --- profit ------------------------------------------------------------------------------------


def test_profit_starts_at_nothing_and_ends_at_contacting_everybody(evidence, tables):
    profit = tables["profit"]
    mean = money.realised_profit(evidence.label, evidence.value, evidence.costs).mean()
    assert list(profit.iloc[0]) == [0, 0, 0, 0, 0]
    assert profit["contacted"].iloc[-1] == 1
    assert profit["profit"].iloc[-1] == pytest.approx(mean)
    assert profit["random"].iloc[-1] == pytest.approx(mean)


def test_profit_lies_within_its_interval_and_random_is_a_line(tables):
    profit = tables["profit"]
    assert (profit["low"] <= profit["high"]).all()
    assert (
        (profit["low"] <= profit["profit"]) & (profit["profit"] <= profit["high"])
    ).mean() > 0.95
    np.testing.assert_allclose(profit["random"], profit["contacted"] * profit["random"].iloc[-1])


def test_profit_at_the_share_of_the_decision_is_that_of_the_decision(evidence):
    profit = money.realised_profit(evidence.label, evidence.value, evidence.costs)
    share = evidence.decision.mean()
    table = profit_curve(evidence, points=len(evidence.label) + 1)
    at = table.iloc[round(share * len(evidence.label))]
    assert at["contacted"] == pytest.approx(share)
    assert at["profit"] == pytest.approx((profit * evidence.decision).mean())


def test_best_customers_come_first():
    # with the truth for probabilities no other order earns more at any share
    evidence = builders.evidence()
    perfect = dataclasses.replace(evidence, probability=evidence.label.copy())
    assert (profit_curve(perfect)["profit"] >= profit_curve(evidence)["profit"] - 1e-9).all()


def test_number_of_points_does_not_change_the_curve(evidence):
    coarse, fine = (profit_curve(evidence, points=points) for points in (11, 101))
    np.testing.assert_allclose(coarse["profit"], fine["profit"][::10])
    np.testing.assert_allclose(coarse["low"], fine["low"][::10])


# --- calibration -------------------------------------------------------------------------------


@few
@given(seed=seeds, bins=st.integers(2, 12))
def test_calibration_bins_count_everybody_once(seed, bins):
    evidence = builders.evidence(rows=80, seed=seed)
    table = reliability(evidence.label, evidence.probability, bins=bins)
    assert table["customers"].sum() == 80
    assert (table["rate"] * table["customers"]).sum() == pytest.approx(evidence.label.sum())
    mean = (table["probability"] * table["customers"]).sum() / 80
    assert mean == pytest.approx(evidence.probability.mean())
    assert table["probability"].is_monotonic_increasing
    assert ((table["low"] <= table["rate"]) & (table["rate"] <= table["high"])).all()


def test_calibration_error_is_that_of_the_table(evidence, tables):
    table = tables["calibration"]
    assert len(table) == evidence.params.calibration_bins
    weighted = (table["customers"] * (table["probability"] - table["rate"]).abs()).sum()
    error = metrics.calibration_error(
        evidence.label,
        evidence.probability,
        np.ones((1, len(evidence.label))),
        bins=evidence.params.calibration_bins,
    )
    assert weighted / len(evidence.label) == pytest.approx(error[0])
