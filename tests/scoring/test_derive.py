"""The one derivation: by role, row by row, the same for one customer and for many."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scoring.derive import (
    AVERAGE,
    CHANGE,
    EXACT,
    MISSING,
    category_names,
    derive,
    derived_names,
    numeric_names,
)
from scoring.errors import UserError
from scoring.schema import Schema, parse_schema
from tests import builders
from tests.builders import DAYS, FEE, MONTHS, PAID, PAYS, SIZE

few = settings(max_examples=15, deadline=None, derandomize=True)
SCHEMA = builders.schema()


def columns(variant: str = "full", rows: int = 40, *, seed: int = 0) -> dict:
    """Raw input columns of the members."""
    table = builders.customers(variant, rows, seed=seed)
    return {c.name: table[c.name].to_numpy() for c in builders.schema(variant).inputs}


def one_member(**changes) -> dict:
    """A member's columns, each of length 1, with values replaced by role name."""
    named = {"months": MONTHS, "fee": FEE, "paid": PAID, "days": DAYS, "pays": PAYS}
    row = {name: values[:1].copy() for name, values in columns(rows=1).items()}
    return row | {named[key]: np.array([value]) for key, value in changes.items()}


def number(inputs, name: str) -> np.ndarray:
    return inputs.numeric[:, numeric_names(SCHEMA).index(name)]


def rows_of(raw: dict, rows) -> dict:
    return {name: values[rows] for name, values in raw.items()}


def same(one, other) -> None:
    np.testing.assert_array_equal(one.numeric, other.numeric)
    np.testing.assert_array_equal(one.category, other.category)


# --- shape and type ----------------------------------------------------------------------------


@pytest.mark.parametrize("variant", builders.VARIANTS)
def test_names_match_the_arrays(variant):
    schema, raw = builders.schema(variant), columns(variant)
    inputs = derive(raw, schema)
    assert inputs.numeric.shape == (40, len(numeric_names(schema)))
    assert inputs.category.shape == (40, len(category_names(schema)))
    assert inputs.numeric.dtype == np.float32
    assert inputs.category.dtype == object
    assert all(type(value) is str for value in inputs.category.ravel())


def test_numbers_arrive_rounded_to_single_precision_and_labels_as_they_are():
    raw = columns()
    inputs = derive(raw, SCHEMA)
    np.testing.assert_array_equal(number(inputs, FEE), raw[FEE].astype(np.float32))
    sizes = inputs.category[:, category_names(SCHEMA).index(SIZE)]
    np.testing.assert_array_equal(sizes, raw[SIZE])


def test_what_was_given_is_left_alone():
    raw = columns()
    before = {name: values.copy() for name, values in raw.items()}
    derive(raw, SCHEMA)
    for name, values in raw.items():
        np.testing.assert_array_equal(values, before[name])


def test_missing_column_is_a_key_error():
    raw = columns()
    del raw[DAYS]
    with pytest.raises(KeyError, match="letztem"):
        derive(raw, SCHEMA)


def test_lists_and_none_serve_as_well_as_arrays():
    raw = columns()
    lists = {name: [None if v != v else v for v in values] for name, values in raw.items()}
    same(derive(lists, SCHEMA), derive(raw, SCHEMA))


def test_numeric_categories_may_come_as_numbers():
    raw = columns()
    as_numbers = raw | {builders.BRANCH: raw[builders.BRANCH].astype(int)}
    same(derive(as_numbers, SCHEMA), derive(raw, SCHEMA))


@pytest.mark.parametrize("absent", [None, float("nan")])
def test_absent_label_has_a_name_of_its_own(absent):
    inputs = derive(one_member() | {PAYS: np.array([absent], dtype=object)}, SCHEMA)
    assert inputs.category[0, category_names(SCHEMA).index(PAYS)] == MISSING


# --- row by row --------------------------------------------------------------------------------


@pytest.mark.parametrize("variant", builders.VARIANTS)
@few
@given(seed=st.integers(0, 1000))
def test_one_by_one_is_the_same_as_in_bulk(variant, seed):
    schema, raw = builders.schema(variant), columns(variant, rows=12, seed=seed)
    single = [derive(rows_of(raw, [i]), schema) for i in range(12)]
    bulk = derive(raw, schema)
    np.testing.assert_array_equal(bulk.numeric, np.vstack([s.numeric for s in single]))
    np.testing.assert_array_equal(bulk.category, np.vstack([s.category for s in single]))


