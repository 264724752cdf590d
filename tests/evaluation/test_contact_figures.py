"""The manager's figures: they add up, agree with the list, and say which rule decides."""

import dataclasses

import numpy as np
import pytest

from scoring import money
from stages.evaluation.baselines import strategies
from stages.evaluation.contact_figures import assumptions, campaign, rule
from stages.evaluation.contact_list import contact_list, totals
from tests import builders
from tests.builders import with_labels


@pytest.fixture(scope="module")
def found(data):
    return campaign(data, totals(data))


def test_every_customer_on_the_list_left_or_is_a_wasted_call(data, found):
    assert found["leavers"] + found["wasted"] == found["customers"] == data.decision.sum()
    assert found["leavers"] + found["missed"] == data.label.sum()
    assert found["of"] == len(data.label)


def test_expected_figures_are_those_of_the_list(data, found):
    listed = contact_list(data, [[]] * int(data.decision.sum()))
    for name in ("cost", "gain", "profit"):
        assert found[name]["value"] == pytest.approx(listed[f"expected_{name}"].sum())
        assert found[name]["low"] <= found[name]["value"] <= found[name]["high"]


def test_counted_profit_is_the_profit_per_customer_of_everybody(data, found):
    row = strategies(data).loc["the decision"]
    for end, name in (("value", "profit"), ("low", "low"), ("high", "high")):
        assert found["counted"][end] == pytest.approx(row[name] * len(data.label))


def test_both_profits_agree_where_as_many_leave_as_predicted_of_every_value(data):
    # given customers of one value, and outcomes as frequent as the probabilities say
    alike = dataclasses.replace(data, value=np.full(300, 80.0), probability=np.full(300, 0.5))
    found = campaign(seen := with_labels(alike, np.arange(300) % 2), totals(seen))
    assert found["customers"] == 300
    assert found["predicted_leavers"] == found["leavers"] == 150
    assert found["counted"]["value"] == pytest.approx(found["profit"]["value"])


def test_the_figures_are_of_what_the_budget_allows(data):
    short = builders.assuming(data, budget=100.0)
    found = campaign(short, totals(short))
    assert found["customers"] == short.affordable.sum() < data.decision.sum()
    assert found["cost"]["value"] <= 100
    spent = short.affordable * money.expected_cost(short.probability, short.costs)
    assert found["cost"]["value"] == pytest.approx(spent.sum())
    assert "100 € are spent" in found["rule"]


def test_the_rule_is_the_one_that_decides(data):
    assert rule(data).startswith("the expected profit is positive")
    assert rule(builders.evaluation_data("no_value")) == "the probability of churn is above 0.400"


def test_assumptions_are_named_in_the_currency_and_as_the_rule_takes_them(data):
    assert any("1 €" in text and "8 €" in text for text in assumptions(data))
    assert any("margin of 50%" in text for text in assumptions(data))
    flat = assumptions(builders.evaluation_data("no_value"))
    assert "A kept customer is worth 120 currency units." in flat


def test_that_an_adopted_effect_decides_elsewhere_is_the_first_of_the_assumptions(data):
    manifest = data.manifest | {"effect": {"policy": "mean_learner"}}

    first, *others = assumptions(dataclasses.replace(data, manifest=manifest))

    assert first.startswith("A campaign was adopted: the service, make score and make app decide")
    assert others == assumptions(data)
