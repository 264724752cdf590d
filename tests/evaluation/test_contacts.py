"""The contact list: the best first, nobody who costs more than they bring, sums that agree."""

import dataclasses

import numpy as np
import pytest

from scoring import money
from stages.core.files import write_table
from stages.core.paths import Paths
from stages.evaluation.baselines import strategies
from stages.evaluation.contact_list import (
    chosen_rows,
    contact_list,
    first,
    reasons_of,
    summary,
    totals,
)
from stages.features.table import ID
from stages.model import champion
from tests import builders


def words_for(data) -> list[list[str]]:
    return [[f"reason {row}", "b"] for row in chosen_rows(data)]


@pytest.fixture(scope="module")
def contacts(data):
    return contact_list(data, words_for(data))


def test_list_is_the_decision_best_first(data, contacts):
    assert list(contacts["rank"]) == list(range(1, len(contacts) + 1))
    assert contacts["expected_profit"].is_monotonic_decreasing
    assert (contacts["expected_profit"] > 0).all()
    chosen = data.features[ID].to_numpy()[data.decision == 1]
    assert set(contacts["id"]) == set(chosen)
    assert len(contacts) == len(chosen)


def test_sums_agree_with_each_other_and_with_the_strategies(data, contacts):
    profit = contacts["expected_gain"] - contacts["expected_cost"]
    np.testing.assert_allclose(profit, contacts["expected_profit"])
    np.testing.assert_allclose(contacts["cumulative_profit"], contacts["expected_profit"].cumsum())
    expected = strategies(data).loc["the decision", "expected"] * len(data.label)
    assert contacts["cumulative_profit"].iloc[-1] == pytest.approx(expected)
    sums = totals(data)["value"]
    for name in ("expected_cost", "expected_gain", "expected_profit"):
        assert sums[name] == pytest.approx(contacts[name].sum())
    assert sums["customers"] == len(contacts)


def test_budget_cuts_the_end_of_the_list(data, contacts):
    short = builders.assuming(data, budget=60.0)
    cut = contact_list(short, words_for(short))
    assert 0 < len(cut) < len(contacts)
    assert list(cut["id"]) == list(contacts["id"].head(len(cut)))
    assert cut["expected_cost"].sum() <= 60
    assert cut["expected_cost"].sum() + contacts["expected_cost"].iloc[len(cut)] > 60


def test_list_does_not_look_at_outcomes(data, contacts):
    flipped = dataclasses.replace(data, label=1 - data.label)
    assert contact_list(flipped, words_for(flipped)).equals(contacts)
    assert totals(flipped).equals(totals(data))


def test_nobody_to_contact_is_an_empty_list():
    nobody = builders.assuming(builders.evaluation_data(rows=50), offer_cost=9999.0)
    rows = contact_list(nobody, [])
    assert len(rows) == len(first(rows)) == 0
    assert (totals(nobody) == 0).all(axis=None)
    assert "0 customers" in summary(totals(nobody), currency="€")


def test_without_a_monthly_value_the_list_is_who_is_above_the_threshold():
    data = builders.evaluation_data("no_value")
    rows = contact_list(data, words_for(data))
    assert (rows["churn_probability"] > data.threshold).all()
    assert len(rows) == data.decision.sum()


def test_reasons_are_those_of_the_customer_and_absent_ones_blank(data, contacts):
    assert list(contacts["reason_1"]) == [f"reason {row}" for row in chosen_rows(data)]
    assert (contacts["reason_3"] == "").all()


def test_report_shows_the_first_without_who_they_are(data, contacts):
    shown = first(contacts, count=4)
    assert len(shown) == 4
    assert not set(shown.astype(str).to_numpy().ravel()) & set(data.features[ID])
    assert shown["why"].iloc[0] == f"{contacts['reason_1'].iloc[0]} b"


def test_interval_of_the_campaign_holds_most_campaigns_with_new_luck(data):
    table, rows, costs = totals(data), chosen_rows(data), data.costs
    rng, probability = np.random.default_rng(77), data.probability[rows]
    profits = []
    for _ in range(400):
        rate = rng.beta(costs.accept_alpha, costs.accept_beta)
        label = (rng.random(len(rows)) < probability).astype(float)
        kept = np.where(label == 1, rng.random(len(rows)) < rate, True)
        brought = np.where(label == 1, data.value[rows], 0) - costs.offer_cost
        profits.append((kept * brought - costs.contact_cost).sum())
    low, high = table.loc["expected_profit", ["low", "high"]]
    inside = np.mean((low <= np.array(profits)) & (np.array(profits) <= high))
    assert inside == pytest.approx(data.params.level, abs=0.06)
    error = np.std(profits) / np.sqrt(len(profits))
    assert table.loc["expected_profit", "value"] == pytest.approx(np.mean(profits), abs=4 * error)


def test_words_give_number_cost_and_profit(data):
    table = totals(data)
    words = summary(table, currency="€")
    assert f"{table.loc['customers', 'value']:,.0f} customers" in words
    assert f"{table.loc['expected_cost', 'value']:,.0f} €" in words


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    paths = Paths(tmp_path_factory.mktemp("bundle"))
    write_table(paths.train, builders.features())
    champion.write_bundle(
        "logistic",
        builders.validation(),
        builders.features(),
        builders.schema(),
        train=builders.train_params(),
        money=builders.money_params(),
        paths=paths,
    )
    return paths.champion


def test_every_customer_on_the_list_gets_up_to_three_reasons(data, bundle):
    words = reasons_of(data, bundle)
    assert len(words) == len(chosen_rows(data))
    assert all(len(given) <= 3 for given in words)
    assert any(words)


def test_bundle_alone_gives_the_expected_profit_of_a_customer(data, bundle):
    # what a service does: costs of the bundle, a monthly value, a probability
    import json

    costs = money.Costs(**json.loads((bundle / "bundle.json").read_text())["costs"])
    value = money.customer_value(np.array([30.0]), 1, costs)
    one = money.expected_profit(np.array([0.5]), value, costs)
    gain = costs.accept_rate * (30 * costs.margin * costs.months_kept - costs.offer_cost)
    assert one[0] == pytest.approx(0.5 * gain - 0.5 * costs.offer_cost - costs.contact_cost)
