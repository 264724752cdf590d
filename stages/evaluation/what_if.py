"""What the contact list costs and brings under other assumptions: what the overview computes with.

The overview has the probability and the value of each test customer, without ids, and does in the
browser what `scoring.contact_plan` does here (`stages/look/templates/economics.js`).
"""

from __future__ import annotations

import base64
from dataclasses import asdict
from typing import Any

import numpy as np

from scoring import contact_plan
from scoring.assumptions import assumptions
from scoring.contact_plan import ContactPlan, deviations
from scoring.decision import decision_rule, pays
from scoring.money import Costs
from stages.core.measures import Floats
from stages.evaluation.evaluation_data import EvaluationData

MOST = 100_000  # customers: 21 bytes of the page for each
WIDTH, HEIGHT = 600, 200  # of the drawn curve
LEAST = 1e-9  # of its scale


def what_if(data: EvaluationData) -> dict[str, Any] | None:
    """Customers, assumptions with their ranges, and the figures of today's assumptions.

    None where a threshold decides, which is found in training, or where the page would be too
    large.
    """
    if decision_rule(data.schema) != "expected_profit" or len(data.label) > MOST:
        return None
    order = np.lexsort((data.value, data.probability))  # says nothing of who is who
    probability, value = data.probability[order], data.value[order]
    budget = data.assumptions.budget
    return {
        "costs": asdict(data.costs),
        "assumptions": [asdict(each) for each in assumptions(data.costs)],
        "budget": budget,
        "probability": _packed(probability),
        "value": _packed(value),
        "grid": {
            "rates": contact_plan.RATES,
            "cells": contact_plan.CELLS,
            "reach": contact_plan.REACH,
            "level": contact_plan.LEVEL,
            "points": contact_plan.POINTS,
            "deviations": deviations().tolist(),
        },
        "today": figures(plan_of(probability, data.expected[order], data.costs), budget),
    }


def plan_of(probability: Floats, profit: Floats, costs: Costs) -> ContactPlan:
    """The plan for those of the customers (n,) whose contact pays."""
    chosen = pays(profit)
    return ContactPlan.of(probability[chosen], profit[chosen], costs)


def figures(plan: ContactPlan, budget: float | None) -> dict[str, Any]:
    """What a plan costs and brings within a budget, and its curve as points of a drawing."""
    contacts = len(plan) if budget is None else plan.covered(budget)
    found = plan.outlook(contacts)
    curve = plan.curve()
    most = max(curve[0][-1], LEAST), max(curve[1][-1], LEAST)
    return {
        "contacts": contacts,
        **found._asdict(),
        "points": points(*curve, most=most),
        "chosen": points(np.array([found.cost]), np.array([found.profit]), most=most),
        "most": {"cost": float(curve[0][-1]), "profit": float(curve[1][-1])},
    }


def points(cost: Floats, profit: Floats, *, most: tuple[float, float]) -> str:
    """Costs and profits (m,) as points of a drawing that is as wide and as high as `most`."""
    places = zip(WIDTH * cost / most[0], HEIGHT - HEIGHT * profit / most[1], strict=True)
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)


def _packed(values: Floats) -> str:
    """Numbers (n,) as their bytes, little-endian float64 in base64."""
    return base64.b64encode(np.ascontiguousarray(values, "<f8").tobytes()).decode()
