"""Long and wide tables: what is repeated less often, and how large a forest may be."""

from scoring.schema import Schema
from stages.model.budget import affordable_repeats, savings, with_affordable_forests
from stages.model.encoding import layout
from stages.model.train import cross_validate, refit
from stages.model.train_params import Train
from tests import builders

EXTRA = builders.TRAIN["forest"] | {"family": "extra_trees", "n_estimators": 40}


def wanted(**changes) -> Train:
    """A forest of 60 trees and extra trees of 40 that try half of the columns at a split."""
    forest = builders.TRAIN["forest"] | {"n_estimators": 60}
    return builders.train_params(**{"forest": forest, "portfolio": {"extra": EXTRA}} | changes)


def trees(params: Train, *, rows: int, schema: Schema) -> tuple[int, int]:
    cut = with_affordable_forests(params, rows=rows, shape=layout(schema))
    return cut.forest.n_estimators, cut.portfolio["extra"].n_estimators


def test_long_and_wide_tables_are_repeated_less_often_and_at_least_once():
    params = builders.train_params(repeats=4, max_cells=1000)
    assert affordable_repeats(10, 10, params) == 4
    assert affordable_repeats(25, 20, params) == 2
    assert affordable_repeats(10_000, 200, params) == 1
    validation = cross_validate(
        builders.features(), builders.schema(), builders.train_params(max_cells=1)
    )
    assert validation.repeats == 1
    assert validation.out_of_fold["vote"].notna().all()


def test_a_forest_has_the_trees_that_its_cells_allow():
    schema = builders.schema()
    tried = layout(schema).columns // 2
    params = wanted(max_forest_cells=300 * tried * 50)
    assert trees(params, rows=300, schema=schema) == (50, 40)
    assert trees(params, rows=150, schema=schema) == (60, 40)
    assert trees(params, rows=600, schema=schema) == (25, 25)


def test_a_forest_never_has_fewer_than_ten_trees_unless_asked_for():
    params = wanted(max_forest_cells=1)
    assert trees(params, rows=10**6, schema=builders.schema()) == (10, 10)
    few = wanted(max_forest_cells=1, forest=builders.TRAIN["forest"] | {"n_estimators": 3})
    cut = with_affordable_forests(few, rows=10**6, shape=layout(builders.schema()))
    assert cut.forest.n_estimators == 3


def test_the_served_forest_has_as_many_trees_as_the_judged_one():
    features, schema = builders.features(), builders.schema()
    params = wanted(max_forest_cells=1, candidates=["logistic", "forest"])
    model = refit("forest", features, schema, params)
    assert len(model.named_steps["model"].estimators_) == 10
    ten = wanted(forest=builders.TRAIN["forest"] | {"n_estimators": 10}, candidates=["forest"])
    judged, expected = (
        cross_validate(features, schema, made).out_of_fold["forest"] for made in (params, ten)
    )
    assert (judged == expected).all()


def test_the_report_names_what_is_made_smaller():
    schema = builders.schema()
    names = ["logistic", "forest", "extra"]
    params = wanted(max_forest_cells=1, max_cells=1, candidates=names)
    sentences = savings(params, rows=5000, schema=schema)
    assert "drawn once instead of 2 times" in sentences[0]
    assert sentences[1].startswith("forest has 10 trees instead of 60")
    assert sentences[2].startswith("extra has 10 trees instead of 40")
    assert len(sentences) == 3
    assert savings(wanted(candidates=names), rows=100, schema=schema) == []


def test_a_forest_that_is_no_candidate_is_not_mentioned():
    params = wanted(max_forest_cells=1, candidates=["logistic"])
    assert not any("trees" in line for line in savings(params, rows=5000, schema=builders.schema()))
