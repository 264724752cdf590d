"""The folds that everything is measured on, and what a difference measured on them is worth."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from sklearn.model_selection import RepeatedStratifiedKFold

from scoring.errors import UserError
from stages.core.quantity import quantity

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Fold:
    """One split of one repeat: positions of the rows to fit on and of those held out."""

    repeat: int
    number: int
    fit: NDArray[np.int64]
    held_out: NDArray[np.int64]


def threads() -> int:
    """Threads to use: `CHURN_THREADS`, or one per processor. No result depends on it."""
    wanted = os.environ.get("CHURN_THREADS") or str(os.cpu_count() or 1)
    if not wanted.isdecimal() or int(wanted) < 1:
        raise UserError(f"CHURN_THREADS: {wanted!r}; expected a whole number from 1")
    return int(wanted)


def draw_folds(
    label: NDArray[Any],
    *,
    count: int,
    repeats: int,
    seed: int,
    groups: NDArray[Any] | None = None,
    field: str = "train.folds",
) -> list[Fold]:
    """Stratified folds, drawn `repeats` times.

    `groups` (n,) names the customer of each row: all rows of one are in one fold, and what is
    stratified by is whether any of them left. `UserError` where a class has too few customers,
    naming the field that asked for so many folds.
    """
    if groups is not None and len(np.unique(groups)) < len(groups):
        return _grouped(label, groups, count=count, repeats=repeats, seed=seed, field=field)
    smallest = int(np.bincount(label, minlength=2).min())
    _check_smallest(smallest, count, field)
    splitter = RepeatedStratifiedKFold(n_splits=count, n_repeats=repeats, random_state=seed)
    splits = splitter.split(np.zeros(len(label)), label)
    return [Fold(*divmod(i, count), fit, held_out) for i, (fit, held_out) in enumerate(splits)]


def _grouped(
    label: NDArray[Any], groups: NDArray[Any], *, count: int, repeats: int, seed: int, field: str
) -> list[Fold]:
    """Folds of customers, as folds of their rows."""
    customers, place = np.unique(groups, return_inverse=True)
    left = np.zeros(len(customers), int)
    np.maximum.at(left, place, label)
    stayed = np.zeros(len(customers), int)
    np.maximum.at(stayed, place, 1 - np.asarray(label, int))
    _check_smallest(int(min(left.sum(), stayed.sum())), count, field)
    splitter = RepeatedStratifiedKFold(n_splits=count, n_repeats=repeats, random_state=seed)
    drawn = splitter.split(customers, left if left.min() < left.max() else stayed)
    return [
        Fold(*divmod(i, count), *(np.flatnonzero(np.isin(place, part)) for part in parts))
        for i, parts in enumerate(drawn)
    ]


def _check_smallest(customers: int, count: int, field: str) -> None:
    """`UserError` where a class has fewer customers than there are folds."""
    if customers < count:
        raise UserError(
            "data/features/train.parquet: the smaller class has "
            f"{quantity(customers, 'customer')}; expected at least one per fold "
            f"({field} is {count})"
        )


def paired(difference: Floats, n_folds: int) -> tuple[float, float]:
    """Mean and standard error of a difference measured on the folds of repeated cross-validation.

    Folds share data, so the variance is corrected: s² (1/J + n_test/n_train) for J folds in all
    (Nadeau & Bengio 2003, Machine Learning 52). `difference` is (J,); `n_folds` is per repeat.
    """
    spread = np.var(difference, ddof=1)
    correction = 1 / len(difference) + 1 / (n_folds - 1)
    return float(difference.mean()), float(np.sqrt(spread * correction))


def paired_interval(
    difference: Floats, n_folds: int, *, level: float
) -> tuple[float, float, float]:
    """Mean of the difference with its corrected interval: mean, low, high (Student's t, J - 1)."""
    mean, error = paired(difference, n_folds)
    half = float(stats.t.ppf((1 + level) / 2, len(difference) - 1)) * error
    return mean, mean - half, mean + half