@few
@given(order=st.permutations(range(12)))
def test_rows_in_another_order_give_the_same_rows_in_that_order(order):
    raw, order = columns(rows=12), np.array(order)
    whole, permuted = derive(raw, SCHEMA), derive(rows_of(raw, order), SCHEMA)
    np.testing.assert_array_equal(permuted.numeric, whole.numeric[order])
    np.testing.assert_array_equal(permuted.category, whole.category[order])


# --- what is derived ---------------------------------------------------------------------------


def test_new_customer_without_a_total_has_paid_nothing():
    assert number(derive(one_member(months=0, paid=np.nan), SCHEMA), PAID)[0] == 0


def test_absent_total_of_an_older_customer_stays_unknown():
    inputs = derive(one_member(months=5, paid=np.nan), SCHEMA)
    assert np.isnan(number(inputs, PAID)[0])
    assert np.isnan(number(inputs, AVERAGE)[0])
    assert np.isnan(number(inputs, CHANGE)[0])


def test_total_of_a_new_customer_that_is_known_is_kept():
    assert number(derive(one_member(months=0, paid=30.0), SCHEMA), PAID)[0] == 30


@few
@example(months=1, fee=10.0, paid=20.0)
@given(months=st.integers(0, 99), fee=st.floats(0, 500), paid=st.floats(0, 50_000))
def test_average_and_change_are_what_their_names_say(months, fee, paid):
    inputs = derive(one_member(months=months, fee=fee, paid=paid), SCHEMA)
    average = paid / months if months else fee
    assert number(inputs, AVERAGE)[0] == np.float32(average)
    change = 0 if np.isclose(average, fee, rtol=EXACT, atol=0) else fee - average
    assert number(inputs, CHANGE)[0] == np.float32(change)


@few
@given(months=st.integers(1, 99), cents=st.integers(1, 50_000))
def test_whoever_has_always_paid_the_same_has_no_change(months, cents):
    # 135.6 / 3 is 45.199999999999996, which a tree would split from 45.2
    fee, paid = cents / 100, round(cents * months / 100, 2)
    for number_type in (np.float64, np.float32):  # amounts of a Parquet file may be of 32 bits
        row = one_member(months=months, fee=number_type(fee), paid=number_type(paid))
        inputs = derive(row, SCHEMA)
        assert number(inputs, CHANGE)[0] == 0
        assert number(inputs, AVERAGE)[0] == np.float32(fee)


def test_what_depends_on_an_absent_tenure_is_absent():
    # an unknown tenure is not a tenure of 0
    schema = builders.schema(**{MONTHS: {"missing": True}})
    inputs = derive(one_member(months=np.nan, paid=100.0), schema)
    assert np.isnan(number(inputs, AVERAGE)[0])
    assert np.isnan(number(inputs, CHANGE)[0])


@pytest.mark.parametrize("variant", ["no_tenure", "no_value", "categories"])
def test_nothing_is_derived_without_the_roles(variant):
    schema = builders.schema(variant)
    assert derived_names(schema) == []
    assert numeric_names(schema) == [column.name for column in schema.numeric_inputs]


def test_role_taken_from_a_column_takes_the_derived_features_with_it():
    assert derived_names(builders.schema(**{PAID: {"roles": []}})) == []
    assert derived_names(SCHEMA) == [AVERAGE, CHANGE]


# --- no column is named in code ----------------------------------------------------------------


def renamed(schema: Schema) -> tuple[Schema, dict[str, str]]:
    names = {column.name: f"spalte {i}" for i, column in enumerate(schema.columns)}
    columns = [c.model_copy(update={"name": names[c.name]}) for c in schema.columns]
    return Schema(columns=tuple(columns)), names


@pytest.mark.parametrize("variant", builders.VARIANTS)
def test_renamed_columns_give_the_same_arrays(variant):
    schema, raw = builders.schema(variant), columns(variant)
    other, names = renamed(schema)
    same(derive({names[name]: v for name, v in raw.items()}, other), derive(raw, schema))


def test_columns_in_another_order_give_the_same_columns_in_that_order():
    backwards = Schema(columns=SCHEMA.columns[::-1])
    whole, turned = derive(columns(), SCHEMA), derive(columns(), backwards)
    order = [numeric_names(SCHEMA).index(name) for name in numeric_names(backwards)]
    np.testing.assert_array_equal(turned.numeric, whole.numeric[:, order])


def test_column_called_like_a_derived_feature_is_refused():
    # two features of one name: the encoder would take both for each of them
    content = builders.content()
    content["columns"].append({"name": AVERAGE, "kind": "number"})
    with pytest.raises(UserError, match=AVERAGE):
        parse_schema(content, origin="club.yaml")
