"""The choice of the champion by a rule set beforehand, and what the rule is worth.

The winner is chosen by the same folds that it is judged on, which flatters it. So the rule is
applied once more for each fold, without that fold: the mean score of what it then chooses is the
figure that is reported.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from scoring.errors import UserError
from scoring.schema import Schema
from stages.core.metrics import METRICS
from stages.model.folds import paired
from stages.model.train import BLEND, CrossValidation, served
from stages.model.train_params import Train

Floats = NDArray[np.float64]
LEVEL = 0.95
FOLD = ["repeat", "fold"]
BASE_RATE = "base_rate"


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


def compare(scores: pd.DataFrame, params: Train) -> pd.DataFrame:
    """Each candidate against the reference on the folds of both, in the order of the candidates.

    The reference is the blend, or the best where there is none. Columns: number of `folds`; `mean`
    and `std` over them; `behind`, by how much it trails the reference, fold by fold (below 0: it
    leads); its corrected `standard_error` and 95% interval `low`..`high`; `allowed`, a share
    `train.tolerance` of what the reference gains over the base rate; `within`, whether it trails
    by no more than that with one standard error added, or is the reference.
    """
    sign = METRICS[params.metric].sign
    by_fold: dict[str, Floats] = {
        str(name): sign * group[params.metric].to_numpy()
        for name, group in scores.groupby("candidate", sort=False)
    }
    reference = _reference(by_fold)
    allowed = _allowed(by_fold, reference, params)
    rows = {}
    for name, values in by_fold.items():  # one that was stopped early has the first folds alone
        behind, error = paired(by_fold[reference][: len(values)] - values, params.folds)
        quantile = stats.t.ppf((1 + LEVEL) / 2, len(values) - 1)
        rows[name] = {
            "folds": len(values),
            "mean": sign * values.mean(),
            "std": values.std(ddof=1),
            "behind": behind,
            "standard_error": error,
            "low": behind - quantile * error,
            "high": behind + quantile * error,
            "allowed": allowed,
            "within": bool(name == reference or behind + error <= allowed),
        }
    return pd.DataFrame(list(rows.values()), index=pd.Index(rows, name="candidate"))


def _reference(by_fold: Mapping[str, Floats]) -> str:
    """The blend, or without one the best of those fitted on every fold; higher is better."""
    if BLEND in by_fold:
        return BLEND
    most = max(len(values) for values in by_fold.values())
    full = [name for name, values in by_fold.items() if len(values) == most]
    return max(full, key=lambda name: by_fold[name].mean())


def _allowed(by_fold: Mapping[str, Floats], reference: str, params: Train) -> float:
    """What a simpler candidate may lose; nothing where the base rate is no candidate."""
    if BASE_RATE not in by_fold:
        return 0.0
    gain = by_fold[reference].mean() - by_fold[BASE_RATE].mean()
    return params.tolerance * max(0.0, float(gain))


def choose(comparison: pd.DataFrame) -> tuple[str, str]:
    """The winner and the runner-up.

    The winner is the first, and so the simplest, candidate within what is allowed; the runner-up
    the best of the others.
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
    """Why the winner won, in a few sentences."""
    metric, row = METRICS[params.metric].title, comparison.loc[winner]
    reference = str(comparison.index[comparison["behind"] == 0][-1])
    bar = (
        f"at most {row['allowed']:.4f} of {metric} with one standard error added, "
        f"{params.tolerance:.1%} of what {reference} gains over the base rate"
    )
    why = (
        f"no simpler candidate is sure to lose {bar}"
        if winner == reference
        else f"the simplest that loses {bar}: {row['behind']:.4f} with a standard error of "
        f"{row['standard_error']:.4f}"
    )
    return f"The winner is {winner}: {why}. The runner-up is {runner_up}."
