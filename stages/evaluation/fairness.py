"""How the decision treats the groups of each sensitive column, with intervals.

Four figures, none of which replaces the others: where groups leave at different rates, no
decision can have all of them alike (Kleinberg, Mullainathan & Raghavan 2017, ITCS).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from stages.core import measures
from stages.core.measures import Floats, Measure
from stages.evaluation.evaluation_data import EvaluationData
from stages.evaluation.slices import Group, groups_of, is_judged

COLUMNS = [
    "column", "value", "customers", "churn_rate", "figure", "share", "low", "high",
    "others", "difference", "difference_low", "difference_high",
]  # fmt: skip
WORDS = {
    "selection_rate": "contacted",
    "recall": "recall",
    "precision": "precision",
    "calibration_in_the_large": "predicted minus actual",
}


def by_group(data: EvaluationData) -> pd.DataFrame:
    """Every figure of every group of a sensitive column, and the same of all other customers.

    A row per group and figure: `selection_rate`, the share contacted; `recall`, of those who leave;
    `precision`, the share of the contacted who leave; `calibration_in_the_large`,
    predicted minus actual churn. The share in the group with its bootstrap interval, the same of
    the others, and the difference with its interval, on the same resamples. Groups with
    too few customers are left out.
    """
    groups = [g for g in groups_of(data) if g.sensitive and is_judged(g, data)]
    rows = [_row(data, group, figure) for group in groups for figure in WORDS]
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(data: EvaluationData, group: Group, figure: str) -> dict[str, Any]:
    inside, outside = group.members.astype(float), (~group.members).astype(float)
    one, other = (_restricted(data, figure, who) for who in (inside, outside))
    label, unused = data.label, data.probability
    resampled = [data.bootstrap.distribution(m, label, unused) for m in (one, other)]
    low, high = data.bootstrap.percentiles(resampled[0])
    difference_low, difference_high = data.bootstrap.percentiles(resampled[0] - resampled[1])
    share, others = (measures.value(m, label, unused) for m in (one, other))
    return {
        "column": group.column, "value": group.value, "customers": int(inside.sum()),
        "churn_rate": data.label[group.members].mean(), "figure": figure,
        "share": share, "low": low, "high": high, "others": others,
        "difference": share - others,
        "difference_low": difference_low, "difference_high": difference_high,
    }  # fmt: skip


def _restricted(data: EvaluationData, figure: str, members: Floats) -> Measure:
    """A figure of some customers as a measure over the resampling weights of all."""
    label, chosen, score = data.label, data.decision, data.probability
    top, bottom = {
        "selection_rate": (chosen, np.ones_like(label)),
        "recall": (chosen * label, label),
        "precision": (chosen * label, chosen),
        "calibration_in_the_large": (score - label, np.ones_like(label)),
    }[figure]

    def measure(_: Floats, __: Floats, weight: Floats) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):  # of a resample without any of them
            return (weight @ (top * members)) / (weight @ (bottom * members))

    return measure


def findings(table: pd.DataFrame) -> list[str]:
    """A sentence per group and figure that differs from the others by more than chance.

    Of two groups that are all customers, only the smaller one is named.
    """
    sure = table[(table["difference_low"] > 0) | (table["difference_high"] < 0)]
    sure = sure.assign(
        size=sure["difference"].astype(float).abs().round(9), place=np.arange(len(sure))
    )
    once = sure.sort_values("customers", kind="stable").drop_duplicates(
        ["column", "figure", "size"]
    )
    return [_sentence(row) for row in once.sort_values("place").to_dict("records")]


def _sentence(row: dict[Any, Any]) -> str:
    texts = {
        "selection_rate": "{share:.0%} of them are contacted, {others:.0%} of the others",
        "recall": "of those who leave, {share:.0%} are contacted, {others:.0%} among the others",
        "precision": "of those contacted, {share:.0%} leave, {others:.0%} among the others",
        "calibration_in_the_large": "predicted minus actual churn is {share:+.1%}, {others:+.1%} "
        "among the others",
    }[row["figure"]]
    low, high = row["difference_low"], row["difference_high"]
    text = texts.format(share=row["share"], others=row["others"])
    return (
        f"{row['column']} = {row['value']}: {text} "
        f"(difference {row['difference']:+.1%}, {low:+.1%} to {high:+.1%})."
    )


def wide(table: pd.DataFrame) -> pd.DataFrame:
    """A row per group, a column per figure, as text with intervals: for people to read."""
    named = table.assign(group=table["column"] + " = " + table["value"])
    rows = {}
    for group, part in named.groupby("group", sort=False):
        rows[group] = {"customers": part["customers"].iloc[0], "churn": part["churn_rate"].iloc[0]}
        rows[group] |= {WORDS[r["figure"]]: _text(r) for r in part.to_dict("records")}
    return pd.DataFrame.from_dict(
        rows, orient="index", columns=["customers", "churn", *WORDS.values()]
    )


def _text(row: dict[Any, Any]) -> str:
    sign, digits = ("+", 1) if row["figure"] == "calibration_in_the_large" else ("", 0)
    value, low, high = (f"{100 * row[n]:{sign}.{digits}f}" for n in ("share", "low", "high"))
    return f"{value}% ({low} to {high})"
