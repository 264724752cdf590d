"""The generated customers: the rules of the table, what randomness may change, what time does."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from stages.core.paths import Paths
from stages.core.yamlfile import load_schema
from stages.simulator.columns import ADD_ONS, COLUMNS
from stages.simulator.generate import BLOCK, Chunk, simulate
from stages.simulator.population import Population, load_population
from tests.simulations import changed, few, seeds, whole

HERE = Paths.here()
POPULATION = load_population(HERE.population)
WINDOW = POPULATION.hazard.window
months = st.integers(min_value=0, max_value=15)


def same(one: Chunk, other: Chunk) -> None:
    pd.testing.assert_frame_equal(one.customers, other.customers, check_exact=True)
    pd.testing.assert_frame_equal(one.oracle, other.oracle, check_exact=True)


def left(customers: pd.DataFrame) -> pd.Series:
    return customers["Churn"] == "Yes"


@pytest.fixture(scope="module")
def large() -> Chunk:
    return whole(rows=100_000, seed=20)


@pytest.fixture(scope="module")
def history() -> list[Chunk]:
    """The same base at the months from the first to beyond the window."""
    return [whole(rows=5000, seed=8, snapshot_month=m) for m in range(WINDOW + 3)]


# --- the table ---------------------------------------------------------------------------------


def test_columns_and_types_are_those_of_the_schema():
    customers = whole(rows=3000, seed=1).customers
    schema = load_schema(HERE.schema)
    assert list(customers.columns) == COLUMNS == schema.names
    for column in schema.columns:
        values = customers[column.name]
        if column.is_numeric:
            assert values.dropna().between(column.minimum, column.maximum).all(), column.name
            assert column.missing or values.notna().all(), column.name
        else:
            assert values.dtype == object, column.name
            assert values.map(type).eq(str).all(), column.name
            assert not column.values or set(values) == set(column.labels), column.name
    assert customers["tenure"].dtype == np.int64
    assert customers["MonthlyCharges"].dtype == customers["TotalCharges"].dtype == np.float64


@few
@given(seed=seeds, month=months)
def test_services_agree_with_the_lines_they_need(seed, month):
    customers = whole(rows=4000, seed=seed, snapshot_month=month).customers
    offline = customers["InternetService"] == "No"
    silent = customers["PhoneService"] == "No"
    for column in ADD_ONS:
        assert ((customers[column] == "No internet service") == offline).all()
    assert ((customers["MultipleLines"] == "No phone service") == silent).all()
    assert (customers.loc[silent, "InternetService"] == "DSL").all()


@few
@given(seed=seeds, month=months)
def test_bills_agree_with_tenure_and_price_list(seed, month):
    customers = whole(rows=4000, seed=seed, snapshot_month=month).customers
    tenure, monthly, total = (
        customers[name] for name in ("tenure", "MonthlyCharges", "TotalCharges")
    )
    assert tenure.between(0, 72 + month).all()
    assert (total.isna() == (tenure == 0)).all()
    assert (total[tenure == 1] == monthly[tenure == 1]).all()
    later = tenure > 1
    assert (total[later] > monthly[later]).all()
    gap = (total - tenure * monthly)[later] / np.sqrt(tenure * monthly)[later]
    assert abs(gap.mean()) < 0.1
    assert gap.abs().max() < 7 * POPULATION.prices.usage
    for amounts in (monthly, total.dropna()):
        assert np.allclose(amounts * 20, (amounts * 20).round(), atol=1e-6, rtol=0)
    assert (monthly - listed_price(customers)).abs().max() <= 3.5 * 3 * 0.5 + 0.05


def listed_price(customers: pd.DataFrame) -> pd.Series:
    """The price list applied to the published columns."""
    prices = POPULATION.prices.services
    price = prices["phone"] * (customers["PhoneService"] == "Yes")
    price += prices["lines"] * (customers["MultipleLines"] == "Yes")
    price += customers["InternetService"].map(
        {"No": 0, "DSL": prices["dsl"], "Fiber optic": prices["fiber"]}
    )
    for column, service in ADD_ONS.items():
        price += prices[service] * (customers[column] == "Yes")
    return price


def test_a_few_await_their_first_bill(large):
    assert 0 < (large.customers["tenure"] == 0).mean() < 0.01


def test_identities_look_like_the_real_ones_and_are_unique(large, history):
    everybody = large.customers["customerID"]
    assert everybody.str.fullmatch(r"\d{4}-[A-Z]{5}").all()
    assert everybody.is_unique
    assert everybody.str[:4].nunique() > 9900
    for chunk in history:
        assert chunk.customers["customerID"].is_unique


# --- randomness --------------------------------------------------------------------------------


@few
@given(seed=seeds, month=months, rows=st.integers(1, 2 * BLOCK), chunk_rows=st.integers(500, 20000))
def test_chunks_change_nothing(seed, month, rows, chunk_rows):
    arguments = {"rows": rows, "seed": seed, "snapshot_month": month}
    chunks = list(simulate(POPULATION, **arguments, chunk_rows=chunk_rows))
    assert [len(c.customers) for c in chunks[:-1]] == [chunk_rows] * (len(chunks) - 1)
    assert all(len(c.customers) == len(c.oracle) for c in chunks)
    same(whole(**arguments), whole(**arguments, chunk_rows=chunk_rows))


@few
@given(seed=seeds, month=months, rows=st.integers(1, BLOCK + 50), more=st.integers(1, BLOCK))
def test_more_rows_move_nobody(seed, month, rows, more):
    fewer = whole(rows=rows, seed=seed, snapshot_month=month)
    longer = whole(rows=rows + more, seed=seed, snapshot_month=month)
    same(fewer, Chunk(longer.customers.head(rows), longer.oracle.head(rows)))


def test_single_rows_are_rows_of_the_whole():
    arguments = {"rows": 30, "seed": 4}
    same(whole(**arguments), whole(**arguments, chunk_rows=1))


def test_customers_are_drawn_as_they_are_asked_for():
    first = next(simulate(POPULATION, rows=10**8, seed=4, chunk_rows=30))
    same(first, whole(rows=30, seed=4))


def test_another_seed_is_another_base():
    one, other = (whole(rows=1000, seed=seed).customers for seed in (1, 2))
    assert not set(one["customerID"]) & set(other["customerID"])
    assert not one["TotalCharges"].equals(other["TotalCharges"])


# --- time --------------------------------------------------------------------------------------


def test_survivors_stay_the_same_and_their_totals_grow(history):
    for before, after in itertools.pairwise(history):
        stays = (before.customers["customerID"] == after.customers["customerID"]).to_numpy()
        old, new = before.customers[stays], after.customers[stays]
        moving = ["tenure", "TotalCharges", "Churn"]
        pd.testing.assert_frame_equal(old.drop(columns=moving), new.drop(columns=moving))
        assert (new["tenure"] == old["tenure"] + 1).all()
        assert (new["TotalCharges"] > old["TotalCharges"].fillna(0)).all()


def test_who_left_is_gone_and_who_came_is_new(history):
    for before, after in itertools.pairwise(history):
        moved = (before.customers["customerID"] != after.customers["customerID"]).to_numpy()
        assert 0 < moved.mean() < 0.2
        assert (after.customers.loc[moved, "tenure"] <= 1).all()
        assert left(before.customers)[moved].all()
        earlier = set(before.customers["customerID"])
        assert not earlier & set(after.customers.loc[moved, "customerID"])


def test_label_says_who_is_gone_when_the_window_has_passed(history):
    for before, after in zip(history, history[WINDOW:], strict=False):
        gone = ~before.customers["customerID"].isin(after.customers["customerID"])
        assert (gone == left(before.customers)).all()


def test_newcomers_are_billed_once_when_first_seen(history):
    for before, after in itertools.pairwise(history):
        moved = (before.customers["customerID"] != after.customers["customerID"]).to_numpy()
        assert (after.customers.loc[moved, "tenure"] == 1).mean() > 0.9


def test_newcomers_of_each_month_are_other_people(history):
    def newcomers(before: Chunk, after: Chunk) -> list[str]:
        moved = (before.customers["customerID"] != after.customers["customerID"]).to_numpy()
        return after.customers.loc[moved, "gender"].head(300).tolist()

    groups = [newcomers(*pair) for pair in itertools.pairwise(history)]
    for one, other in itertools.combinations(groups, 2):
        agreement = np.mean([a == b for a, b in zip(one, other, strict=True)])
        assert 0.35 < agreement < 0.65  # of two genders, drawn again


def test_traits_that_stay_with_the_place_do(history):
    first, last = history[0].customers, history[-1].customers
    for column in ("InternetService", "PhoneService"):
        assert (first[column] == last[column]).all()


# --- the oracle --------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [2000, 7043, 100_000])
def test_about_a_quarter_leaves(rows):
    share = left(whole(rows=rows, seed=3).customers).mean()
    assert abs(share - 0.265) < 0.005 + 3 * np.sqrt(0.265 * 0.735 / rows)


@pytest.mark.parametrize("month", [0, 1, 12])
def test_oracle_is_calibrated(month):
    chunk = whole(rows=60_000, seed=21, snapshot_month=month)
    table = pd.DataFrame({"p": chunk.oracle["churn_probability"], "y": left(chunk.customers)})
    table["variance"] = table["p"] * (1 - table["p"])
    groups = table.groupby(pd.qcut(table["p"], 10, labels=False))
    error = np.sqrt(groups["variance"].sum()) / groups.size()
    assert ((groups["y"].mean() - groups["p"].mean()).abs() < 4 * error).all()
    assert abs((table["y"] - table["p"]).mean()) < 4 * np.sqrt(table["variance"].sum()) / 60_000


def test_oracle_ranks_as_well_as_real_customers_can_be_ranked(large):
    auc = roc_auc_score(left(large.customers), large.oracle["churn_probability"])
    assert 0.82 < auc < 0.88


def test_oracle_depends_on_published_columns_only(large):
    # Charges follow from the services and would leave no two customers alike.
    aside = {"customerID", "MonthlyCharges", "TotalCharges", "Churn"}
    features = [name for name in COLUMNS if name not in aside]
    table = large.customers[features].assign(p=large.oracle["churn_probability"])
    spread = table.groupby(features)["p"].agg(["min", "max", "size"])
    assert spread["size"].max() > 10
    assert np.allclose(spread["min"], spread["max"], rtol=1e-12, atol=0)


def test_oracle_stays_out_of_the_table(large):
    assert list(large.oracle.columns) == ["customerID", "churn_probability"]
    assert large.oracle["customerID"].equals(large.customers["customerID"])
    assert large.oracle["churn_probability"].between(0, 1, inclusive="neither").all()
    numbers = large.customers.select_dtypes("number").dropna()
    matches = numbers.corrwith(large.oracle["churn_probability"].loc[numbers.index]).abs()
    assert set(large.customers.columns) == set(COLUMNS)
    assert matches.max() < 0.9


@few
@given(seed=seeds, name=st.sampled_from(["fiber", "paperless", "electronic"]))
def test_a_higher_hazard_never_saves_anybody(seed, name):
    terms = dict(POPULATION.hazard.terms)
    riskier = Population.model_validate(changed(hazard__terms={**terms, name: terms[name] + 0.5}))
    low, high = (whole(p, rows=2000, seed=seed) for p in (POPULATION, riskier))
    assert (high.oracle["churn_probability"] >= low.oracle["churn_probability"]).all()
    assert (left(high.customers) | ~left(low.customers)).all()


@pytest.mark.parametrize("months", [1, 12])
def test_a_longer_window_sees_more_leave(months):
    longer = Population.model_validate(changed(hazard__window=WINDOW + months))
    short, long = (whole(p, rows=3000, seed=5) for p in (POPULATION, longer))
    assert (left(long.customers) | ~left(short.customers)).all()
    assert left(long.customers).sum() > left(short.customers).sum()
