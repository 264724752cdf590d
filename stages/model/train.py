"""Candidates on identical folds, and the winner by a rule set beforehand."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy import stats
from sklearn.model_selection import RepeatedStratifiedKFold
from tqdm import tqdm

from stages.core import metrics
from stages.core.errors import UserError
from stages.core.params import Train
from stages.core.schema import Schema
from stages.features.table import ID, LABEL
from stages.model.candidates import build, few_bins_are_fine, frame, layout

Floats = NDArray[np.float64]
LEVEL = 0.95


@dataclass(frozen=True)
class Fold:
    """One split of one repeat: positions of the rows to fit on and of those held out."""

    repeat: int
    number: int
    fit: NDArray[np.int64]
    held: NDArray[np.int64]


@dataclass(frozen=True)
class CrossValidation:
    """What the candidates did out of fold.

    `scores` has a row per candidate, repeat and fold with every ranking metric; `out_of_fold`
    has a row per train customer with id, label, fold and each candidate's probability from the
    first repeat.
    """

    scores: pd.DataFrame
    out_of_fold: pd.DataFrame


def threads() -> int:
    """Threads to use: `CHURN_THREADS`, or one per processor. No result depends on it."""
    wanted = os.environ.get("CHURN_THREADS") or str(os.cpu_count() or 1)
    if not wanted.isdecimal() or int(wanted) < 1:
        raise UserError(f"CHURN_THREADS: {wanted!r}; expected a whole number from 1")
    return int(wanted)


def folds(label: NDArray[np.int8], params: Train) -> list[Fold]:
    """The folds that every candidate sees; `UserError` where a class is too small for them."""
    smallest = int(np.bincount(label, minlength=2).min())
    if smallest < params.folds:
        raise UserError(
            f"data/features/train.parquet: the smaller class has {smallest} customers; "
            f"expected at least one per fold (train.folds is {params.folds})"
        )
    splitter = RepeatedStratifiedKFold(
        n_splits=params.folds, n_repeats=params.repeats, random_state=params.seed
    )
    splits = splitter.split(np.zeros(len(label)), label)
    return [Fold(*divmod(i, params.folds), fit, held) for i, (fit, held) in enumerate(splits)]


def cross_validate(features: pd.DataFrame, schema: Schema, params: Train) -> CrossValidation:
    """Fit every candidate on every fold and record what it says of the held-out customers.

    The vote is the mean of what its members said: the same as fitting them once more inside it.
    """
    splits = folds(features[LABEL].to_numpy(), params)
    fitted: list[str] = [name for name in params.candidates if name != "vote"]
    tasks = [(name, fold) for fold in splits for name in fitted]
    keys = [(name, fold.repeat, fold.number) for name, fold in tasks]
    held = dict(zip(keys, _fit_all(tasks, features, schema, params), strict=True))
    if "vote" in params.candidates:
        for fold in splits:
            key = (fold.repeat, fold.number)
            held["vote", *key] = np.mean([held[m, *key] for m in params.vote.members], axis=0)
    return CrossValidation(
        _scores(held, splits, features, params), _out_of_fold(held, splits, features, params)
    )


def _fit_all(
    tasks: list[tuple[str, Fold]], features: pd.DataFrame, schema: Schema, params: Train
) -> Iterator[Floats]:
    """Held-out probabilities per task, in order, with progress on stderr."""
    inputs, label, shape = frame(features, schema), features[LABEL].to_numpy(), layout(schema)

    def fit(name: str, fold: Fold) -> Floats:
        model = build(name, params, shape).fit(inputs.iloc[fold.fit], label[fold.fit])
        return model.predict_proba(inputs.iloc[fold.held])[:, 1].astype(np.float64)

    workers = Parallel(n_jobs=threads(), backend="threading", return_as="generator")
    with few_bins_are_fine():
        results = workers(delayed(fit)(name, fold) for name, fold in tasks)
        yield from tqdm(results, total=len(tasks), desc="candidates on folds", leave=False)


def _scores(
    held: dict[Any, Floats], splits: list[Fold], features: pd.DataFrame, params: Train
) -> pd.DataFrame:
    label = features[LABEL].to_numpy().astype(float)
    rows = []
    for name in params.candidates:
        for fold in splits:
            probability = held[name, fold.repeat, fold.number]
            row: dict[str, Any] = {"candidate": name, "repeat": fold.repeat, "fold": fold.number}
            for metric, measure in metrics.RANKING.items():
                row[metric] = metrics.value(measure, label[fold.held], probability)
            rows.append(row)
    return pd.DataFrame(rows)


def _out_of_fold(
    held: dict[Any, Floats], splits: list[Fold], features: pd.DataFrame, params: Train
) -> pd.DataFrame:
    table = features[[ID, LABEL]].rename(columns={ID: "id", LABEL: "label"})
    table["fold"] = np.int8(0)
    for fold in (fold for fold in splits if fold.repeat == 0):
        table.loc[fold.held, "fold"] = np.int8(fold.number)
        for name in params.candidates:
            table.loc[fold.held, name] = held[name, 0, fold.number]
    return table


def paired(difference: Floats, n_folds: int) -> tuple[float, float]:
    """Mean and standard error of a difference measured on the folds of repeated cross-validation.

    Folds share data, so the variance is corrected: s² (1/J + n_test/n_train) for J folds in all
    (Nadeau & Bengio 2003, Machine Learning 52). `difference` is (J,); `n_folds` is per repeat.
    """
    spread = np.var(difference, ddof=1)
    correction = 1 / len(difference) + 1 / (n_folds - 1)
    return float(difference.mean()), float(np.sqrt(spread * correction))


def compare(scores: pd.DataFrame, params: Train, *, metric: str | None = None) -> pd.DataFrame:
    """Each candidate against the best, in the order of `train.candidates`.

    Columns: `mean` and `std` over folds; `behind`, by how much it trails the best, fold by fold;
    its corrected `standard_error` and 95 % interval `low`..`high`; `within`, whether it is not
    worse by more than one standard error.
    """
    metric = metric or params.metric
    sign = -1.0 if metric in metrics.LOWER_IS_BETTER else 1.0
    by_fold = {
        name: group[metric].to_numpy() for name, group in scores.groupby("candidate", sort=False)
    }
    best = max(by_fold, key=lambda name: sign * by_fold[name].mean())
    quantile = stats.t.ppf((1 + LEVEL) / 2, len(by_fold[best]) - 1)
    rows = []
    for name, values in by_fold.items():
        behind, error = paired(sign * (by_fold[best] - values), params.folds)
        rows.append(
            {
                "candidate": name,
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


def refit(name: str, features: pd.DataFrame, schema: Schema, params: Train) -> Any:
    """The candidate fitted on every train customer."""
    with few_bins_are_fine():
        return build(name, params, layout(schema)).fit(frame(features, schema), features[LABEL])


def summary(scores: pd.DataFrame, params: Train) -> pd.DataFrame:
    """Mean of every ranking metric per candidate."""
    means = scores.groupby("candidate", sort=False)[list(metrics.RANKING)].mean()
    return means.loc[params.candidates]


def verdict(comparison: pd.DataFrame, winner: str, runner_up: str, params: Train) -> str:
    """Why the winner won, in two sentences."""
    best = str(comparison["behind"].idxmin())
    row = comparison.loc[winner]
    why = (
        f"it is the best in {params.metric}, and no simpler one lies within one standard error"
        if winner == best
        else f"it trails the best ({best}) by {row['behind']:.4f}, within one standard error "
        f"({row['standard_error']:.4f}), and no simpler candidate does"
    )
    return f"The winner is {winner}: {why}. The runner-up is {runner_up}."
