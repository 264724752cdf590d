"""Schema entries of columns to learn from: numbers with a range, categories with their values."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from scoring.schema import LARGEST_NUMBER, OTHER
from stages.adoption import names
from stages.adoption.guess import CONFIRM, DOUBTFUL, Guess
from stages.adoption.privacy import sensitive
from stages.adoption.profile import Profile

LISTED = 50  # values of a category that are named; beyond, the rest are pooled
CLOSED = 12  # up to so many values a category is taken to be complete
LONG_TAIL = 5  # times the median that the largest value is then
ONE_IN = 10_000  # rows of a next table may lie above the range, each by chance
SMALLEST = 1e-300  # what a float64 holds, with room to round
WHOLE = re.compile("0|[1-9][0-9]{0,14}")


def number_guess(column: Profile) -> Guess:
    """A column of numbers, with a range wider than the one seen."""
    ends = float(column.finite.min()), float(column.finite.max())
    low, high = room(*ends, times=_times(column))
    kind = "integer" if column.is_whole else "number"
    entry = schema_entry(column, kind=kind) | {"minimum": low, "maximum": high}
    return _marked_if_sensitive(Guess(entry), column)


def _times(column: Profile) -> float:
    """How many times its width a column is let grow: more where a long tail is seen in few rows.

    Of n values of a Pareto distribution of index 1, a tail longer than most, the next one is above
    c times the largest with a chance of about 1 / (c n).
    """
    largest, middle = column.finite.max(), np.median(column.finite)
    if len(column.texts) <= CLOSED or column.finite.min() < 0 or largest <= LONG_TAIL * middle:
        return 1.0
    return max(1.0, ONE_IN / column.filled)


def room(low: float, high: float, *, times: float = 1.0) -> tuple[float, float]:
    """A range with room to grow: its width again at both ends, but not below 0 if nothing is.

    Above, as many `times` its width.
    """
    width = (high - low) or max(abs(high), 1.0)
    wide_low = 0.0 if low >= 0 else _rounded(low - width, math.floor)
    return wide_low, _rounded(high + times * width, math.ceil)


def _rounded(value: float, towards: Any) -> float:
    """Two significant digits, away from the data."""
    if abs(value) > LARGEST_NUMBER / 2:
        return math.copysign(LARGEST_NUMBER, value)
    if abs(value) < SMALLEST:
        return towards(value) * SMALLEST
    step = 10.0 ** (math.floor(math.log10(abs(value))) - 1)
    rounded = towards(value / step) * step
    return float(f"{rounded:.6g}")


def category_guess(column: Profile) -> Guess:
    """A column of categories: all its values, or the most frequent and the others pooled."""
    labels = [label for label in column.labels if label != OTHER] or column.labels
    many = len(labels) > LISTED
    rare = len(labels) > CLOSED and bool((column.counts < 3).any())
    pooled = many or rare or OTHER in set(column.labels) - set(labels)
    listed = sorted(labels[:LISTED], key=_by_number)
    entry = schema_entry(column, kind="category", values=list(map(as_values(column), listed)))
    entry |= {"other": True} if pooled else {}
    because = ""
    if many:
        because = f"{len(labels):,} values: the {LISTED} most frequent, the others pooled"
    elif rare:
        because = f"some of its {len(labels)} values are rare: new ones are pooled"
    elif len(column.labels) < len(column.texts):
        because = "values that differ by case or space are one"
    return _marked_if_sensitive(Guess(entry, because, CONFIRM if because else 0), column)


def _by_number(text: str) -> tuple[float, str]:
    try:
        return float(text), text
    except ValueError:
        return math.inf, text


def schema_entry(column: Profile, **fields: Any) -> dict[str, Any]:
    """A column's entry, in the order of a schema file: name, kind, these fields, description."""
    entry: dict[str, Any] = {"name": column.name, "kind": fields.pop("kind")}
    if column.has_blanks:
        entry["missing"] = True
    if column.absent:
        entry["absent"] = list(column.absent)
    return entry | fields | {"description": names.title(column.name)}


def _marked_if_sensitive(guess: Guess, column: Profile) -> Guess:
    if (found := sensitive(column)) is None:
        return guess
    return guess.with_role("sensitive", found.because, DOUBTFUL if found.is_doubtful else CONFIRM)


def as_values(column: Profile) -> Callable[[str], bool | int | str]:
    """How the labels of a column are written in a schema: as booleans, whole numbers, or text."""
    if {label.casefold() for label in column.labels} == {"true", "false"}:
        return lambda text: text.casefold() == "true"
    return _scalar


def _scalar(text: str) -> str | int:
    """A whole number as such, so that a schema file needs no quotes around it."""
    return int(text) if WHOLE.fullmatch(text) else str(text)
