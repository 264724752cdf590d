"""Measures of association and rates by group: bounds, symmetry, and agreement with scipy."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.schema import parse_schema
from stages.core.association import (
    associations,
    correlation_ratio,
    cramers_v,
    direction,
    rate_table,
)
from stages.core.measures import wilson
from tests import builders
from tests.builders import BRANCH, DAYS, FEE, LEFT, MONTHS, PAID, PAYS, SIZE, left

few = settings(max_examples=15, deadline=None, derandomize=True)
letters = st.lists(st.sampled_from("abc"), min_size=5, max_size=60)


@pytest.fixture(scope="module")
def customers():
    return builders.customers(rows=1000)


def test_rates_count_every_customer_with_wilsons_interval(customers):
    table = rate_table(customers[SIZE], left(customers))
    assert table["customers"].sum() == len(customers)
    for value, row in table.iterrows():
        churn = left(customers)[customers[SIZE] == value]
        assert (row["customers"], row["rate"]) == (len(churn), churn.mean())
        assert (row["low"], row["high"]) == wilson(churn.sum(), len(churn))


# --- association -------------------------------------------------------------------------------


@few
@given(first=letters, rng=st.randoms())
def test_cramers_v_lies_between_0_and_1_and_does_not_care_who_is_first(first, rng):
    second = [rng.choice("xyz") for _ in first]
    one = cramers_v(pd.Series(first), pd.Series(second))
    other = cramers_v(pd.Series(second), pd.Series(first))
    assert 0 <= one <= 1 + 1e-12
    assert one == pytest.approx(other)


@few
@given(groups=letters, rng=st.randoms())
def test_correlation_ratio_lies_between_0_and_1(groups, rng):
    values = pd.Series([rng.uniform(0, 1) for _ in groups])
    assert 0 <= correlation_ratio(pd.Series(groups), values) <= 1 + 1e-12


def test_identical_columns_are_fully_associated(customers):
    renamed = customers[SIZE].map({"klein": "a", "mittel": "b", "groß": "c"})
    assert cramers_v(customers[SIZE], renamed) == pytest.approx(1)
    numbers = customers[SIZE].map({"klein": 1.0, "mittel": 5.0, "groß": 2.0})
    assert correlation_ratio(customers[SIZE], numbers) == pytest.approx(1)


def test_independent_columns_are_hardly_associated():
    rng = np.random.default_rng(0)
    one, other = (pd.Series(rng.choice(list("abc"), 5000)) for _ in range(2))
    assert cramers_v(one, other) < 0.05
    assert correlation_ratio(one, pd.Series(rng.normal(size=5000))) < 0.05


def test_constant_column_is_associated_with_nothing(customers):
    constant = pd.Series(["a"] * len(customers))
    assert cramers_v(constant, customers[SIZE]) == 0
    assert correlation_ratio(customers[SIZE], pd.Series(np.ones(len(customers)))) == 0
    assert correlation_ratio(constant, customers[FEE]) == pytest.approx(0)


def test_cramers_v_agrees_with_scipy(customers):
    from scipy.stats.contingency import association

    counts = pd.crosstab(customers[SIZE], customers[PAYS]).to_numpy()
    expected = association(counts, method="cramer")
    assert cramers_v(customers[SIZE], customers[PAYS]) == pytest.approx(expected)


@pytest.mark.parametrize("variant", builders.VARIANTS)
def test_association_matrix_is_symmetric_from_0_to_1_and_1_on_the_diagonal(variant):
    schema = builders.schema(variant)
    matrix = associations(builders.customers(variant), schema)
    assert list(matrix.index) == list(matrix.columns)
    assert list(matrix.index) == [c.name for c in schema.inputs] + [LEFT]
    np.testing.assert_array_equal(matrix, matrix.T)
    np.testing.assert_array_equal(np.diag(matrix), 1)
    assert matrix.to_numpy().min() >= 0
    assert matrix.to_numpy().max() <= 1 + 1e-12


def test_matrix_uses_the_measure_that_fits_the_kinds(customers):
    matrix = associations(customers, builders.schema())
    assert matrix.loc[SIZE, BRANCH] == pytest.approx(cramers_v(customers[SIZE], customers[BRANCH]))
    assert matrix.loc[FEE, SIZE] == pytest.approx(
        correlation_ratio(customers[SIZE], customers[FEE])
    )
    correlation = abs(customers[MONTHS].corr(customers[PAID]))
    assert matrix.loc[MONTHS, PAID] == pytest.approx(correlation)


@pytest.mark.parametrize(
    "change",
    [{FEE: 9.0}, {DAYS: np.nan}, {BRANCH: "1"}, {PAYS: None}],
    ids=["constant number", "absent number", "constant category", "absent category"],
)
def test_columns_without_variation_do_not_spoil_the_matrix(customers, change):
    matrix = associations(customers.assign(**change), builders.schema())
    assert np.isfinite(matrix.to_numpy()).all()


def test_columns_never_known_together_are_not_associated(customers):
    even = np.arange(len(customers)) % 2 == 0
    content = builders.content(**{SIZE: {"missing": True}})
    apart = customers.assign(
        **{PAYS: customers[PAYS].where(even, None), SIZE: customers[SIZE].where(~even, None)}
    )
    matrix = associations(apart, parse_schema(content, origin="club.yaml"))
    assert matrix.loc[PAYS, SIZE] == 0


# --- direction ---------------------------------------------------------------------------------


def test_direction_of_numbers_is_the_sign_of_their_correlation(customers):
    schema = builders.schema()
    falling = customers.assign(**{PAID: -customers[PAID]})
    assert direction(customers, schema[MONTHS], schema[PAID]) == 1
    assert direction(falling, schema[MONTHS], schema[PAID]) == -1


def test_direction_does_not_care_who_is_first(customers):
    schema = builders.schema()
    columns = [*schema.inputs, schema.target]
    for one, other in itertools.combinations(columns, 2):
        assert direction(customers, one, other) == direction(customers, other, one)


def test_categories_rise_in_the_schemas_order_and_only_if_they_have_one(customers):
    schema = builders.schema()
    # small packages leave: churn (nein, ja) falls as the size (klein, mittel, groß) rises
    assert direction(customers, schema[SIZE], schema[LEFT]) == -1
    # a branch has no order, whatever its number
    sorted_out = customers.sort_values(BRANCH)
    fees = sorted_out.assign(**{FEE: np.linspace(60, 10, len(customers))})
    assert direction(fees, schema[BRANCH], schema[FEE]) == 1


def test_absent_values_have_no_say_in_the_direction(customers):
    schema = builders.schema()
    assert direction(customers.assign(**{DAYS: np.nan}), schema[DAYS], schema[LEFT]) == 1
