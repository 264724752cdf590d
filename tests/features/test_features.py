"""The split by hash, and a feature table that holds neither target nor truth."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from scoring.derive import category_names, derive, numeric_names
from stages.core.files import read_table, write_json, write_table
from stages.core.paths import Paths
from stages.features import split as features
from stages.features.features_params import Features
from stages.features.split import (
    Balance,
    balance_figures,
    balance_warnings,
    hash_places,
    row_keys,
    split_and_derive,
)
from stages.features.table import ID, LABEL, feature_table, model_inputs, monthly_value
from tests import builders
from tests.builders import FEE, LEFT, NUMBER, REMARK, SINCE

FEATURES = {"test_share": 0.3, "seed": 4, "max_customers": 1000, "max_cells": 100_000}
few = settings(max_examples=15, deadline=None, derandomize=True)
keys = st.lists(st.text(max_size=12), max_size=30)
shares = st.floats(0.05, 0.5)
seeds = st.integers(0, 2**32)


def assign_test(keys: list[str], *, share: float, seed: int) -> np.ndarray:
    """Which customers the hash sends to the test."""
    return hash_places(keys, seed=seed) < share


# --- the assignment ----------------------------------------------------------------------------


@few
@given(known=keys, new=keys, share=shares, seed=seeds)
def test_adding_customers_moves_nobody(known, new, share, seed):
    before = assign_test(known, share=share, seed=seed)
    after = assign_test(known + new, share=share, seed=seed)
    np.testing.assert_array_equal(after[: len(known)], before)


@few
@given(keys=keys, share=shares, seed=seeds, rng=st.randoms())
def test_order_of_the_customers_is_irrelevant(keys, share, seed, rng):
    order = list(range(len(keys)))
    rng.shuffle(order)
    moved = assign_test([keys[i] for i in order], share=share, seed=seed)
    np.testing.assert_array_equal(moved, assign_test(keys, share=share, seed=seed)[order])


@few
@given(share=shares, larger=shares, seed=seeds)
def test_a_larger_test_share_only_adds_to_the_test(share, larger, seed):
    assume(larger >= share)
    keys = [f"K{i}" for i in range(200)]
    inside = assign_test(keys, share=share, seed=seed)
    assert assign_test(keys, share=larger, seed=seed)[inside].all()


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5])
@pytest.mark.parametrize("seed", [0, 20])
def test_share_is_about_right(share, seed):
    rows = 20_000
    taken = assign_test([f"K{i}" for i in range(rows)], share=share, seed=seed).mean()
    assert abs(taken - share) < 5 * np.sqrt(share * (1 - share) / rows)


def test_another_seed_is_another_split_and_independent_of_the_first():
    keys = [f"K{i}" for i in range(5000)]
    one, other = (assign_test(keys, share=0.5, seed=seed) for seed in (1, 2))
    assert abs((one == other).mean() - 0.5) < 5 * 0.5 / np.sqrt(len(keys))


def test_equal_keys_are_on_the_same_side():
    sides = assign_test(["a", "b"] * 50, share=0.5, seed=3)
    assert set(sides[::2]) == {sides[0]}
    assert set(sides[1::2]) == {sides[1]}


# --- what a customer is recognised by ----------------------------------------------------------


def test_key_is_the_id_where_there_is_one():
    customers = builders.customers(rows=10)
    assert row_keys(customers, NUMBER) == list(customers[NUMBER])


def test_without_an_id_no_input_decides_the_side():
    # given a few combinations that many rows share
    schema, customers = builders.schema("no_id"), builders.customers("no_id", 400)
    alike = customers.assign(
        **{name: customers[name].iloc[0] for name in customers if name != LEFT}
    )
    # when they are split
    is_test = features.split(alike, schema, Features.of(FEATURES))
    # then some rows of the one combination are on either side, as many as were asked for
    assert 0.2 < is_test.mean() < 0.4
    # and whatever else the rows had, they would be split in the same way
    np.testing.assert_array_equal(is_test, features.split(customers, schema, Features.of(FEATURES)))


def test_without_an_id_leavers_who_are_all_alike_are_on_both_sides():
    schema, customers = builders.schema("no_id"), builders.customers("no_id", 200)
    left = builders.left(customers)
    for name in set(customers) - {LEFT}:
        customers.loc[left, name] = customers.loc[0, name]
    is_test = features.split(customers, schema, Features.of(FEATURES))
    assert 0 < left[is_test].sum() < left.sum()


def test_all_rows_of_a_customer_are_on_one_side():
    club = builders.schema(**{NUMBER: {"repeated": True}})
    customers = pd.concat([builders.customers(rows=80)] * 6, ignore_index=True)
    is_test = features.split(customers, club, Features.of(FEATURES))
    sides = pd.Series(is_test).groupby(customers[NUMBER]).nunique()
    assert (sides == 1).all()
    assert 0 < is_test.sum() < len(is_test)


# --- the table ---------------------------------------------------------------------------------


@pytest.mark.parametrize("variant", builders.VARIANTS)
def test_feature_table_holds_id_label_and_model_inputs_only(variant):
    schema, table = builders.schema(variant), builders.features(variant, 50)
    assert list(table.columns) == [ID, LABEL, *numeric_names(schema), *category_names(schema)]
    assert not {LEFT, NUMBER, REMARK, SINCE} & set(table.columns)


def test_label_is_in_its_own_column_only():
    customers, schema = builders.customers(rows=50), builders.schema()
    flipped = customers.assign(**{LEFT: customers[LEFT].map({"ja": "nein", "nein": "ja"})})
    one, other = feature_table(customers, schema), feature_table(flipped, schema)
    np.testing.assert_array_equal(one[LABEL] + other[LABEL], 1)
    pd.testing.assert_frame_equal(one.drop(columns=LABEL), other.drop(columns=LABEL))


def test_ids_keep_their_own_rows():
    customers = builders.shuffled(builders.customers(rows=50))
    table = feature_table(customers, builders.schema())
    assert list(table[ID]) == list(customers[NUMBER])
    np.testing.assert_array_equal(table[FEE], customers[FEE].astype(np.float32))


def test_index_of_the_customers_does_not_matter():
    customers = builders.customers(rows=50)
    odd = customers.set_axis(range(1000, 1050), axis=0)
    pd.testing.assert_frame_equal(
        feature_table(odd, builders.schema()), feature_table(customers, builders.schema())
    )


@pytest.mark.parametrize("variant", builders.VARIANTS)
def test_model_inputs_are_what_derive_gave(variant):
    schema, customers = builders.schema(variant), builders.customers(variant, 50)
    inputs = model_inputs(feature_table(customers, schema), schema)
    raw = derive({c.name: customers[c.name].to_numpy() for c in schema.inputs}, schema)
    np.testing.assert_array_equal(inputs.numeric, raw.numeric)
    np.testing.assert_array_equal(inputs.category, raw.category)
    assert inputs.numeric.dtype == np.float32


def test_monthly_value_is_found_by_role():
    table = builders.features(rows=50)
    np.testing.assert_allclose(monthly_value(table, builders.schema()), table[FEE])
    assert monthly_value(table, builders.schema("no_value")) is None


# --- the stage ---------------------------------------------------------------------------------


@pytest.fixture
def paths(tmp_path) -> Paths:
    return Paths(tmp_path)


def run(paths: Paths, customers: pd.DataFrame, variant: str = "full", **changes) -> Balance:
    content = builders.schema(variant).model_dump(mode="json", exclude_defaults=True)
    write_json(paths.customers_schema, content)
    write_table(paths.customers, customers)
    return split_and_derive(Features.of(FEATURES | changes), paths)


@pytest.mark.parametrize("variant", builders.VARIANTS)
def test_every_customer_is_on_exactly_one_side(paths, variant):
    customers = builders.customers(variant, 200)
    run(paths, customers, variant)
    both = pd.concat([read_table(paths.train), read_table(paths.test)])
    whole = feature_table(customers, builders.schema(variant))
    pd.testing.assert_frame_equal(
        both.sort_values(ID).reset_index(drop=True), whole.sort_values(ID).reset_index(drop=True)
    )


def test_row_order_of_the_file_does_not_change_the_sides(paths):
    customers = builders.customers(rows=200)
    run(paths, customers)
    before = set(read_table(paths.test)[ID])
    run(paths, builders.shuffled(customers))
    assert set(read_table(paths.test)[ID]) == before


def test_balance_counts_what_was_written(paths):
    balance = run(paths, builders.customers(rows=200))
    for path, rows, rate in (
        (paths.train, balance.train_rows, balance.train_rate),
        (paths.test, balance.test_rows, balance.test_rate),
    ):
        table = read_table(path)
        assert len(table) == rows
        assert table[LABEL].mean() == rate


# --- the balance -------------------------------------------------------------------------------


def test_split_by_chance_is_rarely_suspicious():
    label = builders.features(rows=2000)[LABEL].to_numpy()
    suspicious = 0
    for seed in range(40):
        is_test = assign_test([f"K{i}" for i in range(2000)], share=0.2, seed=seed)
        sides = label[~is_test], label[is_test]
        balance = Balance(*map(len, sides), *(float(side.mean()) for side in sides))
        suspicious += balance.is_suspicious
    assert suspicious <= 2


@pytest.mark.parametrize("rates", [(0.2, 0.4), (0.4, 0.2)])
def test_split_tied_to_churn_is_suspicious_and_warned_of(rates):
    balance = Balance(800, 200, *rates)
    assert balance.is_suspicious
    (warning,) = balance_warnings(balance)
    assert f"{balance.difference:+.2%}" in warning


def test_difference_within_three_standard_errors_is_not_suspicious():
    balance = Balance(800, 200, 0.3, 0.3)
    for sign in (-1, 1):
        inside = Balance(800, 200, 0.3, 0.3 + sign * 2.9 * balance.standard_error)
        outside = Balance(800, 200, 0.3, 0.3 + sign * 3.2 * balance.standard_error)
        assert not inside.is_suspicious
        assert outside.is_suspicious
    assert balance_warnings(balance) == []


def test_standard_error_is_that_of_two_shares_by_chance():
    rng, rate, n, m = np.random.default_rng(0), 0.3, 400, 100
    differences = rng.binomial(m, rate, 20_000) / m - rng.binomial(n, rate, 20_000) / n
    assert Balance(n, m, rate, rate).standard_error == pytest.approx(differences.std(), rel=0.03)


def test_customers_who_are_twice_in_a_file_without_an_id_are_warned_of(paths):
    once = builders.customers("no_id", 200)
    assert balance_warnings(run(paths, once, "no_id")) == []
    # when every row is there twice
    twice = pd.concat([once, once], ignore_index=True)
    balance = run(paths, twice, "no_id")
    assert 0.5 < balance.repeated / balance.test_rows < 0.95  # with a test share of 0.3: 0.7
    (warning,) = balance_warnings(balance)
    assert f"{balance.repeated:,} of {balance.test_rows:,} test rows" in warning


def test_an_id_tells_a_twin_from_a_copy(paths):
    once = builders.customers(rows=200)
    twins = pd.concat([once, once.assign(**{NUMBER: "N" + once[NUMBER]})], ignore_index=True)
    assert run(paths, twins).repeated == 0


def test_figures_show_both_sides():
    figures = balance_figures(Balance(800, 200, 0.25, 0.5))
    assert list(figures.loc["train"]) == [800, 0.25]
    assert list(figures.loc["test"]) == [200, 0.5]


# --- few churners, private numbers --------------------------------------------------------------


@pytest.mark.parametrize("seed", range(8))
def test_both_classes_are_on_the_test_side_however_few_there_are(seed):
    customers, schema = builders.customers(rows=12), builders.schema()
    customers[LEFT] = ["ja"] * 2 + ["nein"] * 10
    params = Features.of(FEATURES | {"test_share": 0.05, "seed": seed})
    is_test = features.split(customers, schema, params)
    assert sorted(customers[LEFT][is_test].unique()) == ["ja", "nein"]
    # nobody else is moved
    before = assign_test(list(customers[NUMBER]), share=0.05, seed=seed)
    assert is_test[before].all()
    assert (is_test & ~before).sum() <= 2


def test_the_ends_of_a_sensitive_number_are_not_shown():
    private = builders.schema(**{FEE: {"roles": ["sensitive"]}})
    shown = features.number_figures(feature_table(builders.customers(), private), private)
    assert shown.loc[FEE, ["min", "max"]].isna().all()
    assert shown.drop(index=FEE).notna().all(axis=None)
