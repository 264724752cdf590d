"""Contributions: they add up, agree with shap, come from the bundle alone, and read like words."""

import json
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scoring import explanation as explain
from scoring.bundle import BACKGROUND, MODEL, SCHEMA_FILE, Scorer
from scoring.derive import RawInputs, derive, raw_inputs, with_derived
from scoring.explanation import (
    Explainer,
    load_explainer,
    log_odds,
    make_explainer,
)
from scoring.mixed import bill
from stages.core.files import write_json
from stages.features.table import LABEL
from stages.model.champion import background
from stages.model.encoding import frame
from stages.model.export import to_onnx
from stages.model.train import refit
from tests import builders
from tests.builders import BRANCH, DAYS, FEE, GENDER, MONTHS, PAID, PAYS, SIZE
from tests.places import ROOT
from tests.scoring.conftest import HEAVY, explainer, model, raw

CANDIDATES = ["logistic", "forest", "xgboost", "vote"]
TOLERANCE = 1e-4
few = settings(max_examples=25, deadline=None, derandomize=True)


def predicted(who: Explainer, columns) -> np.ndarray:
    return log_odds(who.scorer.probability(derive(columns, who.schema)))


def adds_up(who: Explainer, columns) -> None:
    found = who.contributions(columns)
    total = found.base + found.values.sum(axis=1)
    alone = [
        {name: values[i : i + 1] for name, values in columns.items()} for i in range(len(total))
    ]
    expected = [predicted(who, one)[0] for one in alone]
    np.testing.assert_allclose(total, expected, rtol=0, atol=TOLERANCE)


member = st.fixed_dictionaries(
    {
        BRANCH: st.sampled_from(["1", "2", "3"]),
        SIZE: st.sampled_from(["klein", "mittel", "groß", "riesig"]),
        PAYS: st.sampled_from(["Karte", "Rechnung", "Über Dritte", None]),
        GENDER: st.sampled_from(["w", "m", "d"]),
        MONTHS: st.integers(0, 99),
        FEE: st.floats(0, 500),
        PAID: st.none() | st.floats(0, 50_000),
        DAYS: st.none() | st.floats(0, 400),
    }
)
# --- adding up ---------------------------------------------------------------------------------


ODD = {BRANCH: "1", SIZE: "groß", PAYS: None, GENDER: "d", MONTHS: 99, DAYS: None}


@few
@example(who=ODD | {FEE: 1e-310, PAID: 30_000.0}, candidate="logistic")  # nothing to divide by
@example(who=ODD | {FEE: 500.0, PAID: 50_000.0}, candidate="logistic")  # surely retained
@given(who=member, candidate=st.sampled_from(CANDIDATES))
def test_contributions_of_any_customer_add_up_to_the_prediction(who, candidate):
    adds_up(explainer(candidate), {name: [value] for name, value in who.items()})


@pytest.mark.parametrize("variant", builders.VARIANTS)
@pytest.mark.parametrize("candidate", CANDIDATES)
def test_contributions_add_up_under_every_schema(candidate, variant):
    adds_up(explainer(candidate, variant), raw(variant))


def test_names_are_the_input_columns_and_the_base_is_the_background():
    who = explainer()
    found = who.contributions(raw())
    assert found.names == [column.name for column in builders.schema().inputs]
    assert found.values.shape == (20, len(found.names))
    rows = model("xgboost")[1]
    numbers = pd.DataFrame(rows["numeric"], dtype=float)
    known = RawInputs(numbers.to_numpy()[:, :4], np.array(rows["category"], dtype=object))
    assert found.base == pytest.approx(scored(who, known).mean(), abs=1e-6)


# --- the right split ---------------------------------------------------------------------------


@pytest.mark.slow  # shap takes seven seconds to import and to compile
@pytest.mark.parametrize(
    ("candidate", "tolerance"),
    # a forest that says 0 of somebody has log-odds of -14 there, and the order decides who is
    # credited with the fall
    [("logistic", 0.1), ("xgboost", 0.1), ("vote", 0.1), ("forest", 0.3)],
)
def test_contributions_agree_with_shaps_exact_ones(candidate, tolerance):
    who, columns = explainer(candidate), raw(rows=10)
    expected = shap_values(who, columns)
    error = who.contributions(columns).values - expected
    assert np.sqrt((error**2).mean()) < tolerance * np.abs(expected).mean()
    assert np.abs(error).max() < tolerance * np.abs(expected).max()


