"""Parts of dates in place of the dates that a request has: days to the snapshot, month, weekday."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np

from scoring.dates import Floats, day_number, part_of
from scoring.schema import Column, Schema

Row = dict[str, Any]
Misfit = tuple[int, Column]  # place of a row, and the part of a date that is out of range in it


def with_date_parts(
    rows: list[Row], snapshot: date | None, schema: Schema
) -> tuple[list[Row], list[Misfit]]:
    """The rows as the inputs of the schema, and what is out of range in them."""
    parts, misfits = {}, []
    day = None if snapshot is None else float(day_number(snapshot))
    for column in schema.date_parts:
        assert column.part is not None
        numbers = part_of(_days([row[str(column.from_date)] for row in rows]), column.part, day)
        misfits += [(int(row), column) for row in np.flatnonzero(_is_outside(numbers, column))]
        parts[column.name] = [None if number != number else number for number in numbers.tolist()]
    return [_inputs(row, place, parts, schema) for place, row in enumerate(rows)], misfits


def _days(dates: Sequence[date | None]) -> Floats:
    return np.array([np.nan if day is None else day_number(day) for day in dates], np.float64)


def _is_outside(numbers: Floats, column: Column) -> np.ndarray:
    low, high = column.bounds
    return (numbers < low) | (numbers > high)


def _inputs(row: Row, place: int, parts: dict[str, list[float | None]], schema: Schema) -> Row:
    return {
        column.name: parts[column.name][place] if column.name in parts else row[column.name]
        for column in schema.inputs
    }
