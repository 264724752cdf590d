"""Have the customers changed? A classifier two-sample test of a month against those before it.

A classifier learns to tell this month's customers from those of the reference months, on two thirds
of the customers, and is asked about the rest: where it cannot (AUC 0.5), the customers are the same
(Lopez-Paz & Oquab 2017, arXiv 1610.06545). One test, whatever the number of columns. All rows of a
customer are on one side of a split, so that nobody is recognised.

What grows in every customer base (tenure, total value, days since) is left out, and so is what is
derived from it: after a price rise the average paid so far goes on changing for a year. What else
ages is allowed for by the threshold: it comes from the same statistic of earlier quiet months, each
against the months before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

from scoring.batch import code_labels
from scoring.dates import COUNTED
from scoring.schema import Column, Schema
from stages.monitoring.month_table import Floats, Keys, MonthTable

GROWING = ("tenure", "total_value")
FOLDS = 3
MOST = 10_000  # customers of each side
PRIOR_MONTHS = 8  # quiet months that the formula of the sampling error counts for
TREES = {
    "n_estimators": 40,
    "max_depth": 3,
    "learning_rate": 0.2,
    "min_child_weight": 10,
    "tree_method": "hist",
    "max_bin": 64,
    "nthread": 1,
}


class Side(NamedTuple):
    """One side of the test: customers and their inputs (n, d), categories as 0 and 1."""

    key: Keys
    inputs: NDArray[np.float32]


class TwoSample(NamedTuple):
    """How well the sides are distinguished, and the standard error where they are the same."""

    auc: float
    error: float


def side_of(tables: Sequence[MonthTable], schema: Schema, *, seed: int) -> Side:
    """At most `MOST` customers of some months."""
    key = np.concatenate([table.key for table in tables])
    numbers = np.concatenate([table.numbers for table in tables])
    codes = np.concatenate([table.codes for table in tables])
    if len(key) > MOST:
        drawn = np.sort(np.random.default_rng(seed).choice(len(key), MOST, replace=False))
        key, numbers, codes = key[drawn], numbers[drawn], codes[drawn]
    return Side(key, tested_inputs(numbers, codes, schema))


def tested_inputs(numbers: Floats, codes: NDArray[np.int64], schema: Schema) -> NDArray[np.float32]:
    """The inputs of the test (n, d): numbers, and a column per label."""
    kept = [place for place, column in enumerate(schema.numeric_inputs) if not grows(column)]
    labels = [
        codes[:, [place]] == np.arange(len(code_labels(column)))
        for place, column in enumerate(schema.category_inputs)
    ]
    return np.hstack([numbers[:, kept], *labels]).astype(np.float32)


def tested_columns(schema: Schema) -> list[Column]:
    """The inputs that the test looks at."""
    return [column for column in schema.inputs if not grows(column)]


def grows(column: Column) -> bool:
    """Whether a column grows by itself from month to month."""
    return bool(set(GROWING) & set(column.roles)) or column.part in COUNTED


def two_sample(now: Side, before: Side) -> TwoSample:
    """The test. The error is that of independent customers: sides that share some differ less."""
    from sklearn.metrics import roc_auc_score
    from xgboost import XGBClassifier

    inputs = np.vstack([now.inputs, before.inputs])
    if not inputs.shape[1]:  # every input grows by itself
        return TwoSample(0.5, 0.0)
    is_now = np.repeat([1, 0], [len(now.key), len(before.key)])
    fold = _fold(np.concatenate([now.key, before.key]))
    found = []
    for held_out in range(FOLDS):
        rest, asked = fold != held_out, fold == held_out
        if len(np.unique(is_now[rest])) < 2 or len(np.unique(is_now[asked])) < 2:
            continue
        model = XGBClassifier(**TREES, random_state=0).fit(inputs[rest], is_now[rest])
        score = model.predict_proba(inputs[asked])[:, 1]
        found.append(float(roc_auc_score(is_now[asked], score)))
    n, m = len(now.key), len(before.key)
    error = np.sqrt((1 / n + 1 / m) / 12)  # of the Mann-Whitney statistic
    return TwoSample(float(np.mean(found)) if found else 0.5, float(error))


def _fold(key: Keys) -> NDArray[np.int64]:
    """The fold of each customer, from bits of the hash that thinning does not use."""
    return (key >> 40) % FOLDS


def threshold(earlier: Sequence[float], error: float, *, level: float, least: float) -> float:
    """What a quiet month stays below with a chance of 1 - `level`; `least` at the least.

    `earlier` are the AUCs of earlier quiet months, each against the months before it. Their mean
    has what ages in every month, their spread what differs from month to month; the bound is that
    of a prediction from as many months as there are, never with less spread than chance alone
    gives.
    """
    k = len(earlier)
    mean = max(0.5, float(np.mean(earlier))) if k else 0.5
    spread = max(error, float(np.std(earlier, ddof=1))) if k > 1 else error
    widened = spread * np.sqrt(1 + 1 / k) if k else spread
    bound = mean + float(t.isf(level, PRIOR_MONTHS + k)) * widened
    return min(1.0, max(least, bound))
