"""The contact list in a manager's figures: whom, at what cost, for what, how sure, how wasteful.

There are two profits. The *expected* one is what the model's probabilities say before anybody
has left; the *counted* one goes by who did leave. Both take the acceptance at its mean.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from scoring.decision import decision_rule
from stages.core import measures
from stages.evaluation.evaluation_data import EvaluationData

RULES = {
    "expected_profit": "the expected profit is positive, each at their own monthly value",
    "threshold": "the probability of churn is above {threshold:.3f}",
}

ADOPTED = (
    "A campaign was adopted: the service, make score and make app decide by its effect, and "
    "contact others. The list and the figures here go by the assumptions below, so that models "
    "stay comparable."
)


def campaign(data: EvaluationData, totals: pd.DataFrame) -> dict[str, Any]:
    """The figures of the list on the test customers; `totals` as `contacts.totals` gives them.

    `wasted` customers would have stayed anyway, `missed` ones left and are not on the list.
    `counted` is the profit by who left, with a bootstrap interval over customers.
    """
    listed, leavers = data.affordable, float((data.affordable * data.label).sum())
    n, contacted = len(data.label), int(listed.sum())
    profit = listed * data.realised
    low, high = data.bootstrap.interval(measures.mean, data.label, profit)
    figures = {
        name.removeprefix("expected_"): dict(zip(("value", "low", "high"), row, strict=True))
        for name, row in totals.drop(index="customers").iterrows()
        if isinstance(name, str)
    }
    return {
        **{name: {k: float(v) for k, v in row.items()} for name, row in figures.items()},
        "counted": {"value": float(profit.sum()), "low": n * low, "high": n * high},
        "customers": contacted,
        "of": n,
        "leavers": int(leavers),
        "predicted_leavers": float((listed * data.probability).sum()),
        "wasted": contacted - int(leavers),
        "missed": int(data.label.sum() - leavers),
        "rule": rule(data),
        "assumptions": assumptions(data),
    }


def rule(data: EvaluationData) -> str:
    """Whom to contact, as the end of a sentence."""
    text = RULES[decision_rule(data.schema)].format(threshold=data.threshold)
    budget = data.assumptions.budget
    if budget is None:
        return text
    return (
        f"{text}, the most profitable first, until {budget:,.0f} {data.schema.currency} are spent"
    )


def assumptions(data: EvaluationData) -> list[str]:
    """What the money rests on, a sentence each."""
    costs, unit = data.costs, data.schema.currency
    kept = f"A kept customer is worth {costs.customer_value:g} {unit}."
    if decision_rule(data.schema) == "expected_profit" and costs.months_kept is not None:
        kept = (
            f"A kept customer is worth the monthly value times a margin of {costs.margin:.0%} "
            f"times {costs.months_kept:.1f} months."
        )
    adopted = [ADOPTED] if data.manifest.get("effect") else []
    return [
        *adopted,
        f"{costs.accept_rate:.0%} of the contacted leavers accept the offer and stay.",
        "Customers who would have stayed take the offer as well: pure cost.",
        f"A contact costs {costs.contact_cost:g} {unit}, the offer {costs.offer_cost:g} {unit}.",
        kept,
    ]
