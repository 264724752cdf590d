"""The blend: never worse than its best member on what it learned from, and honest on the rest."""

import numpy as np
import pytest

from stages.core import measures
from stages.features.table import LABEL
from stages.model.blend import (
    Member,
    average,
    cross_fitted,
    from_record,
    greedy_weights,
    learned,
    recorded,
)
from stages.model.calibrate import Sigmoid
from stages.model.encoding import frame
from stages.model.export import TOLERANCE, checked_onnx, disagreement
from stages.model.folds import draw_folds
from stages.model.train import BLEND, cross_validate, refit, served
from tests import builders

WITH_BLEND = builders.train_params(candidates=["logistic", "forest", "xgboost", "blend"])


def world(rows: int = 600, *, seed: int = 0):
    """Labels, and probabilities of a good, a middling and a senseless candidate."""
    label = (np.random.default_rng(seed).random(rows) < 0.3).astype(float)
    columns = [
        builders.scores_of(label, seed=seed + i, sharpness=s) for i, s in enumerate((2, 1, 0))
    ]
    return label, np.column_stack(columns)


def predictions_of(splits, probability: np.ndarray, names=("good", "middling", "senseless")):
    return {
        name: {(f.repeat, f.number): probability[f.held_out, i] for f in splits}
        for i, name in enumerate(names)
    }


def loss(label: np.ndarray, probability: np.ndarray) -> float:
    return measures.value(measures.log_loss, label, probability)


@pytest.mark.parametrize("seed", range(5))
def test_weights_add_up_and_lose_no_more_than_the_best_member(seed):
    label, probability = world(seed=seed)
    weights = greedy_weights(label, probability, rounds=20)
    assert weights.sum() == pytest.approx(1)
    assert (weights >= 0).all()
    best = min(loss(label, column) for column in probability.T)
    assert loss(label, probability @ weights) <= best + 1e-12


def test_one_round_takes_the_best_alone():
    label, probability = world()
    assert greedy_weights(label, probability, rounds=1).tolist() == [1, 0, 0]


def test_two_members_whose_errors_cancel_are_both_taken():
    rng = np.random.default_rng(0)
    label = (rng.random(4000) < 0.5).astype(float)
    noise = rng.normal(size=4000)
    z = 2 * (label - 0.5)
    pair = np.column_stack([1 / (1 + np.exp(-(z + noise))), 1 / (1 + np.exp(-(z - noise)))])
    np.testing.assert_allclose(greedy_weights(label, pair, rounds=20), [0.5, 0.5], atol=0.06)


def test_outcomes_of_a_fold_do_not_change_how_it_is_blended():
    label, probability = world()
    splits = draw_folds(label.astype(int), count=3, repeats=2, seed=0)
    other = label.copy()
    other[splits[0].held_out] = 1 - other[splits[0].held_out]
    before, after = (
        cross_fitted(predictions_of(splits, probability), splits, known, rounds=10)
        for known in (label, other)
    )
    np.testing.assert_array_equal(before[0, 0], after[0, 0])
    assert not np.array_equal(before[0, 1], after[0, 1])


def test_candidate_that_was_stopped_has_no_final_weight():
    label, probability = world()
    splits = draw_folds(label.astype(int), count=3, repeats=2, seed=0)
    out_of_fold = predictions_of(splits, probability)
    out_of_fold["good"] = {key: p for key, p in out_of_fold["good"].items() if key[0] == 0}
    blend = learned(out_of_fold, splits, label, rounds=10)
    assert "good" not in blend
    assert sum(member.weight for member in blend.values()) == pytest.approx(1)
    assert set(cross_fitted(out_of_fold, splits, label, rounds=10)) == set(out_of_fold["middling"])


def test_blend_is_judged_like_a_candidate_and_served_as_a_weighted_mean():
    features, schema = builders.features(), builders.schema()
    validation = cross_validate(features, schema, WITH_BLEND)
    assert len(validation.scores[validation.scores["candidate"] == BLEND]) == 6
    assert validation.out_of_fold[BLEND].between(0, 1).all()
    model = served(BLEND, validation, features, schema, WITH_BLEND)
    inputs = frame(features, schema)
    alone = {
        name: refit(name, features, schema, WITH_BLEND).predict_proba(inputs)[:, 1].astype(float)
        for name in validation.blend
    }
    expected = average(validation.blend, alone)
    np.testing.assert_allclose(model.predict_proba(inputs)[:, 1], expected, atol=1e-12)


def test_a_member_that_is_too_bold_counts_by_how_it_ranks():
    label, probability = world(4000)
    z = np.log(probability[:, 0] / (1 - probability[:, 0]))
    bold = np.column_stack([1 / (1 + np.exp(-6 * z)), probability[:, 1]])
    splits = draw_folds(label.astype(int), count=3, repeats=1, seed=0)
    out_of_fold = predictions_of(splits, bold, names=("bold", "timid"))
    blend = learned(out_of_fold, splits, label, rounds=20)
    assert blend["bold"].weight > 0.8
    raw = learned(out_of_fold, splits, label, rounds=20, calibrated=False)
    assert raw["bold"].weight < blend["bold"].weight
    assert all(member.sigmoid is None for member in raw.values())
    pooled = np.concatenate([label[fold.held_out] for fold in splits])
    lost = {
        name: loss(pooled, np.concatenate([by_fold[0, f.number] for f in splits]))
        for name, by_fold in (
            ("calibrated", cross_fitted(out_of_fold, splits, label, rounds=20)),
            ("raw", cross_fitted(out_of_fold, splits, label, rounds=20, calibrated=False)),
        )
    }
    assert lost["calibrated"] < lost["raw"]


def test_a_blend_is_read_from_a_manifest_as_it_was_written():
    blend = {"logistic": Member(0.25, Sigmoid(1.5, -0.25)), "forest": Member(0.75)}
    read = from_record(recorded(blend))
    assert read["logistic"] == blend["logistic"]
    assert read["forest"] == Member(0.75, Sigmoid())


def test_without_calibration_no_member_is_behind_a_sigmoid():
    params = WITH_BLEND.model_copy(update={"calibration": "sigmoid"})
    features, schema = builders.features(), builders.schema()
    plain, behind = (cross_validate(features, schema, p).blend for p in (WITH_BLEND, params))
    assert all(member.sigmoid is None for member in plain.values())
    assert all(member.sigmoid for member in behind.values())


@pytest.mark.parametrize("variant", ["full", "categories", "numbers"])
def test_blend_exports_and_agrees(variant):
    features, schema = builders.features(variant), builders.schema(variant)
    blend = {
        "logistic": Member(0.25, Sigmoid(1.7, 0.3)),
        "hist_boosting": Member(0.35, Sigmoid(0.4, -0.6)),
        "xgboost": Member(0.4),
    }
    model = refit(BLEND, features, schema, WITH_BLEND, blend=blend)
    content = checked_onnx(model, features, schema, name=BLEND)
    rows = builders.with_absent_and_new_values(builders.features(variant, 500, seed=7))
    assert disagreement(content, model, rows, schema) <= TOLERANCE
    assert features[LABEL].nunique() == 2
