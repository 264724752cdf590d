"""The curves: right at their ends, right in their areas, nobody counted twice."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring import money
from stages.core import measures
from stages.core.measures import value
from stages.core.reliability import reliability
from stages.evaluation.curves import curves, profit_curve
from tests import builders

few = settings(max_examples=20, deadline=None, derandomize=True)
seeds = st.integers(0, 10_000)


@pytest.fixture(scope="module")
def tables(data):
    return curves(data)


def tied(seed: int):
    """EvaluationData whose probabilities are tied in tenths."""
    data = builders.evaluation_data(rows=80, seed=seed)
    return dataclasses.replace(data, probability=data.probability.round(1))


def test_tables_are_those_that_the_pipeline_declares(tables):
    from tests.places import HERE

    declared = HERE.pipeline.read_text(encoding="utf-8")
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
    data = tied(seed)
    roc = curves(data)["roc"]
    area = np.trapezoid(roc["tpr"], roc["fpr"])
    assert area == pytest.approx(value(measures.roc_auc, data.label, data.probability))


@few
@given(seed=seeds)
def test_area_under_precision_and_recall_is_the_average_precision(seed):
    data = tied(seed)
    table = curves(data)["precision_recall"]
    steps = np.diff(np.append(0, table["recall"]))
    expected = value(measures.average_precision, data.label, data.probability)
    assert (steps * table["precision"]).sum() == pytest.approx(expected)
    assert table["recall"].iloc[-1] == 1
    assert table["precision"].iloc[-1] == pytest.approx(data.label.mean())


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
    data = builders.evaluation_data(rows=1500)
    roc = curves(data)["roc"]
    assert len(roc) <= 400
    assert tuple(roc.iloc[0]) == (0, 0)
    assert tuple(roc.iloc[-1]) == (1, 1)
    expected = value(measures.roc_auc, data.label, data.probability)
    assert np.trapezoid(roc["tpr"], roc["fpr"]) == pytest.approx(expected, abs=0.002)


def test_confusion_has_a_row_per_customer_by_decision(data, tables):
    table = tables["confusion"]
    assert len(table) == len(data.label)
    assert (table["actual"] == "left").sum() == data.label.sum()
    assert (table["predicted"] == "left").sum() == data.decision.sum()


# --- profit ------------------------------------------------------------------------------------


def test_profit_starts_at_nothing_and_ends_at_contacting_everybody(data, tables):
    profit = tables["profit"]
    mean = money.realised_profit(data.label, data.value, data.costs).mean()
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


def test_profit_at_the_share_of_the_decision_is_that_of_the_decision(data):
    profit = money.realised_profit(data.label, data.value, data.costs)
    share = data.decision.mean()
    table = profit_curve(data, points=len(data.label) + 1)
    at = table.iloc[round(share * len(data.label))]
    assert at["contacted"] == pytest.approx(share)
    assert at["profit"] == pytest.approx((profit * data.decision).mean())


def test_best_customers_come_first():
    # with the truth for probabilities no other order earns more at any share
    data = builders.evaluation_data()
    perfect = dataclasses.replace(data, probability=data.label.copy())
    assert (profit_curve(perfect)["profit"] >= profit_curve(data)["profit"] - 1e-9).all()


def test_number_of_points_does_not_change_the_curve(data):
    coarse, fine = (profit_curve(data, points=points) for points in (11, 101))
    np.testing.assert_allclose(coarse["profit"], fine["profit"][::10])
    np.testing.assert_allclose(coarse["low"], fine["low"][::10])


# --- calibration -------------------------------------------------------------------------------


@few
@given(seed=seeds, bins=st.integers(2, 12))
def test_calibration_bins_count_everybody_once(seed, bins):
    data = builders.evaluation_data(rows=80, seed=seed)
    table = reliability(data.label, data.probability, bins=bins)
    assert table["customers"].sum() == 80
    assert (table["rate"] * table["customers"]).sum() == pytest.approx(data.label.sum())
    mean = (table["probability"] * table["customers"]).sum() / 80
    assert mean == pytest.approx(data.probability.mean())
    assert table["probability"].is_monotonic_increasing
    assert ((table["low"] <= table["rate"]) & (table["rate"] <= table["high"])).all()


def test_calibration_error_is_that_of_the_table(data, tables):
    table = tables["calibration"]
    assert len(table) == data.params.calibration_bins
    weighted = (table["customers"] * (table["probability"] - table["rate"]).abs()).sum()
    error = measures.calibration_error(
        data.label,
        data.probability,
        np.ones((1, len(data.label))),
        bins=data.params.calibration_bins,
    )
    assert weighted / len(data.label) == pytest.approx(error[0])
