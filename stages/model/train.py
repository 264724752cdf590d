"""Candidates on identical folds, and the winner by a rule set beforehand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy import stats
from sklearn.frozen import FrozenEstimator
from tqdm import tqdm

from scoring.bundle import BASELINES
from scoring.errors import UserError
from scoring.schema import Schema
from stages.core import measures
from stages.core.metrics import METRICS, Shown, shown_in
from stages.features.table import ID, LABEL
from stages.model.calibrate import Calibration, calibrate, reliability
from stages.model.candidates import build
from stages.model.encoding import few_bins_are_fine, frame, layout
from stages.model.folds import Fold, draw_folds, paired, threads
from stages.model.logodds import LogitShiftedClassifier
from stages.model.train_params import Train

Floats = NDArray[np.float64]
Held = dict[tuple[int, int], Floats]  # (repeat, fold) to held-out probabilities
LEVEL = 0.95


@dataclass(frozen=True)
class CrossValidation:
    """What the candidates did out of fold, as they would be served.

    `scores` has a row per candidate, repeat and fold with every ranking metric; `out_of_fold`
    has a row per train customer with id, label, fold and each candidate's probability from the
    first repeat; `calibration` says for each candidate whether a sigmoid stands behind it.
    """

    scores: pd.DataFrame
    out_of_fold: pd.DataFrame
    calibration: dict[str, Calibration]


def folds(
    label: NDArray[np.int8], params: Train, *, customers: NDArray[Any] | None = None
) -> list[Fold]:
    """The folds that every candidate sees; `UserError` where a class is too small for them.

    `customers` (n,) names the customer of each row, who is in one fold with all of them.
    """
    return draw_folds(
        label, count=params.folds, repeats=params.repeats, seed=params.seed, groups=customers
    )


def cross_validate(features: pd.DataFrame, schema: Schema, params: Train) -> CrossValidation:
    """Fit every candidate on every fold and record what it says of the held-out customers.

    The vote is the mean of what its members said: the same as fitting them once more inside it.
    """
    label = features[LABEL].to_numpy()
    splits = folds(label, params, customers=features[ID].to_numpy())
    held = held_out(features, schema, params, splits)
    calibration: dict[str, Calibration] = {}
    for name in params.candidates:
        if name not in BASELINES:  # what others are held against is left as it is
            calibration[name], held[name] = calibrate(held[name], splits, label, params)
    return CrossValidation(
        _scores(held, splits, features, params),
        _out_of_fold(held, splits, features, params),
        calibration,
    )


def held_out(
    features: pd.DataFrame, schema: Schema, params: Train, splits: list[Fold]
) -> dict[str, Held]:
    """Each candidate's probabilities for the held-out customers of each fold, not calibrated."""
    fitted: list[str] = [name for name in params.candidates if name != "vote"]
    tasks = [(name, fold) for fold in splits for name in fitted]
    results = _fit_all(tasks, features, schema, params)
    held: dict[str, Held] = {name: {} for name in params.candidates}
    for (name, fold), probability in zip(tasks, results, strict=True):
        held[name][fold.repeat, fold.number] = probability
    if "vote" in params.candidates:
        for key in held[params.vote.members[0]]:
            held["vote"][key] = np.mean([held[m][key] for m in params.vote.members], axis=0)
    return held


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
    held: dict[str, Held], splits: list[Fold], features: pd.DataFrame, params: Train
) -> pd.DataFrame:
    label = features[LABEL].to_numpy().astype(float)
    rows = []
    for name in params.candidates:
        for fold in splits:
            probability = held[name][fold.repeat, fold.number]
            row: dict[str, Any] = {"candidate": name, "repeat": fold.repeat, "fold": fold.number}
            for metric in shown_in(Shown.CROSS_VALIDATION):
                row[metric.name] = measures.value(metric.bound(), label[fold.held], probability)
            rows.append(row)
    return pd.DataFrame(rows)


def _out_of_fold(
    held: dict[str, Held], splits: list[Fold], features: pd.DataFrame, params: Train
) -> pd.DataFrame:
    table = features[[ID, LABEL]].rename(columns={ID: "id", LABEL: "label"})
    table["fold"] = np.int8(0)
    for fold in (fold for fold in splits if fold.repeat == 0):
        table.loc[fold.held, "fold"] = np.int8(fold.number)
        for name in params.candidates:
            table.loc[fold.held, name] = held[name][0, fold.number]
    return table


def compare(scores: pd.DataFrame, params: Train, *, metric: str | None = None) -> pd.DataFrame:
    """Each candidate against the best, in the order of `train.candidates`.

    Columns: `mean` and `std` over folds; `behind`, by how much it trails the best, fold by fold;
    its corrected `standard_error` and 95 % interval `low`..`high`; `within`, whether it is not
    worse by more than one standard error.
    """
    metric = metric or params.metric
    sign = METRICS[metric].sign
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
    """The candidate fitted on every train customer, not calibrated."""
    with few_bins_are_fine():
        return build(name, params, layout(schema)).fit(frame(features, schema), features[LABEL])


def served(
    name: str,
    validation: CrossValidation,
    features: pd.DataFrame,
    schema: Schema,
    params: Train,
) -> Any:
    """The candidate as it would be served: fitted on every train customer, behind its sigmoid."""
    model = refit(name, features, schema, params)
    decided = validation.calibration.get(name)
    if decided is None or decided.sigmoid is None:
        return model
    sigmoid = decided.sigmoid
    calibrated = LogitShiftedClassifier(
        FrozenEstimator(model), slope=sigmoid.slope, intercept=sigmoid.intercept
    )
    return calibrated.fit(frame(features, schema), features[LABEL])


def elect(
    validation: CrossValidation, features: pd.DataFrame, schema: Schema, params: Train
) -> tuple[pd.DataFrame, str, str, dict[str, str]]:
    """The comparison, winner and runner-up among those that can be served; why others cannot.

    A winner whose export is refused is no candidate any more, and the rule is applied anew.
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
        except UserError as refusal:
            refused[winner] = str(refusal)
            continue
        return comparison, winner, runner_up, refused


def summary(scores: pd.DataFrame, params: Train) -> pd.DataFrame:
    """Mean of every ranking metric per candidate."""
    shown = [metric.name for metric in shown_in(Shown.CROSS_VALIDATION)]
    means = scores.groupby("candidate", sort=False)[shown].mean()
    return means.loc[params.candidates]


def reliability_of(validation: CrossValidation, name: str) -> pd.DataFrame:
    """Mean probability and churn rate of a candidate's customers out of fold, as it is served."""
    table = validation.out_of_fold
    return reliability(table["label"].to_numpy(float), table[name].to_numpy())


def calibration_figures(validation: CrossValidation) -> pd.DataFrame:
    """The decision on calibration, a row per candidate."""
    return pd.DataFrame(
        {
            name: {
                "gain": decided.gain,
                "low": decided.low,
                "high": decided.high,
                "slope": decided.sigmoid.slope if decided.sigmoid else 1.0,
                "intercept": decided.sigmoid.intercept if decided.sigmoid else 0.0,
                "served": decided.method,
            }
            for name, decided in validation.calibration.items()
        }
    ).T


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
