"""The choice of the champion: judged on folds that it did not see; hopeless candidates stopped."""

import numpy as np
import pandas as pd
import pytest

from stages.core.measures import log_loss, value
from stages.model.folds import draw_folds
from stages.model.selection import choose, compare, elect, optimism, selected_scores
from stages.model.train import cross_validate, survivors
from tests import builders

PARAMS = builders.train_params()


def scores_by_fold(**by_candidate) -> pd.DataFrame:
    """ROC AUC of made-up candidates on 2 x 3 folds, or on the first folds alone."""
    return pd.DataFrame(
        [
            {"candidate": name, "repeat": i // 3, "fold": i % 3, "roc_auc": float(auc)}
            for name, values in by_candidate.items()
            for i, auc in enumerate(values)
        ]
    )


def test_among_equals_the_reported_score_is_not_that_of_the_luckiest():
    # candidates without any difference: the best of them by the same folds is above the truth
    rng = np.random.default_rng(0)
    flattered, honest = [], []
    for _ in range(40):
        table = scores_by_fold(**{f"c{i}": 0.8 + 0.02 * rng.normal(size=6) for i in range(8)})
        best = table.groupby("candidate")["roc_auc"].mean().max()
        flattered.append(best - 0.8)
        honest.append(selected_scores(table, PARAMS)["roc_auc"].mean() - 0.8)
    error = np.std(honest) / np.sqrt(40)
    assert np.mean(flattered) > 5 * error
    assert abs(np.mean(honest)) < 4 * error


def test_clear_winner_is_chosen_without_every_fold_and_reported_as_it_is():
    table = scores_by_fold(simple=[0.7] * 6, good=[0.80, 0.81, 0.82, 0.81, 0.80, 0.82])
    selected = selected_scores(table, PARAMS)
    assert set(selected["candidate"]) == {"good"}
    assert selected["roc_auc"].tolist() == [0.80, 0.81, 0.82, 0.81, 0.80, 0.82]


def test_candidate_that_was_stopped_is_compared_on_the_folds_that_it_has():
    table = scores_by_fold(stopped=[0.70, 0.72, 0.71], good=[0.80, 0.82, 0.81, 0.9, 0.9, 0.9])
    comparison = compare(table, PARAMS)
    assert comparison.loc["stopped", "behind"] == pytest.approx(0.1)
    assert comparison["folds"].to_dict() == {"stopped": 3, "good": 6}
    assert choose(comparison)[0] == "good"
    assert set(selected_scores(table, PARAMS)["candidate"]) == {"good"}


def test_a_stopped_candidate_cannot_win_by_easy_folds():
    table = scores_by_fold(stopped=[0.95, 0.95, 0.95], good=[0.96, 0.96, 0.96, 0.6, 0.6, 0.6])
    assert choose(compare(table, PARAMS))[0] == "good"


def test_election_says_what_choosing_by_the_same_folds_flatters():
    features, schema, validation = builders.features(), builders.schema(), builders.validation()
    election = elect(validation, features, schema, PARAMS)
    assert len(election.selected) == 6
    words = optimism(election, validation.scores, PARAMS)
    assert f"{election.selected['roc_auc'].mean():.4f}" in words


def predictions_of(splits, **probability) -> dict:
    return {
        name: {(f.repeat, f.number): p[f.held_out] for f in splits}
        for name, p in probability.items()
    }


def racers(**changes):
    label = (np.arange(900) % 3 == 0).astype("int8")
    splits = draw_folds(label, count=3, repeats=1, seed=0)
    good = builders.scores_of(label, seed=1, sharpness=3)
    poor = builders.scores_of(label, seed=2, sharpness=0.1)
    assert value(log_loss, label.astype(float), good) < value(log_loss, label.astype(float), poor)
    out_of_fold = predictions_of(
        splits, base_rate=poor, logistic=good, forest=poor, xgboost=good, vote=poor
    )
    params = builders.train_params(**{"racing": True} | changes)
    return survivors(out_of_fold, splits, label, params)


def test_who_trails_beyond_noise_is_stopped_and_references_go_on():
    assert racers() == ["base_rate", "logistic", "xgboost"]


def test_without_racing_everybody_goes_on():
    assert racers(racing=False) == ["base_rate", "logistic", "forest", "xgboost", "vote"]


def test_racing_costs_the_winner_no_fold():
    features, schema = builders.features(), builders.schema()
    names = ["base_rate", "logistic", "forest", "xgboost", "vote", "blend"]
    raced = cross_validate(
        features, schema, builders.train_params(racing=True, candidates=names)
    ).scores
    folds = raced.groupby("candidate").size()
    assert set(folds) <= {3, 6}
    assert folds["base_rate"] == folds["blend"] == 6
