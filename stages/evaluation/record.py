"""What the evaluation leaves behind: metrics, predictions, contact list, tables of the plots."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from scoring.bundle import BASELINES, OUT_OF_FOLD, SCORES
from stages.core import metrics
from stages.core.files import read_table, write_csv, write_json, write_table
from stages.core.paths import COMPARISON, CONTACT_LIST, METRICS, PLOTS, PREDICTIONS
from stages.evaluation.evaluate import Evidence
from stages.features.table import ID, LABEL

DIGITS = 6


class Findings(NamedTuple):
    """The tables of the evaluation; `truth` is None where the true probabilities are not known."""

    headline: pd.DataFrame
    targets: pd.DataFrame
    totals: pd.DataFrame
    truth: pd.DataFrame | None


def metrics_file(evidence: Evidence, found: Findings) -> dict[str, Any]:
    """The content of `reports/metrics.json`: numbers only below the top level."""
    scores = pd.read_csv(COMPARISON / SCORES)
    winner = evidence.manifest["candidate"]
    won = scores[scores["candidate"] == winner]
    return {
        "winner": winner,
        "cv": {name: _fold_figures(won[name]) for name in metrics.RANKING},
        "candidates": {
            str(name): {metric: _number(rows[metric].mean()) for metric in metrics.RANKING}
            for name, rows in scores.groupby("candidate", sort=False)
        },
        "test": _values(found.headline),
        "test_ci": _intervals(found.headline),
        "targets": _values(found.targets),
        "targets_ci": _intervals(found.targets),
        "campaign": _values(found.totals),
        "campaign_ci": _intervals(found.totals.drop(index="customers")),
        "reference": _reference(evidence, found),
        "counts": {
            "train": len(read_table(COMPARISON / OUT_OF_FOLD, ["label"])),
            "test": len(evidence.label),
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


def _reference(evidence: Evidence, found: Findings) -> dict[str, float]:
    """The base rate, every headline figure of the simple models, and of the truth where known."""
    figures = {"base_rate": _number(evidence.manifest["base_rate"])}
    for name, row in found.headline.drop(index="threshold").iterrows():
        figures |= {f"{simple}_{name}": _number(row[simple]) for simple in BASELINES}
    if found.truth is not None:
        for name, row in found.truth.iterrows():
            figures[f"oracle_{name}"] = _number(row["oracle"])
            figures[f"behind_oracle_{name}"] = _number(row["behind"])
    return figures


def _number(value: Any) -> float:
    return round(float(value), DIGITS)


def predictions(evidence: Evidence) -> pd.DataFrame:
    """Id, split, fold, label, champion, and each candidate out of fold, a row per customer.

    On train all are out of fold; on test only the champion has spoken, and `fold` is -1.
    """
    train = read_table(COMPARISON / OUT_OF_FOLD)
    train.insert(1, "split", "train")
    train.insert(4, "champion", train[evidence.manifest["candidate"]])
    test = pd.DataFrame(
        {
            "id": evidence.features[ID],
            "split": "test",
            "fold": np.int8(-1),
            "label": evidence.features[LABEL],
            "champion": evidence.probability,
        }
    )
    columns = ["id", "split", "fold", "label", "champion"]
    rest = [name for name in train.columns if name not in columns]
    return pd.concat([train[columns + rest], test], ignore_index=True)


def write(
    evidence: Evidence,
    found: Findings,
    contacts: pd.DataFrame,
    curves: Mapping[str, pd.DataFrame],
) -> None:
    """Write metrics, predictions, the contact list and the tables behind the plots."""
    write_json(METRICS, metrics_file(evidence, found))
    write_table(PREDICTIONS, predictions(evidence))
    write_csv(CONTACT_LIST, contacts)
    for name, curve in curves.items():
        write_csv(PLOTS / f"{name}.csv", curve)
