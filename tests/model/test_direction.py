"""Directions of the schema: constraints where a candidate takes them, sweeps to check any model."""

import numpy as np
import pytest

from scoring.bundle import Scorer
from scoring.derive import derive, raw_inputs, with_derived
from scoring.mixed import with_value
from scoring.schema import parse_schema
from stages.model.candidates import build
from stages.model.direction import (
    label_constraints,
    monotone,
    numeric_constraints,
    sign,
    values_along,
)
from stages.model.encoding import layout
from stages.model.export import to_onnx
from stages.model.train import refit
from tests import builders
from tests.builders import BRANCH, DAYS, FEE, MONTHS, PAID, SIZE

FALLING, RISING = ["monotone_decreasing"], ["monotone_increasing"]


def directed(variant: str = "full", **roles):
    """The club's schema with other directions."""
    return parse_schema(
        builders.content(variant, **{n: {"roles": r} for n, r in roles.items()}), origin="club.yaml"
    )


DIRECTED = directed(**{MONTHS: ["tenure", *FALLING], DAYS: RISING})


def customers(schema=DIRECTED):
    table = builders.customers(rows=80, seed=4)
    return raw_inputs({c.name: table[c.name] for c in schema.inputs}, schema)


def test_directions_are_those_of_the_roles_and_a_category_needs_an_order():
    assert [sign(DIRECTED[name]) for name in (MONTHS, DAYS, FEE, SIZE)] == [-1, 1, 0, -1]
    assert sign(directed(**{BRANCH: RISING})[BRANCH]) == 0
    assert [column.name for column in monotone(DIRECTED)] == [SIZE, MONTHS, DAYS]


def test_total_goes_with_the_tenure_unless_it_has_a_direction_of_its_own():
    # months, fee, paid, days, and two derived features that stay free
    assert numeric_constraints(DIRECTED) == (-1, 0, -1, 1, 0, 0)
    own = directed(**{MONTHS: ["tenure", *FALLING], PAID: ["total_value", *RISING]})
    assert numeric_constraints(own) == (-1, 0, 1, 0, 0, 0)


def test_ends_of_an_ordered_category_are_constrained_and_what_lies_between_is_not():
    size = DIRECTED[SIZE]
    assert label_constraints(size, (*size.labels, "(missing)")) == (1, 0, -1, 0)
    assert label_constraints(DIRECTED[BRANCH], DIRECTED[BRANCH].labels) == (0, 0, 0)


def test_layout_has_a_direction_per_column_that_trees_take():
    shape = layout(DIRECTED)
    assert len(shape.directions) == shape.numeric + sum(map(len, shape.categories))
    model = build("xgboost", builders.train_params(), shape).named_steps["model"]
    assert model.get_params()["monotone_constraints"] == shape.directions


def test_no_direction_no_constraint():
    shape = layout(directed(**{SIZE: []}))
    model = build("xgboost", builders.train_params(), shape).named_steps["model"]
    assert model.get_params()["monotone_constraints"] is None


def against_the_data():
    """Members of whom those leave who have been there longest and bought most recently."""
    table = builders.features(rows=400)
    risk = table[MONTHS] / 60 - table[DAYS].fillna(60) / 120 + (table[SIZE] == "groß")
    return table.assign(**{"#label": (risk > risk.median()).astype("int8")})


@pytest.mark.parametrize("name", ["xgboost"])
def test_constrained_candidate_never_goes_against_the_schema_even_where_the_data_does(name):
    table = against_the_data()
    scorer = exported(name, DIRECTED, table)
    for column in (DIRECTED[MONTHS], DIRECTED[DAYS]):
        assert (steps(scorer, column) >= -1e-6).all()
    ends = steps(scorer, DIRECTED[SIZE])
    assert (ends.sum(axis=0) >= -1e-6).all()
    # without the directions it does what the data says
    free = exported(name, directed(**{SIZE: []}), table)
    assert (steps(free, DIRECTED[MONTHS]) < -1e-6).any()


def exported(name, schema, table) -> Scorer:
    params = builders.train_params(vote={"members": ["xgboost", "logistic"]})
    return Scorer(to_onnx(refit(name, table, schema, params), schema, name=name))


def steps(scorer: Scorer, column) -> np.ndarray:
    """By how much the risk goes the schema's way with each step along a column: (steps, n)."""
    known = customers()
    risk = [
        scorer.probability(with_derived(with_value(known, column, value, DIRECTED), DIRECTED))
        for value in values_along(column, known, DIRECTED)
    ]
    return sign(column) * np.diff(risk, axis=0)


def test_member_of_a_vote_is_constrained_too():
    vote = build("vote", builders.train_params(), layout(DIRECTED))
    member = dict(vote.estimators)["xgboost"].named_steps["model"]
    assert member.get_params()["monotone_constraints"] == layout(DIRECTED).directions


@pytest.mark.parametrize(
    "encoding", [{"categories": "hashed"}, {"categories": "embedded"}, {"crosses": 5}]
)
def test_columns_without_a_direction_are_left_free(encoding):
    plain = {"categories": "one_hot", "width": 4, "crosses": 0}
    params = builders.train_params(encoding=plain | encoding)
    model = build("xgboost", params, layout(DIRECTED)).named_steps["model"]
    assert model.get_params()["monotone_constraints"] is None


# --- the values swept over ---------------------------------------------------------------------


def test_sweep_covers_the_range_of_the_schema_and_only_values_it_allows():
    months = values_along(DIRECTED[MONTHS], customers(), DIRECTED)
    assert (months[0], months[-1]) == (1, 99)  # 0 has no bill yet
    assert all(value == round(value) for value in months)
    assert values_along(DIRECTED[SIZE], customers(), DIRECTED) == ["klein", "mittel", "groß"]
    days = values_along(DIRECTED[DAYS], customers(), DIRECTED)
    assert (days[0], days[-1]) == (0, 400)
    assert days == sorted(days)


def test_bounds_that_are_not_given_are_those_of_the_customers():
    known = customers()
    paid = values_along(DIRECTED[PAID], known, DIRECTED)
    assert (paid[0], paid[-1]) == (0, pytest.approx(known.numbers[:, 2].max()))


def test_nothing_to_sweep_over_where_nobody_has_a_value():
    known = customers()
    known.numbers[:, 3] = np.nan
    assert values_along(DIRECTED[DAYS], known, DIRECTED) == []


def test_tenure_without_a_total_starts_where_its_range_does():
    schema = parse_schema(
        {"columns": [c for c in builders.content()["columns"] if c["name"] != PAID]}, origin="club"
    )
    table = builders.customers(rows=10)
    known = raw_inputs({c.name: table[c.name] for c in schema.inputs}, schema)
    assert values_along(schema[MONTHS], known, schema)[0] == 0
    assert derive({c.name: table[c.name] for c in schema.inputs}, schema).numeric.shape == (10, 3)
