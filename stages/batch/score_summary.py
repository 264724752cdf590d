"""What a run of batch scoring did, in a few lines for a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scoring.errors import shown
from scoring.score_files import CAMPAIGN, CONTACTS, REJECTS
from stages.batch.campaign_list import in_words as design_in_words
from stages.batch.outputs import with_example
from stages.batch.score import NAMED, Outcome
from stages.core.quantity import quantity


def in_words(outcome: Outcome) -> str:
    """How many customers were scored, rejected and listed, and where everything is."""
    summary, folder = outcome.summary, outcome.folder
    expected = summary["expected"]
    lines = [f"Warning: {words}" for words in summary["warnings"]]
    lines.append(
        f"{quantity(summary['scored'], 'customer')} scored with {summary['model']['name']} "
        f"{summary['model']['version']} in {summary['seconds']:.1f} s: {shown(outcome.scores)}"
    )
    if summary["rejected"]:
        most = list(summary["problems"].items())[:NAMED]
        words = ", ".join(f"{with_example(p, summary['examples'])} ({n:,})" for p, n in most)
        lines.append(
            f"{quantity(summary['rejected'], 'row')} rejected: {words}: {shown(folder / REJECTS)}"
        )
    budget = summary["budget"]
    within = "" if budget is None else f" within the budget of {budget:,.15g} {summary['currency']}"
    explored = summary.get("design", {}).get("explored", 0)
    others = f", and {explored:,} others to explore" if explored else ""
    listed, currency = summary["listed"] - explored, summary["currency"]
    lines.append(
        f"{listed:,} of {summary['contacts']:,} customers worth a contact are on the list"
        f"{within}{others}: {shown(folder / CONTACTS)}; expected profit "
        f"{expected['profit']:,.0f} {currency} "
        f"({expected['profit_low']:,.0f} to {expected['profit_high']:,.0f})"
    )
    if words := assumption(summary):
        lines.append(words)
    if "design" in summary:
        design = summary["design"]
        lines += [
            *design_in_words(design, summary["currency"]),
            f"Whom chance decided on: {shown(folder / CAMPAIGN)}; with a column of who left it is "
            "what make campaign takes in",
        ]
    return "\n".join(lines)


def assumption(summary: Mapping[str, Any]) -> str:
    """That every customer has the same value, where no column says what each pays; else empty."""
    value = summary.get("assumed_value")
    if value is None:
        return ""
    return (
        f"Money assumes that every retained customer is worth {value:,.0f} {summary['currency']} "
        "(money.customer_value in params.yaml)."
    )