@pytest.mark.slow
def test_more_orders_come_closer_to_the_exact_split(monkeypatch):
    columns = raw(rows=6)
    expected, errors = shap_values(explainer("forest"), columns), []
    for steps in (320, 32_000):  # one order and its reverse per background customer, and a hundred
        monkeypatch.setattr(explain, "STEPS", steps)
        errors.append(np.abs(explainer("forest").contributions(columns).values - expected).max())
    assert errors[1] < errors[0] / 3


def shap_values(who: Explainer, columns) -> np.ndarray:
    """Exact Shapley values (n, k) by the `shap` package, against the same background.

    It mixes customers by itself, so it is given the total as explanations mix it: relative to what
    tenure and fee make expect.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own imports: it draws with an older matplotlib
        import shap

    places = bill(who.schema)
    codes = {c.name: [*c.labels, explain.MISSING] for c in who.schema.category_inputs}

    def coded(known: RawInputs) -> np.ndarray:
        numbers = known.numbers.copy()
        numbers[:, places.total] = places.history(numbers)
        labels = zip(codes.values(), known.labels.T, strict=True)
        return np.column_stack(
            [*numbers.T, *([code.index(v) for v in col] for code, col in labels)]
        )

    def score(table: np.ndarray) -> np.ndarray:
        numbers, of = table[:, :4].copy(), table[:, 4:].astype(int)
        numbers[:, places.total] *= places.expected(numbers)
        labels = [np.array(code, object)[of[:, i]] for i, code in enumerate(codes.values())]
        return scored(who, RawInputs(numbers, np.column_stack(labels)))

    masker = shap.maskers.Independent(coded(who.background), max_samples=len(who.start))
    found = shap.explainers.Exact(score, masker)(coded(raw_inputs(columns, who.schema))).values
    order = [c.name for c in [*who.schema.numeric_inputs, *who.schema.category_inputs]]
    return found[:, [order.index(c.name) for c in who.schema.inputs]]


def scored(who: Explainer, known: RawInputs) -> np.ndarray:
    return log_odds(who.scorer.probability(with_derived(known, who.schema)))


def test_columns_that_the_model_does_not_look_at_contribute_nothing():
    schema, features = builders.schema(), builders.features()
    fitted = refit("one_feature", features, schema, builders.train_params())
    score = fitted.predict_proba(frame(features, schema))[:, 1]
    content = to_onnx(fitted, schema, name="one_feature")
    who = make_explainer(schema, Scorer(content), background(features, schema, score))
    used = np.abs(who.contributions(raw()).values).max(axis=0) > 1e-9
    assert used.sum() == 1


def test_derived_features_follow_the_columns_that_they_come_from():
    # of a customer who differs in the total alone, the total alone contributes
    who = explainer("forest")
    columns = {name: values[:1].copy() for name, values in raw().items()}
    base = raw_inputs(columns, who.schema)
    rows = {"numeric": np.c_[base.numbers, [[0, 0]]].tolist(), "category": base.labels.tolist()}
    alone = make_explainer(who.schema, who.scorer, rows | {"typical": [None] * 6})
    found = alone.contributions(columns | {PAID: columns[PAID] * 3 + 500})
    values = dict(zip(found.names, found.values[0], strict=True))
    total = values.pop(PAID)
    assert set(values.values()) == {0.0}
    assert total == pytest.approx(predicted(who, columns | {PAID: columns[PAID] * 3 + 500})[0]
                                  - predicted(who, columns)[0])  # fmt: skip


# --- one, many, none ---------------------------------------------------------------------------


@pytest.mark.parametrize("candidate", CANDIDATES)
def test_customer_is_explained_alike_alone_and_in_company(candidate, monkeypatch):
    who, columns = explainer(candidate), raw()
    together = who.contributions(columns).values
    alone = [who.contributions({n: v[[i]] for n, v in columns.items()}).values[0] for i in (0, 13)]
    np.testing.assert_allclose(together[[0, 13]], alone, rtol=0, atol=1e-5)
    monkeypatch.setattr(explain, "CELLS", 1)
    np.testing.assert_allclose(who.contributions(columns).values, together, rtol=0, atol=1e-5)


def test_nobody_has_no_contributions():
    found = explainer().contributions({name: values[:0] for name, values in raw().items()})
    assert found.values.shape == (0, 8)


def test_same_bundle_gives_the_same_answer():
    one, other = (explainer().contributions(raw()) for _ in range(2))
    np.testing.assert_array_equal(one.values, other.values)


def test_order_of_columns_does_not_matter():
    columns = raw()
    turned = dict(reversed(columns.items()))
    one, other = (explainer().contributions(c).values for c in (columns, turned))
    np.testing.assert_array_equal(one, other)


def test_background_customer_is_explained_against_the_others():
    who = explainer()
    one = explain._rows(who.background, slice(0, 1))
    names = [c.name for c in who.schema.numeric_inputs]
    columns = dict(zip(names, one.numbers.T, strict=True))
    labels = [c.name for c in who.schema.category_inputs]
    columns |= {n: [None if v == explain.MISSING else v for v in col]
                for n, col in zip(labels, one.labels.T, strict=True)}  # fmt: skip
    adds_up(who, columns)


# --- extremes and width ------------------------------------------------------------------------


class Certain:
    """A model that is sure of everybody: probability 0 or 1."""

    def probability(self, inputs) -> np.ndarray:
        return (np.nan_to_num(inputs.numeric[:, 1]) > 35).astype(float)


def test_certain_predictions_have_finite_contributions_that_add_up():
    who = make_explainer(builders.schema(), Certain(), model("forest")[1])
    found = who.contributions(raw())
    assert np.isfinite(found.values).all()
    assert abs(found.base) < log_odds(np.array([1.0]))[0]
    adds_up(who, raw())


@pytest.mark.parametrize("k", [1, 2, 8, 19, 100, 500])
def test_cost_of_an_explanation_is_bounded_however_wide_the_schema(k):
    orders = explain._orders(20, k)
    rows, ways, _ = orders.shape
    assert explain.FEWEST_ROWS <= rows <= 20
    assert orders.size <= max(explain.STEPS, explain.FEWEST_ROWS * 2 * k)
    assert (np.sort(orders, axis=2) == np.arange(k)).all()
    half = ways // 2
    np.testing.assert_array_equal(orders[:, half:], orders[:, :half, ::-1])


# --- from the bundle alone ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundle")
    content, rows = model("vote")
    (folder / MODEL).write_bytes(content)
    write_json(folder / BACKGROUND, rows)
    schema = builders.schema().model_dump(mode="json", exclude_defaults=True)
    write_json(folder / SCHEMA_FILE, schema)
    return folder


def test_bundle_explains_as_its_parts_do(bundle):
    found, expected = (
        who.contributions(raw()) for who in (load_explainer(bundle), explainer("vote"))
    )
    np.testing.assert_allclose(found.values, expected.values, rtol=0, atol=1e-5)
    assert found.typical.keys() == expected.typical.keys()


def test_explaining_imports_nothing_of_the_training(bundle):
    columns = {name: [None if v != v else v for v in c.tolist()] for name, c in raw(rows=2).items()}
    code = (
        "import sys, json, pathlib\n"
        "from scoring.explanation import load_explainer, reasons\n"
        "columns = json.loads(sys.stdin.read())\n"
        f"who = load_explainer(pathlib.Path({str(bundle)!r}))\n"
        "found = who.contributions(columns)\n"
        "assert len(reasons(found, columns, who.schema)) == 2\n"
        f"print(*sorted(set(sys.modules) & set({[*HEAVY, 'pyarrow', 'ruamel.yaml', 'shap']})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, input=json.dumps(columns),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


def test_typical_values_are_the_medians_of_the_train_customers():
    features = builders.features()
    typical = explainer().contributions(raw()).typical
    for name in (MONTHS, FEE, PAID, DAYS):
        assert typical[name] == pytest.approx(features[name].median(), rel=1e-6)


def test_column_without_a_value_has_no_typical_one():
    features = builders.features().assign(**{DAYS: np.float32(np.nan)})
    rows = background(features, builders.schema(), features[LABEL].to_numpy())
    who = make_explainer(builders.schema(), Certain(), json.loads(json.dumps(rows)))
    assert who.typical[DAYS] is None
