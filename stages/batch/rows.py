"""A chunk of customers under the schema: numbers, codes, and why a row cannot be scored.

The rules are those of adoption (`stages.tables.checks`), cell by cell and without the target: what
would have made adoption refuse the table rejects the row here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from scoring.batch import Codes, label_codes
from scoring.dates import day_number
from scoring.derive import raw_numbers
from scoring.errors import UserError
from scoring.schema import OTHER, Column, Schema
from stages.batch.inputs import Chunk
from stages.tables.canonical import (
    Canonical,
    absent_texts,
    canonical,
    date_part,
    id_texts,
    trimmed,
)
from stages.tables.intake import RawColumn, bare_numbers

SHOWN = 40  # characters of a cell in a reason
HIDDEN = "(hidden)"
REPEATED = "in several rows"  # of a customer
BYTES = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary)
WHOLE = 2**53  # beyond it a float64 no longer tells whole numbers apart
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Rows:
    """The n rows of a chunk that can be scored, and the rest.

    numbers   (n, k) float64 and `codes` (n, m), as `BatchScorer.score` takes them
    ids       (n,) text; None where the schema has no id
    places    (n,) row numbers in the file
    rejects   row number and reason of each row that cannot be scored
    problems  how many cells failed a check, by column and check
    examples  one of these cells, where it may be shown
    warnings  how many rows were taken with a change, by what it was
    """

    numbers: NDArray[np.float64]
    codes: Codes
    ids: pa.Array | None
    places: NDArray[np.int64]
    rejects: tuple[tuple[int, str], ...]
    problems: Mapping[str, int] = field(default_factory=dict)
    examples: Mapping[str, str] = field(default_factory=dict)
    warnings: Mapping[str, int] = field(default_factory=dict)


@dataclass
class _Found:
    """What is collected column by column."""

    bad: Mask
    reasons: dict[int, list[str]] = field(default_factory=dict)
    problems: dict[str, int] = field(default_factory=dict)
    examples: dict[str, str] = field(default_factory=dict)
    warnings: dict[str, int] = field(default_factory=dict)

    def reject(self, rows: Mask, column: Column, problem: str, shown: pa.Array | None) -> None:
        """Rows that fail a check; `shown` are the cells, where they may be shown."""
        name = f"column {column.name}: {problem}"
        for row in np.flatnonzero(rows):
            cell = "" if shown is None else _cell(shown[int(row)].as_py(), column)
            words = f"{name}{cell and f' {cell}'}; expected {column.expected}"
            self.reasons.setdefault(int(row), []).append(words)
            if cell and cell != HIDDEN:
                self.examples.setdefault(name, cell)
        self.problems[name] = int(rows.sum())
        self.bad |= rows


def wanted(schema: Schema) -> list[str]:
    """The columns that scoring reads: what predicting needs, and the id where there is one."""
    names = [column.name for column in schema.asked]
    return names if schema.id_name is None else [schema.id_name, *names]


def check_rows(chunk: Chunk, schema: Schema, *, snapshot: date | None = None) -> Rows:
    """The rows of a chunk under the schema; `snapshot` is the day that they describe."""
    n = chunk.table.num_rows
    found = _Found(np.zeros(n, bool))
    numbers = {c.name: _numbers(chunk, c, schema, snapshot, found) for c in schema.numeric_inputs}
    codes = [_codes(_one(chunk, c), c, found) for c in schema.category_inputs]
    ids = _ids(chunk, schema, found)
    places, good = chunk.numbers, ~found.bad
    if found.bad.any():
        numbers = {name: values[good] for name, values in numbers.items()}
        codes, places = [column[good] for column in codes], places[good]
        ids = ids if ids is None else ids.filter(pa.array(good))
    n = len(places)
    return Rows(
        raw_numbers(numbers, schema, rows=n),
        np.stack(codes).T if codes else np.empty((n, 0), np.int64),
        ids,
        places,
        tuple((int(chunk.numbers[r]), "; ".join(w)) for r, w in sorted(found.reasons.items())),
        found.problems,
        found.examples,
        found.warnings,
    )


def _one(chunk: Chunk, column: Column) -> pa.Array:
    """The cells of a column; `UserError` where they are of a type that no table as text has."""
    cells = chunk.table[column.name]
    if pa.types.is_nested(cells.type) or any(is_kind(cells.type) for is_kind in BYTES):
        try:
            cells = cells.cast(pa.string())
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            raise UserError(
                f"{chunk.file.origin}: column {column.name}: holds {cells.type}; expected numbers, "
                "text or dates"
            ) from None
    values = cells.unify_dictionaries().combine_chunks()
    if isinstance(values, pa.ChunkedArray):
        return values.chunk(0) if values.num_chunks else pa.array([], values.type)
    return values


def _cell(value: object, column: Column) -> str:
    """A cell in a reason; of identifying and sensitive columns only that it is there."""
    text = "" if value is None else str(value).strip()
    if text and {"id", "sensitive"} & set(column.roles):
        return HIDDEN
    return repr(text[:SHOWN]) if text else ""


def _texts(values: pa.Array) -> tuple[pa.StringArray, NDArray[np.int64]]:
    """The texts of a column, each once, and per row its place among them, -1 where there is none.

    Cells as a CSV would have them.
    """
    if not pa.types.is_dictionary(values.type):
        if pa.types.is_floating(values.type):
            values = pc.if_else(pc.is_nan(values), None, values)
        values = values.dictionary_encode()
    places = values.indices
    if places.null_count:
        places = pc.fill_null(places.cast(pa.int64()), -1)
    return pc.fill_null(values.dictionary.cast(pa.string()), ""), places.to_numpy()


def _numbers(
    chunk: Chunk, column: Column, schema: Schema, snapshot: date | None, found: _Found
) -> NDArray[np.float64]:
    values = _one(chunk, schema[column.from_date or column.name])
    kind = values.type
    if column.from_date is None and (pa.types.is_integer(kind) or pa.types.is_float64(kind)):
        numbers = pc.cast(values, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        unread = np.zeros(len(numbers), bool)
    else:
        texts, places = _texts(values)
        read = _read(texts, column, schema, snapshot)
        numbers = np.append(read.values, np.nan)[places]
        unread = np.append(read.unread, False)[places]
    _check_numbers(numbers, unread, column, values, found)
    return numbers


def _read(
    texts: pa.StringArray, column: Column, schema: Schema, snapshot: date | None
) -> Canonical:
    """The numbers that texts stand for, each text once."""
    places = np.arange(len(texts), dtype=np.int32)
    if column.from_date is None:
        return canonical(RawColumn(bare_numbers(texts), places), column)
    day = None if snapshot is None else float(day_number(snapshot))
    return date_part(RawColumn(texts, places), schema[column.from_date], column, day)


def _check_numbers(
    numbers: NDArray[np.float64], unread: Mask, column: Column, values: pa.Array, found: _Found
) -> None:
    """Reject the rows whose number the schema does not allow."""
    blank = np.isnan(numbers) & ~unread
    low, high = column.bounds
    with np.errstate(invalid="ignore"):
        outside = (numbers < low) | (numbers > high)
    no_value = "not a number" if column.from_date is None else "not a date"
    checks = {no_value: unread, "out of range": outside & ~unread}
    if not column.missing:
        checks["blank"] = blank
    if column.kind == "integer":
        broken = (np.floor(numbers) != numbers) | (np.abs(numbers) > WHOLE)
        checks["not a whole number"] = broken & ~blank & ~unread & ~outside
    for problem, rows in checks.items():
        if rows.any():
            found.reject(rows, column, problem, values)


def _codes(values: pa.Array, column: Column, found: _Found) -> NDArray[np.int64]:
    texts, places = _texts(values)
    read = _understood(column, tuple(texts.to_pylist()))
    codes = read.codes[places]
    for which, words in (
        (read.respelled, "another spelling of a known value, taken as that value"),
        (read.pooled, f"a value not listed, counted as {OTHER}"),
    ):
        if which.any():
            found.warnings[f"column {column.name}: {words}"] = int(which[places].sum())
    if (read.codes < 0).any() and (unknown := codes < 0).any():
        found.reject(unknown, column, "unknown value", values)
    if not column.missing and (blank := codes == len(column.labels)).any():
        found.reject(blank, column, "blank", None)
    return codes


class _Understood(NamedTuple):
    """What d texts of a category stand for, and last what no text does: (d + 1,) each.

    codes      of the labels, -1 for an unknown value
    respelled  whether a text is another spelling of a label
    pooled     whether it counts as one of the values that are not listed
    """

    codes: NDArray[np.int64]
    respelled: Mask
    pooled: Mask


@lru_cache(maxsize=1_000)
def _understood(column: Column, texts: tuple[str, ...]) -> _Understood:
    """The texts of a chunk are mostly those of the chunk before."""
    cells = RawColumn(pa.array(texts, pa.string()), np.arange(len(texts), dtype=np.int32))
    read = canonical(cells, column).values
    known = label_codes(column)
    absent = len(known) - 1
    codes = [absent if value is None else known.get(value, -1) for value in read]
    changed = [v in known and v != text for v, text in zip(read, texts, strict=True)]
    pooled = [value == OTHER and is_new for value, is_new in zip(read, changed, strict=True)]
    respelled = np.array(changed, bool) & ~np.array(pooled, bool)
    return _Understood(
        np.array([*codes, absent], dtype=np.int64),
        np.append(respelled, False),
        np.array([*pooled, False], bool),
    )


def _ids(chunk: Chunk, schema: Schema, found: _Found) -> pa.Array | None:
    column = schema.role("id")
    if column is None:
        return None
    values = _one(chunk, column)
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    ids = id_texts(trimmed(pc.fill_null(values.cast(pa.string()), "")))
    blank = absent_texts(ids, column)
    if blank.any():
        found.reject(blank, column, "blank", None)
    return ids
