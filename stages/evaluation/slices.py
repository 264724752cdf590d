"""Quality on each group of customers that the schema tells apart."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from scoring.bundle import MANIFEST, MODEL, SCHEMA_FILE, Scorer
from scoring.derive import MISSING, derive
from scoring.errors import UserError
from stages.core import metrics
from stages.core.metrics import Floats
from stages.core.paths import relative
from stages.core.yamlfile import load_schema
from stages.evaluation.evaluate import Evidence
from stages.features.table import ID

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
        for group in groups_of(evidence)
        if is_judged(group, evidence)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def unjudged(evidence: Evidence) -> list[str]:
    """Groups with too few customers, or of one class, by name and count."""
    return [
        f"{group.name} ({int(group.members.sum())})"
        for group in groups_of(evidence)
        if group.members.any() and not is_judged(group, evidence)
    ]


def is_judged(group: Group, evidence: Evidence) -> bool:
    """Whether a group has customers enough, of both classes."""
    churners, customers = evidence.label[group.members].sum(), group.members.sum()
    return bool(customers >= evidence.params.min_slice and 0 < churners < customers)


def groups_of(evidence: Evidence) -> list[Group]:
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


COMPARED: dict[str, metrics.Measure] = {
    "roc_auc": metrics.roc_auc,
    "brier": metrics.brier,
    "recall": metrics.recall,
}
COMPARISON_COLUMNS = [
    "column", "value", "customers", "metric", "new", "old", "difference", "low", "high", "verdict",
]  # fmt: skip


def compare_slices(new: Evidence, old: Evidence) -> pd.DataFrame:
    """Two champions on every slice of the same customers, to see whether a group is worse off.

    A row per slice and metric (ROC AUC, Brier score, recall of each one's own decision), everybody
    first: new, old, `difference` (new less old) with paired bootstrap interval, and a verdict,
    `better`, `worse` or `no difference seen`. With forty slices some intervals miss 0 by accident,
    so a verdict needs a difference that would be rare among all of them (Bonferroni 1936, by the
    bootstrap's standard error). `ValueError` where the customers are not the same.
    """
    if list(new.features[ID]) != list(old.features[ID]) or (new.label != old.label).any():
        raise ValueError("two champions can only be compared on the same customers")
    everybody = Group("everybody", "", np.ones(len(new.label), bool))
    judged = [group for group in groups_of(new) if is_judged(group, new)]
    cases = [(group, metric) for group in (everybody, *judged) for metric in COMPARED]
    rows = [_compared(new, old, group, metric, among=len(cases)) for group, metric in cases]
    return pd.DataFrame(rows, columns=COMPARISON_COLUMNS)


def _compared(
    new: Evidence, old: Evidence, group: Group, metric: str, *, among: int
) -> dict[str, object]:
    measure, label = COMPARED[metric], new.label[group.members]
    used = [
        (who.decision if metric == "recall" else who.probability)[group.members]
        for who in (new, old)
    ]
    values = [metrics.value(measure, label, score) for score in used]
    resampled = [new.bootstrap.distribution(measure, label, score) for score in used]
    low, high = new.bootstrap.percentiles(resampled[0] - resampled[1])
    error = float(np.nanstd(resampled[0] - resampled[1]))
    difference = values[0] - values[1]
    return {
        "column": group.column, "value": group.value, "customers": int(group.members.sum()),
        "metric": metric, "new": values[0], "old": values[1],
        "difference": difference, "low": low, "high": high,
        "verdict": _verdict(difference, error, metric, (1 - new.params.level) / among),
    }  # fmt: skip


def _verdict(difference: float, error: float, metric: str, chance: float) -> str:
    """What a difference says that one like it would be seen by `chance` where there is none."""
    if not abs(difference) > float(stats.norm.isf(chance / 2)) * error:
        return "no difference seen"
    is_better = (difference > 0) != (metric in metrics.LOWER_IS_BETTER)
    return "better" if is_better else "worse"


def rescored(evidence: Evidence, bundle: Path) -> Evidence:
    """The same customers as another champion bundle sees them, decided by its own threshold.

    `UserError` where it needs a column that they do not have.
    """
    schema = load_schema(bundle / SCHEMA_FILE)
    absent = [c.name for c in schema.inputs if c.name not in evidence.features]
    if absent:
        raise UserError(f"{relative(bundle)}: needs the column {absent[0]}, which is not there")
    inputs = derive({c.name: evidence.features[c.name] for c in schema.inputs}, schema)
    return replace(
        evidence,
        probability=Scorer((bundle / MODEL).read_bytes()).probability(inputs),
        manifest=json.loads((bundle / MANIFEST).read_text(encoding="utf-8")),
    )


def as_predicted(evidence: Evidence, predictions: pd.DataFrame, *, threshold: float) -> Evidence:
    """The same customers with the champion's probabilities from an older `predictions.parquet`.

    `UserError` where it lacks one of them: another split, or other customers.
    """
    test = predictions[predictions["split"] == "test"].set_index("id")["champion"]
    probability = test.reindex(evidence.features[ID]).to_numpy(float)
    if np.isnan(probability).any():
        raise UserError(
            f"predictions: {int(np.isnan(probability).sum())} of {len(probability)} test customers "
            "are not in them; expected the same ones"
        )
    manifest = {**evidence.manifest, "threshold": threshold}
    return replace(evidence, probability=probability, manifest=manifest)


def worst_pairs(evidence: Evidence, *, count: int = 8) -> pd.DataFrame:
    """Groups of two columns whose churn is furthest from what was said, in standard errors.

    With this many groups some lie beyond two standard errors by chance alone: a list of places to
    look, not of findings.
    """
    groups = groups_of(evidence)
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
