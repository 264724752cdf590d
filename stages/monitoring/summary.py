"""A verdict in one line."""

from __future__ import annotations

from scoring.verdict import Verdict
from stages.core.quantity import quantity


def summary_of(verdict: Verdict) -> str:
    """What was seen in a month, in a sentence or two."""
    head = f"{verdict.month}: {quantity(verdict.customers, 'customer')}"
    if verdict.accepted:
        columns = dict.fromkeys(fault.column for fault in verdict.accepted)
        head += f"; accepted: {', '.join(columns)}"
    if verdict.faults:
        first = verdict.faults[0]
        more = f" (and {len(verdict.faults) - 1} more)" if len(verdict.faults) > 1 else ""
        share = f", {first.share:.0%} of them" if first.customers else ""
        return f"{head}; fault: column {first.column}: {first.problem}{share}{more}"
    if verdict.changes:
        return f"{head}; change: {'; '.join(_changes(verdict))}"
    if verdict.status == "too_small":
        return f"{head}: too few to judge, {verdict.population.needed:,} are needed"
    return f"{head}; quiet"


def _changes(verdict: Verdict) -> list[str]:
    found = []
    population, departures, rate = verdict.population, verdict.departures, verdict.calibration
    if population.changed:
        columns = ", ".join(column.title for column in population.columns[:3])
        found.append(f"other customers than before ({columns})" if columns else "other customers")
    if departures.changed and departures.observed is not None:
        found.append(
            f"{departures.observed:,} left where {departures.predicted:,.0f} were expected"
        )
    if rate.changed and rate.churn_rate is not None:
        found.append(
            f"churn rate {rate.churn_rate:.1%} of month {rate.month} where {rate.predicted:.1%} "
            "was predicted"
        )
    return found
