"""The rules of a bundle: a shallow decision tree on the train customers, as a readable list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.tree import DecisionTreeClassifier

from scoring.derive import Inputs
from scoring.schema import LARGEST_NUMBER

DEPTH = 3  # conditions of a rule
SMALLEST_SHARE = 0.02  # of the train customers behind a rule

Condition = dict[str, Any]


def fit_rules(
    inputs: Inputs,
    label: NDArray[Any],
    *,
    numeric: Sequence[str],
    category: Sequence[str],
) -> list[dict[str, Any]]:
    """Rules with the churn rate of the train customers that each holds for; at least one."""
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
        # Infinite where the blanks alone go right, which JSON cannot hold.
        "limit": min(float(tree.threshold[node]), LARGEST_NUMBER),
        "or_unknown": bool(tree.missing_go_to_left[node]) != is_right,
    }
