"""The export: agrees with the original on every row, in the same bytes, or is refused."""

import numpy as np
import pandas as pd
import pytest

from scoring.bundle import Scorer
from scoring.derive import Inputs
from scoring.errors import UserError
from scoring.schema import parse_schema
from stages.features.table import LABEL, feature_table, model_inputs
from stages.model import export
from stages.model.candidates import NAMES, build
from stages.model.encoding import frame, layout
from stages.model.export import TOLERANCE, checked_onnx, disagreement, to_onnx
from stages.model.train import refit
from tests import builders

VARIANTS = ("full", "categories", "numbers", "no_tenure")
CASES = [(name, variant) for variant in VARIANTS for name in NAMES]


def fitted(name: str, variant: str = "full", *, seed: int = 0):
    schema, table = builders.schema(variant), builders.features(variant, seed=seed)
    model = build(name, builders.train_params(), layout(schema))
    return model.fit(frame(table, schema), table[LABEL])


@pytest.mark.parametrize(("name", "variant"), CASES)
def test_export_agrees_on_rows_seen_unseen_absent_and_strange(name, variant):
    schema, model = builders.schema(variant), fitted(name, variant)
    rows = builders.with_absent_and_new_values(builders.features(variant, 500, seed=7))
    content = to_onnx(model, schema, name=name)
    original = model.predict_proba(frame(rows, schema))[:, 1]
    exported = Scorer(content).probability(model_inputs(rows, schema))
    np.testing.assert_allclose(exported, original, rtol=0, atol=TOLERANCE)
    assert checked_onnx(model, rows, schema, name=name) == content


@pytest.mark.parametrize("best", [builders.MONTHS, builders.FEE, builders.DAYS])
def test_one_feature_exports_whichever_column_it_takes(best):
    schema, table = builders.schema("numbers"), builders.features("numbers")
    label = (table[best].fillna(0) > table[best].median()).astype("int8")
    model = build("one_feature", builders.train_params(), layout(schema))
    model.fit(frame(table, schema), label)
    content = to_onnx(model, schema, name="one_feature")
    assert disagreement(content, model, table, schema) <= TOLERANCE


@pytest.mark.parametrize("seed", range(4))
def test_export_agrees_on_blanks_in_a_column_that_had_none(seed):
    # an imputed median lies on an edge of the bins: both must take it for the same side
    schema, table = builders.schema("numbers"), builders.features("numbers", seed=seed)
    model = build("logistic", builders.train_params(bins=10), layout(schema))
    model.fit(frame(table, schema), table[LABEL])
    blank = table.copy()
    blank[builders.PAID] = np.nan
    content = to_onnx(model, schema, name="logistic")
    assert disagreement(content, model, blank, schema) <= TOLERANCE


def test_tolerance_is_the_one_promised():
    assert TOLERANCE == 1e-5


@pytest.mark.parametrize("name", NAMES)
def test_two_conversions_give_the_same_bytes(name):
    schema = builders.schema()
    one = to_onnx(fitted(name), schema, name=name)
    assert to_onnx(fitted(name), schema, name=name) == one


def test_name_is_in_the_graph():
    import onnx

    content = to_onnx(fitted("logistic"), builders.schema(), name="Käse")
    assert onnx.load_model_from_string(content).graph.name == "Käse"


def test_disagreement_is_the_largest_over_the_rows():
    schema, table = builders.schema(), builders.features()
    content = to_onnx(fitted("logistic"), schema, name="logistic")
    other = fitted("logistic", seed=8)
    original = other.predict_proba(frame(table, schema))[:, 1]
    exported = Scorer(content).probability(model_inputs(table, schema))
    expected = np.abs(original - exported).max()
    assert expected > TOLERANCE
    assert disagreement(content, other, table, schema) == pytest.approx(expected)


class Twisted:
    """A model that disagrees with its export on one row, the last."""

    def __init__(self, model, by: float) -> None:
        self.model, self.by = model, by

    def predict_proba(self, rows):
        both = self.model.predict_proba(rows)
        both[-1] += [-self.by, self.by]
        return both


def refused(monkeypatch, by: float, *, table=None):
    schema, model = builders.schema(), fitted("logistic")
    content = to_onnx(model, schema, name="logistic")
    monkeypatch.setattr(export, "to_onnx", lambda *_, **__: content)
    table = builders.features() if table is None else table
    return checked_onnx(Twisted(model, by), table, schema, name="logistic")


@pytest.mark.parametrize("by", [1e-4, -0.01])
def test_export_that_disagrees_on_a_single_row_is_refused(monkeypatch, by):
    with pytest.raises(UserError, match="candidate logistic: its ONNX export differs"):
        refused(monkeypatch, by)


def test_export_that_is_not_a_number_is_refused(monkeypatch):
    # NaN is not within any tolerance
    with pytest.raises(UserError, match="candidate logistic"):
        refused(monkeypatch, float("nan"))


def test_export_within_the_tolerance_is_taken(monkeypatch):
    assert refused(monkeypatch, 1e-7)


# --- the scorer --------------------------------------------------------------------------------


def test_scorer_gives_one_probability_a_row_as_double():
    schema, table = builders.schema(), builders.features(rows=7)
    scorer = Scorer(to_onnx(fitted("vote"), schema, name="vote"))
    scores = scorer.probability(model_inputs(table, schema))
    assert scores.shape == (7,)
    assert scores.dtype == np.float64
    assert ((scores >= 0) & (scores <= 1)).all()


def test_scorer_says_the_same_of_a_row_alone_and_among_others():
    schema, table = builders.schema(), builders.features(rows=20)
    scorer = Scorer(to_onnx(fitted("xgboost"), schema, name="xgboost"))
    inputs = model_inputs(table, schema)
    alone = [
        scorer.probability(Inputs(inputs.numeric[[i]], inputs.category[[i]]))[0] for i in range(20)
    ]
    np.testing.assert_allclose(scorer.probability(inputs), alone, rtol=0, atol=1e-7)


def test_scorer_refuses_inputs_of_another_width():
    schema, table = builders.schema(), builders.features(rows=3)
    scorer = Scorer(to_onnx(fitted("logistic"), schema, name="logistic"))
    inputs = model_inputs(table, schema)
    with pytest.raises(Exception, match="numeric"):
        scorer.probability(Inputs(inputs.numeric[:, :-1], inputs.category))


def test_export_of_thousands_of_columns_sums_as_exactly_as_the_original():
    # a wide schema: 80 numbers in 50 bins each
    rng = np.random.default_rng(7)
    names = [f"x{i}" for i in range(80)]
    target = {"name": "left", "kind": "category", "values": [0, 1], "positive": 1}
    columns = [{"name": name, "kind": "number"} for name in names]
    wide = parse_schema({"columns": [*columns, target | {"roles": ["target"]}]}, origin="wide")
    table = pd.DataFrame(rng.normal(size=(400, 80)), columns=names)
    table["left"] = np.where(table["x0"] + rng.normal(size=400) > 0, "1", "0")
    features = feature_table(table, wide)
    model = refit("logistic", features, wide, builders.train_params(bins=50))
    assert disagreement(to_onnx(model, wide, name="logistic"), model, features, wide) < 1e-6
