"""How the champion behaves: what must not matter does not, what must does, nothing breaks it."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.bundle import Scorer
from scoring.derive import derive, raw_inputs, with_derived
from scoring.explanation import STEPS, make_explainer, reasons
from scoring.mixed import with_value
from scoring.probability import log_odds
from stages.core.files import read_table
from stages.core.paths import Paths
from stages.evaluation.explanations import directions, monotonicity_violations
from stages.evaluation.slices import compare_slices
from stages.features.table import feature_table
from stages.model.blend import from_record
from stages.model.direction import monotone, sign, values_along
from stages.model.encoding import frame
from stages.model.export import to_onnx
from stages.model.train import BLEND, refit
from stages.parameters import read_parameters
from tests import builders
from tests.model.conftest import TRUTH, risk

SAME = 1e-6  # probabilities that are: the export computes in float32


def columns(table: pd.DataFrame, schema) -> dict:
    return {column.name: table[column.name].to_numpy() for column in schema.inputs}


@pytest.fixture(scope="module")
def known(customers, schema):
    return columns(customers, schema)


@pytest.fixture(scope="module")
def before(champion, known):
    return risk(champion, known)


# --- invariance: what must not matter ----------------------------------------------------------


@pytest.mark.any_champion
def test_order_of_customers_does_not_matter(champion, known, before):
    order = np.random.default_rng(0).permutation(len(before))
    mixed = risk(champion, {name: values[order] for name, values in known.items()})
    np.testing.assert_allclose(mixed, before[order], rtol=0, atol=SAME)


@pytest.mark.any_champion
def test_order_of_columns_and_columns_that_are_no_input_do_not_matter(champion, known, before):
    turned = {"customerID": np.array(["x"] * len(before)), "Shoe size": np.arange(len(before))}
    turned |= dict(reversed(known.items()))
    np.testing.assert_array_equal(risk(champion, turned), before)


@pytest.mark.any_champion
def test_customer_is_scored_alike_alone_and_in_company(champion, known, before):
    for i in range(0, len(before), 40):
        alone = risk(champion, {name: values[i : i + 1] for name, values in known.items()})
        assert alone[0] == pytest.approx(before[i], abs=SAME)


def test_same_value_in_another_type_does_not_matter(champion, known, before):
    others = dict(known)
    others["SeniorCitizen"] = others["SeniorCitizen"].astype(int)
    others["tenure"] = others["tenure"].astype(float)
    others["TotalCharges"] = [None if v != v else float(v) for v in others["TotalCharges"]]
    np.testing.assert_array_equal(risk(champion, others), before)


def test_id_blanks_around_values_and_the_target_do_not_matter(champion, customers, schema, before):
    # the way of a CSV: everything is text, and somebody typed spaces
    text = customers[schema.names].astype(object).where(customers[schema.names].notna(), "")
    spaced = ("  " + text.astype(str) + " ").assign(
        customerID=[f"N-{i}" for i in range(len(text))],
        Churn=np.where(customers["Churn"] == "Yes", "No", "Yes"),
    )
    read = builders.check(spaced.reset_index(drop=True), schema)
    np.testing.assert_allclose(risk(champion, columns(read, schema)), before, rtol=0, atol=SAME)


def test_gender_which_nobody_leaves_for_hardly_matters(champion, known, before):
    # the population says that it plays no part; what 1,600 customers teach of it is noise
    other = np.where(known["gender"] == "Male", "Female", "Male")
    change = np.abs(risk(champion, known | {"gender": other}) - before)
    longer = known | {"Contract": np.full(len(before), "Two year")}
    assert change.mean() < 0.06
    assert change.mean() < 0.4 * np.abs(risk(champion, longer) - before).mean()


# --- direction ---------------------------------------------------------------------------------


@pytest.mark.any_champion
def test_champion_goes_the_schemas_way_on_the_whole(data, champion):
    assert monotonicity_violations(directions(data, champion)) == []


def test_champion_goes_the_schemas_way_with_nearly_everybody(data, champion):
    table = directions(data, champion)
    assert len(table) == len(monotone(data.schema)) == 2
    assert (table["right"] >= 0.95).all()
    assert (table["effect"] < -0.05).all()  # both columns are ones that customers stay by
    # a model with bins may step against the schema, but not far: here it had few customers per bin
    assert (table["mean_against"] < 0.05).all()


def test_constrained_candidate_never_steps_against_the_schema(finished, schema, customers):
    features = read_table(finished / "data" / "features" / "train.parquet")
    model = refit("xgboost", features, schema, read_parameters(Paths(finished)).train)
    scorer = Scorer(to_onnx(model, schema, name="xgboost"))
    some = raw_inputs(columns(customers.head(100), schema), schema)
    for column in monotone(schema):
        along = values_along(column, some, schema)
        swept = [
            scorer.probability(with_derived(with_value(some, column, value, schema), schema))
            for value in along
        ]
        ends_alone = [0, -1] if not column.is_numeric else slice(None)
        steps = sign(column) * np.diff(np.array(swept)[ends_alone], axis=0)
        assert (steps >= -SAME).all(), column.name


@pytest.mark.parametrize(
    "change",
    [
        {"Contract": "Month-to-month", "to": {"Contract": "Two year"}},
        {"InternetService": "Fiber optic", "to": {"InternetService": "DSL"}},
        {"TechSupport": "No", "to": {"TechSupport": "Yes"}},
    ],
    ids=["contract", "fiber", "support"],
)
def test_what_customers_leave_by_raises_the_risk_of_nearly_all(champion, known, change):
    (name, value), (_, to) = change.items()
    chosen = known[name] == value
    some = {column: values[chosen] for column, values in known.items()}
    moved = some | {k: np.full(chosen.sum(), v, dtype=object) for k, v in to.items()}
    assert (risk(champion, moved) < risk(champion, some)).mean() > 0.9


# --- minimum functionality: plain cases --------------------------------------------------------

CHURNER = {
    "gender": "Male", "SeniorCitizen": "0", "Partner": "No", "Dependents": "No", "tenure": 1,
    "PhoneService": "Yes", "MultipleLines": "No", "InternetService": "Fiber optic",
    "OnlineSecurity": "No", "OnlineBackup": "No", "DeviceProtection": "No", "TechSupport": "No",
    "StreamingTV": "Yes", "StreamingMovies": "Yes", "Contract": "Month-to-month",
    "PaperlessBilling": "Yes", "PaymentMethod": "Electronic check",
    "MonthlyCharges": 90.0, "TotalCharges": 90.0,
}  # fmt: skip
RETAINED = CHURNER | {
    "Partner": "Yes", "Dependents": "Yes", "tenure": 70, "InternetService": "DSL",
    "OnlineSecurity": "Yes", "OnlineBackup": "Yes", "DeviceProtection": "Yes", "TechSupport": "Yes",
    "Contract": "Two year", "PaperlessBilling": "No", "PaymentMethod": "Credit card (automatic)",
    "MonthlyCharges": 80.0, "TotalCharges": 5600.0,
}  # fmt: skip


def one(customer: dict) -> dict:
    return {name: [value] for name, value in customer.items()}


def test_a_plain_churner_has_a_high_risk_and_a_plain_retained_customer_a_low_one(champion):
    (churner,), (retained,) = (risk(champion, one(who)) for who in (CHURNER, RETAINED))
    assert churner > 0.6
    assert retained < 0.05


def test_reasons_for_the_plain_leaver_are_plain(champion, schema):
    found = champion.contributions(one(CHURNER))
    (texts,) = reasons(found, one(CHURNER), schema)
    assert any(text.startswith("Term of the contract: Month-to-month") for text in texts)
    assert any(
        text.startswith("Full months since the customer joined: 1 month, below") for text in texts
    )
    (other,) = reasons(champion.contributions(one(RETAINED)), one(RETAINED), schema)
    assert not [text for text in other if text.startswith(("Term of", "Full months"))]


def test_customers_who_surely_leave_or_stay_are_seen_as_such(customers, before):
    truth = customers[TRUTH].to_numpy()
    assert before[truth > 0.7].mean() > 0.55
    assert before[truth < 0.03].mean() < 0.08
    assert np.corrcoef(log_odds(truth), log_odds(before))[0, 1] > 0.85


def test_extremes_of_the_roles_stand_apart_whatever_the_columns_are_called(champion, known, schema):
    # built from roles alone: everybody at the worst of every column with a direction, and the best
    ends = {}
    for which in (0, -1):
        everybody = raw_inputs(known, schema)
        for column in monotone(schema):
            along = values_along(column, everybody, schema)
            value = along[which] if sign(column) < 0 else along[-1 - which]
            everybody = with_value(everybody, column, value, schema)
        ends[which] = champion.scorer.probability(with_derived(everybody, schema))
    assert (ends[0] > ends[-1]).all()
    assert ends[0].mean() > ends[-1].mean() + 0.3


# --- numerical stability -----------------------------------------------------------------------


def anybody(schema) -> st.SearchStrategy:
    """Any customer that the schema allows, more often at the edge of a range."""
    cells = {}
    for column in schema.inputs:
        if not column.is_numeric:
            cells[column.name] = st.sampled_from(column.labels)
            continue
        bounds = [bound for bound in (column.minimum, column.maximum) if bound is not None]
        inside = st.floats(column.minimum, column.maximum, allow_nan=False, allow_infinity=False)
        cells[column.name] = st.sampled_from(bounds) | inside if bounds else inside
        if column.missing:
            cells[column.name] |= st.none()
    return st.fixed_dictionaries(cells)


@pytest.mark.any_champion
def test_any_customer_of_the_schema_has_a_probability_and_contributions_that_add_up(champion):
    @settings(max_examples=60, deadline=None, derandomize=True)
    @given(who=anybody(champion.schema))
    def check(who):
        (probability,) = risk(champion, one(who))
        assert 0 <= probability <= 1
        found = champion.contributions(one(who))
        assert np.isfinite(found.values).all()
        total = found.base + found.values.sum()
        assert total == pytest.approx(log_odds(np.array([probability]))[0], abs=1e-4)

    check()


def test_export_in_float32_agrees_with_the_original_at_every_extreme(finished, schema, customers):
    params = read_parameters(Paths(finished)).train
    train = read_table(finished / "data" / "features" / "train.parquet")
    bundle = json.loads((finished / "models" / "champion" / "bundle.json").read_text())
    blend = from_record(bundle["blend"]) if bundle["candidate"] == BLEND else None
    model = refit(bundle["candidate"], train, schema, params, blend=blend)
    scorer = Scorer((finished / "models" / "champion" / "model.onnx").read_bytes())
    rows = []
    for column in schema.numeric_inputs:
        for bound in (column.minimum, column.maximum):
            rows.append(customers.head(30).assign(**{column.name: bound}))
    extreme = feature_table(pd.concat(rows, ignore_index=True), schema)
    original = model.predict_proba(frame(extreme, schema))[:, 1]
    exported = scorer.probability(derive({c.name: extreme[c.name] for c in schema.inputs}, schema))
    np.testing.assert_allclose(exported, original, rtol=0, atol=1e-5)


def test_numbers_that_arrive_in_float32_are_scored_as_in_float64(champion, known, before):
    short = {n: v.astype("float32") if v.dtype.kind == "f" else v for n, v in known.items()}
    change = np.abs(risk(champion, short) - before)
    # few amounts lie where float32 rounds them over the edge of a bin or the threshold of a tree;
    # "always paid the same", where many customers lie, is none of these edges
    assert np.quantile(change, 0.99) < 1e-5
    assert change.max() < 0.05


def test_new_customer_without_a_bill_is_one_who_was_charged_nothing(champion, known):
    new = {name: values[:50] for name, values in known.items()} | {"tenure": np.zeros(50)}
    absent = risk(champion, new | {"TotalCharges": [None] * 50})
    np.testing.assert_array_equal(absent, risk(champion, new | {"TotalCharges": np.zeros(50)}))
    assert np.isfinite(absent).all()


def test_explanation_of_one_customer_asks_the_model_about_a_bounded_number_of_rows(champion):
    asked = []

    class Counting:
        def probability(self, inputs):
            asked.append(len(inputs.numeric))
            return champion.scorer.probability(inputs)

    replace(champion, scorer=Counting()).contributions(one(CHURNER))
    assert 0 < sum(asked) <= STEPS + 1


# --- every slice against the last champion -----------------------------------------------------


def test_same_champion_is_no_better_and_no_worse_on_any_slice(data):
    table = compare_slices(data, replace(data))
    np.testing.assert_allclose(table["difference"], 0, atol=1e-6)
    assert set(table["verdict"]) == {"no difference seen"}
    assert (table["column"] == "everybody").sum() == 3


@pytest.fixture(scope="module")
def simple(data):
    """The same customers, as a model of one feature sees them."""
    return replace(data, probability=data.baselines["one_feature"])


def test_champion_is_better_than_one_feature_and_worse_on_no_slice(data, simple):
    table = compare_slices(data, simple)
    (all_in_all,) = table.query("column == 'everybody' and metric == 'roc_auc'").to_dict("records")
    assert all_in_all["verdict"] == "better"
    assert all_in_all["low"] > 0
    assert "worse" not in set(table.query("metric != 'recall'")["verdict"])


def test_slice_that_got_worse_is_named_and_no_other(data):
    # the new champion knows nothing of those with a contract of one month
    monthly = (data.features["Contract"] == "Month-to-month").to_numpy()
    mean = data.probability[monthly].mean()
    blind = replace(data, probability=np.where(monthly, mean, data.probability))
    table = compare_slices(blind, data).query("metric == 'roc_auc'")
    verdicts = table[table["column"] == "Contract"].set_index("value")["verdict"]
    assert verdicts["Month-to-month"] == "worse"
    assert (verdicts.drop("Month-to-month") == "no difference seen").all()


def test_differences_are_new_less_old_with_intervals_around_them(data, simple):
    table = compare_slices(data, simple)
    np.testing.assert_allclose(table["difference"], table["new"] - table["old"])
    assert table["difference"].between(table["low"] - 1e-9, table["high"] + 1e-9).mean() > 0.95
    turned = compare_slices(simple, data)
    np.testing.assert_allclose(turned["difference"], -table["difference"])


def test_other_customers_cannot_be_compared(data):
    with pytest.raises(ValueError, match="same customers"):
        compare_slices(data, replace(data, features=data.features[::-1]))


def test_explainer_of_the_bundle_is_the_one_of_its_parts(champion, finished, known):
    rows = json.loads((finished / "models" / "champion" / "background.json").read_text())
    parts = make_explainer(champion.schema, champion.scorer, rows)
    some = {name: values[:5] for name, values in known.items()}
    one_way, other = (who.contributions(some).values for who in (champion, parts))
    np.testing.assert_array_equal(one_way, other)
