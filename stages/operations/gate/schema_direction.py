"""A risk that goes against the schema: whether the labels of the hold-out contradict it.

The schema's directions are what somebody expects of the world, and the world may change. So a
challenger that goes against one is refused where the customers put aside go with the schema, and
not where they go with the challenger.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, logit
from scipy.stats import norm

from scoring.bundle import Scorer
from scoring.derive import raw_inputs, with_derived
from scoring.explanation import load_explainer
from scoring.mixed import with_value
from scoring.schema import Column
from stages.core.measures import Floats
from stages.evaluation.evaluation_data import EvaluationData
from stages.evaluation.explanations import directions, monotonicity_violations, titles
from stages.model.direction import monotone, sign, values_along
from stages.operations.gate.bundles import Side
from stages.operations.gate.gate_decision import Check

EPSILON, FAR = 1e-9, 50.0  # least probability, and most that log-odds are moved by


def goes_the_schemas_way(data: EvaluationData, challenger: Side) -> Check:
    """Refused for the first direction against which both schema and labels speak."""
    table = directions(data, load_explainer(challenger.folder))
    words = "the risk goes with each column as the schema says"
    named = titles(data.schema)
    for column in monotone(data.schema):
        found = monotonicity_violations(table.loc[table.index == named[column.name]])
        if not found:
            continue
        if is_contradicted(data, challenger.scorer, column):
            words = f"{found[0]} The labels contradict the model."
            return Check(name="behaviour", passed=False, words=words)
        words = f"{found[0]} The labels do not contradict the model."
    return Check(name="behaviour", passed=True, words=words)


def is_contradicted(data: EvaluationData, scorer: Scorer, column: Column) -> bool:
    """Whether churn goes with the column as the schema says, all else as the model predicts.

    A score test (Rao 1948) of the column's slope, one-sided at the level of the intervals. Offset
    are the predicted log-odds were everybody at the column's lowest value, moved to the churn rate:
    so the slope is the column's whole effect, not what the model's lacks.
    """
    place = _places(data, column)
    known = ~np.isnan(place)
    place, left = place[known], data.label[known]
    if len(np.unique(left)) < 2:
        return False
    p = _moved(_at_lowest(data, scorer, column)[known], float(left.mean()))
    weight = p * (1 - p)
    centred = place - np.average(place, weights=weight)
    slope = sign(column) * float(centred @ (left - p))
    return bool(slope > norm.ppf(data.params.level) * np.sqrt(weight @ centred**2))


def _places(data: EvaluationData, column: Column) -> Floats:
    """Where each customer (n,) is on the column, from low to high; NaN where that is not known."""
    values = data.features[column.name]
    if column.is_numeric:
        return np.asarray(values, dtype=np.float64)
    order = {label: float(place) for place, label in enumerate(column.labels)}
    return np.asarray(values.map(order), dtype=np.float64)


def _at_lowest(data: EvaluationData, scorer: Scorer, column: Column) -> Floats:
    """The probabilities (n,), were everybody at the lowest value of the column."""
    schema = data.schema
    known = raw_inputs({c.name: data.features[c.name] for c in schema.inputs}, schema)
    moved = with_value(known, column, values_along(column, known, schema)[0], schema)
    return scorer.probability(with_derived(moved, schema))


def _moved(probability: Floats, mean: float) -> Floats:
    """The probabilities (n,) with their log-odds shifted so that their mean is this one."""
    odds = logit(np.clip(probability, EPSILON, 1 - EPSILON))
    shift = brentq(lambda by: float(expit(odds + by).mean()) - mean, -FAR, FAR)
    return np.asarray(expit(odds + shift), dtype=np.float64)
