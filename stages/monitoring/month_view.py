"""What the page of a month shows of its verdict: `notebooks/monitor.ipynb`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from scoring.verdict import Fault, Metrics, Verdict
from stages.core.metrics import METRICS
from stages.core.paths import Paths
from stages.core.quantity import quantity
from stages.look.figures import panels
from stages.look.palette import BLUE, ORANGE, SOFT
from stages.monitoring.verdict_files import folder_of, read_verdict, verdict_files

if TYPE_CHECKING:
    from matplotlib.figure import Figure

UNKNOWN = "not known"


def verdict_of(month: str, paths: Paths) -> Verdict:
    """The verdict on a month, on the newest one where none is named."""
    folder = folder_of(paths)
    newest = [path.stem for path in verdict_files(folder)][-1:]
    return read_verdict(folder / f"{month or ''.join(newest)}.json")


def answers(verdict: Verdict) -> pd.DataFrame:
    """The questions and their answers."""
    population, departures, rate = verdict.population, verdict.departures, verdict.calibration
    faults = quantity(len(verdict.faults), "fault") if verdict.faults else "no"
    estimate = verdict.performance.estimated
    performance = (
        f"{METRICS['roc_auc'].title} {estimate.roc_auc:.3f}, estimated"
        if estimate is not None and estimate.roc_auc is not None
        else UNKNOWN
    )
    if verdict.performance.withdrawn:
        performance = f"the estimate is withdrawn: {verdict.performance.reason}"
    rows = {
        "Is the data broken?": faults,
        "Have the customers changed?": _answer(population.changed, population.reason),
        "Do they leave otherwise than predicted?": _answer(departures.changed, departures.reason),
        "Is the churn rate as predicted?": _answer(
            None if rate.changed is None else not rate.changed, rate.reason
        ),
        "What does the model bring now?": performance,
    }
    return pd.Series(rows).rename_axis("question").to_frame("answer")


def _answer(changed: bool | None, reason: str | None) -> str:
    if changed is None:
        return f"{UNKNOWN}: {reason}"
    return "yes" if changed else "no"


def faults(verdict: Verdict) -> list[str]:
    """The faults, and what was accepted, a sentence each."""
    accepted = [f"{_fault(fault)}; accepted as it is" for fault in verdict.accepted]
    return [_fault(fault) for fault in verdict.faults] + accepted


def _fault(fault: Fault) -> str:
    customers = quantity(fault.customers, "customer")
    return f"Column {fault.column}: {fault.problem}: {customers} ({fault.share:.1%})"


def population(verdict: Verdict) -> str:
    """The two-sample test in words."""
    found = verdict.population
    if found.auc is None or found.threshold is None:
        return f"Not judged: {found.reason}."
    reference = ", ".join(found.reference) or "the customers that the model learned from"
    return (
        f"A classifier tells this month's customers from those of {reference} with ROC AUC "
        f"{found.auc:.3f}; a quiet month stays below {found.threshold:.3f}."
    )


def columns(verdict: Verdict) -> pd.DataFrame:
    """The columns that drive a change."""
    rows = [
        (each.title, each.value or "mean", each.before, each.now, each.effect, each.method)
        for each in verdict.population.columns
    ]
    names = ["column", "of", "before", "now", "distance", "method"]
    return pd.DataFrame(rows, columns=names)


def effects(verdict: Verdict) -> Figure:
    """Evidently's distances of the columns that moved most."""
    shown = verdict.population.columns[::-1]
    figure, (axes,) = panels(1, width=11)
    axes.barh([each.title for each in shown], [each.effect for each in shown], color=BLUE)
    axes.set(xlabel="distance from the months compared with")
    return figure


def departures(verdict: Verdict) -> str:
    """Departures against the prediction, in words."""
    found = verdict.departures
    if found.observed is None or found.predicted is None or found.high is None:
        return f"Not judged: {found.reason}."
    low = 0 if found.low is None else found.low
    return (
        f"In {quantity(found.months, 'month')}, {quantity(found.observed, 'customer')} left where "
        f"{found.predicted:,.0f} were expected; a quiet world stays between {low:,.0f} and "
        f"{found.high:,.0f}. Of the window of the newest month, {found.closed:.0%} has passed."
    )


def performance(verdict: Verdict) -> pd.DataFrame:
    """Estimated and realised metrics, a row each."""
    found = verdict.performance
    realised = found.realised
    parts: dict[str, Metrics | None] = {
        "estimated": found.estimated,
        "± (95%)": found.error,
        "realised": realised.metrics if realised else None,
        "estimated then": realised.estimated if realised else None,
    }
    return pd.DataFrame(
        {
            name: [
                None if part is None else getattr(part, metric) for metric in Metrics.model_fields
            ]
            for name, part in parts.items()
        },
        index=pd.Index([METRICS[m].heading for m in Metrics.model_fields], name="metric"),
        dtype=float,
    )


def realised_of(verdict: Verdict) -> str:
    """Which month the realised figures are of, and what its decisions brought."""
    realised, brought = verdict.performance.realised, verdict.profit.realised
    if realised is None or brought is None:
        return "Nothing is realised yet: no window has closed whose outcomes are known."
    return (
        f"Realised figures are of month {realised.month}, "
        f"{quantity(realised.customers, 'customer')}: its {quantity(brought.contacts, 'contact')} "
        f"brought {brought.realised:,.0f} where "
        f"{brought.expected:,.0f} were expected, at the mean acceptance."
    )


def history(verdicts: list[Verdict]) -> Figure:
    """AUC of the two-sample test, and departures over the expected ones, month by month."""
    figure, (left, right) = panels(2, width=11)
    months = [verdict.month for verdict in verdicts]
    places = np.arange(len(months))
    tested = [(i, v.population) for i, v in enumerate(verdicts) if v.population.auc is not None]
    left.plot([i for i, _ in tested], [p.auc for _, p in tested], "o-", color=BLUE, label="AUC")
    left.plot(
        [i for i, _ in tested],
        [p.threshold for _, p in tested],
        "--",
        color=SOFT,
        label="threshold",
    )
    followed = [(i, v.departures) for i, v in enumerate(verdicts) if v.departures.predicted]
    at = [i for i, _ in followed]
    ratio = [(d.observed or 0) / (d.predicted or 1) for _, d in followed]
    bound = [(d.high or 0) / (d.predicted or 1) for _, d in followed]
    right.plot(at, ratio, "o-", color=ORANGE, label="departures / expected")
    right.plot(at, bound, "--", color=SOFT, label="bound")
    left.set_title("Have the customers changed?")
    right.set_title("Do they leave otherwise than predicted?")
    for axes in (left, right):
        axes.set_xticks(places, months, rotation=60)
        axes.legend()
    return figure
