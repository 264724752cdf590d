"""Candidates on identical folds: what they predict for customers that they were not fitted on.

Hopeless ones are stopped early: after the first repeat goes on who does not trail the best beyond
noise, or has a weight in the blend.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn.frozen import FrozenEstimator
from tqdm import tqdm

from scoring.bundle import BASELINES
from scoring.schema import Schema
from stages.core import measures
from stages.core.metrics import METRICS, Shown, headings, shown_in
from stages.core.reliability import reliability
from stages.features.table import ID, LABEL
from stages.model.blend import Blend, OutOfFold, cross_fitted, learned
from stages.model.budget import affordable_repeats, with_affordable_forests
from stages.model.calibrate import Calibration, calibrate
from stages.model.candidates import blended, build
from stages.model.encoding import few_bins_are_fine, frame, layout
from stages.model.folds import Fold, draw_folds, paired_interval, threads
from stages.model.logodds import LogitShiftedClassifier
from stages.model.train_params import NOT_BLENDED, Train

Floats = NDArray[np.float64]
BLEND, VOTE = "blend", "vote"
LEVEL = 0.95


@dataclass(frozen=True)
class CrossValidation:
    """What the candidates did out of fold, as they would be served.

    `scores` has a row per candidate, repeat and fold with every ranking metric; `out_of_fold`
    has a row per train customer with id, label, fold and each candidate's probability from the
    first repeat; `calibration` says for each candidate whether a sigmoid stands behind it;
    `blend` has its members with weights and sigmoids.
    """

    scores: pd.DataFrame
    out_of_fold: pd.DataFrame
    calibration: dict[str, Calibration]
    blend: Blend

    @property
    def repeats(self) -> int:
        """How often the folds were drawn."""
        return int(self.scores["repeat"].max()) + 1


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
    """Fit every candidate on the folds and record what it predicts for the held-out customers.

    The vote is the mean of what its members predicted, the blend a weighted mean: the same as
    fitting them once more inside it.
    """
    label, shape = features[LABEL].to_numpy(), layout(schema)
    repeats = affordable_repeats(len(features), shape.columns, params)
    fewer = params.model_copy(update={"repeats": repeats})
    splits = folds(label, fewer, customers=features[ID].to_numpy())
    out_of_fold = _raced(features, schema, params, splits)
    blend: Blend = {}
    if BLEND in params.candidates:
        out_of_fold[BLEND] = cross_fitted(_members(out_of_fold), splits, label, **_blending(params))
        blend = learned(_members(out_of_fold), splits, label, **_blending(params))
    calibration: dict[str, Calibration] = {}
    for name in params.candidates:
        if name not in BASELINES:  # references are left as they are
            seen = [f for f in splits if (f.repeat, f.number) in out_of_fold[name]]
            calibration[name], out_of_fold[name] = calibrate(out_of_fold[name], seen, label, params)
    return CrossValidation(
        _scores(out_of_fold, splits, features, params),
        _out_of_fold(out_of_fold, splits, features, params),
        calibration,
        blend,
    )


def _members(out_of_fold: dict[str, OutOfFold]) -> dict[str, OutOfFold]:
    """What the blend is made of: all but other averages and the simplest references."""
    return {name: by for name, by in out_of_fold.items() if name not in NOT_BLENDED}


def _blending(params: Train) -> dict[str, Any]:
    return {"rounds": params.blend.rounds, "calibrated": params.calibration != "none"}


def _raced(
    features: pd.DataFrame, schema: Schema, params: Train, splits: list[Fold]
) -> dict[str, OutOfFold]:
    """Probabilities of every candidate on the first repeat, of the survivors on the others."""
    first = [fold for fold in splits if fold.repeat == 0]
    rest = [fold for fold in splits if fold.repeat > 0]
    names = [name for name in params.candidates if name != BLEND]
    everybody = params.model_copy(update={"candidates": names})
    out_of_fold = held_out(features, schema, everybody, first, bar="candidates, first repeat")
    if rest:
        names = survivors(out_of_fold, first, features[LABEL].to_numpy(), params)
        going_on = params.model_copy(update={"candidates": names})
        later = held_out(features, schema, going_on, rest, bar="candidates, other repeats")
        for name, by_fold in later.items():
            out_of_fold[name] |= by_fold
    return out_of_fold


def survivors(
    out_of_fold: dict[str, OutOfFold], splits: list[Fold], label: NDArray[np.int8], params: Train
) -> list[str]:
    """The candidates of `out_of_fold` worth more folds, in order.

    Those that do not trail the best beyond noise (95% interval of the paired difference in
    `train.metric`), those with a weight in the blend, members of a vote that goes on, references.
    """
    if not params.racing:
        return list(out_of_fold)
    metric = METRICS[params.metric]
    score = {
        name: metric.sign * _by_fold(metric.bound(), by, splits, label)
        for name, by in out_of_fold.items()
    }
    best = max(score.values(), key=lambda values: float(values.mean()))
    going_on = {
        name
        for name, values in score.items()
        if paired_interval(best - values, params.folds, level=LEVEL)[1] <= 0
    }
    if BLEND in params.candidates:
        going_on |= set(learned(_members(out_of_fold), splits, label, **_blending(params)))
    if VOTE in going_on:
        going_on |= set(params.vote.members)
    return [name for name in out_of_fold if name in going_on or name in BASELINES]


def _by_fold(
    measure: measures.Measure, out_of_fold: OutOfFold, splits: list[Fold], label: NDArray[np.int8]
) -> Floats:
    return np.array(
        [
            measures.value(
                measure, label[f.held_out].astype(float), out_of_fold[f.repeat, f.number]
            )
            for f in splits
        ]
    )


def held_out(
    features: pd.DataFrame, schema: Schema, params: Train, splits: list[Fold], *, bar: str
) -> dict[str, OutOfFold]:
    """Each candidate's probabilities for the held-out customers of each fold, not calibrated.

    `bar` names the progress bar: what is fitted.
    """
    fitted: list[str] = [name for name in params.candidates if name != VOTE]
    tasks = [(name, fold) for fold in splits for name in fitted]
    results = _fit_all(tasks, features, schema, params, bar=bar)
    out_of_fold: dict[str, OutOfFold] = {name: {} for name in params.candidates}
    for (name, fold), probability in zip(tasks, results, strict=True):
        out_of_fold[name][fold.repeat, fold.number] = probability
    if VOTE in params.candidates:
        for key in out_of_fold[params.vote.members[0]]:
            out_of_fold[VOTE][key] = np.mean(
                [out_of_fold[m][key] for m in params.vote.members], axis=0
            )
    return out_of_fold


def _fit_all(
    tasks: list[tuple[str, Fold]],
    features: pd.DataFrame,
    schema: Schema,
    params: Train,
    *,
    bar: str,
) -> Iterator[Floats]:
    """Held-out probabilities per task, in order, with progress on stderr."""
    inputs, label, shape = frame(features, schema), features[LABEL].to_numpy(), layout(schema)
    params = with_affordable_forests(params, rows=len(features), shape=shape)

    def fit(name: str, fold: Fold) -> Floats:
        model = build(name, params, shape).fit(inputs.iloc[fold.fit], label[fold.fit])
        return model.predict_proba(inputs.iloc[fold.held_out])[:, 1].astype(np.float64)

    workers = Parallel(n_jobs=threads(), backend="threading", return_as="generator")
    with few_bins_are_fine():
        results = workers(delayed(fit)(name, fold) for name, fold in tasks)
        yield from tqdm(results, total=len(tasks), desc=bar, leave=False)


def _scores(
    out_of_fold: dict[str, OutOfFold], splits: list[Fold], features: pd.DataFrame, params: Train
) -> pd.DataFrame:
    label = features[LABEL].to_numpy().astype(float)
    rows = []
    for name in params.candidates:
        for fold in splits:
            if (fold.repeat, fold.number) not in out_of_fold[name]:
                continue
            probability = out_of_fold[name][fold.repeat, fold.number]
            row: dict[str, Any] = {"candidate": name, "repeat": fold.repeat, "fold": fold.number}
            for metric in shown_in(Shown.CROSS_VALIDATION):
                row[metric.name] = measures.value(metric.bound(), label[fold.held_out], probability)
            rows.append(row)
    return pd.DataFrame(rows)


def _out_of_fold(
    out_of_fold: dict[str, OutOfFold], splits: list[Fold], features: pd.DataFrame, params: Train
) -> pd.DataFrame:
    table = features[[ID, LABEL]].rename(columns={ID: "id", LABEL: "label"})
    table["fold"] = np.int8(0)
    for fold in (fold for fold in splits if fold.repeat == 0):
        table.loc[fold.held_out, "fold"] = np.int8(fold.number)
        for name in params.candidates:
            table.loc[fold.held_out, name] = out_of_fold[name][0, fold.number]
    return table


def refit(
    name: str,
    features: pd.DataFrame,
    schema: Schema,
    params: Train,
    *,
    blend: Blend | None = None,
) -> Any:
    """The candidate fitted on every train customer, not calibrated; the blend by its members."""
    shape = layout(schema)
    params = with_affordable_forests(params, rows=len(features), shape=shape)
    model = blended(blend or {}, params, shape) if name == BLEND else build(name, params, shape)
    with few_bins_are_fine():
        return model.fit(frame(features, schema), features[LABEL])


def served(
    name: str,
    validation: CrossValidation,
    features: pd.DataFrame,
    schema: Schema,
    params: Train,
) -> Any:
    """The candidate as it would be served: fitted on every train customer, behind its sigmoid."""
    model = refit(name, features, schema, params, blend=validation.blend)
    decided = validation.calibration.get(name)
    if decided is None or decided.sigmoid is None:
        return model
    sigmoid = decided.sigmoid
    calibrated = LogitShiftedClassifier(
        FrozenEstimator(model), slope=sigmoid.slope, intercept=sigmoid.intercept
    )
    return calibrated.fit(frame(features, schema), features[LABEL])


def summary(scores: pd.DataFrame, params: Train) -> pd.DataFrame:
    """Mean of every ranking metric per candidate, under what a report calls it."""
    shown = [metric.name for metric in shown_in(Shown.CROSS_VALIDATION)]
    means = scores.groupby("candidate", sort=False)[shown].mean()
    return means.loc[params.candidates].rename(columns=headings())


def reliability_of(validation: CrossValidation, name: str) -> pd.DataFrame:
    """Mean probability and churn rate of a candidate's customers out of fold, as it is served."""
    table = validation.out_of_fold
    return reliability(table["label"].to_numpy(float), table[name].to_numpy())


CALIBRATION = ("gain", "low", "high", "slope", "intercept", "served")


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
    ).T.reindex(columns=[*CALIBRATION])


def blend_summary(validation: CrossValidation) -> str:
    """The members of the blend with their weights."""
    if not validation.blend:
        return "The candidates are not blended."
    parts = [f"{name} {member.weight:.0%}" for name, member in validation.blend.items()]
    return f"By all folds the blend is {', '.join(parts)}."
