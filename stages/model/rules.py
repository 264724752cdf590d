"""A few rules in place of a model: what the service answers with when no model can.

Fitted on the train customers, written to the bundle as a list that people can read. Reading it
needs NumPy alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.features.derive import Inputs

DEPTH = 3  # conditions of a rule
SMALLEST_SHARE = 0.02  # of the train customers behind a rule

Condition = dict[str, Any]


@dataclass(frozen=True)
class Rules:
    """Rules over the model inputs: the first whose conditions all hold gives the probability.

    `content` is what `fit_rules` makes; `numeric` and `category` name the columns of the inputs.
    """

    content: Sequence[Mapping[str, Any]]
    numeric: Sequence[str]
    category: Sequence[str]

    def probability(self, inputs: Inputs) -> NDArray[np.float64]:
        """Probability of churn (n,) of n customers; NaN where no rule holds."""
        n = len(inputs.numeric)
        probability = np.full(n, np.nan)
        for rule in self.content:
            holds = np.isnan(probability)
            for condition in rule["when"]:
                holds = holds & self._holds(condition, inputs)
            probability[holds] = rule["probability"]
        return probability

    def _holds(self, condition: Mapping[str, Any], inputs: Inputs) -> NDArray[np.bool_]:
        feature = condition["feature"]
        if "is" in condition or "is_not" in condition:
            labels = inputs.category[:, self.category.index(feature)]
            return labels == condition["is"] if "is" in condition else labels != condition["is_not"]
        values = inputs.numeric[:, self.numeric.index(feature)]
        limit = np.float32(condition["limit"])
        holds = values > limit if condition["above"] else values <= limit
        return holds | np.isnan(values) if condition["or_unknown"] else holds


def fit_rules(
    inputs: Inputs,
    label: NDArray[Any],
    *,
    numeric: Sequence[str],
    category: Sequence[str],
) -> list[dict[str, Any]]:
    """Rules with the churn rate of the train customers that each holds for; at least one."""
    from sklearn.tree import DecisionTreeClassifier

    columns, conditions = _questions(inputs, numeric=numeric, category=category)
    smallest = max(1, int(SMALLEST_SHARE * len(label)))
    tree = DecisionTreeClassifier(max_depth=DEPTH, min_samples_leaf=smallest, random_state=0)
    tree.fit(columns, label)
    return list(_leaves(tree.tree_, conditions))


def _questions(
    inputs: Inputs, *, numeric: Sequence[str], category: Sequence[str]
) -> tuple[NDArray[np.float32], list[Condition]]:
    """What a tree may split on: the numbers as they are, and whether a label is this one."""
    columns = list(inputs.numeric.T)
    conditions: list[Condition] = [{"feature": name} for name in numeric]
    for place, name in enumerate(category):
        for value in sorted(set(inputs.category[:, place])):
            columns.append((inputs.category[:, place] == value).astype(np.float32))
            conditions.append({"feature": name, "is": value})
    return np.column_stack(columns).astype(np.float32), conditions


def _leaves(
    tree: Any, conditions: Sequence[Condition], node: int = 0, path: tuple[Condition, ...] = ()
) -> Iterator[dict[str, Any]]:
    left, right = tree.children_left[node], tree.children_right[node]
    if left == right:  # no children
        probability = round(float(tree.value[node][0][-1]), 6)
        yield {
            "when": list(path),
            "probability": probability,
            "customers": int(tree.n_node_samples[node]),
        }
        return
    for child, is_right in ((left, False), (right, True)):
        condition = _condition(tree, conditions, node, is_right=is_right)
        yield from _leaves(tree, conditions, child, (*path, condition))


def _condition(
    tree: Any, conditions: Sequence[Condition], node: int, *, is_right: bool
) -> Condition:
    question = conditions[tree.feature[node]]
    if "is" in question:
        key = "is" if is_right else "is_not"
        return {"feature": question["feature"], key: question["is"]}
    return {
        "feature": question["feature"],
        "above": is_right,
        "limit": float(tree.threshold[node]),
        "or_unknown": bool(tree.missing_go_to_left[node]) != is_right,
    }
