"""Customers made of two: true at both ends, and nobody impossible between them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.derive import MISSING, RawInputs, raw_inputs, with_derived
from scoring.mixed import bill, mixed, only, with_value
from tests import builders
from tests.builders import FEE, MONTHS, PAID, SIZE

few = settings(max_examples=25, deadline=None, derandomize=True)
SCHEMA = builders.schema()
INPUTS = [column.name for column in SCHEMA.inputs]


def known(variant: str = "full", *, seed: int = 0) -> RawInputs:
    schema, table = builders.schema(variant), builders.customers(variant, 40, seed=seed)
    return raw_inputs({c.name: table[c.name] for c in schema.inputs}, schema)


def number(who: RawInputs, name: str) -> np.ndarray:
    return who.numbers[:, [c.name for c in SCHEMA.numeric_inputs].index(name)]


def same(one: RawInputs, other: RawInputs) -> None:
    np.testing.assert_array_equal(one.numbers, other.numbers)
    np.testing.assert_array_equal(one.labels, other.labels)


@pytest.mark.parametrize("variant", builders.VARIANTS)
def test_taking_nothing_gives_the_one_and_taking_all_the_other(variant):
    schema = builders.schema(variant)
    one, other = known(variant), known(variant, seed=1)
    none = np.zeros((40, len(schema.inputs)), bool)
    same(mixed(one, other, none, schema), one)
    same(mixed(one, other, ~none, schema), other)


@few
@given(taken=st.lists(st.booleans(), min_size=8, max_size=8))
def test_columns_come_from_the_one_or_the_other_and_the_total_fits_the_rest(taken):
    one, other = known(), known(seed=1)
    found = mixed(one, other, np.tile(taken, (40, 1)), SCHEMA)
    for name, is_taken in zip(INPUTS, taken, strict=True):
        source = other if is_taken else one
        if name == PAID:
            continue
        if SCHEMA[name].is_numeric:
            np.testing.assert_array_equal(number(found, name), number(source, name))
        else:
            place = [c.name for c in SCHEMA.category_inputs].index(name)
            np.testing.assert_array_equal(found.labels[:, place], source.labels[:, place])
    # members pay within a tenth of months × fee: so do those made of two
    expected = number(found, MONTHS) * number(found, FEE)
    paid = number(found, PAID)
    assert (np.abs(paid - expected) <= 0.11 * expected + 1e-9).all()


def test_whoever_stays_longer_pays_as_before():
    one = known()
    moved = with_value(one, SCHEMA[MONTHS], 50, SCHEMA)
    old = number(one, MONTHS) > 0
    places = bill(SCHEMA)
    np.testing.assert_allclose(places.history(moved.numbers)[old], places.history(one.numbers)[old])
    # so the derived features of old customers stay as they are
    before, after = (with_derived(who, SCHEMA).numeric[:, -2:] for who in (one, moved))
    np.testing.assert_allclose(after[old], before[old], rtol=1e-4, atol=1e-3)


def test_new_customer_who_stays_has_paid_the_same_every_month():
    one = known()
    one.numbers[:, 0], one.numbers[:, 2] = 0, 0
    moved = with_value(one, SCHEMA[MONTHS], 10, SCHEMA)
    np.testing.assert_allclose(number(moved, PAID), 10 * number(one, FEE))


def test_category_and_other_numbers_are_set_and_nothing_else():
    one = known()
    moved = with_value(one, SCHEMA[SIZE], "groß", SCHEMA)
    assert (moved.labels == "groß").any(axis=1).all()
    np.testing.assert_array_equal(moved.numbers, one.numbers)
    blank = with_value(one, SCHEMA[SIZE], MISSING, SCHEMA)
    assert (blank.labels == MISSING).any(axis=1).all()


def test_total_without_a_tenure_is_a_number_like_any_other():
    schema = builders.schema("no_tenure")
    one, other = known("no_tenure"), known("no_tenure", seed=1)
    found = mixed(one, other, only(schema[PAID], 40, schema), schema)
    place = [c.name for c in schema.numeric_inputs].index(PAID)
    np.testing.assert_array_equal(found.numbers[:, place], other.numbers[:, place])
    assert bill(schema) is None


def test_total_without_a_monthly_value_grows_with_the_months():
    schema = builders.schema("no_value")
    one = known("no_value")
    moved = with_value(one, schema[MONTHS], 30, schema)
    old = one.numbers[:, 0] > 0
    np.testing.assert_allclose(
        moved.numbers[old, 1] / 30, one.numbers[old, 1] / one.numbers[old, 0]
    )
    assert np.isnan(moved.numbers[~old, 1]).all()  # what they would have paid nobody knows


def test_free_of_charge_is_no_division_by_zero():
    one, other = known(), known(seed=1)
    one.numbers[:, 1] = 0
    found = mixed(one, other, only(SCHEMA[MONTHS], 40, SCHEMA), SCHEMA)
    moved = number(one, MONTHS) != number(other, MONTHS)
    np.testing.assert_array_equal(number(found, PAID)[moved], 0)
    np.testing.assert_array_equal(number(found, PAID)[~moved], number(one, PAID)[~moved])


def test_next_to_no_bill_is_compared_with_nothing():
    tiny = RawInputs(np.array([[3.0, 2e-309, 50.0, 1.0]]), np.array([["1", "groß", "Karte", "w"]]))
    history = bill(SCHEMA).history(tiny.numbers)
    np.testing.assert_array_equal(history, [1.0])
