"""The one derivation of features, for training, batch scoring and a single request alike.

NumPy only, by role: no column is named here. What this returns is exactly what the fitted
pipeline and its ONNX export take.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scoring.schema import AVERAGE, CHANGE, OTHER, Column, Schema

MISSING = "(missing)"
EXACT = 2.5e-7  # relative difference of two amounts that is none, also where they came in float32


class RawInputs(NamedTuple):
    """The inputs that the schema names, of n customers: `numbers` (n, k) float64, `labels` (n, m).

    One form for what is absent: NaN among numbers, `MISSING` among the labels, which are text
    (in batch scoring their codes, `scoring.batch`).
    """

    numbers: NDArray[np.float64]
    labels: NDArray[Any]


class Inputs(NamedTuple):
    """Model inputs of n customers: `numeric` (n, k) float32, `category` (n, m) text objects.

    In batch scoring `category` holds the codes of the labels, int64.
    """

    numeric: NDArray[np.float32]
    category: NDArray[Any]


def numeric_names(schema: Schema) -> list[str]:
    """Names of the numeric features, in the order of `Inputs.numeric`."""
    return [column.name for column in schema.numeric_inputs] + derived_names(schema)


def category_names(schema: Schema) -> list[str]:
    """Names of the categorical features, in the order of `Inputs.category`."""
    return [column.name for column in schema.category_inputs]


def derived_names(schema: Schema) -> list[str]:
    """Names of the features computed from roles; empty where a role they need is not given."""
    has_all = all(schema.role(role) for role in ("tenure", "monthly_value", "total_value"))
    return [AVERAGE, CHANGE] if has_all else []


def derive(columns: Mapping[str, Any], schema: Schema) -> Inputs:
    """Model inputs from raw columns.

    `columns` maps each input of the schema to n values: numbers (NaN or None where absent) and
    category labels (None where absent). Numbers are rounded to float32, so that the export,
    which computes in float32, sees what training saw. `KeyError` where a column is missing.
    """
    return with_derived(raw_inputs(columns, schema), schema)


def raw_inputs(columns: Mapping[str, Any], schema: Schema) -> RawInputs:
    """Raw columns, as `derive` takes them, in the form that features are computed from."""
    category = [_labels(columns[c.name], c) for c in schema.category_inputs]
    n = len(category[0]) if category else 0
    numbers = raw_numbers(columns, schema, rows=n)
    return RawInputs(numbers, _table(category, len(numbers), np.object_))


def raw_numbers(
    columns: Mapping[str, Any], schema: Schema, *, rows: int = 0
) -> NDArray[np.float64]:
    """The numeric inputs (n, k) of raw columns; of a schema without one (`rows`, 0)."""
    numbers = {c.name: _numbers(columns[c.name]) for c in schema.numeric_inputs}
    numeric = list(_bill_total_of_new_customers(numbers, schema).values())
    return _table(numeric, len(numeric[0]) if numeric else rows, np.float64)


def _table(columns: Sequence[Any], n: int, kind: Any) -> NDArray[Any]:
    """Columns (n,) in one array; for a single row in a third of the time of `column_stack`."""
    return np.ascontiguousarray(np.array(columns, dtype=kind).reshape(len(columns), n).T)


def with_derived(known: RawInputs, schema: Schema) -> Inputs:
    """Model inputs from raw ones: the derived features are added."""
    derived = _derived(known.numbers, schema)
    n, k = known.numbers.shape
    numeric = np.empty((n, k + len(derived)), dtype=np.float32)
    numeric[:, :k] = known.numbers
    for place, values in enumerate(derived):
        numeric[:, k + place] = values
    return Inputs(numeric, known.labels)


def _numbers(values: Any) -> NDArray[np.float64]:
    return np.asarray(values, dtype=np.float64).copy()


def _labels(values: Any, column: Column) -> list[str]:
    """The labels of values, most of which are labels already."""
    known = column.known_labels
    return [v if v.__class__ is str and v in known else _label(v, column) for v in values]


def _label(value: Any, column: Column) -> str:
    label = MISSING if _absent(value) else str(value)
    return (
        OTHER if column.other and label != MISSING and label not in column.known_labels else label
    )


def _absent(value: Any) -> bool:
    return value is None or value != value


def _bill_total_of_new_customers(
    numbers: dict[str, NDArray[np.float64]], schema: Schema
) -> dict[str, NDArray[np.float64]]:
    """A customer of tenure 0 has not been billed yet: an absent total is 0, not unknown."""
    tenure, total = schema.role("tenure"), schema.role("total_value")
    if tenure and total:
        values = numbers[total.name]
        values[np.isnan(values) & (numbers[tenure.name] == 0)] = 0.0
    return numbers


def _derived(numbers: NDArray[np.float64], schema: Schema) -> list[NDArray[np.float64]]:
    if not derived_names(schema):
        return []
    tenure, monthly, total = (
        numbers[:, _place(role, schema)] for role in ("tenure", "monthly_value", "total_value")
    )
    average = np.where(tenure == 0, monthly, total / np.maximum(tenure, 1))
    # 135.6 / 3 is not quite 45.2: whoever has always paid the same has no change, not one of 1e-14
    is_same = np.abs(average - monthly) <= EXACT * np.abs(monthly)
    average = np.where(is_same, monthly, average)
    return [average, monthly - average]


def _place(role: str, schema: Schema) -> int:
    """Where the column of that role stands among the numeric inputs."""
    return [role in column.roles for column in schema.numeric_inputs].index(True)
