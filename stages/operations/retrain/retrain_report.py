"""The decision for people: `reports/retrain.md`, the text of the pull request."""

from __future__ import annotations

from pathlib import Path

from stages.core.metrics import METRICS
from stages.core.paths import Paths
from stages.look.pages import markdown_cell
from stages.operations.gate.gate_decision import Decision, Gain


def write_report(decision: Decision, reason: str, paths: Paths) -> Path:
    """Write it; its path."""
    path = paths.reports / "retrain.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(_lines(decision, reason)) + "\n", encoding="utf-8")
    return path


def _lines(decision: Decision, reason: str) -> list[str]:
    data = decision.evidence
    verdict = "promoted" if decision.promoted else f"refused ({', '.join(decision.reasons)})"
    rows = [
        f"| {check.name.replace('_', ' ')} | {'met' if check.passed else '**not met**'} "
        f"| {markdown_cell(check.words)} |"
        for check in decision.checks
    ]
    return [
        f"# Challenger {decision.challenger.version}: {verdict}",
        "",
        f"Retrained for the reason *{reason}*, judged on {data.customers:,} customers of "
        f"{data.month} who were put aside, {data.churners:,} of whom left, as known in "
        f"{data.as_of}.",
        *(["", *_gain(decision.gain)] if decision.gain else []),
        "",
        "| condition | | |",
        "|---|---|---|",
        *rows,
    ]


def _gain(gain: Gain) -> list[str]:
    metric = METRICS[gain.metric]
    difference, low, high = (
        "–" if value is None else metric.text(value, signed=True)
        for value in (gain.difference, gain.low, gain.high)
    )
    values = [
        "–" if value is None else metric.text(value) for value in (gain.champion, gain.challenger)
    ]
    line = f"{metric.heading_with_direction}: champion {values[0]}, challenger {values[1]}"
    decayed = f" The champion has decayed: {'; '.join(gain.decayed)}." if gain.decayed else ""
    return [f"{line}, difference {difference} ({low} to {high}).{decayed}"]
