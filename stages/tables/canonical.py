"""The cells of one column as its schema means them: numbers, labels, dates, text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from scoring.dates import part_of
from scoring.schema import OTHER, Column
from scoring.yes_no import labels_of_booleans
from stages.tables.date_formats import days_of
from stages.tables.delimited import SHOWN
from stages.tables.intake import RawColumn
from stages.tables.numerals import plain_numbers
from stages.tables.validation import DataWarning

MISSING_MARKERS = (
    "na", "n/a", "#n/a", "nan", "null", "none", "?", "-", "(missing)",
    "9999-12-31", "9999-12-31 00:00:00", "31.12.9999", "31/12/9999", "12/31/9999", "0000-00-00",
)  # fmt: skip
FORMULA_STARTS = r"^[=+@\-\t\r]"


@dataclass(frozen=True)
class Canonical:
    """A column in canonical form, each of its d texts once, and what was noticed on the way.

    values    (d,) float64 for numbers, text objects (None where absent) for all else
    unread    (d,) whether a text is not what its kind asks for
    codes     (n,) per row the place of its value among them
    warnings  what was accepted with warnings, their rows as places in `codes`
    """

    values: NDArray
    unread: NDArray[np.bool_]
    codes: NDArray[np.integer]
    warnings: tuple[DataWarning, ...] = ()

    @cached_property
    def keys(self) -> NDArray[np.int64]:
        """A number for each of the values, the same for equal ones (all blanks are): (d,)."""
        return pd.factorize(self.values, use_na_sentinel=False)[0]

    @property
    def by_row(self) -> NDArray:
        """The value of each row: (n,)."""
        return self.values[self.codes]


def canonical(cells: RawColumn, column: Column) -> Canonical:
    """The cells of a column under its schema; a missing marker counts as blank."""
    texts = trimmed(cells.texts)
    absent = absent_texts(texts, column)
    if column.is_numeric:
        return _numbers(cells, texts, absent)
    if column.kind == "category":
        return _labels(cells, texts, absent, column)
    values = _objects(id_texts(texts) if "id" in column.roles else texts, absent)
    unread = np.zeros(len(texts), bool)
    if column.kind == "date":
        unread = ~absent & np.isnan(days_of(texts, dayfirst=column.dayfirst))
    return Canonical(values, unread, cells.codes, tuple(_formulas(cells, texts, absent, column)))


def date_part(
    cells: RawColumn, source: Column, column: Column, snapshot: NDArray[np.float64] | float | None
) -> Canonical:
    """A part of the dates in the column `source`; `snapshot` may be one of each row (n,)."""
    assert column.part is not None
    codes: NDArray[np.integer] = cells.codes
    days, absent = _days(cells.texts, source)
    if isinstance(snapshot, np.ndarray):  # the same date is another number of days in another row
        days, absent, codes = days[codes], absent[codes], np.arange(len(codes))
    return Canonical(part_of(days, column.part, snapshot), np.isnan(days) & ~absent, codes)


def days_in(cells: RawColumn, date: Column) -> NDArray[np.float64]:
    """The dates of a column by row, in days since 1970, NaN where there is none: (n,)."""
    return _days(cells.texts, date)[0][cells.codes]


def _days(cells: pa.StringArray, date: Column) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The day of each text, NaN where it is none, and which are blank: (d,) each."""
    texts = trimmed(cells)
    absent = absent_texts(texts, date)
    return np.where(absent, np.nan, days_of(texts, dayfirst=date.dayfirst)), absent


def id_texts(texts: pa.StringArray) -> pa.StringArray:
    """Ids as they are meant: 7015040.0, as some programs write a whole number, is 7015040."""
    if not pc.any(pc.match_substring(texts, ".0")).as_py():  # as nearly always, and soon known
        return texts
    return pc.replace_substring_regex(texts, r"^(\d+)\.0+$", r"\1")


def trimmed(texts: pa.StringArray) -> pa.StringArray:
    """Texts without the space around them."""
    return pc.utf8_trim_whitespace(texts)


