"""Configurations under names of their own, and the untuned boosting that all are judged by."""

import numpy as np
import pandas as pd
import pytest

from scoring.errors import UserError
from stages.core.paths import Paths
from stages.core.section import read_params
from stages.features.table import LABEL
from stages.model.candidates import build
from stages.model.encoding import frame, layout
from stages.model.export import TOLERANCE, disagreement, to_onnx
from stages.model.hist_boosting import rounded_down
from stages.model.outlook import LOSS, of_tuning, summary
from stages.model.train import cross_validate
from stages.model.train_params import Train
from tests import builders

DEEP = builders.TRAIN["xgboost"] | {"family": "xgboost", "max_depth": 6}
LOOSE = {"family": "logistic", "C": 50.0}
WIDE = builders.TRAIN["forest"] | {"family": "extra_trees"}
PORTFOLIO = {"deep": DEEP, "loose": LOOSE, "wide": WIDE}


def fitted(name: str, variant: str = "full", **changes):
    schema, table = builders.schema(variant), builders.features(variant)
    model = build(name, builders.train_params(portfolio=PORTFOLIO, **changes), layout(schema))
    return model.fit(frame(table, schema), table[LABEL])


@pytest.mark.parametrize("variant", ["full", "categories", "numbers"])
@pytest.mark.parametrize("name", [*PORTFOLIO, "hist_boosting"])
def test_configuration_exports_and_agrees_on_blanks_and_strange_values(name, variant):
    schema, model = builders.schema(variant), fitted(name, variant)
    rows = builders.with_absent_and_new_values(builders.features(variant, 500, seed=7))
    assert disagreement(to_onnx(model, schema, name=name), model, rows, schema) <= TOLERANCE


def test_configuration_is_of_its_family_with_its_own_parameters():
    assert fitted("deep").named_steps["model"].max_depth == 6
    assert fitted("loose").named_steps["model"].C == 50
    assert type(fitted("wide").named_steps["model"]).__name__ == "ExtraTreesClassifier"


@pytest.mark.parametrize("name", ["xgboost", "hist_boosting", "deep"])
def test_boosting_learns_from_a_blank(name):
    # whether a number is absent is all there is to know
    schema, table = builders.schema("numbers"), builders.features("numbers", 600).copy()
    table.loc[np.random.default_rng(0).random(len(table)) < 0.4, builders.DAYS] = np.nan
    absent = table[builders.DAYS].isna().to_numpy()
    params = builders.train_params(portfolio=PORTFOLIO)
    model = build(name, params, layout(schema)).fit(frame(table, schema), absent.astype(int))
    p = model.predict_proba(frame(table, schema))[:, 1]
    assert p[absent].min() > p[~absent].max()
    assert disagreement(to_onnx(model, schema, name=name), model, table, schema) <= TOLERANCE


@pytest.mark.parametrize("low", [0.1, 0.3, 29.85, 1234.5])
def test_threshold_between_neighbouring_floats_separates_them_in_float32(low):
    low = np.float32(low)
    high = np.nextafter(low, np.float32(np.inf))
    middle = np.array([(float(low) + float(high)) / 2])
    assert low <= np.float32(rounded_down(middle)[0]) < high


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"candidates": ["logistic", "unheard_of"]}, "unheard_of is not known"),
        ({"portfolio": {"xgboost": DEEP}}, "portfolio: xgboost"),
        ({"portfolio": {"a b": DEEP}}, "portfolio: a b"),
        ({"portfolio": {"deep": DEEP | {"family": "svm"}}}, "svm"),
        ({"portfolio": {"deep": DEEP | {"C": 1.0}}}, "C"),
        ({"candidates": ["base_rate", "one_feature", "blend"]}, "nobody to average"),
    ],
)
def test_portfolio_that_cannot_be_is_refused(changes, words):
    with pytest.raises(UserError, match=words):
        builders.train_params(**changes)


def test_params_yaml_has_the_untuned_boosting_and_the_blend_among_the_candidates():
    params = Train.of(read_params(Paths.here().params)["train"])
    assert {"hist_boosting", "blend", *params.portfolio} <= set(params.candidates)


def test_report_says_whether_more_customers_and_tuning_are_likely_to_help():
    features, schema = builders.features(), builders.schema()
    params = builders.train_params(
        portfolio={"deep": DEEP}, candidates=["logistic", "xgboost", "deep"]
    )
    validation = cross_validate(features, schema, params)
    words = summary(validation, "logistic", features, schema, params)
    assert "customers" in words
    assert "`make tune` " in words


@pytest.mark.parametrize(("ahead", "verdict"), [(0.05, "may help a little"), (0.0, "unlikely")])
def test_tuning_is_unlikely_to_help_where_boosting_does_not_lead_a_linear_model(ahead, verdict):
    # given five folds, with noise of 0.01 between two candidates
    noise = 0.01 * np.array([1, -1, 1, -1, 0])
    losses = {"logistic": 0.4 + noise, "xgboost": np.full(5, 0.4 - ahead), "deep": 0.41 - noise}
    scores = pd.concat(
        pd.DataFrame({"candidate": name, "repeat": 0, "fold": range(5), LOSS: loss})
        for name, loss in losses.items()
    )
    params = builders.train_params(portfolio={"deep": DEEP}, candidates=list(losses))
    words = of_tuning(scores, params)
    assert verdict in words
    assert "xgboost" in words
