"""The verdict on a change in one line, and whether it loses more than is tolerated."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import pandas as pd

from stages.core.metrics import METRICS, Input
from stages.evaluation.slices import COMPARISON_COLUMNS
from stages.operations.pull_request.compare import Comparison, Difference
from stages.operations.pull_request.report_params import Tolerance

JUDGED = [name for name in METRICS if name in Tolerance.model_fields]
HEADLINE = ("roc_auc", "profit_per_customer")  # named where there is no difference
SHOWN = 3  # groups that the verdict names


class Verdict(NamedTuple):
    """The line, and the reasons to block the change; none where it may go ahead."""

    line: str
    reasons: list[str]


def judge(comparison: Comparison, slices: pd.DataFrame | None, tolerance: Tolerance) -> Verdict:
    """The verdict on a comparison; `slices` as `compare_slices` gives them, where there are any."""
    worse = _worse(slices)
    lost = worse[worse["difference"].abs() > worse["metric"].map(tolerance.model_dump())]
    reasons = list(_reasons(comparison, _groups(lost), tolerance))
    return Verdict(_line(comparison, _groups(worse)), reasons)


def _worse(slices: pd.DataFrame | None) -> pd.DataFrame:
    """The rows of groups whose ranking or probabilities got worse beyond noise."""
    if slices is None:
        return pd.DataFrame(columns=COMPARISON_COLUMNS)
    is_worse = (slices["verdict"] == "worse") & slices["metric"].map(is_quality)
    return slices[is_worse & (slices["column"] != "everybody")]


def is_quality(name: str) -> bool:
    """Whether a metric judges the probabilities: a decision may move with the costs alone."""
    return METRICS[name].input is Input.PROBABILITY


def _groups(rows: pd.DataFrame) -> list[str]:
    names = (shorten(f"{row.column} = {row.value}") for row in rows.itertuples())
    return list(dict.fromkeys(names))


def shorten(text: object, most: int = 80) -> str:
    """The beginning of a text that is too long for its place."""
    plain = str(text)
    return plain if len(plain) <= most else plain[: most - 1] + "…"


def _line(comparison: Comparison, worse: Sequence[str]) -> str:
    judged = [d for d in map(comparison.of, JUDGED) if math.isfinite(d.low)]
    if not judged:
        return "nothing to compare with, the metrics of both have none in common"
    by = {word: [d for d in judged if d.verdict == word] for word in ("better", "worse")}
    groups = f"; worse for {_named(worse)}" if worse else ""
    if by["better"] and by["worse"]:
        return f"better and worse: {_list(by['better'])}, but {_list(by['worse'])}{groups}"
    for word, found in by.items():
        if found:
            return f"{word}: {_list(found)}{groups}"
    shown = _list(d for d in judged if d.metric in HEADLINE)
    if worse:
        return f"worse for {_named(worse)}; over all customers no difference beyond noise: {shown}"
    return f"no difference beyond noise: {shown}"


def _named(groups: Sequence[str]) -> str:
    rest = len(groups) - SHOWN
    words = f" and {rest} more group{'s' if rest > 1 else ''}" if rest > 0 else ""
    return ", ".join(groups[:SHOWN]) + words


def _list(differences: Iterable[Difference]) -> str:
    return ", ".join(in_words(difference) for difference in differences)


def in_words(difference: Difference) -> str:
    """A difference with its interval, such as `+0.0060 ROC AUC [+0.0010, +0.0110]`."""
    metric = METRICS[difference.metric]
    value, low, high = (
        metric.text(number, signed=True)
        for number in (difference.value, difference.low, difference.high)
    )
    return f"{value} {metric.title} [{low}, {high}]"


def _reasons(comparison: Comparison, worse: Sequence[str], tolerance: Tolerance) -> Iterable[str]:
    """What is lost beyond the tolerance and beyond noise."""
    for name in JUDGED:
        difference, tolerated = comparison.of(name), getattr(tolerance, name)
        if difference.verdict == "worse" and difference.loss > tolerated:
            yield (
                f"{in_words(difference)}; tolerated is a loss of {tolerated:g} "
                f"(params.yaml, report.tolerance.{name})"
            )
    if len(worse) > tolerance.worse_slices:
        yield (
            f"worse for {_named(worse)} by more than is tolerated of all customers; "
            f"{tolerance.worse_slices} such groups are tolerated "
            "(params.yaml, report.tolerance.worse_slices)"
        )
