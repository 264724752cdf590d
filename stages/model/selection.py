"""The choice of the champion by a rule set beforehand, and what the rule is worth.

The winner is chosen by the same folds that it is judged on, which flatters it. So the rule is
applied once more for each fold, without that fold: the mean score of what it then chooses is the
figure that is reported.
"""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd
from scipy import stats

from scoring.errors import UserError
from scoring.schema import Schema
from stages.core.metrics import METRICS
from stages.model.folds import paired
from stages.model.train import CrossValidation, served
from stages.model.train_params import Train

LEVEL = 0.95
FOLD = ["repeat", "fold"]


class Election(NamedTuple):
    """The outcome of the choice.

    `comparison` has a row per candidate that can be served, `refused` says why others cannot;
    `selected` has a row per fold with the scores of what the rule chooses without that fold.
    """

    comparison: pd.DataFrame
    winner: str
    runner_up: str
    refused: dict[str, str]
    selected: pd.DataFrame


def elect(
    validation: CrossValidation, features: pd.DataFrame, schema: Schema, params: Train
) -> Election:
    """Choose among the candidates that can be served.

    A winner whose export is refused is no candidate any more, and the rule is applied again.
    `UserError` where none is left.
    """
    from stages.model.export import checked_onnx

    refused: dict[str, str] = {}
    while True:
        rest = validation.scores[~validation.scores["candidate"].isin(list(refused))]
        if rest.empty:
            raise UserError(f"no candidate can be exported: {'; '.join(refused.values())}")
        comparison = compare(rest, params)
        winner, runner_up = choose(comparison)
        try:
            model = served(winner, validation, features, schema, params)
            checked_onnx(model, features, schema, name=winner)
        except UserError as error:
            refused[winner] = str(error)
            continue
        return Election(comparison, winner, runner_up, refused, selected_scores(rest, params))


def selected_scores(scores: pd.DataFrame, params: Train) -> pd.DataFrame:
    """On every fold, the scores of the candidate that the rule chooses without it.

    Chosen among the candidates that were fitted on every fold. Columns as in `scores`.
    """
    folds = scores.groupby("candidate", sort=False).size()
    full = scores[scores["candidate"].isin(folds.index[folds == folds.max()])]
    rows = []
    for key in full[FOLD].drop_duplicates().itertuples(index=False):
        is_fold = (full["repeat"] == key.repeat) & (full["fold"] == key.fold)
        choice, _ = choose(compare(full[~is_fold], params))
        rows.append(full[is_fold & (full["candidate"] == choice)])
    return pd.concat(rows, ignore_index=True)


def compare(scores: pd.DataFrame, params: Train, *, metric: str | None = None) -> pd.DataFrame:
    """Each candidate against the best on the folds of both, in the order of `train.candidates`.

    Columns: number of `folds`; `mean` and `std` over them; `behind`, by how much it trails the
    best, fold by fold; its corrected `standard_error` and 95 % interval `low`..`high`; `within`,
    whether it is not worse by more than one standard error.
    """
    metric = metric or params.metric
    sign = METRICS[metric].sign
    by_fold = {
        name: group[metric].to_numpy() for name, group in scores.groupby("candidate", sort=False)
    }
    most = max(len(values) for values in by_fold.values())
    full = [name for name, values in by_fold.items() if len(values) == most]
    best = max(full, key=lambda name: sign * by_fold[name].mean())
    rows = []
    for name, values in by_fold.items():  # one that was stopped early has the first folds alone
        behind, error = paired(sign * (by_fold[best][: len(values)] - values), params.folds)
        quantile = stats.t.ppf((1 + LEVEL) / 2, len(values) - 1)
        rows.append(
            {
                "candidate": name,
                "folds": len(values),
                "mean": values.mean(),
                "std": values.std(ddof=1),
                "behind": behind,
                "standard_error": error,
                "low": behind - quantile * error,
                "high": behind + quantile * error,
                "within": behind <= error,
            }
        )
    return pd.DataFrame(rows).set_index("candidate")


def choose(comparison: pd.DataFrame) -> tuple[str, str]:
    """The winner and the runner-up.

    The winner is the first, and so the simplest, candidate within one standard error of the best;
    the runner-up the best of the others.
    """
    winner = str(comparison.index[comparison["within"]][0])
    others = comparison.drop(index=winner)
    return winner, str(others["behind"].idxmin()) if len(others) else winner


def optimism(election: Election, scores: pd.DataFrame, params: Train) -> str:
    """What the choice by the same folds flatters the winner by, in a sentence."""
    own = scores.loc[scores["candidate"] == election.winner, params.metric].mean()
    honest = election.selected[params.metric].mean()
    names = election.selected["candidate"].value_counts()
    share = names.get(election.winner, 0) / len(election.selected)
    return (
        f"Chosen without the fold that it is judged on, the rule takes {election.winner} in "
        f"{share:.0%} of the folds and reaches a mean {METRICS[params.metric].title} of "
        f"{honest:.4f}; by the folds that it was chosen by, the winner has {own:.4f}. The first of "
        "the two is reported."
    )


def verdict(comparison: pd.DataFrame, winner: str, runner_up: str, params: Train) -> str:
    """Why the winner won, in two sentences."""
    best = str(comparison["behind"].idxmin())
    row = comparison.loc[winner]
    why = (
        f"it is the best in {METRICS[params.metric].title}, and no simpler one lies within one "
        "standard error"
        if winner == best
        else f"it trails the best ({best}) by {row['behind']:.4f}, within one standard error "
        f"({row['standard_error']:.4f}), and no simpler candidate does"
    )
    return f"The winner is {winner}: {why}. The runner-up is {runner_up}."
