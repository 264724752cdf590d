"""What is answered about customers, as the bodies of replies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from scoring.decision import CONTACT, NO_CONTACT
from scoring.explanation import Explainer, reasons
from serving.date_parts import Row
from serving.engine import Answers
from serving.request_types import CustomerId

UNEXPLAINED: dict[str, Any] = {"base": None, "contributions": [], "reasons": []}


def predictions(ids: Sequence[CustomerId], answers: Answers) -> list[dict[str, Any]]:
    """A prediction for each customer, in order, under the id that was sent."""
    models = {v: {"name": n, "version": version} for v, (n, version) in answers.models.items()}
    profit = [None] * len(ids) if answers.profit is None else answers.profit.tolist()
    columns = zip(
        ids, answers.probability.tolist(), answers.contact.tolist(), profit,
        answers.tiers, answers.variants, strict=True,
    )  # fmt: skip
    return [
        {
            "customer_id": customer_id,
            "churn_probability": probability,
            "decision": CONTACT if contact else NO_CONTACT,
            "expected_profit": earned,
            "tier": tier,
            "variant": variant,
            "model": models[variant],
        }
        for customer_id, probability, contact, earned, tier, variant in columns
    ]


def explanation(row: Row, explainer: Explainer | None) -> dict[str, Any]:
    """What each column contributes, most first; nothing where the tier cannot be explained."""
    if explainer is None:
        return UNEXPLAINED
    columns = {name: [value] for name, value in row.items()}
    found = explainer.contributions(columns)
    if not np.isfinite(found.values).all():  # a customer of numbers that cannot be
        return UNEXPLAINED
    order = sorted(
        zip(found.names, found.values[0].tolist(), strict=True), key=lambda p: -abs(p[1])
    )
    return {
        "base": found.base,
        "contributions": [{"feature": f, "contribution": c} for f, c in order],
        "reasons": reasons(found, columns, explainer.schema)[0],
    }
