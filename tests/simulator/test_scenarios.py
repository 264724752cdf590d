"""Scenarios: nothing before they begin, what they do then, and an oracle that stays right."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.errors import UserError
from stages.core.paths import Paths
from stages.core.yamlfile import load_schema, read_yaml
from stages.simulator.columns import COLUMNS
from stages.simulator.population import Population
from stages.simulator.scenarios import QUIET
from tests.worlds import (
    BROKEN,
    LASTING,
    NAMES,
    POPULATION,
    WINDOW,
    assert_calibrated,
    happening,
    left,
    whole,
)

HERE = Paths.here()
START = 3
few = settings(max_examples=4, deadline=None, derandomize=True)
seeds = st.integers(0, 2**63 - 1)
strengths = st.floats(0.05, 1)
every = pytest.mark.parametrize("name", NAMES)


def same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(one, other, check_exact=True)


def published(chunk) -> pd.DataFrame:
    return chunk.customers.drop(columns="Churn")


# --- when nothing happens ----------------------------------------------------------------------


@every
@pytest.mark.parametrize("month", [0, START, START + WINDOW])
def test_strength_0_is_none_to_the_byte(name, month):
    quiet, without = whole(month=month, scenario=happening(name, strength=0)), whole(month=month)
    same(quiet.customers, without.customers)
    same(quiet.oracle, without.oracle)


def test_none_is_quiet_whatever_its_strength():
    assert happening("none") is QUIET


@every
@given(seed=seeds, strength=strengths, start=st.integers(1, 9))
@few
def test_what_is_known_before_the_start_stays_the_same_to_the_byte(name, seed, strength, start):
    """Columns of the months before; labels and probabilities whose window has closed by then."""
    scenario = happening(name, strength=strength, start=start)
    for month in {0, start // 2, start - 1}:
        arguments = {"month": month, "rows": 300, "seed": seed}
        with_it, without = whole(**arguments, scenario=scenario), whole(**arguments)
        same(published(with_it), published(without))
        if month + WINDOW <= start:
            same(with_it.customers, without.customers)
            same(with_it.oracle, without.oracle)


@every
def test_something_happens_once_it_has_begun(name):
    month = START + 1
    with_it, without = whole(month=month, scenario=happening(name)), whole(month=month)
    assert not with_it.customers.equals(without.customers)


@every
def test_chunks_change_nothing_under_a_scenario(name):
    arguments = {"month": START + 2, "seed": 4, "scenario": happening(name)}
    same(whole(rows=50, **arguments).customers, whole(rows=9000, **arguments).customers[:50])


# --- the world goes on -------------------------------------------------------------------------


@every
@given(seed=seeds, strength=strengths)
@few
def test_months_follow_each_other(name, seed, strength):
    scenario = happening(name, strength=strength, start=2)
    history = [whole(month=m, rows=800, seed=seed, scenario=scenario) for m in range(WINDOW + 3)]
    ids = [chunk.customers["customerID"] for chunk in history]
    seen: set[str] = set()
    for (before, after), (old, new) in zip(
        itertools.pairwise(history), itertools.pairwise(ids), strict=True
    ):
        stays = (old == new).to_numpy()
        assert 0 < stays.mean() < 1
        # newcomers were never there, so whoever left does not come back
        seen |= set(old)
        assert not seen & set(new[~stays])
        agrees_for_survivors(before.customers[stays], after.customers[stays], name)
    # labels say who is gone when the window has passed
    for chunk, now, later in zip(history, ids, ids[WINDOW:], strict=False):
        assert (~now.isin(set(later)) == left(chunk.customers)).all()


def agrees_for_survivors(old: pd.DataFrame, new: pd.DataFrame, name: str) -> None:
    """Same identity and traits; tenure grows by one, totals grow (where they arrive unbroken)."""
    aside = {"tenure", "TotalCharges", "Churn", "MonthlyCharges", "Contract", "PaymentMethod"}
    lasting = [column for column in COLUMNS if column not in aside]
    same(old[lasting], new[lasting])
    assert (new["tenure"] == old["tenure"] + 1).all()
    assert (new["TotalCharges"] > old["TotalCharges"].fillna(0)).all()
    if name != "unit_change":
        assert (new["MonthlyCharges"] >= old["MonthlyCharges"]).all()
    if name not in ("unit_change", "price_rise"):
        same(old[["MonthlyCharges"]], new[["MonthlyCharges"]])
    if name not in BROKEN:
        same(old[["Contract", "PaymentMethod"]], new[["Contract", "PaymentMethod"]])


# --- the oracle --------------------------------------------------------------------------------


@every
@pytest.mark.parametrize("month", [0, START, START + WINDOW])
def test_oracle_is_calibrated_in_every_month(name, month):
    chunk = whole(month=month, rows=40_000, seed=21, scenario=happening(name))
    assert_calibrated(chunk.oracle["churn_probability"], left(chunk.customers))


@pytest.mark.parametrize("name", ["price_rise", "competitor_offer", "seasonal_wave"])
@given(seed=seeds, strength=strengths, start=st.integers(0, 8), month=st.integers(0, 14))
@settings(max_examples=4, deadline=None, derandomize=True)
def test_oracle_is_calibrated_whenever_and_however_strongly_it_happens(
    name, seed, strength, start, month
):
    scenario = happening(name, strength=strength, start=start)
    chunk = whole(month=month, rows=16_000, seed=seed, scenario=scenario)
    assert_calibrated(chunk.oracle["churn_probability"], left(chunk.customers))


@pytest.mark.parametrize("name", ["price_rise", "competitor_offer", "seasonal_wave"])
def test_oracle_of_the_quiet_world_would_be_wrong(name):
    """The check above can fail: the scenarios are strong enough to be noticed."""
    arguments = {"month": 0, "rows": 40_000, "seed": 21}
    chunk = whole(**arguments, scenario=happening(name, start=0))
    with pytest.raises(AssertionError):
        assert_calibrated(whole(**arguments).oracle["churn_probability"], left(chunk.customers))


@pytest.mark.parametrize("name", BROKEN)
def test_truth_is_that_of_the_column_before_it_broke(name):
    broken, without = whole(month=9, scenario=happening(name)), whole(month=9)
    same(broken.oracle, without.oracle)
    same(broken.customers[["customerID", "Churn"]], without.customers[["customerID", "Churn"]])


# --- what each one does ------------------------------------------------------------------------


def pair(name: str, *, month: int = START, **fields):
    """The customers of a month without and with a scenario that has begun."""
    scenario = happening(name, start=START, **fields)
    return whole(month=month).customers, whole(month=month, scenario=scenario).customers


def test_price_rise_raises_charges_and_hazard_of_the_affected_and_of_nobody_else():
    numbers = POPULATION.scenarios.price_rise
    before, after = whole(month=START), whole(month=START, scenario=happening("price_rise"))
    affected = before.customers["Contract"] == "Month-to-month"
    assert 0.3 < affected.mean() < 0.8
    charges = after.customers["MonthlyCharges"] / before.customers["MonthlyCharges"]
    assert np.allclose(charges[affected], 1 + numbers.rise, atol=0.002)
    assert (charges[~affected] == 1).all()
    more = after.oracle["churn_probability"] > before.oracle["churn_probability"]
    assert (more == affected).all()


def test_totals_take_in_the_higher_bills_from_the_first_one_on():
    for months in range(3):
        before, after = pair("price_rise", month=START + months)
        # who joined after the start is somebody else in the other world
        known = (before["customerID"] == after["customerID"]) & (before["tenure"] > months)
        dearer = (after["MonthlyCharges"] - before["MonthlyCharges"])[known]
        bills = np.minimum(before["tenure"], months + 1)[known]
        more = (after["TotalCharges"] - before["TotalCharges"])[known]
        assert np.allclose(more, dearer * bills, atol=0.051)  # of which half a step is rounded
        first = after["tenure"] == 1
        assert (after.loc[first, "TotalCharges"] == after.loc[first, "MonthlyCharges"]).all()


def test_competitors_offer_lures_one_segment_alone():
    before = whole(month=START)
    after = whole(month=START, scenario=happening("competitor_offer"))
    table = before.customers
    lured = (table["InternetService"] == "Fiber optic") & (table["Contract"] == "Month-to-month")
    more = after.oracle["churn_probability"] > before.oracle["churn_probability"]
    assert 0.1 < lured.mean() < 0.6
    assert (more == lured).all()
    same(published(before), published(after))


def test_other_newcomers_join_and_who_was_there_stays():
    months = 6
    before, after = pair("new_customer_mix", month=START + months)
    old = before["tenure"] > months + 1
    assert before.loc[old, "customerID"].isin(set(after["customerID"])).all()
    new = [table[table["tenure"] <= months] for table in (before, after)]
    shifts = {("SeniorCitizen", "1"): 1, ("Partner", "Yes"): -1, ("PaperlessBilling", "Yes"): 1}
    for (column, value), sign in shifts.items():
        share, share_now = ((table[column] == value).mean() for table in new)
        assert sign * (share_now - share) > 0.05, column
    assert (before["InternetService"] == after["InternetService"]).all()


def test_the_season_rises_first_and_falls_half_a_period_later():
    period = POPULATION.scenarios.seasonal_wave.period
    scenario = happening("seasonal_wave", start=0)
    high, usual = whole(month=0, scenario=scenario), whole(month=0)
    assert (high.oracle["churn_probability"] > usual.oracle["churn_probability"]).all()
    ratios = [scenario.hazard_ratio({}, month=month) for month in range(2 * period)]
    assert np.allclose(ratios[:period], ratios[period:])
    assert np.argmax(ratios) == period // 4
    assert np.prod(ratios) == pytest.approx(1)


@given(one=strengths, other=strengths)
@few
def test_the_same_records_break_first(one, other):
    weak, strong = sorted([one, other])
    tables = [whole(month=4, scenario=happening("all_null", strength=s)) for s in (weak, strong)]
    broken = [table.customers["Contract"].isna() for table in tables]
    assert (broken[1] | ~broken[0]).all()
    for share, strength in zip(broken, (weak, strong), strict=True):
        assert abs(share.mean() - strength) < 4 * np.sqrt(strength * (1 - strength) / 4000) + 1e-9


@pytest.mark.parametrize("name", BROKEN)
def test_a_record_that_breaks_stays_broken_and_nothing_else_changes(name):
    column = getattr(POPULATION.scenarios, name).column
    broken = []
    for month in (START, START + 1):
        before, after = pair(name, month=month, strength=0.4)
        same(before.drop(columns=column), after.drop(columns=column))
        # a value that keeps its name is none that broke
        hit = before[column].ne(after[column]) & ~(before[column].isna() & after[column].isna())
        broken.append(set(before.loc[hit, "customerID"]))
        there = set(before["customerID"])
    both = there & set(whole(month=START).customers["customerID"])
    assert broken[0] & both == broken[1] & both
    assert 0.3 < len(broken[0]) / 4000 < 0.5


def test_at_full_strength_every_record_is_broken():
    before, after = pair("unit_change")
    assert np.allclose(after["MonthlyCharges"], before["MonthlyCharges"] * 100)
    assert pair("all_null")[1]["Contract"].isna().all()
    before, after = pair("shifted_categories")
    names = POPULATION.scenarios.shifted_categories.values
    assert after["PaymentMethod"].equals(before["PaymentMethod"].map(names))


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_column_is_none_that_the_schema_allows(name):
    column = load_schema(HERE.schema)[getattr(POPULATION.scenarios, name).column]
    values = pair(name)[1][column.name]
    if column.is_numeric:
        assert not values.between(column.minimum, column.maximum).all()
    else:
        assert not values.isin(column.labels).all()


@pytest.mark.parametrize("column", ["tenure", "TotalCharges", "gender"])
def test_any_column_can_go_missing(column):
    population = changed("all_null", column=column)
    scenario = happening("all_null").__class__(population.scenarios.all_null, 0.5, 0)
    values = whole(month=1, scenario=scenario, population=population).customers[column]
    assert values.isna().mean() == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("name", LASTING)
@pytest.mark.parametrize("month", [START, START + 4])
def test_the_rules_of_the_table_hold(name, month):
    schema = load_schema(HERE.schema)
    table = whole(month=month, scenario=happening(name)).customers
    assert list(table.columns) == schema.names
    for column in schema.columns:
        values = table[column.name]
        if column.is_numeric:
            assert values.dropna().between(column.minimum, column.maximum).all(), column.name
        elif column.values:
            assert set(values) <= set(column.labels), column.name
    assert (table["TotalCharges"].isna() == (table["tenure"] == 0)).all()


# --- what is refused ---------------------------------------------------------------------------


def changed(name: str, **entries) -> Population:
    """The population with entries of one scenario replaced."""
    content = read_yaml(HERE.population)
    content["scenarios"][name] |= entries
    return Population.model_validate(content)


@pytest.mark.parametrize(
    ("name", "entries", "expected"),
    [
        ("price_rise", {"affected": "golfer"}, "affected: 'golfer' is not known here"),
        ("price_rise", {"affected": ""}, "affected"),
        ("price_rise", {"rise": -0.1}, "greater than or equal to 0"),
        ("competitor_offer", {"segment": "awaiting"}, "segment: 'awaiting' is not known here"),
        ("competitor_offer", {"hazard": float("inf")}, "finite"),
        ("new_customer_mix", {"log_odds": {"golfer": 1}}, "'golfer' is not known here"),
        ("new_customer_mix", {"log_odds": {"fiber": 1}}, "'fiber' stays with the place"),
        ("seasonal_wave", {"period": 1}, "greater than or equal to 2"),
        ("unit_change", {"column": "Contract"}, "'Contract' is no number; expected one of tenure"),
        ("unit_change", {"factor": 0}, "greater than 0"),
        ("all_null", {"column": "Churn"}, "'Churn' is unknown; expected one of gender"),
        ("all_null", {"column": "customerID"}, "'customerID' is unknown"),
        ("shifted_categories", {"column": "tenure"}, "'tenure' is a number; expected a category"),
        ("shifted_categories", {"values": {}}, "at least 1 item"),
        ("all_null", {"surprise": 1}, "Extra inputs are not permitted"),
    ],
)
def test_wrong_numbers_of_a_scenario_are_named(name, entries, expected):
    with pytest.raises(ValueError, match=name) as caught:
        changed(name, **entries)
    assert expected in str(caught.value)


def test_population_without_scenarios_is_refused(tmp_path):
    from stages.simulator.population import load_population

    text = HERE.population.read_text(encoding="utf-8")
    path = tmp_path / "population.yaml"
    path.write_text(text[: text.index("scenarios:")])
    with pytest.raises(UserError, match=r"population\.yaml: scenarios: Field required"):
        load_population(path)
