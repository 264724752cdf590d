"""What the champion is compared with: other strategies, budgets, targets."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring import money
from stages.evaluation.baselines import budgets, recall_threshold, strategies, targets
from tests import builders
from tests.builders import with_labels

few = settings(max_examples=25, deadline=None, derandomize=True)


@pytest.fixture(scope="module")
def wanted(data):
    return targets(data)


def test_strategies_are_judged_by_the_same_money(data, metrics):
    rows = strategies(data)
    mean = money.realised_profit(data.label, data.value, data.costs).mean()
    expected = metrics.loc["profit_per_customer", ["value", "low", "high"]]
    assert list(rows.loc["the decision", ["profit", "low", "high"]]) == list(expected)
    assert list(rows.loc["contact nobody", ["contacted", "profit", "low", "high"]]) == [0, 0, 0, 0]
    assert rows.loc["contact everybody", "profit"] == pytest.approx(mean)
    share = data.decision.mean()
    assert rows.loc["the same number, at random", "profit"] == pytest.approx(share * mean)
    assert rows.loc["the decision", "contacted"] == share


def test_the_lead_over_a_baseline_is_the_difference_of_profits(data):
    rows = strategies(data)
    lead = rows.loc["the decision", "profit"] - rows["profit"]
    assert list(rows["lead"]) == pytest.approx(list(lead))
    assert (rows["lead_low"] <= rows["lead"]).all()
    assert (rows["lead"] <= rows["lead_high"]).all()
    assert list(rows.loc["the decision", ["lead", "lead_low", "lead_high"]]) == [0, 0, 0]


def test_decision_expects_more_than_every_baseline(data):
    expected = strategies(data)["expected"]
    assert (expected.drop("the decision") < expected["the decision"]).all()
    assert expected["the decision"] == pytest.approx(np.maximum(data.expected, 0).mean())


def test_a_budget_is_compared_only_where_there_is_one(data):
    assert "the decision, within the budget" not in strategies(data).index
    short = builders.assuming(data, budget=100.0)
    rows = strategies(short)
    spent = short.affordable * money.expected_cost(short.probability, short.costs)
    assert 0 < spent.sum() <= 100
    limited = rows.loc["the decision, within the budget"]
    assert limited["contacted"] == short.affordable.mean()
    assert limited["expected"] < rows.loc["the decision", "expected"]
    np.testing.assert_array_equal(short.decision, data.decision)


def test_more_budget_expects_more_and_all_of_it_is_the_decision(data):
    rows = budgets(data)
    assert rows["budget"].is_monotonic_increasing
    assert rows["customers"].is_monotonic_increasing
    assert rows["expected_profit"].is_monotonic_increasing
    # the best come first, so that half the money brings more than half the profit
    assert rows.loc["50%", "expected_profit"] > rows.loc["100%", "expected_profit"] / 2
    assert rows.loc["100%", "profit"] == strategies(data).loc["the decision", "profit"]
    assert rows.loc["100%", "customers"] == data.decision.sum()


def test_informed_decision_beats_the_uninformed(data):
    values = strategies(data)["profit"]
    assert values["the decision"] > values["the same number, at random"]
    assert values["the decision"] > values["contact nobody"]


# --- targets of other projects -----------------------------------------------------------------


def test_targets_have_value_interval_and_verdict(wanted):
    assert list(wanted.columns) == ["target", "value", "low", "high", "reached"]
    assert set(wanted["reached"]) <= {"yes", "no", "within noise"}
    for _, row in wanted.iterrows():
        assert row["low"] <= row["value"] <= row["high"]
        assert (row["reached"] == "no") == (row["high"] < row["target"])
        assert (row["reached"] == "yes") == (row["low"] >= row["target"])


def test_thresholds_of_targets_come_from_out_of_fold_only(data):
    # whoever left, the same customers are chosen: of them some left, all others stayed
    found, other = (
        targets(seen).loc["precision_at_recall_80", "value"]
        for seen in (data, with_labels(data, 1 - data.label))
    )
    assert found + other == pytest.approx(1)


@few
@given(seed=st.integers(0, 1000), wanted=st.floats(0.05, 1))
def test_recall_threshold_is_the_highest_that_finds_enough(seed, wanted):
    rng = np.random.default_rng(seed)
    label = np.r_[1.0, rng.integers(0, 2, 49)]
    score = rng.random(50).round(1)
    cut = recall_threshold(label, score, wanted)
    churners = score[label == 1]
    assert (churners >= cut).mean() >= wanted - 1e-9
    above = churners[churners > cut]
    if len(above):
        assert (churners >= above.min()).mean() < wanted + 1e-9
