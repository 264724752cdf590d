"""The tornado: every assumption that enters the decision, moved, the decision made again."""

import dataclasses

import numpy as np
import pytest

from stages.evaluation import baselines, sensitivity
from stages.evaluation.sensitivity import ACCEPTANCE, BASE_RATE, ODDS, summary, tornado
from tests import builders

PROFITS = ["profit_low", "profit_high", "same_list_low", "same_list_high"]


@pytest.fixture(scope="module")
def data():
    return builders.assuming(builders.evaluation_data(), lifetime={"rule": "hazard"})


@pytest.fixture(scope="module")
def table(data):
    return tornado(data)


def decided(data) -> float:
    return baselines.strategies(data).loc["the decision", "profit"]


def test_widest_come_first(table):
    width = (table["profit_high"] - table["profit_low"]).abs()
    assert width.is_monotonic_decreasing
    assert np.isfinite(table.to_numpy()).all()
    assert (table["low"] < table["high"]).all()


@pytest.mark.parametrize(
    ("rule", "moved", "not_moved"),
    [
        ("hazard", "discount rate", "months that a kept customer stays"),
        ("months", "months that a kept customer stays", "discount rate"),
        ("value", "value of a kept customer", "margin"),
    ],
)
def test_only_what_enters_the_rule_is_moved(rule, moved, not_moved):
    rows = tornado(builders.assuming(builders.evaluation_data(), lifetime={"rule": rule}))
    assert moved in rows.index
    assert not_moved not in rows.index
    assert {ACCEPTANCE, BASE_RATE, "cost of a contact", "cost of the offer"} <= set(rows.index)


def test_profit_under_an_assumption_is_that_of_the_decision_made_under_it(data, table):
    rule = {"rule": "hazard"}
    for name, field in (("cost of the offer", "offer_cost"), ("margin", "margin")):
        for end in ("low", "high"):
            changed = builders.assuming(data, lifetime=rule, **{field: table.loc[name, end]})
            assert table.loc[name, f"profit_{end}"] == pytest.approx(decided(changed))
    risk = {"rule": "hazard", "kept_risk": table.loc["risk of a kept customer", "high"]}
    other = builders.assuming(data, lifetime=risk)
    assert table.loc["risk of a kept customer", "profit_high"] == pytest.approx(decided(other))


def test_acceptance_takes_the_tails_of_its_distribution(data, table):
    low, high = table.loc[ACCEPTANCE, ["low", "high"]]
    assert 0 < low < data.costs.accept_rate < high < 1
    assert table.loc[ACCEPTANCE, "same_list_low"] < decided(data)
    assert table.loc[ACCEPTANCE, "same_list_high"] > decided(data)


@pytest.mark.parametrize(
    ("name", "sign"),
    [
        ("cost of a contact", -1),
        ("cost of the offer", -1),
        ("margin", 1),
        ("discount rate", -1),
        ("risk of a kept customer", -1),
        ("months that churn looks ahead", 1),
        ("months looked ahead for value", 1),
        (ACCEPTANCE, 1),
    ],
)
def test_profit_without_another_decision_moves_the_way_it_must(table, name, sign):
    assert sign * (table.loc[name, "same_list_high"] - table.loc[name, "same_list_low"]) > 0


def test_margin_is_never_above_one():
    rich = builders.assuming(builders.evaluation_data(), margin=0.9)
    assert tornado(rich).loc["margin", "high"] == 1


def test_other_odds_of_churn_are_customers_reweighted(data, table):
    # as many customers as before, the odds of leaving times the factor
    rate = data.label.mean()
    weight = np.where(data.label == 1, ODDS[1], 1.0)
    weight /= weight.mean()
    share = (weight * data.label).mean()
    assert share / (1 - share) == pytest.approx(ODDS[1] * rate / (1 - rate))
    changed = builders.assuming(data, lifetime={"rule": "hazard"})
    base = table.loc[BASE_RATE, "high"]
    manifest = {**changed.manifest, "base_rate": base}
    changed = builders.assuming(
        dataclasses.replace(changed, manifest=manifest), lifetime={"rule": "hazard"}
    )
    profit = sensitivity.realised_profit(data.label, changed.value, changed.costs)
    expected = (weight * data.decision * profit).mean()
    assert table.loc[BASE_RATE, "same_list_high"] == pytest.approx(expected)


def test_without_a_monthly_value_the_threshold_is_found_again():
    rows = tornado(builders.evaluation_data("no_value"))
    assert BASE_RATE not in rows.index
    assert {"value of a kept customer", ACCEPTANCE} <= set(rows.index)
    value = rows.loc["value of a kept customer"]
    assert value["profit_low"] < value["profit_high"]


def test_words_name_the_widest(data, table):
    words = summary(table, profit=decided(data), currency="€")
    assert words.startswith(f"The {table.index[0]} matters most")
    assert f"{decided(data):.2f}" in words
    assert table.index[1] in words
