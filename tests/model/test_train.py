"""Training: identical folds, honest errors, a winner by a rule set beforehand."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from scoring.errors import UserError
from stages.core import measures
from stages.core.metrics import Shown, shown_in
from stages.features.table import ID, LABEL
from stages.model import export
from stages.model.candidates import build
from stages.model.encoding import frame, layout
from stages.model.folds import paired, threads
from stages.model.selection import choose, compare, elect, verdict
from stages.model.train import cross_validate, folds, refit, summary
from tests import builders

PARAMS = builders.train_params()
COMPARED = shown_in(Shown.CROSS_VALIDATION)
few = settings(max_examples=15, deadline=None, derandomize=True)
differences = arrays(float, st.integers(2, 20), elements=st.floats(-1, 1))


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
    assert f"{min(churners, 300 - churners)} customers" in str(caught.value)


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


# --- the corrected standard error --------------------------------------------------------------


def test_paired_is_the_formula_of_nadeau_and_bengio():
    # two repeats of three folds: J = 6, test/train = 1/2, s² = 5.6/5·1e-4
    difference = np.array([0.01, 0.02, 0.03, 0.00, 0.01, 0.03])
    mean, error = paired(difference, 3)
    spread = sum((d - sum(difference) / 6) ** 2 for d in difference) / 5
    assert mean == pytest.approx(sum(difference) / 6)
    assert error == pytest.approx((spread * (1 / 6 + 1 / 2)) ** 0.5)


@few
@given(difference=differences, n_folds=st.integers(2, 10))
def test_corrected_error_is_never_below_the_naive_one(difference, n_folds):
    naive = difference.std(ddof=1) / np.sqrt(len(difference))
    _, error = paired(difference, n_folds)
    assert error >= naive
    if naive > 1e-9:
        assert error > naive


@few
@given(difference=differences, n_folds=st.integers(2, 10))
def test_turning_the_difference_turns_the_mean_and_keeps_the_error(difference, n_folds):
    mean, error = paired(difference, n_folds)
    assert paired(-difference, n_folds) == pytest.approx((-mean, error))


def test_more_repeats_cannot_buy_certainty():
    rng = np.random.default_rng(0)
    errors = [paired(rng.normal(size=5 * repeats), 5)[1] for repeats in (2, 20, 200, 2000)]
    assert errors[-1] == pytest.approx(np.sqrt(1 / 4), rel=0.1)


# --- comparison and choice ---------------------------------------------------------------------


def made_scores(*, metric: str = "roc_auc", **values) -> pd.DataFrame:
    """Scores of candidates on six folds of two repeats, simplest first."""
    rows = [
        {"candidate": name, "repeat": i // 3, "fold": i % 3, metric: value}
        for name, series in values.items()
        for i, value in enumerate(series)
    ]
    return pd.DataFrame(rows)


NOISE = np.array([0.01, -0.02, 0.015, 0.0, -0.01, 0.005])


def test_the_simplest_that_surely_loses_no_more_than_allowed_wins():
    # the blend gains 0.3, of which 5 % may be lost
    scores = made_scores(base_rate=0.5 + NOISE, logistic=0.79 + NOISE, blend=0.8 + NOISE)
    comparison = compare(scores, PARAMS)
    assert comparison.loc["logistic", "allowed"] == pytest.approx(0.015)
    assert choose(comparison) == ("logistic", "blend")


def test_a_simpler_candidate_that_loses_more_than_allowed_loses():
    scores = made_scores(base_rate=0.5 + NOISE, logistic=0.78 + NOISE, blend=0.8 + NOISE)
    assert choose(compare(scores, PARAMS)) == ("blend", "logistic")


@pytest.mark.parametrize("ahead", [0.0, 0.005])
def test_a_simpler_candidate_that_is_level_or_ahead_by_luck_does_not_win(ahead):
    # what few customers cannot tell apart is not taken for equal
    centred = NOISE - NOISE.mean()
    scores = made_scores(
        base_rate=0.5 + centred, logistic=0.8 + ahead - centred, blend=0.8 + centred
    )
    comparison = compare(scores, PARAMS)
    row = comparison.loc["logistic"]
    assert row["behind"] <= row["allowed"] < row["behind"] + row["standard_error"]
    assert choose(comparison)[0] == "blend"


@pytest.mark.parametrize(("errors", "winner"), [(1.05, "logistic"), (0.95, "blend")])
def test_the_line_is_drawn_at_one_standard_error(errors, winner):
    centred = NOISE - NOISE.mean()
    lead = errors * paired(-2 * centred, PARAMS.folds)[1]
    scores = made_scores(logistic=0.8 + lead - centred, blend=0.8 + centred)
    assert choose(compare(scores, PARAMS))[0] == winner


def test_without_a_blend_the_reference_is_the_best_and_without_a_base_rate_nothing_is_allowed():
    scores = made_scores(logistic=0.799 + NOISE, xgboost=0.8 + NOISE)
    comparison = compare(scores, PARAMS)
    assert (comparison["allowed"] == 0).all()
    assert choose(comparison) == ("xgboost", "logistic")


def test_difference_is_judged_fold_by_fold():
    # allowed behind by a hair on every fold alike, however much the folds differ
    wild = 10 * NOISE
    scores = made_scores(base_rate=0.5 + wild, logistic=0.79 + wild, xgboost=0.8 + wild)
    assert choose(compare(scores, PARAMS))[0] == "logistic"


def test_more_complex_candidate_never_wins_by_being_close():
    scores = made_scores(base_rate=0.5 + NOISE, logistic=0.8 + NOISE, xgboost=0.801 + NOISE)
    assert choose(compare(scores, PARAMS)) == ("logistic", "xgboost")


def test_runner_up_is_the_best_of_the_others():
    scores = made_scores(base_rate=0.5 + NOISE, logistic=0.7 + NOISE, xgboost=0.8 - NOISE)
    assert choose(compare(scores, PARAMS)) == ("xgboost", "logistic")


def test_only_candidate_is_winner_and_runner_up():
    assert choose(compare(made_scores(logistic=0.8 + NOISE), PARAMS)) == ("logistic", "logistic")


@pytest.mark.parametrize("metric", ["brier", "log_loss"])
def test_lower_is_better_where_it_is(metric):
    scores = made_scores(metric=metric, logistic=0.2 + NOISE, xgboost=0.1 - NOISE)
    comparison = compare(scores, builders.train_params(metric=metric))
    assert choose(comparison)[0] == "xgboost"
    assert comparison.loc["logistic", "behind"] == pytest.approx(0.1, abs=0.02)


def test_metric_can_be_asked_for():
    scores = made_scores(metric="brier", logistic=0.2 + NOISE, xgboost=0.1 - NOISE)
    assert compare(scores, PARAMS, metric="brier")["behind"].idxmin() == "xgboost"


def test_comparison_is_the_paired_one_and_nobody_leads_the_best():
    comparison = compare(builders.validation().scores, PARAMS)
    assert list(comparison.index) == PARAMS.candidates
    assert (comparison["behind"] >= 0).all()
    best = comparison["behind"].idxmin()
    scores = builders.validation().scores.groupby("candidate")["roc_auc"].apply(np.array)
    for name, row in comparison.iterrows():
        expected = paired(scores[best] - scores[name], PARAMS.folds)
        assert (row["behind"], row["standard_error"]) == pytest.approx(expected)
        allowed = PARAMS.tolerance * (scores[best].mean() - scores["base_rate"].mean())
        assert row["allowed"] == pytest.approx(allowed)
        assert row["within"] == (name == best or row["behind"] + row["standard_error"] <= allowed)


def test_interval_is_students_around_the_difference():
    from scipy import stats

    comparison = compare(builders.validation().scores, PARAMS)
    half = stats.t.ppf(0.975, PARAMS.folds * PARAMS.repeats - 1) * comparison["standard_error"]
    np.testing.assert_allclose(comparison["high"], comparison["behind"] + half)
    np.testing.assert_allclose(comparison["low"], comparison["behind"] - half)


def test_summary_is_the_mean_of_every_metric_in_the_order_of_the_candidates():
    scores = builders.validation().scores
    table = summary(scores, PARAMS)
    assert list(table.index) == PARAMS.candidates
    assert list(table.columns) == [metric.heading_with_direction for metric in COMPARED]
    logistic = scores[scores["candidate"] == "logistic"]
    assert table.loc["logistic", "Brier score (lower is better)"] == pytest.approx(
        logistic["brier"].mean()
    )


def test_verdict_says_why():
    near = compare(
        made_scores(base_rate=0.5 + NOISE, logistic=0.8 + NOISE, blend=0.801 + NOISE), PARAMS
    )
    far = compare(
        made_scores(base_rate=0.5 + NOISE, logistic=0.7 + NOISE, blend=0.8 - NOISE), PARAMS
    )
    trailing = verdict(near, *choose(near), PARAMS)
    leading = verdict(far, *choose(far), PARAMS)
    assert "The winner is logistic: the simplest that loses at most" in trailing
    assert "5.0% of what blend gains" in trailing
    assert "The winner is blend: no simpler candidate is sure to lose at most" in leading
    assert "The runner-up is logistic" in leading


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
