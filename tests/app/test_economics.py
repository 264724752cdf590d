"""Money on the page: that of `make score`, and under other assumptions that of the pipeline."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from app.economics import ranked
from app.listing import Filters, as_csv, places_of, table
from app.scored import read_scored
from scoring import money
from scoring.assumptions import Scenario, assumptions, worth
from stages.batch.assignment import Design
from tests import builders
from tests.app import conftest


def test_figures_and_file_are_those_of_make_score(scored, month):
    found = ranked(scored, Scenario())

    outlook = found.plan.outlook(len(found))

    expected = scored.places.summary["expected"]
    assert outlook._asdict() == pytest.approx(expected, abs=0.004)
    assert len(found) == scored.places.summary["listed"]
    listed = places_of(scored, found, contacts=len(found), filters=Filters())
    assert as_csv(table(scored, found, listed)) == (month / "contact_list.csv").read_bytes()


def test_the_control_group_is_on_no_list(scored, tmp_path):
    design = Design(0.5, 0.0, "2026-11")
    folder = conftest.score_club(tmp_path, scored.places.bundle, design=design)
    drawn = read_scored(conftest.places_of(folder))
    found = ranked(drawn, Scenario())
    assert 0 < len(found) < len(ranked(scored, Scenario()))
    listed = places_of(drawn, found, contacts=len(found), filters=Filters())
    ids = table(drawn, found, listed)["customer_id"].to_pylist()
    written = pd.read_csv(folder / "contact_list.csv", dtype={"customer_id": str})
    assert ids == written["customer_id"].str.removeprefix("'").tolist()
    tried = ranked(drawn, Scenario(accept=0.6))
    assert not drawn.control[tried.places].any()


def test_a_budget_buys_what_it_buys_in_make_score(scored, tmp_path):
    again = conftest.score_club(tmp_path, scored.places.bundle, budget=60.0)
    expected = conftest.places_of(again).summary
    found = ranked(scored, Scenario())

    contacts = found.plan.covered(60.0)

    assert contacts == expected["listed"]
    assert found.plan.outlook(contacts)._asdict() == pytest.approx(expected["expected"], abs=0.004)


def test_other_assumptions_price_customers_as_a_bundle_with_them_would(scored):
    assumed = scored.terms.costs
    tried = Scenario(accept=0.5, offer_cost=3.0, contact_cost=2.0, months=20.0)

    found = ranked(scored, tried)

    costs = tried.costs(assumed)
    fees = scored.value / (assumed.margin * assumed.months_kept)
    value = money.customer_value(fees, len(scored), costs)
    profit = money.expected_profit(scored.probability, value, costs)
    assert costs.accept_rate == pytest.approx(0.5)
    assert set(found.places) == set(np.flatnonzero(profit > 0))
    assert found.profit == pytest.approx(profit[found.places])
    assert (np.diff(found.profit) <= 0).all()


def test_what_is_not_tried_is_as_assumed(scored):
    assert Scenario().costs(scored.terms.costs) == scored.terms.costs
    flat = dataclasses.replace(scored.terms.costs, months_kept=None)
    assert (worth(scored.value, flat, flat) == scored.value).all()
    assert [a.name for a in assumptions(flat)] == ["accept", "offer", "contact"]


def test_the_ends_of_every_slider_are_allowed_in_params(scored):
    for assumption in assumptions(scored.terms.costs):
        for end in (assumption.low, assumption.high):
            fields = {
                "accept": {"accept_alpha": end / 10, "accept_beta": 10 - end / 10},
                "offer": {"offer_cost": end},
                "contact": {"contact_cost": end},
                "months": {"lifetime": {"months": end}},
            }[assumption.name]
            assert builders.money_params(**fields)
        assert assumption.low <= assumption.assumed <= assumption.high


def test_the_curve_begins_at_nothing_and_ends_where_more_money_brings_no_more(scored):
    plan = ranked(scored, Scenario()).plan

    cost, profit = plan.curve()

    assert (cost[0], profit[0]) == (0, 0)
    assert (np.diff(profit) > 0).all()
    assert profit[-1] == pytest.approx(plan.outlook(len(plan)).profit)
    nobody = ranked(scored, Scenario(accept=0.01, contact_cost=1e6)).plan
    assert [len(axis) for axis in nobody.curve()] == [1, 1]


def test_without_a_monthly_value_the_most_probable_come_first_and_there_is_no_money(
    month_without_money,
):
    scored = conftest.read_scored(conftest.places_of(month_without_money))

    found = ranked(scored, Scenario())

    assert scored.profit is None
    assert found.plan is None
    assert set(found.places) == set(np.flatnonzero(scored.contact))
    assert (np.diff(scored.probability[found.places]) <= 0).all()
    listed = places_of(scored, found, contacts=5, filters=Filters())
    assert "expected_profit" not in table(scored, found, listed).column_names
