"""Sigmoid calibration: two numbers on the log-odds, learned and judged out of fold.

Platt's sigmoid on the log-odds (slope 1, intercept 0: nothing is changed). Each fold is
calibrated by what was learned on the predictions for the other folds of the same repeat, so that
nobody's outcome calibrates their own probability.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from scoring.probability import log_odds
from stages.core import measures
from stages.model.folds import Fold, paired_interval
from stages.model.logodds import EDGE
from stages.model.train_params import Train

Floats = NDArray[np.float64]
LEVEL = 0.95


@dataclass(frozen=True)
class Sigmoid:
    """P(churn) = sigmoid(slope × log-odds + intercept)."""

    slope: float = 1.0
    intercept: float = 0.0

    def __call__(self, probability: Floats) -> Floats:
        """The calibrated probability (n,)."""
        return expit(self.slope * log_odds(probability, edge=EDGE) + self.intercept)


@dataclass(frozen=True)
class Calibration:
    """What was decided for one candidate.

    `sigmoid` is None where probabilities are taken as they are; `gain`, `low` and `high` say by how
    much the sigmoid lowers the log loss out of fold, with the corrected 95% interval.
    """

    sigmoid: Sigmoid | None
    gain: float
    low: float
    high: float

    @property
    def method(self) -> str:
        """In one word, as the manifest has it."""
        return "none" if self.sigmoid is None else "sigmoid"


def fit_sigmoid(label: NDArray[Any], probability: Floats) -> Sigmoid:
    """The likeliest sigmoid of the log-odds; none at all where they are all the same."""
    z = log_odds(probability, edge=EDGE)
    if np.ptp(z) < 1e-9:
        return Sigmoid()
    # So weak a penalty that it only keeps the slope finite where the classes do not overlap.
    model = LogisticRegression(C=1e4, max_iter=1000).fit(z[:, None], label)
    return Sigmoid(float(model.coef_[0, 0]), float(model.intercept_[0]))


def calibrate(
    out_of_fold: Mapping[tuple[int, int], Floats],
    splits: Sequence[Fold],
    label: NDArray[Any],
    params: Train,
) -> tuple[Calibration, dict[tuple[int, int], Floats]]:
    """Decide for one candidate, and its held-out probabilities as they would be served.

    `out_of_fold` maps (repeat, fold) to the probabilities of the held-out customers. With `auto`
    the sigmoid is taken where the interval of its gain in log loss lies above 0.
    """
    if params.calibration == "none":
        return Calibration(None, 0.0, 0.0, 0.0), dict(out_of_fold)
    crossed = {
        (fold.repeat, fold.number): _from_the_others(out_of_fold, splits, label, fold)
        for fold in splits
    }
    loss = _by_fold(measures.log_loss, splits, label)
    gain, low, high = paired_interval(loss(out_of_fold) - loss(crossed), params.folds, level=LEVEL)
    if params.calibration == "auto" and low <= 0:
        return Calibration(None, gain, low, high), dict(out_of_fold)
    everybody = [fold for fold in splits if fold.repeat == 0]
    final = fit_sigmoid(*_joined(out_of_fold, everybody, label))
    return Calibration(final, gain, low, high), crossed


def _from_the_others(
    out_of_fold: Mapping[tuple[int, int], Floats],
    splits: Sequence[Fold],
    label: NDArray[Any],
    fold: Fold,
) -> Floats:
    others = [f for f in splits if f.repeat == fold.repeat and f.number != fold.number]
    return fit_sigmoid(*_joined(out_of_fold, others, label))(out_of_fold[fold.repeat, fold.number])


def _joined(
    out_of_fold: Mapping[tuple[int, int], Floats], folds: Sequence[Fold], label: NDArray[Any]
) -> tuple[NDArray[Any], Floats]:
    """Labels and probabilities of the customers held out in these folds."""
    return (
        np.concatenate([label[fold.held_out] for fold in folds]),
        np.concatenate([out_of_fold[fold.repeat, fold.number] for fold in folds]),
    )


def _by_fold(
    measure: measures.Measure, splits: Sequence[Fold], label: NDArray[Any]
) -> Callable[[Mapping[tuple[int, int], Floats]], Floats]:
    def values(out_of_fold: Mapping[tuple[int, int], Floats]) -> Floats:
        return np.array(
            [
                measures.value(
                    measure, label[f.held_out].astype(float), out_of_fold[f.repeat, f.number]
                )
                for f in splits
            ]
        )

    return values
