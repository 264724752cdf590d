"""What the evaluation leaves behind: metrics, predictions, contact list, tables of the plots."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from scoring.bundle import BASELINES
from stages.core.files import write_csv, write_json, write_table
from stages.core.metrics import Shown, shown_in
from stages.core.paths import Paths
from stages.evaluation.evaluation_data import EvaluationData
from stages.evaluation.headline import THRESHOLD
from stages.features.table import ID, LABEL

DIGITS = 6


class Findings(NamedTuple):
    """The tables of the evaluation; `truth` is None where the true probabilities are not known."""

    headline: pd.DataFrame
    targets: pd.DataFrame
    totals: pd.DataFrame
    truth: pd.DataFrame | None


def metrics_file(data: EvaluationData, found: Findings) -> dict[str, Any]:
    """The content of `reports/metrics.json`: numbers only below the top level."""
    scores = data.fold_scores
    winner = data.manifest["candidate"]
    compared = [metric.name for metric in shown_in(Shown.CROSS_VALIDATION)]
    return {
        "winner": winner,
        "cv": {name: _fold_figures(data.selected_scores[name]) for name in compared},
        "candidates": {
            str(name): {metric: _number(rows[metric].mean()) for metric in compared}
            for name, rows in scores.groupby("candidate", sort=False)
        },
        "test": _values(found.headline),
        "test_ci": _intervals(found.headline),
        "targets": _values(found.targets),
        "targets_ci": _intervals(found.targets),
        "campaign": _values(found.totals),
        "campaign_ci": _intervals(found.totals.drop(index="customers")),
        "reference": _reference(data, found),
        "counts": {
            "train": len(data.out_of_fold),
            "test": len(data.label),
        },
    }


def _values(table: pd.DataFrame) -> dict[str, float]:
    return {str(name): _number(row["value"]) for name, row in table.iterrows()}


def _intervals(table: pd.DataFrame) -> dict[str, dict[str, float]]:
    return {
        str(name): {"low": _number(row["low"]), "high": _number(row["high"])}
        for name, row in table.iterrows()
    }


def _fold_figures(values: pd.Series) -> dict[str, float]:
    return {"mean": _number(values.mean()), "std": _number(values.std()), "folds": len(values)}


def _reference(data: EvaluationData, found: Findings) -> dict[str, float]:
    """The base rate, every headline figure of the simple models, and of the truth where known."""
    figures = {"base_rate": _number(data.manifest["base_rate"])}
    for name, row in found.headline.drop(index=THRESHOLD).iterrows():
        figures |= {f"{simple}_{name}": _number(row[simple]) for simple in BASELINES}
    if found.truth is not None:
        for name, row in found.truth.iterrows():
            figures[f"oracle_{name}"] = _number(row["oracle"])
            figures[f"behind_oracle_{name}"] = _number(row["regret"])
    return figures


def _number(value: Any) -> float:
    return round(float(value), DIGITS)


def predictions(data: EvaluationData) -> pd.DataFrame:
    """Id, split, fold, label, champion, and each candidate out of fold, a row per customer.

    On train all are out of fold; on test only the champion has spoken, and `fold` is -1.
    """
    train = data.out_of_fold.copy()
    train.insert(1, "split", "train")
    train.insert(4, "champion", train[data.manifest["candidate"]])
    test = pd.DataFrame(
        {
            "id": data.features[ID],
            "split": "test",
            "fold": np.int8(-1),
            "label": data.features[LABEL],
            "champion": data.probability,
        }
    )
    columns = ["id", "split", "fold", "label", "champion"]
    rest = [name for name in train.columns if name not in columns]
    return pd.concat([train[columns + rest], test], ignore_index=True)


def write(
    data: EvaluationData,
    found: Findings,
    contacts: pd.DataFrame,
    curves: Mapping[str, pd.DataFrame],
    paths: Paths,
) -> None:
    """Write metrics, predictions, the contact list and the tables behind the plots."""
    write_json(paths.metrics, metrics_file(data, found))
    write_table(paths.predictions, predictions(data))
    write_csv(paths.contact_list, contacts)
    for name, curve in curves.items():
        write_csv(paths.plots / f"{name}.csv", curve)
