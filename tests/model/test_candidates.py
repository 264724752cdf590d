"""The candidates: fit on any schema, learn inside the fold, obey their parameters."""

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError

from scoring.bundle import BASELINES
from scoring.derive import MISSING, category_names, numeric_names
from scoring.errors import UserError
from stages.features.table import LABEL
from stages.model import candidates
from stages.model.candidates import NAMES, build
from stages.model.encoding import few_bins_are_fine, frame, layout
from stages.model.export import TOLERANCE, disagreement, to_onnx
from tests import builders
from tests.builders import BRANCH, DAYS, PAYS

PARAMS = builders.train_params()


def fitted(name: str, variant: str = "full", table: pd.DataFrame | None = None, **changes):
    """A candidate fitted on a feature table."""
    schema = builders.schema(variant)
    table = builders.features(variant) if table is None else table
    model = build(name, builders.train_params(**changes), layout(schema))
    return model.fit(frame(table, schema), table[LABEL])


def probability(model, table: pd.DataFrame, variant: str = "full") -> np.ndarray:
    return model.predict_proba(frame(table, builders.schema(variant)))[:, 1]


# --- layout and frame --------------------------------------------------------------------------


@pytest.mark.parametrize("variant", builders.VARIANTS)
def test_frame_has_numbers_first_and_only_model_inputs(variant):
    schema, table = builders.schema(variant), builders.features(variant, 30)
    assert list(frame(table, schema)) == numeric_names(schema) + category_names(schema)


def test_layout_comes_from_the_schema_and_not_from_the_data():
    shape = layout(builders.schema())
    assert shape.numeric == len(numeric_names(builders.schema()))
    by_name = dict(zip(category_names(builders.schema()), shape.categories, strict=True))
    assert by_name[BRANCH] == ("1", "2", "3")
    assert by_name[PAYS] == ("Karte", "Rechnung", "Über Dritte", MISSING)


# --- every candidate on every schema -----------------------------------------------------------


@pytest.mark.parametrize("variant", ["full", "categories", "numbers", "no_tenure"])
@pytest.mark.parametrize("name", NAMES)
def test_candidate_gives_probabilities_and_learns(name, variant):
    table = builders.features(variant)
    scores = probability(fitted(name, variant), table, variant)
    assert scores.shape == (len(table),)
    assert ((scores >= 0) & (scores <= 1)).all()
    left = table[LABEL].to_numpy() == 1
    if name != "base_rate":
        assert scores[left].mean() > scores[~left].mean()


@pytest.mark.parametrize("name", NAMES)
def test_rows_nobody_trained_on_are_scored(name):
    table = builders.with_absent_and_new_values(builders.features())
    assert np.isfinite(probability(fitted(name), table)).all()


@pytest.mark.parametrize(
    "values", [3.0, np.nan, np.arange(300) % 10 == 0], ids=["constant", "absent", "mostly zero"]
)
@pytest.mark.parametrize("name", NAMES)
def test_number_of_little_variation_is_taken_without_a_warning(name, values):
    table = builders.features().assign(**{DAYS: np.float32(values)})
    with few_bins_are_fine():
        model = fitted(name, table=table, bins=10)
    assert np.isfinite(probability(model, table)).all()


@pytest.mark.parametrize("name", NAMES)
def test_fitting_twice_gives_the_same_bits(name):
    table = builders.features()
    np.testing.assert_array_equal(
        probability(fitted(name), table), probability(fitted(name), table)
    )


@pytest.mark.parametrize("name", NAMES)
def test_scores_do_not_depend_on_the_company_of_a_row(name):
    table, model = builders.features(), fitted(name)
    alone = [probability(model, table.iloc[[i]])[0] for i in range(5)]
    np.testing.assert_allclose(probability(model, table)[:5], alone, rtol=0, atol=1e-12)


def test_base_rate_says_the_same_of_everybody():
    table = builders.features()
    scores = probability(fitted("base_rate"), table)
    np.testing.assert_allclose(scores, table[LABEL].mean(), atol=1e-12)


@pytest.mark.parametrize("variant", ["full", "categories", "numbers"])
def test_one_feature_looks_at_one_column_only(variant):
    table, model = builders.features(variant), fitted("one_feature", variant)
    before, used = probability(model, table, variant), []
    for name in frame(table, builders.schema(variant)):
        mixed = table.assign(**{name: builders.shuffled(table)[name]})
        if not np.array_equal(probability(model, mixed, variant), before):
            used.append(name)
    assert len(used) == 1


# --- learning inside the fold ------------------------------------------------------------------


def with_wild_holdout(table: pd.DataFrame, held_out: slice) -> pd.DataFrame:
    """The same rows to fit on, quite other rows held out."""
    wild = table.copy()
    for name in numeric_names(builders.schema()):
        wild.loc[held_out, name] = wild.loc[held_out, name] * 1000 + 7
    wild.loc[held_out, LABEL] = 1 - wild.loc[held_out, LABEL]
    return wild


@pytest.mark.parametrize("name", NAMES)
def test_held_out_rows_do_not_change_what_is_fitted(name):
    table, schema = builders.features(), builders.schema()
    wild = with_wild_holdout(table, slice(200, 299))
    models = [
        build(name, PARAMS, layout(schema)).fit(frame(t, schema)[:200], t[LABEL][:200])
        for t in (table, wild)
    ]
    np.testing.assert_array_equal(*(probability(model, table) for model in models))


@pytest.mark.parametrize("part", ["scaled", "binned", "raw"])
def test_encoder_is_part_of_the_pipeline_and_learns_from_what_it_is_fitted_on(part):
    # two halves of the members have other medians, means and quantiles
    table = builders.features().sort_values(builders.DAYS)
    name = "forest" if part == "raw" else "logistic"
    encoders = [
        fitted(name, table=half).named_steps["encoder"].named_transformers_[part]
        for half in (table[:150], table[150:])
    ]
    numbers = table[numeric_names(builders.schema())]
    one, other = (encoder.transform(numbers) for encoder in encoders)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("name", NAMES)
