"""Training: identical folds, honest errors, a winner by a rule set beforehand."""

import itertools

import numpy as np
import pandas as pd
import pytest

from scoring.errors import UserError
from stages.core import measures
from stages.core.metrics import Shown, shown_in
from stages.features.table import ID, LABEL
from stages.model import export, outlook
from stages.model import train as training
from stages.model.candidates import build
from stages.model.encoding import frame, layout
from stages.model.folds import threads
from stages.model.selection import elect
from stages.model.train import cross_validate, folds, refit
from tests import builders

PARAMS = builders.train_params()
COMPARED = shown_in(Shown.CROSS_VALIDATION)


def labels(rows: int = 300, *, rate: float = 0.3) -> np.ndarray:
    return (np.random.default_rng(0).random(rows) < rate).astype("int8")


# --- folds -------------------------------------------------------------------------------------


def test_every_customer_is_held_out_once_per_repeat():
    splits = folds(labels(), PARAMS)
    assert len(splits) == PARAMS.folds * PARAMS.repeats
    for _, group in itertools.groupby(splits, key=lambda fold: fold.repeat):
        held_out = np.concatenate([fold.held_out for fold in group])
        np.testing.assert_array_equal(np.sort(held_out), np.arange(300))


def test_nobody_is_fitted_on_and_held_out_at_once():
    for fold in folds(labels(), PARAMS):
        assert not set(fold.fit) & set(fold.held_out)
        assert len(fold.fit) + len(fold.held_out) == 300


def test_folds_are_numbered_within_their_repeat():
    numbers = [(fold.repeat, fold.number) for fold in folds(labels(), PARAMS)]
    assert numbers == list(itertools.product(range(PARAMS.repeats), range(PARAMS.folds)))


def test_folds_are_stratified():
    label = labels()
    churners = [label[fold.held_out].sum() for fold in folds(label, PARAMS) if fold.repeat == 0]
    assert max(churners) - min(churners) <= 1


def test_repeats_and_seeds_draw_other_folds_and_the_same_seed_the_same():
    first, *_, last = folds(labels(), PARAMS)
    again = folds(labels(), PARAMS)[0]
    other = folds(labels(), builders.train_params(seed=4))[0]
    np.testing.assert_array_equal(first.held_out, again.held_out)
    assert set(first.held_out) != set(other.held_out)
    assert set(first.held_out) != set(last.held_out)


@pytest.mark.parametrize("churners", [0, 1, 2, 298, 299, 300])
def test_class_too_small_for_the_folds_is_refused(churners):
    label = (np.arange(300) < churners).astype("int8")
    with pytest.raises(UserError, match=r"train\.folds is 3") as caught:
        folds(label, PARAMS)
    assert f" has {min(churners, 300 - churners)} customer" in str(caught.value)


def test_one_customer_of_a_class_per_fold_is_enough():
    assert folds((np.arange(300) < PARAMS.folds).astype("int8"), PARAMS)


# --- cross-validation --------------------------------------------------------------------------


def test_scores_have_a_row_per_candidate_repeat_and_fold():
    scores = builders.validation().scores
    keys = list(scores[["candidate", "repeat", "fold"]].itertuples(index=False, name=None))
    expected = itertools.product(PARAMS.candidates, range(PARAMS.repeats), range(PARAMS.folds))
    assert keys == list(expected)
    assert {metric.name for metric in COMPARED} <= set(scores)
    assert scores.notna().all(axis=None)


def test_out_of_fold_has_a_row_per_customer_and_a_probability_per_candidate():
    table, features = builders.validation().out_of_fold, builders.features()
    assert list(table.columns) == ["id", "label", "fold", *PARAMS.candidates]
    assert list(table["id"]) == list(features[ID])
    np.testing.assert_array_equal(table["label"], features[LABEL])
    probability = table[PARAMS.candidates].to_numpy()
    assert ((probability >= 0) & (probability <= 1)).all()


def test_out_of_fold_comes_from_models_that_never_saw_the_customer():
    features, schema = builders.features(), builders.schema()
    table = builders.validation().out_of_fold
    inputs = frame(features, schema)
    for name, number in itertools.product(("logistic", "forest", "xgboost"), range(PARAMS.folds)):
        held_out = (table["fold"] == number).to_numpy()
        model = build(name, PARAMS, layout(schema)).fit(
            inputs[~held_out], features[LABEL][~held_out]
        )
        expected = model.predict_proba(inputs[held_out])[:, 1]
        np.testing.assert_array_equal(table.loc[held_out, name], expected.astype(float))


def test_progress_bars_have_names_of_their_own(monkeypatch):
    # given a training that fits in three rounds
    names = []
    monkeypatch.setattr(training, "tqdm", lambda done, **bar: names.append(bar["desc"]) or done)
    params = builders.train_params(candidates=["base_rate", "logistic"], repeats=2)
    features, schema = builders.features(), builders.schema()
    # when all of them have run
    validation = cross_validate(features, schema, params)
    outlook.gain_of_the_second_half(validation, "logistic", features, schema, params)
    # then each is called by what it fits
    assert names == [
        "candidates, first repeat",
        "candidates, other repeats",
        "logistic, half of the customers",
    ]


