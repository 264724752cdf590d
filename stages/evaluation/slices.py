"""Quality on each group of customers that the schema tells apart."""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from scoring.derive import MISSING
from stages.core import measures
from stages.core.measures import Floats
from stages.core.metrics import Metric, Shown, shown_in
from stages.evaluation.evaluation_data import EvaluationData
from stages.features.table import ID

COLUMNS = [
    "column", "value", "sensitive", "customers", "churn_rate", "probability", "selection_rate",
    "roc_auc", "roc_auc_low", "roc_auc_high", "recall", "recall_low", "recall_high",
    "calibration_in_the_large", "calibration_in_the_large_low", "calibration_in_the_large_high",
]  # fmt: skip

HEADINGS = {
    "churn_rate": "churn rate",
    "probability": "mean probability",
    "selection_rate": "contacted",
    "roc_auc": "ROC AUC",
    "recall": "recall",
    "calibration_in_the_large": "predicted minus actual",
}


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


def slices(data: EvaluationData) -> pd.DataFrame:
    """Quality on every group of customers that the schema tells apart and that can be judged.

    A row per column and value: customers, churn rate, mean probability, AUC and recall of the
    decision with intervals, selection rate, calibration in the large (predicted minus actual) with
    interval, whether the column is sensitive.
    """
    rows = [
        {"column": group.column, "value": group.value, "sensitive": group.sensitive}
        | _slice_figures(data, group.members)
        for group in groups_of(data)
        if is_judged(group, data)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def too_small(data: EvaluationData) -> list[str]:
    """Groups with too few customers, or of one class, by name and count."""
    return [
        f"{group.name} ({int(group.members.sum())})"
        for group in groups_of(data)
        if group.members.any() and not is_judged(group, data)
    ]


def is_judged(group: Group, data: EvaluationData) -> bool:
    """Whether a group has customers enough, of both classes."""
    churners, customers = data.label[group.members].sum(), group.members.sum()
    return bool(customers >= data.params.min_slice and 0 < churners < customers)


def groups_of(data: EvaluationData) -> list[Group]:
    """Every value of every categorical input, and quarters of the tenure; absent is a value too."""
    groups = []
    for column in data.schema.category_inputs:
        values = data.features[column.name].to_numpy()
        labels = (*column.labels, MISSING) if column.missing else column.labels
        sensitive = "sensitive" in column.roles
        groups += [Group(column.name, label, values == label, sensitive) for label in labels]
    tenure = data.schema.role("tenure")
    if tenure:
        groups += _quarters(tenure.name, data.features[tenure.name].to_numpy(float))
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


def _slice_figures(data: EvaluationData, members: NDArray[np.bool_]) -> dict[str, float]:
    label, score, chosen = (
        array[members] for array in (data.label, data.probability, data.decision)
    )
    bootstrap = data.bootstrap.among(members)
    figures: dict[str, float] = {
        "customers": int(members.sum()),
        "churn_rate": label.mean(),
        "probability": score.mean(),
        "selection_rate": chosen.mean(),
    }
    # A bootstrap of a share of none or all has no width; the score interval has.
    low, high = measures.wilson((chosen * label).sum(), label.sum())
    recall = measures.value(measures.recall, label, chosen)
    figures |= {"recall": recall, "recall_low": min(low, recall), "recall_high": max(high, recall)}
    with_interval = {
        "roc_auc": (measures.roc_auc, score),
        "calibration_in_the_large": (measures.mean, score - label),
    }
    for name, (measure, used) in with_interval.items():
        low, high = bootstrap.interval(measure, label, used)
        figures |= {
            name: measures.value(measure, label, used),
            f"{name}_low": low,
            f"{name}_high": high,
        }
    return figures


COMPARISON_COLUMNS = [
    "column", "value", "customers", "metric", "new", "old", "difference", "low", "high", "verdict",
]  # fmt: skip


def compare_slices(new: EvaluationData, old: EvaluationData) -> pd.DataFrame:
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
    cases = [(group, metric) for group in (everybody, *judged) for metric in shown_in(Shown.GROUPS)]
    rows = [_compared(new, old, group, metric, among=len(cases)) for group, metric in cases]
    return pd.DataFrame(rows, columns=COMPARISON_COLUMNS)


def _compared(
    new: EvaluationData, old: EvaluationData, group: Group, metric: Metric, *, among: int
) -> dict[str, object]:
    measure, label = new.measure_of(metric), new.label[group.members]
    used = [who.input_of(metric, who.probability)[group.members] for who in (new, old)]
    values = [measures.value(measure, label, score) for score in used]
    resampled = [new.bootstrap.distribution(measure, label, score) for score in used]
    low, high = new.bootstrap.percentiles(resampled[0] - resampled[1])
    error = float(np.nanstd(resampled[0] - resampled[1]))
    difference = values[0] - values[1]
    return {
        "column": group.column, "value": group.value, "customers": int(group.members.sum()),
        "metric": metric.name, "new": values[0], "old": values[1],
        "difference": difference, "low": low, "high": high,
        "verdict": _verdict(difference, error, metric, (1 - new.params.level) / among),
    }  # fmt: skip


def _verdict(difference: float, error: float, metric: Metric, chance: float) -> str:
    """The verdict on a difference, `chance` being that of a false one."""
    if not abs(difference) > float(stats.norm.isf(chance / 2)) * error:
        return "no difference seen"
    return "better" if metric.sign * difference > 0 else "worse"


def worst_pairs(data: EvaluationData, *, count: int = 8) -> pd.DataFrame:
    """Groups of two columns whose churn is furthest from the predicted one, in standard errors.

    With this many groups some lie beyond two standard errors by chance alone: a list of places to
    look, not of findings.
    """
    groups = groups_of(data)
    residual = data.label - data.probability
    variance = data.probability * (1 - data.probability)
    rows = []
    for first, second in combinations(groups, 2):
        both = first.members & second.members
        if first.column != second.column and both.sum() >= data.params.min_slice:
            rows.append(
                {
                    "group": f"{first.name}, {second.name}",
                    "customers": int(both.sum()),
                    "churn_rate": data.label[both].mean(),
                    "probability": data.probability[both].mean(),
                    "standard_errors": -residual[both].sum() / np.sqrt(variance[both].sum()),
                }
            )
    columns = ["group", "customers", "churn_rate", "probability", "standard_errors"]
    table = pd.DataFrame(rows, columns=columns)
    distance = table["standard_errors"].astype(float).abs()
    order = distance.sort_values(ascending=False, kind="stable").index
    return table.loc[order[:count]].set_index("group")


def readable(table: pd.DataFrame) -> pd.DataFrame:
    """The slices as a report shows them: a figure and its interval in one column."""
    shown = table[["column", "value", "customers"]].set_index("column")
    for name in ("churn_rate", "probability", "selection_rate"):
        shown[HEADINGS[name]] = [f"{value:.1%}" for value in table[name]]
    for name in ("roc_auc", "recall", "calibration_in_the_large"):
        ends = table[[name, f"{name}_low", f"{name}_high"]].itertuples(index=False)
        digits = "+z.2f" if name == "calibration_in_the_large" else ".2f"
        shown[HEADINGS[name]] = [
            "{} ({} to {})".format(*(format(number, digits) for number in row)) for row in ends
        ]
    return shown


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