def absent_texts(texts: pa.StringArray, column: Column | None = None) -> NDArray[np.bool_]:
    """Which trimmed texts stand for no value: (d,). What the schema allows is a value."""
    markers = set(MISSING_MARKERS)
    if column is not None:
        markers |= {text.casefold() for text in column.absent}
        markers -= {label.casefold() for label in column.labels}
    return _mask(pc.is_in(pc.utf8_lower(texts), pa.array(["", *sorted(markers)])))


def _mask(found: pa.BooleanArray) -> NDArray[np.bool_]:
    return np.asarray(found.to_numpy(zero_copy_only=False), bool)


def _objects(texts: pa.StringArray, absent: NDArray[np.bool_]) -> NDArray[np.object_]:
    values = texts.to_numpy(zero_copy_only=False).astype(object)
    values[absent] = None
    return values


def _numbers(cells: RawColumn, texts: pa.StringArray, absent: NDArray[np.bool_]) -> Canonical:
    numbers = plain_numbers(texts)
    return Canonical(numbers, np.isnan(numbers) & ~absent, cells.codes)


def _labels(
    cells: RawColumn, texts: pa.StringArray, absent: NDArray[np.bool_], column: Column
) -> Canonical:
    values = _objects(id_texts(texts) if "id" in column.roles else texts, absent)
    labels = set(column.labels)
    variants = _variants(column)
    changed = np.array([w != t for w, t in zip(cells.texts.to_pylist(), values, strict=True)])
    changed &= ~absent
    pooled = np.zeros(len(values), bool)
    for place in np.flatnonzero(~absent):
        text = values[place]
        if text not in labels:
            values[place] = variants.get(spelling_key(text), OTHER if column.other else text)
            pooled[place] = values[place] == OTHER
            changed[place] = values[place] in labels and not pooled[place]
    known = changed & np.array([value in labels for value in values], bool)
    if all(isinstance(value, bool) for value in column.values):  # TRUE, true and True are one
        known[:] = False
    warnings = [
        *_noticed(cells, known, column, "another spelling of a known value", "taken as that value"),
        *_noticed(cells, pooled, column, "a value not listed", f"counted as {OTHER}"),
        *_formulas(cells, texts, absent, column),
    ]
    return Canonical(values, np.zeros(len(values), bool), cells.codes, tuple(warnings))


def _variants(column: Column) -> dict[str, str]:
    """Labels by what is left of them without case, inner space and `.0`; twins are left out.

    Where they are a yes and a no, so are true and false: a file may have booleans in their place.
    """
    keys = [spelling_key(label) for label in column.labels]
    booleans = {str(value).lower(): label for value, label in labels_of_booleans(column).items()}
    return booleans | {
        key: label for key, label in zip(keys, column.labels, strict=True) if keys.count(key) == 1
    }


def spelling_key(text: str) -> str:
    """What is left of a text without case, inner space and `.0`: equal for two spellings."""
    key = " ".join(text.casefold().split())
    return key.removesuffix(".0") if key.removesuffix(".0").lstrip("-").isdigit() else key


def _formulas(
    cells: RawColumn, texts: pa.StringArray, absent: NDArray[np.bool_], column: Column
) -> Iterator[DataWarning]:
    looks = _mask(pc.match_substring_regex(texts, FORMULA_STARTS)) & ~absent
    looks &= np.isnan(plain_numbers(texts))
    looks &= ~np.isin(texts.to_numpy(zero_copy_only=False), column.labels)
    yield from _noticed(
        cells, looks, column, "looks like a formula", "kept as text, escaped in every CSV"
    )


def _noticed(
    cells: RawColumn, which: NDArray[np.bool_], column: Column, problem: str, action: str
) -> Iterator[DataWarning]:
    rows = cells.rows_of(which) if which.any() else np.array([], int)
    if len(rows):
        first = tuple(map(int, rows[:SHOWN]))
        yield DataWarning(column.name, problem, action, len(rows), first)
