"""What a run of batch scoring found: the figures of `summary.json`, and its lines for a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scoring.bundle import TIERS
from scoring.errors import shown
from scoring.loading import Bundle
from scoring.schema import Schema
from scoring.score_files import CAMPAIGN, CONTACTS, CUSTOMERS, REJECTS
from stages.batch.asked import Asked
from stages.batch.campaign_list import in_words as design_in_words
from stages.batch.contacts import Chosen, expected
from stages.batch.inputs import InputFile
from stages.batch.outputs import Merge, Totals, with_example
from stages.batch.score_part import PartScorer
from stages.core.quantity import quantity

NAMED = 3  # problems that a message names


@dataclass(frozen=True)
class Outcome:
    """What a run wrote, and its summary."""

    folder: Path
    scores: Path
    summary: Mapping[str, Any]


def summary_of(
    asked: Asked, task: PartScorer, files: Sequence[InputFile], merge: Merge, chosen: Chosen
) -> dict[str, Any]:
    """How many customers were read, scored and chosen, by what, and what the list is to bring."""
    totals, bundle = merge.totals, task.scorer.bundle
    return {
        "input": {"files": len(files), "first": files[0].origin},
        "bundle": str(asked.model),
        "model": {"name": bundle.name, "version": bundle.version},
        "rows": totals.rows,
        "scored": totals.scored,
        "rejected": totals.rejected,
        "further_rows": totals.further,
        "problems": dict(totals.problems.most_common()),
        "examples": totals.examples,
        "tiers": dict(totals.tiers),
        "contacts": merge.candidates.contacts,
        "listed": len(chosen.part),
        "budget": asked.budget,
        "rule": task.scorer.terms.rule(bundle.schema),
        "currency": bundle.schema.currency,
        "expected": expected(chosen, task.scorer.terms),
        "assumed_value": task.scorer.terms.assumed_value,
        "counts": {name: counts.tolist() for name, counts in totals.counts.items()},
        "counts_of_contacts": {name: counts.tolist() for name, counts in totals.contacts.items()},
        "edges": {name: edges.tolist() for name, edges in task.edges.items()},
        "scores": asked.scores.name,
        "customers": CUSTOMERS if asked.customers else None,
    }


def warnings_of(totals: Totals, bundle: Bundle) -> list[str]:
    """What a person should know of the customers and of who scored them."""
    found = [f"{words} ({quantity(n, 'row')})" for words, n in totals.warnings.items()]
    if totals.further:
        found.append(_on_further_rows(totals.further, bundle.schema))
    if "effect" in totals.faults:
        found.append(f"the assumed share decides, not the effect ({totals.faults['effect']})")
    for column in bundle.schema.inputs:
        if column.missing and totals.counts[column.name][-1] == totals.scored:
            found.append(f"column {column.name}: blank in every row")
    for tier, n in totals.tiers.items():
        if tier != TIERS[0] and n:
            faults = "; ".join(f"{name}: {why}" for name, why in totals.faults.items())
            found.append(
                f"{quantity(n, 'customer')} scored by {tier}, not by the champion ({faults})"
            )
    return found


def _on_further_rows(rows: int, schema: Schema) -> str:
    """That customers have several rows, as the schema allows, and which of them counts."""
    several = schema.role("period") is not None
    months = "; of a table of several months, give the last month alone" if several else ""
    return (
        f"column {schema.id_name}: {quantity(rows, 'further row')} of customers with several rows: "
        f"each is scored by the first{months}"
    )


def most_frequent(problems: Mapping[str, int], examples: Mapping[str, str]) -> str:
    """The most frequent problems of rows, with a cell of each that may be shown, and a count."""
    most = Counter(problems).most_common(NAMED)
    return ", ".join(f"{with_example(words, examples)} ({n:,})" for words, n in most)


def in_words(outcome: Outcome) -> str:
    """How many customers were scored, rejected and listed, and where everything is."""
    summary, folder = outcome.summary, outcome.folder
    lines = [f"Warning: {words}" for words in summary["warnings"]]
    lines.append(
        f"{quantity(summary['scored'], 'customer')} scored with {summary['model']['name']} "
        f"{summary['model']['version']} in {summary['seconds']:.1f} s: {shown(outcome.scores)}"
    )
    if summary["rejected"]:
        problems = most_frequent(summary["problems"], summary["examples"])
        rows = quantity(summary["rejected"], "row")
        lines.append(f"{rows} rejected: {problems}: {shown(folder / REJECTS)}")
    lines.append(_on_the_list(summary, folder))
    if words := assumption(summary):
        lines.append(words)
    if "design" in summary:
        lines += [
            *design_in_words(summary["design"], summary["currency"]),
            f"Whom chance decided on: {shown(folder / CAMPAIGN)}; with a column of who left it is "
            "what make campaign takes in",
        ]
    return "\n".join(lines)


def _on_the_list(summary: Mapping[str, Any], folder: Path) -> str:
    """How many are to be contacted, and what that is expected to bring."""
    budget, money, currency = summary["budget"], summary["expected"], summary["currency"]
    within = "" if budget is None else f" within the budget of {budget:,.15g} {currency}"
    explored = summary.get("design", {}).get("explored", 0)
    others = f", and {explored:,} others to explore" if explored else ""
    return (
        f"{summary['listed'] - explored:,} of {summary['contacts']:,} customers worth a contact "
        f"are on the list{within}{others}: {shown(folder / CONTACTS)}; expected profit "
        f"{money['profit']:,.0f} {currency} "
        f"({money['profit_low']:,.0f} to {money['profit_high']:,.0f})"
    )


def assumption(summary: Mapping[str, Any]) -> str:
    """That every customer has the same value, where no column says what each pays; else empty."""
    value = summary.get("assumed_value")
    if value is None:
        return ""
    return (
        f"Money assumes that every retained customer is worth {value:,.0f} {summary['currency']} "
        "(money.customer_value in params.yaml)."
    )
