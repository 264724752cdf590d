"""Calibration: crossed over folds, taken only where it helps, exact in the export."""

import numpy as np
import pytest
from scipy.special import expit
from sklearn.frozen import FrozenEstimator

from scoring.probability import log_odds
from stages.core import measures
from stages.core.reliability import reliability
from stages.features.table import LABEL
from stages.model.calibrate import Sigmoid, calibrate, fit_sigmoid
from stages.model.encoding import frame
from stages.model.export import TOLERANCE, disagreement, to_onnx
from stages.model.folds import draw_folds
from stages.model.logodds import EDGE, LogitShiftedClassifier
from stages.model.train import cross_validate, refit, served
from tests import builders

AUTO = builders.train_params(calibration="auto")


def world(rows: int = 3000, *, slope: float = 1.0, shift: float = 0.0, seed: int = 0):
    """Labels, and probabilities whose log-odds would have to be moved by slope and shift."""
    rng = np.random.default_rng(seed)
    true = rng.normal(-1, 1.2, rows)
    label = (rng.random(rows) < expit(true)).astype("int8")
    return label, expit((true - shift) / slope)


def decided(label, probability, *, method: str = "auto"):
    params = builders.train_params(calibration=method)
    splits = draw_folds(label, count=params.folds, repeats=params.repeats, seed=1)
    out_of_fold = {(f.repeat, f.number): probability[f.held_out] for f in splits}
    return calibrate(out_of_fold, splits, label, params), splits


@pytest.mark.parametrize(("slope", "shift"), [(0.5, 0.0), (1.0, -1.0), (2.0, 0.5)])
def test_sigmoid_is_found_again(slope, shift):
    found = fit_sigmoid(*world(20_000, slope=slope, shift=shift))
    assert found.slope == pytest.approx(slope, abs=0.1)
    assert found.intercept == pytest.approx(shift, abs=0.1)


def test_sigmoid_is_taken_where_it_helps_and_lowers_the_loss():
    label, bold = world(slope=0.4)
    (calibration, out_of_fold), splits = decided(label, bold)
    assert calibration.method == "sigmoid"
    assert calibration.low > 0
    loss = [
        measures.value(measures.log_loss, label[f.held_out].astype(float), p)
        for f in splits
        for p in (bold[f.held_out], out_of_fold[f.repeat, f.number])
    ]
    assert np.mean(loss[1::2]) < np.mean(loss[::2])


def test_sigmoid_is_not_taken_where_there_is_nothing_to_put_right():
    label, good = world()
    (calibration, out_of_fold), splits = decided(label, good)
    assert calibration.method == "none"
    np.testing.assert_array_equal(out_of_fold[0, 0], good[splits[0].held_out])


def test_nobody_calibrates_their_own_probability():
    label, bold = world(slope=0.4)
    (_, before), splits = decided(label, bold, method="sigmoid")
    other = label.copy()
    other[splits[0].held_out] = 1 - other[splits[0].held_out]
    params = builders.train_params(calibration="sigmoid")
    out_of_fold = {(f.repeat, f.number): bold[f.held_out] for f in splits}
    _, after = calibrate(out_of_fold, splits, other, params)
    np.testing.assert_array_equal(before[0, 0], after[0, 0])
    assert not np.array_equal(before[0, 1], after[0, 1])


def test_probabilities_of_zero_and_one_stay_finite():
    assert np.isfinite(log_odds([0.0, 1.0])).all()
    np.testing.assert_allclose(Sigmoid()(np.array([0.0, 0.3, 1.0])), [EDGE, 0.3, 1 - EDGE])


def test_constant_probability_has_nothing_to_calibrate():
    assert fit_sigmoid(np.arange(100) % 2, np.full(100, 0.3)) == Sigmoid()


@pytest.mark.parametrize("name", ["logistic", "forest", "vote"])
def test_export_is_the_calibrated_one(name):
    features, schema = builders.features(), builders.schema()
    raw = refit(name, features, schema, AUTO)
    model = LogitShiftedClassifier(FrozenEstimator(raw), slope=0.7, intercept=-0.4)
    model.fit(frame(features, schema), features[LABEL])
    content = to_onnx(model, schema, name=name)
    assert disagreement(content, model, features, schema) <= TOLERANCE
    assert disagreement(content, raw, features, schema) > 0.01


def test_candidates_are_served_as_they_were_judged():
    features, schema = builders.features(), builders.schema()
    params = builders.train_params(calibration="sigmoid", candidates=["base_rate", "logistic"])
    validation = cross_validate(features, schema, params)
    assert set(validation.calibration) == {"logistic"}
    model = served("logistic", validation, features, schema, params)
    decided = validation.calibration["logistic"].sigmoid
    assert (model.slope_, model.intercept_) == (decided.slope, decided.intercept)
    raw = cross_validate(features, schema, builders.train_params()).out_of_fold
    assert not np.allclose(raw["logistic"], validation.out_of_fold["logistic"])


def test_reliability_counts_everybody_and_its_interval_holds_the_rate():
    label, probability = world()
    table = reliability(label.astype(float), probability)
    assert table["customers"].sum() == len(label)
    assert table["rate"].between(table["low"], table["high"]).all()
