"""Quality on each group of customers that the schema tells apart."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stages import metrics
from stages.evaluate import Evidence
from stages.metrics import Floats


def slices(evidence: Evidence) -> pd.DataFrame:
    """Quality on every group of customers that the schema tells apart.

    A row per column and value with at least `min_slice` customers and both classes: customers,
    churn rate, mean probability, AUC and recall of the decision with intervals, selection rate,
    calibration gap (mean probability less churn rate) with interval, whether the column is
    sensitive.
    """
    rows = []
    for column, value, members, sensitive in _groups(evidence):
        if (
            members.sum() >= evidence.params.min_slice
            and 0 < evidence.label[members].sum() < members.sum()
        ):
            row = {"column": column, "value": value, "sensitive": sensitive}
            rows.append(row | _slice_figures(evidence, members))
    return pd.DataFrame(rows)


def small_slices(evidence: Evidence) -> list[str]:
    """Groups with too few customers to be judged, by name and count."""
    return [
        f"{column} = {value} ({int(members.sum())})"
        for column, value, members, _ in _groups(evidence)
        if 0 < members.sum() < evidence.params.min_slice
    ]


def _groups(evidence: Evidence) -> list[tuple[str, str, NDArray[np.bool_], bool]]:
    groups = []
    for column in evidence.schema.category_inputs:
        values = evidence.features[column.name].to_numpy()
        sensitive = "sensitive" in column.roles
        groups += [(column.name, label, values == label, sensitive) for label in column.labels]
    tenure = evidence.schema.role("tenure")
    if tenure:
        values = evidence.features[tenure.name].to_numpy()
        edges = np.unique(np.quantile(values, [0, 0.25, 0.5, 0.75, 1]))
        for low, high in pairwise(edges):
            members = (values >= low) & ((values < high) | (high == edges[-1]))
            groups.append((tenure.name, f"{low:g} to {high:g}", members, False))
    return groups


def _slice_figures(evidence: Evidence, members: NDArray[np.bool_]) -> dict[str, float]:
    label, score, chosen = (
        array[members] for array in (evidence.label, evidence.probability, evidence.decision)
    )
    bootstrap = evidence.bootstrap
    figures: dict[str, float] = {
        "customers": int(members.sum()),
        "churn_rate": label.mean(),
        "probability": score.mean(),
        "selection_rate": chosen.mean(),
    }
    measures = {
        "roc_auc": (metrics.roc_auc, score),
        "recall": (metrics.recall, chosen),
        "gap": (_gap, score),
    }
    for name, (measure, used) in measures.items():
        low, high = bootstrap.interval(measure, label, used)
        figures |= {
            name: metrics.value(measure, label, used),
            f"{name}_low": low,
            f"{name}_high": high,
        }
    return figures


def _gap(label: Floats, score: Floats, weight: Floats) -> Floats:
    return (weight @ (score - label)) / weight.sum(axis=1)


def worst_pairs(evidence: Evidence, *, count: int = 8) -> pd.DataFrame:
    """Groups of two columns whose churn is furthest from what was said, in standard errors.

    With this many groups some lie beyond two standard errors by chance alone: a list of places to
    look, not of findings.
    """
    groups = _groups(evidence)
    residual = evidence.label - evidence.probability
    variance = evidence.probability * (1 - evidence.probability)
    rows = []
    for i, (column, value, members, _) in enumerate(groups):
        for other, other_value, others, _ in groups[:i]:
            both = members & others
            if column != other and both.sum() >= evidence.params.min_slice:
                rows.append(
                    {
                        "group": f"{other} = {other_value}, {column} = {value}",
                        "customers": int(both.sum()),
                        "churn_rate": evidence.label[both].mean(),
                        "probability": evidence.probability[both].mean(),
                        "standard_errors": residual[both].sum() / np.sqrt(variance[both].sum()),
                    }
                )
    table = pd.DataFrame(
        rows, columns=["group", "customers", "churn_rate", "probability", "standard_errors"]
    )
    order = table["standard_errors"].abs().sort_values(ascending=False, kind="stable").index
    return table.loc[order[:count]].set_index("group")


def as_intervals(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """One figure of the slices with its interval (value, low, high), named by column and value."""
    return pd.DataFrame(
        {
            "value": table[name].to_numpy(),
            "low": table[f"{name}_low"].to_numpy(),
            "high": table[f"{name}_high"].to_numpy(),
        },
        index=table["column"] + " = " + table["value"],
    )
