"""A greedy average of the candidates, learned from their predictions out of fold.

Ensemble selection (Caruana et al. 2004): the candidate that lowers the log loss of the average most
is added, again and again, with replacement; how often it was added is its weight. Every candidate
is behind a sigmoid of its own first: one that is too bold would otherwise be outweighed for that,
however well it ranks. Sigmoids and weights that a fold is predicted with come from the other folds
of its repeat, so that what the blend is judged by is honest; those that it is served with come from
all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.model.calibrate import Sigmoid, fit_sigmoid
from stages.model.folds import Fold

Floats = NDArray[np.float64]
OutOfFold = dict[
    tuple[int, int], Floats
]  # (repeat, fold) to the probabilities of the fold's customers
EDGE = 1e-7  # no probability is nearer to 0 or 1: the log loss stays finite
LEAST_GAIN = 1e-7  # of log loss, per candidate added


@dataclass(frozen=True)
class Member:
    """A candidate's share in the blend, and the sigmoid behind it, if any."""

    weight: float
    sigmoid: Sigmoid | None = None

    def calibrated(self, probability: Floats) -> Floats:
        """The candidate's probabilities (n,) behind the sigmoid."""
        return self.sigmoid(probability) if self.sigmoid else probability


Blend = Mapping[str, Member]


def recorded(blend: Blend) -> dict[str, dict[str, float]]:
    """Weight, slope and intercept per member, as the manifest has them."""
    record = {}
    for name, member in blend.items():
        values = {"weight": member.weight, **asdict(member.sigmoid or Sigmoid())}
        record[name] = {key: round(value, 6) for key, value in values.items()}
    return record


def from_record(record: Mapping[str, Mapping[str, float]]) -> Blend:
    """The blend of a manifest."""
    return {
        name: Member(values["weight"], Sigmoid(values["slope"], values["intercept"]))
        for name, values in record.items()
    }


def greedy_weights(label: NDArray[Any], probability: Floats, *, rounds: int) -> Floats:
    """Weights (k,) that add up to 1, for the probabilities (n, k) of k candidates."""
    count, total = np.zeros(probability.shape[1]), np.zeros(len(label))
    best, weights = np.inf, count
    for size in range(1, rounds + 1):
        losses = _log_losses(label, (total[:, None] + probability) / size)
        added = int(losses.argmin())
        count[added] += 1
        total += probability[:, added]
        if losses[added] < best - LEAST_GAIN:
            best, weights = losses[added], count / size
    return weights


def _log_losses(label: NDArray[Any], probability: Floats) -> Floats:
    """The log loss of every column."""
    right = np.where(label[:, None] == 1, probability, 1 - probability)
    return -np.log(np.clip(right, EDGE, None)).mean(axis=0)


def average(blend: Blend, probability: Mapping[str, Floats]) -> Floats:
    """The weighted mean of what the members predicted, each behind its sigmoid."""
    return np.sum(
        [member.weight * member.calibrated(probability[name]) for name, member in blend.items()],
        axis=0,
    )


def cross_fitted(
    out_of_fold: Mapping[str, OutOfFold],
    splits: Sequence[Fold],
    label: NDArray[Any],
    *,
    rounds: int,
    calibrated: bool = True,
) -> OutOfFold:
    """The blend's probabilities on every fold, as learned on the other folds of its repeat.

    Of each repeat the candidates count that were fitted on all of it.
    """
    blended: OutOfFold = {}
    for fold in splits:
        same = [other for other in splits if other.repeat == fold.repeat]
        members = {name: out_of_fold[name] for name in _complete(out_of_fold, same)}
        others = [other for other in same if other.number != fold.number]
        blend = learned(members, others, label, rounds=rounds, calibrated=calibrated)
        key = fold.repeat, fold.number
        blended[key] = average(blend, {name: by_fold[key] for name, by_fold in members.items()})
    return blended


def learned(
    out_of_fold: Mapping[str, OutOfFold],
    splits: Sequence[Fold],
    label: NDArray[Any],
    *,
    rounds: int,
    calibrated: bool = True,
) -> Blend:
    """The blend of the candidates that were fitted on all of these folds; no weight is 0.

    First the sigmoid of each is fitted, then the weights of what they give.
    """
    known = np.concatenate([label[fold.held_out] for fold in splits])
    members, columns = {}, []
    for name in _complete(out_of_fold, splits):
        probability = np.concatenate([out_of_fold[name][f.repeat, f.number] for f in splits])
        members[name] = Member(1.0, fit_sigmoid(known, probability) if calibrated else None)
        columns.append(members[name].calibrated(probability))
    weights = greedy_weights(known, np.column_stack(columns), rounds=rounds)
    return {
        name: replace(member, weight=float(weight))
        for (name, member), weight in zip(members.items(), weights, strict=True)
        if weight > 0
    }


def _complete(out_of_fold: Mapping[str, OutOfFold], folds: Sequence[Fold]) -> list[str]:
    keys = {(fold.repeat, fold.number) for fold in folds}
    return [name for name, by_fold in out_of_fold.items() if keys <= set(by_fold)]
