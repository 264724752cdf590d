"""Importance, dependence, direction: what the exported model does with a column, and no more."""

import dataclasses

import numpy as np
import pytest

from scoring.bundle import Scorer
from scoring.explanation import make_explainer
from scoring.probability import log_odds
from stages.evaluation import evaluation_plots, explanations
from stages.evaluation.explanations import (
    dependence,
    directions,
    example,
    importance,
    monotonicity_violations,
    titles,
)
from stages.look.display import figure
from stages.model.champion import background
from stages.model.encoding import frame
from stages.model.export import to_onnx
from stages.model.train import refit
from tests import builders
from tests.builders import DAYS, FEE, GENDER, MONTHS, PAID, SIZE


def explainer(variant: str = "full", name: str = "logistic"):
    schema, features = builders.schema(variant), builders.features(variant)
    fitted = refit(name, features, schema, builders.train_params())
    score = fitted.predict_proba(frame(features, schema))[:, 1]
    rows = background(features, schema, score)
    return make_explainer(schema, Scorer(to_onnx(fitted, schema, name=name)), rows)


@pytest.fixture(scope="module")
def who():
    return explainer()


@pytest.fixture(scope="module")
def data(who):
    return scored(who, builders.evaluation_data(seed=5))


def scored(who, made):
    """Test customers with what the model really says of them."""
    sample = explanations.Sample(made, who)
    return dataclasses.replace(made, probability=sample.probability(sample.known))


class Only:
    """A model that looks at one number alone."""

    def __init__(self, place: int, slope: float = -1.0) -> None:
        self.place, self.slope = place, slope

    def probability(self, inputs) -> np.ndarray:
        values = np.nan_to_num(inputs.numeric[:, self.place].astype(float))
        return 1 / (1 + np.exp(-self.slope * (values - 30) / 10))


def looking_at(who, place: int, slope: float = -1.0):
    return dataclasses.replace(who, scorer=Only(place, slope))


# --- importance --------------------------------------------------------------------------------


def test_importance_has_a_row_per_column_with_interval_largest_first(who, data):
    table = importance(data, who)
    assert set(table["column"]) == {c.name for c in data.schema.inputs}
    assert table["value"].is_monotonic_decreasing
    assert table["value"].between(table["low"], table["high"]).all()
    # members leave by size, payment and months: the builder says so
    assert set(table["column"].head(4)) <= {SIZE, builders.PAYS, MONTHS, DAYS}


def test_column_that_is_not_looked_at_is_worth_nothing_and_the_other_everything(who, data):
    table = importance(data, looking_at(who, 0)).set_index("column")
    assert (table.drop(index=MONTHS)[["value", "low", "high"]] == 0).all(axis=None)
    assert table.loc[MONTHS, "low"] > 0


def test_importance_is_that_of_the_seed(who, data):
    one, other = importance(data, who), importance(data, who)
    np.testing.assert_array_equal(one["value"], other["value"])


def test_cost_of_importance_is_bounded(who, data, monkeypatch):
    monkeypatch.setattr(explanations, "SCORED", 400)
    monkeypatch.setattr(explanations, "FEWEST", 50)
    rows = []
    plain = explanations.Sample.probability
    monkeypatch.setattr(
        explanations.Sample,
        "probability",
        lambda self, known: rows.append(len(known.numbers)) or plain(self, known),
    )
    importance(data, who)
    assert sum(rows) <= 50 * (1 + len(data.schema.inputs))


# --- dependence --------------------------------------------------------------------------------


def test_dependence_is_the_mean_over_customers_with_their_spread(who, data):
    tables = dependence(data, who, [MONTHS, SIZE])
    assert list(tables) == [MONTHS, SIZE]
    for table in tables.values():
        assert (table["low"] <= table["high"]).all()
        assert table["value"].between(0, 1).all()
    assert tables[MONTHS]["value"].iloc[0] > tables[MONTHS]["value"].iloc[-1]
    assert list(tables[SIZE]["x"]) == ["klein", "mittel", "groß"]
    assert "<svg" in figure(evaluation_plots.dependence(tables), title="x").data


def test_dependence_on_a_column_that_is_not_looked_at_is_flat(who, data):
    (table,) = dependence(data, looking_at(who, 0), [DAYS]).values()
    assert table["value"].nunique() == 1


def test_column_without_a_value_is_left_out(who, data):
    features = data.features.assign(**{DAYS: np.float32(np.nan)})
    assert dependence(dataclasses.replace(data, features=features), who, [DAYS]) == {}


# --- direction ---------------------------------------------------------------------------------


def directed(data):
    content = {MONTHS: {"roles": ["tenure", "monotone_decreasing"]}}
    return dataclasses.replace(data, schema=builders.schema(**content))


def test_model_that_goes_the_schemas_way_is_right_for_everybody(who, data):
    table = directions(directed(data), looking_at(who, 0)).loc[MONTHS]
    assert table["expected"] == "down"
    assert table["effect"] < -0.5
    assert (table["right"], table["never_against"]) == (1, 1)
    assert table["worst_step"] == table["mean_against"] == 0
    assert monotonicity_violations(directions(directed(data), looking_at(who, 0))) == []


def test_model_that_goes_the_other_way_is_reported(who, data):
    table = directions(directed(data), looking_at(who, 0, slope=1.0))
    row = table.loc[MONTHS]
    assert (row["right"], row["never_against"]) == (0, 0)
    assert row["worst_step"] > 0.05
    (violation,) = monotonicity_violations(table)
    assert violation.startswith(f"{MONTHS}: the schema says that the risk goes down")


def test_schema_without_directions_has_an_empty_table(data):
    schema = builders.schema(**{SIZE: {"roles": []}})
    nothing = dataclasses.replace(data, schema=schema)
    table = directions(nothing, explainer())
    assert len(table) == 0
    assert monotonicity_violations(table) == []


# --- one customer ------------------------------------------------------------------------------


def test_example_adds_up_and_hides_what_is_sensitive(who, data):
    rows = example(data, who, largest=7)
    place = np.argsort(data.probability, kind="stable")[int(0.95 * len(data.label))]
    expected = log_odds(data.probability[[place]])[0]
    assert rows["value"].sum() == pytest.approx(expected, abs=1e-4)
    assert f"{data.features[GENDER].iloc[place]}" not in [
        name.split(": ")[-1] for name in rows.index if name.startswith(GENDER)
    ]
    assert rows.index[-1] == "1 other columns"
    assert len(rows) == 9
    assert "<svg" in figure(evaluation_plots.waterfall(rows), title="x").data


def test_sensitive_column_is_named_without_its_value(who, data):
    whole = example(data, who, largest=8)
    assert f"{GENDER}: sensitive, not shown" in whole.index


@pytest.mark.parametrize("variant", ["no_tenure", "no_value", "categories", "numbers"])
def test_everything_can_be_explained_under_every_kind_of_schema(variant):
    who = explainer(variant)
    data = scored(who, builders.evaluation_data(variant, 120))
    table = importance(data, who)
    assert len(table) == len(data.schema.inputs)
    assert len(dependence(data, who, list(table["column"].head(2)))) == 2
    assert len(directions(data, who)) == (SIZE in data.schema.names)
    assert len(example(data, who)) >= 2


def test_columns_called_alike_keep_their_names_as_well():
    schema = builders.schema(**{n: {"description": "Money; of a kind"} for n in (FEE, PAID)})
    words = titles(schema)
    assert words[FEE] == f"Money ({FEE})"
    assert words[PAID] == f"Money ({PAID})"
    assert words[SIZE] == SIZE
