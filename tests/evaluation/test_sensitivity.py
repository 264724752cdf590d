"""The tornado: every assumption that enters the decision, moved, the decision made anew."""

import dataclasses

import numpy as np
import pytest

from stages.evaluation import baselines as rivals
from stages.evaluation import sensitivity
from stages.evaluation.sensitivity import ACCEPTANCE, BASE_RATE, ODDS, in_words, tornado
from tests import builders

PROFITS = ["profit_low", "profit_high", "held_low", "held_high"]


@pytest.fixture(scope="module", autouse=True)
def comparison(tmp_path_factory):
    """The record of the comparison, in a directory of its own."""
    folder = tmp_path_factory.mktemp("comparison")
    with builders.comparison_in(folder, sensitivity) as table:
        yield table


@pytest.fixture(scope="module")
def evidence():
    return builders.assuming(builders.evidence(), lifetime={"rule": "hazard"})


@pytest.fixture(scope="module")
def table(evidence):
    return tornado(evidence)


def decided(evidence) -> float:
    return rivals.strategies(evidence).loc["the decision", "profit"]


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
    rows = tornado(builders.assuming(builders.evidence(), lifetime={"rule": rule}))
    assert moved in rows.index
    assert not_moved not in rows.index
    assert {ACCEPTANCE, BASE_RATE, "cost of a contact", "cost of the offer"} <= set(rows.index)


def test_profit_under_an_assumption_is_that_of_the_decision_made_under_it(evidence, table):
    rule = {"rule": "hazard"}
    for name, field in (("cost of the offer", "offer_cost"), ("margin", "margin")):
        for end in ("low", "high"):
            changed = builders.assuming(evidence, lifetime=rule, **{field: table.loc[name, end]})
            assert table.loc[name, f"profit_{end}"] == pytest.approx(decided(changed))
    risk = {"rule": "hazard", "kept_risk": table.loc["risk of a kept customer", "high"]}
    other = builders.assuming(evidence, lifetime=risk)
    assert table.loc["risk of a kept customer", "profit_high"] == pytest.approx(decided(other))


def test_acceptance_takes_the_tails_of_its_distribution(evidence, table):
    low, high = table.loc[ACCEPTANCE, ["low", "high"]]
    assert 0 < low < evidence.costs.accept_rate < high < 1
    assert table.loc[ACCEPTANCE, "held_low"] < decided(evidence)
    assert table.loc[ACCEPTANCE, "held_high"] > decided(evidence)


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
def test_held_profit_moves_the_way_it_must(table, name, sign):
    assert sign * (table.loc[name, "held_high"] - table.loc[name, "held_low"]) > 0


def test_margin_is_never_above_one():
    rich = builders.assuming(builders.evidence(), margin=0.9)
    assert tornado(rich).loc["margin", "high"] == 1


def test_other_odds_of_churn_are_customers_reweighted(evidence, table):
    # as many customers as before, the odds of leaving times the factor
    rate = evidence.label.mean()
    weight = np.where(evidence.label == 1, ODDS[1], 1.0)
    weight /= weight.mean()
    share = (weight * evidence.label).mean()
    assert share / (1 - share) == pytest.approx(ODDS[1] * rate / (1 - rate))
    changed = builders.assuming(evidence, lifetime={"rule": "hazard"})
    base = table.loc[BASE_RATE, "high"]
    manifest = {**changed.manifest, "base_rate": base}
    changed = builders.assuming(
        dataclasses.replace(changed, manifest=manifest), lifetime={"rule": "hazard"}
    )
    profit = sensitivity.realised_profit(evidence.label, changed.value, changed.costs)
    expected = (weight * evidence.decision * profit).mean()
    assert table.loc[BASE_RATE, "held_high"] == pytest.approx(expected)


def test_without_a_monthly_value_the_threshold_is_found_anew():
    rows = tornado(builders.evidence("no_value"))
    assert BASE_RATE not in rows.index
    assert {"value of a kept customer", ACCEPTANCE} <= set(rows.index)
    value = rows.loc["value of a kept customer"]
    assert value["profit_low"] < value["profit_high"]


def test_words_name_the_widest(evidence, table):
    words = in_words(table, profit=decided(evidence), currency="€")
    assert words.startswith(f"The {table.index[0]} matters most")
    assert f"{decided(evidence):.2f}" in words
    assert table.index[1] in words
