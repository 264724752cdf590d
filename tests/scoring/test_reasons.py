"""Contributions in words: the reasons on the contact list."""

import dataclasses

import numpy as np
import pytest

from scoring import explanation as explain
from scoring.derive import RawInputs
from scoring.explanation import (
    Contributions,
    reasons,
    title,
)
from scoring.schema import Schema, parse_schema
from tests import builders
from tests.builders import BRANCH, DAYS, FEE, GENDER, MONTHS, PAID, PAYS, SIZE
from tests.scoring.conftest import explainer, raw


def made(**values: float) -> Contributions:
    """Contributions of one customer; columns not named contribute nothing."""
    names = [column.name for column in builders.schema().inputs]
    typical = {MONTHS: 29.0, FEE: 20.0, PAID: 1234.5, DAYS: None}
    return Contributions(names, np.array([[values.get(n, 0.0) for n in names]]), -1.0, typical)


def one_member(**changes) -> dict:
    first = {name: [values[0]] for name, values in raw().items()}
    return first | {name: [value] for name, value in changes.items()}


def texts_of(contributions: Contributions, columns, schema: Schema | None = None, **options):
    (words,) = reasons(contributions, columns, schema or builders.schema(), **options)
    return words


def test_reasons_are_what_raises_the_risk_strongest_first():
    columns = one_member(**{SIZE: "klein", MONTHS: 2, FEE: 31.5})
    found = texts_of(made(**{FEE: 0.2, SIZE: 1.5, MONTHS: 0.7, BRANCH: -2.0}), columns)
    assert found == [
        f"{SIZE}: klein.",
        f"{MONTHS}: 2 Monate, below the typical 29 Monate.",
        f"{FEE}: 31.5 €, above the typical 20 €.",
    ]


@pytest.mark.parametrize(
    ("value", "usual", "words"),
    [
        (1, 29.0, "1 month, below the typical 29 months."),
        (2, 1.0, "2 months, above the typical 1 month."),
        (29, 29.0, "29 months."),
        (3, None, "3 months."),
    ],
)
def test_a_number_is_singular_or_plural_and_unusual_only_where_it_is(value, usual, words):
    content = builders.content(**{MONTHS: {"unit": "months"}})
    schema = parse_schema(content, origin="club.yaml")
    found = dataclasses.replace(made(**{MONTHS: 1.0}), typical={MONTHS: usual})
    assert texts_of(found, one_member(**{MONTHS: value}), schema) == [f"{MONTHS}: {words}"]


def test_a_category_names_what_most_customers_have_where_that_is_something_else():
    found = dataclasses.replace(made(**{SIZE: 1.0}), typical={SIZE: "groß"})
    assert texts_of(found, one_member(**{SIZE: "klein"})) == [
        f"{SIZE}: klein, where most customers have groß."
    ]
    assert texts_of(found, one_member(**{SIZE: "groß"})) == [f"{SIZE}: groß."]


def test_most_customers_are_more_than_half_of_them():
    schema = parse_schema(builders.content("no_tenure"), origin="club.yaml")
    i = [column.name for column in schema.category_inputs].index(SIZE)
    labels = np.full((4, len(schema.category_inputs)), "(missing)", dtype=object)
    labels[:3, i] = "klein"
    usual = explain._usual(RawInputs(np.empty((4, 0)), labels), schema)
    assert usual[SIZE] == "klein"
    assert usual[PAYS] is None
    labels[2, i] = "groß"
    assert explain._usual(RawInputs(np.empty((4, 0)), labels), schema)[SIZE] is None


def test_reasons_are_at_most_as_many_as_asked_for_and_none_where_nothing_raises_the_risk():
    columns = one_member()
    raised = made(**dict.fromkeys([SIZE, MONTHS, FEE, BRANCH], 1.0))
    assert len(texts_of(raised, columns, count=2)) == 2
    assert texts_of(made(**{SIZE: -1.0, FEE: explain.NOTABLE / 2}), columns) == []


def test_sensitive_column_is_never_a_reason():
    found = texts_of(made(**{GENDER: 5.0, SIZE: 0.5}), one_member(**{SIZE: "klein"}))
    assert found == [f"{SIZE}: klein."]


def test_absent_values_are_not_known():
    unknown = one_member(**{PAYS: None, DAYS: np.nan})
    found = texts_of(made(**{PAYS: 1.0, DAYS: 0.5}), unknown)
    assert found == [f"{PAYS}: not known.", f"{DAYS}: not known."]


def test_total_is_compared_with_what_todays_value_would_have_made_of_it():
    columns = one_member(**{MONTHS: 40, FEE: 60.0, PAID: 2000.0})
    assert texts_of(made(**{PAID: 1.5}), columns) == [
        f"{PAID}: 2,000, below the 2,400 that today's monthly value would have made."
    ]


def test_total_without_a_tenure_is_compared_with_the_typical_one():
    schema = builders.schema("no_tenure")
    names = [column.name for column in schema.inputs]
    found = Contributions(names, np.array([[float(n == PAID) for n in names]]), 0.0, {PAID: 1234.5})
    columns = one_member(**{PAID: 2000.0})
    assert texts_of(found, columns, schema) == [f"{PAID}: 2,000, above the typical 1,234.5."]


def test_column_is_called_what_its_description_says():
    content = builders.content(**{SIZE: {"description": "Size of the box; since 2019"}})
    schema = parse_schema(content, origin="club.yaml")
    assert title(schema[SIZE]) == "Size of the box"
    assert title(schema[FEE]) == FEE
    assert texts_of(made(**{SIZE: 1.0}), one_member(**{SIZE: "groß"}), schema) == [
        "Size of the box: groß."
    ]


def test_every_customer_has_reasons_of_its_own():
    who, columns = explainer(), raw(rows=40)
    words = reasons(who.contributions(columns), columns, who.schema)
    assert len(words) == 40
    assert len({tuple(texts) for texts in words}) > 10
