"""Directions that the schema knows: what a column does to the risk, all else equal.

Used to constrain the candidates that can be, and to check any exported model. NumPy only.
"""

from __future__ import annotations

import numpy as np

from scoring.derive import RawInputs, derived_names
from scoring.schema import Column, Schema

STEPS = 25  # values that a numeric column is swept over


def sign(column: Column) -> int:
    """1 where churn rises with the column, -1 where it falls, 0 where the schema does not say.

    A category has to be ordered: without an order there is no direction.
    """
    if not (column.is_numeric or "ordered" in column.roles):
        return 0
    return int("monotone_increasing" in column.roles) - int("monotone_decreasing" in column.roles)


def monotone(schema: Schema) -> list[Column]:
    """The inputs with a direction, in order."""
    return [column for column in schema.inputs if sign(column)]


def numeric_constraints(schema: Schema) -> tuple[int, ...]:
    """The direction of each numeric feature, in the order of `Inputs.numeric`.

    The total value grows with the tenure, so it gets the tenure's direction where it has none of
    its own. Derived features are free: they stay as they are while somebody stays on at the same
    average value (`with_value`).
    """
    signs = {column.name: sign(column) for column in schema.numeric_inputs}
    tenure, total = schema.role("tenure"), schema.role("total_value")
    if tenure and total:
        signs[total.name] = signs[total.name] or signs[tenure.name]
    return (*signs.values(), *(0 for _ in derived_names(schema)))


def label_constraints(column: Column, labels: tuple[str, ...]) -> tuple[int, ...]:
    """The direction of each one-hot column of a category.

    Only the ends of an order can be constrained: the lowest value's column one way, the highest
    one's the other. That keeps the highest from ever standing on the wrong side of the lowest;
    where those between stand is left to the data.
    """
    ends = {column.labels[-1]: sign(column), column.labels[0]: -sign(column)}
    return tuple(ends.get(label, 0) for label in labels)


def values_along(column: Column, known: RawInputs, schema: Schema) -> list[float] | list[str]:
    """The values that a column is swept over, from low to high.

    Of a category its ordered values; of a number its range in the schema, the bounds that are not
    given being those of the customers. Where the total follows the tenure, a tenure of 0 is left
    out: whoever has no bill yet is a case of its own.
    """
    if not column.is_numeric:
        return list(column.labels)
    seen = known.numbers[:, schema.numeric_inputs.index(column)]
    if np.isnan(seen).all():
        return []
    low = np.nanmin(seen) if column.minimum is None else column.minimum
    high = np.nanmax(seen) if column.maximum is None else column.maximum
    if "tenure" in column.roles and schema.role("total_value"):
        low = max(low, min(1.0, high))
    values = np.linspace(low, high, STEPS)
    return list(np.unique(values.round() if column.kind == "integer" else values))
