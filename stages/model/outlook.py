"""What more would bring: more customers, or a search for parameters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scoring.schema import Schema
from stages.core import measures
from stages.core.metrics import METRICS
from stages.features.table import ID, LABEL
from stages.model.blend import Blend, Member, average
from stages.model.candidates import family
from stages.model.folds import paired, paired_interval
from stages.model.train import BLEND, VOTE, CrossValidation, folds, held_out
from stages.model.train_params import Train

LEVEL = 0.95
BOOSTING = ("xgboost", "hist_boosting", "lightgbm")
LOSS = "log_loss"


def summary(
    validation: CrossValidation,
    winner: str,
    features: pd.DataFrame,
    schema: Schema,
    params: Train,
) -> str:
    """Whether more customers, and whether `make tune`, are likely to help."""
    gain = gain_of_the_second_half(validation, winner, features, schema, params)
    return f"{_of_customers(*gain)} {of_tuning(validation.scores, params)}"


def gain_of_the_second_half(
    validation: CrossValidation,
    winner: str,
    features: pd.DataFrame,
    schema: Schema,
    params: Train,
) -> tuple[float, float, float]:
    """By how much all customers lower the log loss that half of them reach: mean, low, high.

    The winner is fitted on every second customer of each fold of the first repeat.
    """
    label = features[LABEL].to_numpy()
    once = params.model_copy(update={"repeats": 1})
    splits = folds(label, once, customers=features[ID].to_numpy())
    halves = [replace(fold, fit=fold.fit[::2]) for fold in splits]
    blend = _as_blend(winner, validation, params)
    fitted = params.model_copy(update={"candidates": list(blend)})
    out_of_fold = held_out(features, schema, fitted, halves, bar=f"{winner}, half of the customers")
    sigmoid = validation.calibration[winner].sigmoid if winner in validation.calibration else None
    by_half = []
    for fold in splits:
        key = fold.repeat, fold.number
        probability = average(blend, {name: out_of_fold[name][key] for name in blend})
        probability = sigmoid(probability) if sigmoid else probability
        truth = label[fold.held_out].astype(float)
        by_half.append(measures.value(METRICS[LOSS].bound(), truth, probability))
    whole = _by_fold(validation.scores, winner)[: len(splits)]
    return paired_interval(np.array(by_half) - whole, params.folds, level=LEVEL)


def _as_blend(winner: str, validation: CrossValidation, params: Train) -> Blend:
    """The winner as a weighted mean of candidates that are fitted on their own."""
    if winner == BLEND:
        return validation.blend
    if winner == VOTE:
        return {name: Member(1 / len(params.vote.members)) for name in params.vote.members}
    return {winner: Member(1.0)}


def _by_fold(scores: pd.DataFrame, name: str) -> NDArray[np.float64]:
    return scores.loc[scores["candidate"] == name, LOSS].to_numpy()


def _of_customers(gain: float, low: float, high: float) -> str:
    figures = f"{gain:z.4f} ({low:z.4f} to {high:z.4f})"
    if low > 0:
        return (
            f"More customers are likely to help: the second half of them lowered the winner's log "
            f"loss by {figures}."
        )
    return (
        "More customers of the same kind would hardly help: the second half of them lowered the "
        f"winner's log loss by {figures}, no more than chance."
    )


def of_tuning(scores: pd.DataFrame, params: Train) -> str:
    """Parameters matter at most where boosting leads linear models.

    How far one configuration leads the next says nothing (docs/decisions/0026-portfolio.md).
    """
    ranked = sorted(_of(BOOSTING, params), key=lambda name: _by_fold(scores, name).mean())
    linear = sorted(_of(("logistic",), params), key=lambda name: _by_fold(scores, name).mean())
    if not ranked or not linear:
        return "The candidates are too few to say whether `make tune` is likely to help."
    first = ranked[0]
    lead, error = _lead(scores, first, linear[0], params)
    figures = f"log loss {lead:+z.4f}, standard error {error:z.4f}"
    if lead <= error:
        return (
            f"`make tune` is unlikely to help much: the best boosting, {first}, does not lead "
            f"{linear[0]} beyond noise ({figures})."
        )
    return (
        f"`make tune` may help a little: boosting matters here ({first} leads {linear[0]}, "
        f"{figures}), but the portfolio has several strengths of it. Whether it does, its outer "
        "folds say before anything is written."
    )


def _of(families: tuple[str, ...], params: Train) -> list[str]:
    return [name for name in params.candidates if family(name, params)[0] in families]


def _lead(scores: pd.DataFrame, one: str, other: str, params: Train) -> tuple[float, float]:
    """By how much the log loss of one is lower than the other's, with its standard error."""
    ours, theirs = _by_fold(scores, one), _by_fold(scores, other)
    common = min(len(ours), len(theirs))
    return paired(theirs[:common] - ours[:common], params.folds)
