"""Cross-validated quality on a real file in the columns of the schema in git.

With it, on the same folds, the plain average of an untuned binned logistic regression, a forest
and XGBoost: what anybody would try first, and what the project began with. The bars are absolute;
the paired difference says what the work since is worth.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from threadpoolctl import threadpool_limits

from benchmarks.result import Result
from scoring.schema import Schema
from stages.core import measures
from stages.core.metrics import METRICS, Shown, shown_in
from stages.core.paths import Paths
from stages.core.section import read_params
from stages.core.yamlfile import load_schema
from stages.features.table import feature_table
from stages.model.folds import paired_interval
from stages.model.selection import choose, compare
from stages.model.train import CrossValidation, cross_validate, summary
from stages.model.train_params import Train
from stages.tables.checks import check_table
from stages.tables.intake import read_raw_table

HERE = Paths.here()

BOUNDS = {"roc_auc": 0.850, "average_precision": 0.670, "brier": 0.1333}
CALIBRATION_BOUND = 0.02
FOLDS, REPEATS = 5, 10
MAX_CELLS = 10**12  # all repeats, however long the file
UNTUNED = {
    "bins": 10,
    "encoding": {"categories": "one_hot", "width": 8, "crosses": 0},
    "rebalance": {"method": "none", "correct": True},
    "calibration": "none",
    "candidates": ["logistic", "forest", "xgboost", "vote"],
    "vote": {"members": ["logistic", "forest", "xgboost"]},
    "logistic": {"C": 0.1},
    "forest": {"n_estimators": 200, "min_samples_leaf": 10, "max_features": 0.3},
    "xgboost": {
        "n_estimators": 250,
        "learning_rate": 0.04,
        "max_depth": 3,
        "min_child_weight": 5,
        "subsample": 0.8,
        "colsample_bytree": 0.5,
        "reg_lambda": 1.0,
    },
}


def benchmarks(csv: Path) -> list[Result]:
    """Five folds repeated ten times on all rows: the best candidate against bars and reference."""
    schema = load_schema(HERE.schema)
    customers = check_table(read_raw_table(csv), schema, origin=str(csv)).customers
    features = feature_table(customers, schema)
    with threadpool_limits(1):  # folds run side by side; threads inside each would be slower
        ours, params = _measured(features, schema, {})
        reference, _ = _measured(features, schema, UNTUNED)
    print(summary(ours.scores, params).round(5).to_string())
    comparison = compare(ours.scores, params)
    print(comparison.round(5).to_string())
    best, winner = str(comparison["behind"].idxmin()), choose(comparison)[0]
    print(f"best {best}; by the rule the winner is {winner}")
    for name in dict.fromkeys([best, winner]):
        print(f"{name} less the untuned average, with corrected 95% interval:")
        print(_differences(ours.scores, reference.scores, name).round(5).to_string())
    details = f"{best}, {len(features):,} customers of {csv.name}"
    return [*_bars(ours.scores, best, details), _calibration(ours, best, details)]


def _measured(
    features: pd.DataFrame, schema: Schema, changes: dict[str, object]
) -> tuple[CrossValidation, Train]:
    """All candidates on 5 × 10 folds of all customers, under the parameters with changes."""
    repeated = {"folds": FOLDS, "repeats": REPEATS, "max_cells": MAX_CELLS}
    params = Train.of(read_params(HERE.params)["train"] | changes | repeated)
    return cross_validate(features, schema, params), params


def _bars(scores: pd.DataFrame, best: str, details: str) -> list[Result]:
    own = scores[scores["candidate"] == best]
    return [
        Result(
            f"{metric} of the best candidate, {FOLDS} folds x {REPEATS}",
            float(own[metric].mean()),
            ">=" if METRICS[metric].higher_is_better else "<=",
            bound,
            details,
        )
        for metric, bound in BOUNDS.items()
    ]


def _calibration(validation: CrossValidation, best: str, details: str) -> Result:
    """The calibration error over everybody out of fold.

    Measured fold by fold, on a fifth of the customers, chance alone adds half as much again.
    """
    table = validation.out_of_fold
    label, probability = table["label"].to_numpy(float), table[best].to_numpy()
    error = measures.value(measures.calibration_error, label, probability)
    name = f"ece of the best candidate, {FOLDS} folds, all customers out of fold"
    return Result(name, error, "<=", CALIBRATION_BOUND, details)


def _differences(ours: pd.DataFrame, reference: pd.DataFrame, name: str) -> pd.DataFrame:
    """Ours less the untuned average, metric by metric: reference, difference, low, high."""
    own = ours[ours["candidate"] == name]
    other = reference[reference["candidate"] == "vote"]
    rows = {}
    for metric in (found.name for found in shown_in(Shown.CROSS_VALIDATION)):
        gap = own[metric].to_numpy() - other[metric].to_numpy()
        mean, low, high = paired_interval(gap, FOLDS, level=0.95)
        rows[metric] = {"untuned": other[metric].mean(), "difference": mean} | {
            "low": low,
            "high": high,
        }
    return pd.DataFrame.from_dict(rows, orient="index")