@pytest.mark.parametrize("variant", ["full", "categories", "numbers"])
def test_vote_equals_a_vote_fitted_on_the_same_fold(variant):
    features, schema = builders.features(variant), builders.schema(variant)
    table, inputs = builders.validation(variant).out_of_fold, frame(features, schema)
    for number in range(PARAMS.folds):
        held_out = (table["fold"] == number).to_numpy()
        model = build("vote", PARAMS, layout(schema)).fit(
            inputs[~held_out], features[LABEL][~held_out]
        )
        expected = model.predict_proba(inputs[held_out])[:, 1]
        np.testing.assert_allclose(table.loc[held_out, "vote"], expected, rtol=0, atol=1e-12)


def test_scores_of_the_first_repeat_are_those_of_the_out_of_fold_table():
    validation = builders.validation()
    table, scores = validation.out_of_fold, validation.scores
    first = scores[scores["repeat"] == 0].set_index(["candidate", "fold"])
    for name, number in itertools.product(PARAMS.candidates, range(PARAMS.folds)):
        held_out = table[table["fold"] == number]
        label, probability = held_out["label"].to_numpy(float), held_out[name].to_numpy()
        for metric in COMPARED:
            expected = measures.value(metric.bound(), label, probability)
            assert first.loc[(name, number), metric.name] == pytest.approx(expected, abs=1e-12)


def test_threads_change_no_bit(monkeypatch):
    results = []
    for count in ("1", "2"):
        monkeypatch.setenv("CHURN_THREADS", count)
        results.append(cross_validate(builders.features(), builders.schema(), PARAMS))
    one, two = results
    pd.testing.assert_frame_equal(one.scores, two.scores, check_exact=True)
    pd.testing.assert_frame_equal(one.out_of_fold, two.out_of_fold, check_exact=True)


def test_candidates_do_not_change_each_other():
    alone = cross_validate(
        builders.features(), builders.schema(), builders.train_params(candidates=["logistic"])
    )
    among = builders.validation().out_of_fold
    np.testing.assert_array_equal(alone.out_of_fold["logistic"], among["logistic"])


def test_real_labels_teach_something():
    means = builders.validation().scores.groupby("candidate")["roc_auc"].mean()
    assert means["base_rate"] == 0.5
    assert (means.drop("base_rate") > 0.6).all(), means.to_dict()


def test_too_few_churners_are_refused_before_anything_is_fitted():
    features = builders.features()
    features[LABEL] = (np.arange(len(features)) < 2).astype("int8")
    with pytest.raises(UserError, match="smaller class has 2 customers"):
        cross_validate(features, builders.schema(), PARAMS)


def test_threads_come_from_the_environment_or_the_machine(monkeypatch):
    monkeypatch.setenv("CHURN_THREADS", "3")
    assert threads() == 3
    for nothing in (monkeypatch.delenv, lambda name: monkeypatch.setenv(name, "")):
        nothing("CHURN_THREADS")
        assert threads() >= 1


@pytest.mark.parametrize("value", ["many", "0", "-1", "1.5"])
def test_number_of_threads_that_is_none_is_refused(monkeypatch, value):
    monkeypatch.setenv("CHURN_THREADS", value)
    with pytest.raises(UserError, match="CHURN_THREADS"):
        threads()


# --- comparison and choice ---------------------------------------------------------------------


def test_refit_learns_from_everybody():
    features, schema = builders.features(), builders.schema()
    inputs = frame(features, schema)
    whole = refit("forest", features, schema, PARAMS).predict_proba(inputs)
    expected = build("forest", PARAMS, layout(schema)).fit(inputs, features[LABEL])
    np.testing.assert_array_equal(whole, expected.predict_proba(inputs))


# --- the winner must be exportable -------------------------------------------------------------


def test_winner_whose_export_is_refused_gives_way_and_the_reason_is_kept(monkeypatch):
    features, schema, validation = builders.features(), builders.schema(), builders.validation()
    _, first, _, none, _ = elect(validation, features, schema, PARAMS)
    assert none == {}
    whole = export.checked_onnx

    def refusing(model, table, wanted, *, name):
        if name == first:
            raise UserError(f"candidate {name}: differs")
        return whole(model, table, wanted, name=name)

    monkeypatch.setattr(export, "checked_onnx", refusing)
    comparison, winner, _, refused, _ = elect(validation, features, schema, PARAMS)
    assert winner != first
    assert first not in comparison.index
    assert refused == {first: f"candidate {first}: differs"}
    assert (comparison["behind"] == 0).any(), "the others are compared with the best of them"


def test_without_any_exportable_candidate_it_says_why(monkeypatch):
    def refusing(*_, name):
        raise UserError(f"candidate {name}: differs")

    monkeypatch.setattr(export, "checked_onnx", refusing)
    arguments = (builders.validation(), builders.features(), builders.schema(), PARAMS)
    with pytest.raises(UserError, match=r"no candidate can be exported.*vote: differs"):
        elect(*arguments)
