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

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Fold:
    """One split of one repeat: positions of the rows to fit on and of those held out."""

    repeat: int
    number: int
    fit: NDArray[np.int64]
    held: NDArray[np.int64]


def threads() -> int:
    """Threads to use: `CHURN_THREADS`, or one per processor. No result depends on it."""
    wanted = os.environ.get("CHURN_THREADS") or str(os.cpu_count() or 1)
    if not wanted.isdecimal() or int(wanted) < 1:
        raise UserError(f"CHURN_THREADS: {wanted!r}; expected a whole number from 1")
    return int(wanted)


def draw_folds(
    label: NDArray[Any], *, count: int, repeats: int, seed: int, field: str = "train.folds"
) -> list[Fold]:
    """Stratified folds, drawn anew `repeats` times.

    `UserError` where a class is too small for them, naming the field that asked for so many.
    """
    smallest = int(np.bincount(label, minlength=2).min())
    if smallest < count:
        raise UserError(
            f"data/features/train.parquet: the smaller class has {smallest} customers; "
            f"expected at least one per fold ({field} is {count})"
        )
    splitter = RepeatedStratifiedKFold(n_splits=count, n_repeats=repeats, random_state=seed)
    splits = splitter.split(np.zeros(len(label)), label)
    return [Fold(*divmod(i, count), fit, held) for i, (fit, held) in enumerate(splits)]


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
