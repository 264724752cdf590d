"""The campaign: drawn at random, an effect as described, and the truth of both arms."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.errors import UserError
from stages.core.paths import Paths
from stages.core.yamlfile import read_yaml
from stages.simulator.generate import World
from stages.simulator.population import Population
from stages.simulator.scenarios import QUIET
from stages.simulator.simulated_campaign import run_campaign
from stages.simulator.snapshots import with_outcomes
from tests.worlds import (
    NAMES,
    POPULATION,
    assert_calibrated,
    happening,
    left,
    parameters,
    whole,
)

HERE = Paths.here()
ARMS = {0: "probability_untreated", 1: "probability_treated"}
few = settings(max_examples=5, deadline=None, derandomize=True)
seeds = st.integers(0, 2**63 - 1)


def trial(
    *,
    rows=4000,
    seed=8,
    month=0,
    share=0.5,
    effect=1.0,
    scenario=QUIET,
    population=POPULATION,
    name="by_risk",
) -> pd.DataFrame:
    world = World(population, seed=seed, snapshot_month=month, scenario=scenario)
    contact = population.contact[name]
    blocks = run_campaign(world, contact, rows=rows, share=share, effect=effect)
    return pd.concat(blocks, ignore_index=True)


@given(seed=seeds, share=st.floats(0, 1))
@few
def test_as_many_are_called_as_asked_for_whoever_they_are(seed, share):
    rows = 12_000
    drawn = trial(rows=rows, seed=seed, share=share)
    error = np.sqrt(share * (1 - share) / rows)
    assert abs(drawn["treated"].mean() - share) <= 4 * error + 1e-9
    # given random draws, no trait tells who was called: shares in the two arms agree
    customers = whole(month=0, rows=rows, seed=seed).customers
    called = drawn["treated"] == 1
    if called.sum() and (~called).sum():
        balanced(customers, called)


def balanced(customers: pd.DataFrame, called: pd.Series) -> None:
    """Every share and mean agrees between the arms within 4.5 standard errors."""
    table = pd.get_dummies(customers.drop(columns=["customerID", "TotalCharges"])).astype(float)
    one, other = table[called], table[~called]
    spread = table.std(ddof=0) * np.sqrt(1 / len(one) + 1 / len(other))
    assert ((one.mean() - other.mean()).abs() <= 4.5 * spread + 1e-9).all()


@pytest.mark.parametrize(("share", "treated"), [(0.0, {0}), (1.0, {1})])
def test_nobody_and_everybody_can_be_called(share, treated):
    assert set(trial(share=share)["treated"]) == treated


@given(low=st.floats(0, 1), high=st.floats(0, 1))
@few
def test_a_larger_campaign_calls_the_same_customers_and_more(low, high):
    fewer, more = (trial(share=share, rows=500)["treated"] for share in sorted((low, high)))
    assert (more >= fewer).all()


def test_lots_are_neither_those_of_broken_records_nor_those_of_another_seed():
    broken = whole(month=0, scenario=happening("all_null", strength=0.5, start=0)).customers
    called = trial()["treated"] == 1
    for other in (broken["Contract"].isna(), trial(seed=9)["treated"] == 1):
        assert 0.45 < (called == other).mean() < 0.55


@pytest.mark.parametrize("name", ["none", *NAMES])
@pytest.mark.parametrize("arm", ARMS)
def test_truth_of_each_arm_is_calibrated(name, arm):
    drawn = trial(rows=40_000, seed=3, month=2, scenario=happening(name, start=1))
    reached = drawn[drawn["treated"] == arm]
    assert_calibrated(reached[ARMS[arm]], reached["outcome"])


def test_truth_of_the_other_arm_would_be_wrong():
    """The check above can fail: the effect is large enough to be found."""
    drawn = trial(rows=40_000, seed=3, effect=2.0)
    called = drawn[drawn["treated"] == 1]
    with pytest.raises(AssertionError):
        assert_calibrated(called["probability_untreated"], called["outcome"])


@given(seed=seeds, month=st.integers(0, 8))
@few
def test_who_is_left_alone_has_the_label_and_the_oracle_of_the_table(seed, month):
    arguments = {"rows": 2000, "seed": seed, "month": month}
    drawn, table = trial(**arguments), whole(**arguments)
    assert drawn["customerID"].equals(table.customers["customerID"])
    assert drawn["id"].equals(drawn["customerID"])
    alone = drawn["treated"] == 0
    assert (drawn["outcome"][alone] == left(table.customers)[alone]).all()
    assert drawn[ARMS[0]].equals(table.oracle["churn_probability"])


def test_a_call_without_effect_changes_nothing():
    drawn = trial(effect=0.0)
    assert drawn[ARMS[0]].equals(drawn[ARMS[1]])
    assert (drawn["outcome"] == left(whole(month=0).customers)).all()


@given(seed=seeds)
@few
def test_a_call_moves_nobody_against_its_effect(seed):
    """With the same event time, who would stay is never lost by a lower hazard, nor the reverse."""
    drawn = trial(seed=seed, share=1.0, effect=3.0)
    before, after = left(whole(month=0, seed=seed).customers), drawn["outcome"] == 1
    lower = drawn[ARMS[1]] < drawn[ARMS[0]]
    assert not (after & ~before)[lower].any()
    assert not (before & ~after)[~lower].any()


def test_some_can_be_persuaded_and_some_are_sleeping_dogs():
    customers, drawn = whole(month=0, rows=20_000).customers, trial(rows=20_000)
    gain = drawn[ARMS[0]] - drawn[ARMS[1]]
    free = customers["Contract"] == "Month-to-month"
    fiber = customers["InternetService"] == "Fiber optic"
    assert gain[free & fiber].min() > 0
    assert gain[~free].max() < 0
    # small, as campaigns are: points of churn, not tens of points
    assert 0.005 < gain.mean() < 0.05
    assert 0.02 < gain[free & fiber].mean() < 0.12


def test_effect_is_what_the_population_says():
    call = {"offers": [{"base": -0.3, "terms": {"senior": 0.8}}]}
    content = read_yaml(HERE.population) | {"contact": {"by_risk": call}}
    described = Population.model_validate(content)
    drawn = trial(population=described, effect=0.5)
    senior = whole(month=0).customers["SeniorCitizen"] == "1"
    ratio = np.log1p(-drawn[ARMS[1]]) / np.log1p(-drawn[ARMS[0]])
    assert np.allclose(ratio[~senior], np.exp(-0.15))
    assert np.allclose(ratio[senior], np.exp(0.25))


def test_unknown_trait_of_a_call_is_named():
    call = {"offers": [{"base": 0, "terms": {"golfer": 1}}]}
    content = read_yaml(HERE.population) | {"contact": {"by_risk": call}}
    with pytest.raises(ValueError, match="'golfer' is not known here"):
        Population.model_validate(content)


def gain(name: str, **options) -> pd.Series:
    drawn = trial(name=name, rows=20_000, **options)
    return drawn[ARMS[0]] - drawn[ARMS[1]]


@pytest.mark.parametrize("name", ["unpublished", "sleeping_dogs", "independent"])
def test_the_truth_of_every_world_is_calibrated_in_both_arms(name):
    drawn = trial(rows=40_000, seed=3, name=name)
    for arm, truth in ARMS.items():
        reached = drawn[drawn["treated"] == arm]
        assert_calibrated(reached[truth], reached["outcome"])


def test_what_is_hidden_shows_in_no_probability_but_in_who_leaves():
    drawn = trial(rows=40_000, seed=3, name="unpublished", share=1.0)
    wrong = 1 - (1 - drawn[ARMS[0]]) ** np.exp(0.05)
    with pytest.raises(AssertionError):
        assert_calibrated(wrong, drawn["outcome"])


def test_worlds_differ_in_whom_a_call_drives_away():
    risk = trial(rows=20_000)[ARMS[0]]
    assert np.corrcoef(gain("by_risk"), risk)[0, 1] > 0.3
    assert np.corrcoef(gain("sleeping_dogs"), risk)[0, 1] < -0.3
    assert (gain("no_effect") == 0).all()


def test_two_offers_are_made_to_as_many_and_work_on_different_customers():
    drawn = trial(rows=20_000, name="two_offers", share=0.6)
    assert drawn["treated"].value_counts(normalize=True)[[1, 2]].round(2).eq(0.3).all()
    first, second = (drawn[ARMS[0]] - drawn[f"{ARMS[1]}{suffix}"] for suffix in ("", "_2"))
    assert 0.1 < (second > first).mean() < 0.9


def test_a_campaign_that_is_not_drawn_by_lot_calls_rather_those_at_risk():
    drawn = trial(rows=20_000, name="not_by_lot")
    called = drawn.groupby("treated")[ARMS[0]].mean()
    assert called[1] > called[0] + 0.05


def test_a_list_comes_back_with_what_became_of_its_customers(tmp_path):
    """Whoever is left alone as the list says leaves as in the table; the list stays as it was."""
    generate = parameters(months=1, rows=600)
    customers = whole(month=0, rows=600, seed=generate.seed).customers
    listed = pd.DataFrame({"customer_id": customers["customerID"].iloc[::3]})
    listed["assignment"] = np.where(np.arange(len(listed)) % 2, "contact", "control")
    listed["contact_probability"] = "0.9"
    path = tmp_path / "campaign.csv"
    listed.to_csv(path, index=False)
    found = with_outcomes(path, POPULATION, generate)
    assert found[list(listed)].equals(listed.reset_index(drop=True))
    alone = found[found["assignment"] == "control"].set_index("customer_id")["outcome"]
    labels = left(customers.set_index("customerID")).loc[alone.index]
    assert (labels == (alone == 1)).all()
    listed["customer_id"] = "nobody"
    listed.to_csv(path, index=False)
    with pytest.raises(UserError, match=r"200 of 200 customers are not of this world"):
        with_outcomes(path, POPULATION, generate)
