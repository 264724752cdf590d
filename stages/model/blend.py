"""A greedy average of the candidates, learned from their predictions out of fold.

Ensemble selection (Caruana et al. 2004): the candidate that lowers the log loss of the average most
is added, again and again, with replacement; how often it was added is its weight. The weights that
a fold is predicted with come from the other folds of its repeat, so that what the blend is judged
by is honest; those that it is served with come from all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.model.folds import Fold

Floats = NDArray[np.float64]
Held = dict[tuple[int, int], Floats]  # (repeat, fold) to the probabilities of the fold's customers
EDGE = 1e-7  # no probability is nearer to 0 or 1: the log loss stays finite
LEAST_GAIN = 1e-7  # of log loss, per candidate added


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


def cross_fitted(
    held: Mapping[str, Held], splits: Sequence[Fold], label: NDArray[Any], *, rounds: int
) -> Held:
    """The blend's probabilities on every fold, by the weights of the other folds of its repeat.

    Of each repeat the candidates count that were fitted on all of it.
    """
    blended: Held = {}
    for fold in splits:
        same = [other for other in splits if other.repeat == fold.repeat]
        members = _complete(held, same)
        others = [other for other in same if other.number != fold.number]
        weights = _weights(held, members, others, label, rounds)
        blended[fold.repeat, fold.number] = _stacked(held, members, [fold]) @ weights
    return blended


def final_weights(
    held: Mapping[str, Held], splits: Sequence[Fold], label: NDArray[Any], *, rounds: int
) -> dict[str, float]:
    """The weights by all folds, of the candidates that were fitted on all of them; none is 0."""
    members = _complete(held, splits)
    weights = _weights(held, members, splits, label, rounds)
    return {name: float(w) for name, w in zip(members, weights, strict=True) if w > 0}


def _weights(
    held: Mapping[str, Held],
    members: Sequence[str],
    folds: Sequence[Fold],
    label: NDArray[Any],
    rounds: int,
) -> Floats:
    known = np.concatenate([label[fold.held] for fold in folds])
    return greedy_weights(known, _stacked(held, members, folds), rounds=rounds)


def _complete(held: Mapping[str, Held], folds: Sequence[Fold]) -> list[str]:
    keys = {(fold.repeat, fold.number) for fold in folds}
    return [name for name, by_fold in held.items() if keys <= set(by_fold)]


def _stacked(held: Mapping[str, Held], members: Sequence[str], folds: Sequence[Fold]) -> Floats:
    """Probabilities (n, k) of the customers held out in these folds, a column per member."""
    columns = [np.concatenate([held[m][f.repeat, f.number] for f in folds]) for m in members]
    return np.column_stack(columns)