def test_candidate_is_built_unfitted(name):
    model = build(name, PARAMS, layout(builders.schema()))
    with pytest.raises(NotFittedError):
        probability(model, builders.features(rows=5))


# --- parameters reach the estimators -----------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("logistic", {"logistic": {"C": 0.001}}),
        ("logistic", {"bins": 2}),
        ("forest", {"forest": builders.TRAIN["forest"] | {"min_samples_leaf": 60}}),
        ("forest", {"forest": builders.TRAIN["forest"] | {"max_features": 0.1}}),
        ("forest", {"seed": 99}),
        ("xgboost", {"xgboost": builders.TRAIN["xgboost"] | {"max_depth": 1}}),
        ("xgboost", {"xgboost": builders.TRAIN["xgboost"] | {"reg_lambda": 50.0}}),
        ("xgboost", {"seed": 99}),
        ("vote", {"vote": {"members": ["logistic", "forest"]}}),
    ],
)
def test_parameter_changes_the_candidate_it_belongs_to(name, changes):
    table = builders.features()
    assert not np.array_equal(
        probability(fitted(name), table), probability(fitted(name, **changes), table)
    )


def test_numbers_of_trees_are_those_of_the_parameters():
    assert len(fitted("forest").named_steps["model"].estimators_) == 15
    assert fitted("xgboost").named_steps["model"].get_booster().num_boosted_rounds() == 15


# --- the vote ----------------------------------------------------------------------------------


@pytest.mark.parametrize("variant", ["full", "categories", "numbers"])
def test_vote_is_the_mean_of_its_members(variant):
    table = builders.features(variant)
    members = [probability(fitted(m, variant), table, variant) for m in PARAMS.vote.members]
    vote = probability(fitted("vote", variant), table, variant)
    np.testing.assert_allclose(vote, np.mean(members, axis=0), rtol=0, atol=1e-12)


# --- variants ----------------------------------------------------------------------------------

VARIANTS = {
    "hashed": {"encoding": {"categories": "hashed", "width": 4, "crosses": 0}},
    "embedded": {"encoding": {"categories": "embedded", "width": 4, "crosses": 0}},
    "crosses": {"encoding": {"categories": "one_hot", "width": 4, "crosses": 10}},
    "smote": {"rebalance": {"method": "smote", "correct": True}},
    "adasyn": {"rebalance": {"method": "adasyn", "correct": True}},
    "undersample": {"rebalance": {"method": "undersample", "correct": False}},
    "class_weight": {"rebalance": {"method": "class_weight", "correct": True}},
}
LEARNERS = ["logistic", "forest", "xgboost", "lightgbm"]


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", LEARNERS)
def test_variant_changes_every_learner_and_its_export_agrees(name, variant):
    schema, table = builders.schema(), builders.features()
    model = fitted(name, **VARIANTS[variant])
    assert not np.array_equal(probability(model, table), probability(fitted(name), table))
    rows = builders.with_absent_and_new_values(builders.features(rows=400, seed=7))
    content = to_onnx(model, schema, name=name)
    assert disagreement(content, model, rows, schema) <= TOLERANCE


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", BASELINES)
def test_baselines_know_no_variant(name, variant):
    table = builders.features()
    np.testing.assert_array_equal(
        probability(fitted(name, **VARIANTS[variant]), table), probability(fitted(name), table)
    )


@pytest.mark.parametrize("member", ["logistic", "forest", "xgboost", "lightgbm"])
def test_bag_takes_any_learner_and_exports(member):
    schema, table = builders.schema(), builders.features()
    model = fitted("bag", bag=builders.TRAIN["bag"] | {"member": member})
    content = to_onnx(model, schema, name="bag")
    assert disagreement(content, model, table, schema) <= TOLERANCE


def test_a_stack_weights_members_by_predictions_out_of_fold():
    # a member that learns its customers by heart is sure of them, and wrong about others
    wild = {"n_estimators": 15, "min_samples_leaf": 1, "max_features": 1.0}
    stack = fitted("stack", forest=wild, stack=builders.TRAIN["stack"])
    weights = stack.final_estimator_.named_steps["model"].coef_[0]
    by_name = dict(zip(PARAMS.stack.members, weights, strict=True))
    assert by_name["forest"] < by_name["logistic"]


def test_lightgbm_that_is_not_installed_names_the_extra(monkeypatch):
    monkeypatch.setattr(candidates, "find_spec", lambda _: None)
    with pytest.raises(UserError, match="expected the extra"):
        fitted("lightgbm")


@pytest.mark.parametrize("low", [0.1, 0.3, 1.7, 29.85, 70.35, 1234.5])
def test_lightgbm_splits_neighbouring_floats_by_a_threshold_that_float32_holds(low):
    from stages.model.optional.lightgbm_export import ExportableLGBM

    low = np.float32(low)
    high = np.nextafter(low, np.float32(np.inf))
    X = np.repeat([[low], [high]], 100, axis=0).astype(float)
    model = ExportableLGBM(n_estimators=2, min_child_samples=1, n_jobs=1, verbosity=-1)
    model.fit(X, np.repeat([0, 1], 100))
    nodes = [tree["tree_structure"] for tree in model.booster_.dump_model()["tree_info"]]
    thresholds = [node["threshold"] for node in nodes if "threshold" in node]
    assert thresholds
    assert all(low <= np.float32(t) < high and np.float32(t) == t for t in thresholds)
    predicted = model.predict_proba(X)[:, 1]
    assert predicted[0] < predicted[-1]
