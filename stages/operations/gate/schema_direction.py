"""A risk that goes against the schema: whether the labels of the hold-out contradict it.

The schema's directions are what somebody expects of the world, and the world may change. So a
challenger that goes against one is refused where the customers put aside go with the schema, and
not where they go with the challenger.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import norm

from scoring.explanation import load_explainer
from scoring.schema import Column
from stages.core.measures import Floats
from stages.evaluation.evaluation_data import EvaluationData
from stages.evaluation.explanations import directions, monotonicity_violations, titles
from stages.model.direction import monotone, sign
from stages.operations.gate.bundles import Side
from stages.operations.gate.gate_decision import Check


def goes_the_schemas_way(data: EvaluationData, challenger: Side) -> Check:
    """Refused for the first direction against which both schema and labels speak."""
    table = directions(data, load_explainer(challenger.folder))
    words = "the risk goes with each column as the schema says"
    named = titles(data.schema)
    for column in monotone(data.schema):
        found = monotonicity_violations(table.loc[table.index == named[column.name]])
        if not found:
            continue
        if is_contradicted(data, column, trained_on=int(challenger.manifest["rows"])):
            words = f"{found[0]} The labels contradict the model."
            return Check(name="behaviour", passed=False, words=words)
        words = f"{found[0]} The labels do not contradict the model."
    return Check(name="behaviour", passed=True, words=words)


def is_contradicted(data: EvaluationData, column: Column, *, trained_on: int) -> bool:
    """Whether more churn than predicted at the end of the column where the schema expects it.

    A score test (Rao 1948) of the column's slope, the predicted log-odds as offset, one-sided at
    the level of the intervals: zero where the column's effect is the predicted one. The labels that
    the model was trained on vary by chance as well.
    """
    place = _places(data, column)
    known = ~np.isnan(place)
    if not known.any():
        return False
    place, left, p = place[known], data.label[known], data.probability[known]
    weight = p * (1 - p)
    centred = place - np.average(place, weights=weight)
    error = float(np.sqrt(weight @ centred**2 * (1 + len(left) / trained_on)))
    slope = sign(column) * float(centred @ (left - p))
    return bool(slope > norm.ppf(data.params.level) * error)


def _places(data: EvaluationData, column: Column) -> Floats:
    """Where each customer (n,) is on the column, from low to high; NaN where that is not known."""
    values = data.features[column.name]
    if column.is_numeric:
        return np.asarray(values, dtype=np.float64)
    order = {label: float(place) for place, label in enumerate(column.labels)}
    return np.asarray(values.map(order), dtype=np.float64)
