"""Quality on each group of customers that the schema tells apart."""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stages.core import metrics
from stages.core.metrics import Floats
from stages.evaluation.evaluate import Evidence
from stages.features.derive import MISSING

COLUMNS = [
    "column", "value", "sensitive", "customers", "churn_rate", "probability", "selection_rate",
    "roc_auc", "roc_auc_low", "roc_auc_high", "recall", "recall_low", "recall_high",
    "gap", "gap_low", "gap_high",
]  # fmt: skip


class Group(NamedTuple):
    """Test customers with one value of one column: `members` (n,) says who they are."""

    column: str
    value: str
    members: NDArray[np.bool_]
    sensitive: bool = False

    @property
    def name(self) -> str:
        """Column and value."""
        return f"{self.column} = {self.value}"


def slices(evidence: Evidence) -> pd.DataFrame:
    """Quality on every group of customers that the schema tells apart and that can be judged.

    A row per column and value: customers, churn rate, mean probability, AUC and recall of the
    decision with intervals, selection rate, calibration gap (mean probability less churn rate) with
    interval, whether the column is sensitive.
    """
    rows = [
        {"column": group.column, "value": group.value, "sensitive": group.sensitive}
        | _slice_figures(evidence, group.members)
        for group in _groups(evidence)
        if _is_judged(group, evidence)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def unjudged(evidence: Evidence) -> list[str]:
    """Groups with too few customers, or of one class, by name and count."""
    return [
        f"{group.name} ({int(group.members.sum())})"
        for group in _groups(evidence)
        if group.members.any() and not _is_judged(group, evidence)
    ]


def _is_judged(group: Group, evidence: Evidence) -> bool:
    churners, customers = evidence.label[group.members].sum(), group.members.sum()
    return bool(customers >= evidence.params.min_slice and 0 < churners < customers)


def _groups(evidence: Evidence) -> list[Group]:
    """Every value of every categorical input, and quarters of the tenure; absent is a value too."""
    groups = []
    for column in evidence.schema.category_inputs:
        values = evidence.features[column.name].to_numpy()
        labels = (*column.labels, MISSING) if column.missing else column.labels
        sensitive = "sensitive" in column.roles
        groups += [Group(column.name, label, values == label, sensitive) for label in labels]
    tenure = evidence.schema.role("tenure")
    if tenure:
        groups += _quarters(tenure.name, evidence.features[tenure.name].to_numpy(float))
    return groups


def _quarters(name: str, values: Floats) -> list[Group]:
    absent = np.isnan(values)
    groups = [Group(name, MISSING, absent)] if absent.any() else []
    if absent.all():
        return groups
    edges = np.unique(np.quantile(values[~absent], [0, 0.25, 0.5, 0.75, 1]))
    if len(edges) == 1:
        return [*groups, Group(name, f"{edges[0]:g}", ~absent)]
    for low, high in pairwise(edges):
        members = (values >= low) & ((values < high) | (values == high) & (high == edges[-1]))
        groups.append(Group(name, f"{low:g} to {_upper(high, edges[-1])}", members))
    return groups


def _upper(bound: float, last: float) -> str:
    return f"{bound:g}" if bound == last else f"under {bound:g}"


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
    # A bootstrap of a share of none or all has no width; the score interval has.
    low, high = metrics.wilson((chosen * label).sum(), label.sum())
    recall = metrics.value(metrics.recall, label, chosen)
    figures |= {"recall": recall, "recall_low": min(low, recall), "recall_high": max(high, recall)}
    measures = {
        "roc_auc": (metrics.roc_auc, score),
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
    for first, second in combinations(groups, 2):
        both = first.members & second.members
        if first.column != second.column and both.sum() >= evidence.params.min_slice:
            rows.append(
                {
                    "group": f"{first.name}, {second.name}",
                    "customers": int(both.sum()),
                    "churn_rate": evidence.label[both].mean(),
                    "probability": evidence.probability[both].mean(),
                    "standard_errors": -residual[both].sum() / np.sqrt(variance[both].sum()),
                }
            )
    columns = ["group", "customers", "churn_rate", "probability", "standard_errors"]
    table = pd.DataFrame(rows, columns=columns)
    distance = table["standard_errors"].astype(float).abs()
    order = distance.sort_values(ascending=False, kind="stable").index
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
