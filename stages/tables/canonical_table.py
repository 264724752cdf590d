"""A table in canonical form, each value of a column once; rows are made where asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from scoring.schema import Schema
from stages.tables.canonical import Canonical
from stages.tables.validation import DataWarning

ROW_GROUP = 1 << 20  # rows; where pyarrow itself parts a longer table that is written in one go


@dataclass(frozen=True)
class CanonicalTable:
    """Columns in canonical form, by name; `rows` (n,) are the places in them that it has."""

    columns: Mapping[str, Canonical]
    rows: NDArray[np.int64]

    def frame(self, names: Sequence[str], rows: NDArray[np.int64] | None = None) -> pd.DataFrame:
        """Some columns of all rows, or of those at the places `rows`: these are its index."""
        rows = self.rows if rows is None else rows
        columns = {name: self.columns[name] for name in names}
        return pd.DataFrame({n: c.values[c.codes[rows]] for n, c in columns.items()}, index=rows)

    def rows_of(self, name: str, marked: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Places of the rows whose value of a column is marked (one mark per value)."""
        if not marked.any():
            return self.rows[:0]
        return self.rows[marked[self.columns[name].codes[self.rows]]]

    def shared(self, name: str) -> NDArray[np.bool_]:
        """Which values of a column, the blank among them, several rows have: (d,)."""
        column = self.columns[name]
        counts = np.bincount(column.keys[column.codes[self.rows]], minlength=len(column.values))
        return counts[column.keys] > 1

    def found(self, name: str) -> NDArray:
        """The values of a column that some row has, less the blank: each at least once."""
        column = self.columns[name]
        in_rows = np.bincount(column.codes[self.rows], minlength=len(column.values)) > 0
        return column.values[in_rows & ~pd.isna(column.values)]


@dataclass(frozen=True)
class Checked:
    """An accepted table, the schema's columns less those it ignores, and the warnings about it."""

    table: CanonicalTable
    schema: Schema
    warnings: tuple[DataWarning, ...]

    def __len__(self) -> int:
        """How many rows were kept."""
        return len(self.table.rows)

    @cached_property
    def customers(self) -> pd.DataFrame:
        """All of it: a long table is better taken `in_parts`, or some columns of it."""
        return self.frame(self.schema.names)

    def frame(self, names: Sequence[str]) -> pd.DataFrame:
        """Some columns of all rows, in their final types.

        Integers are int64 (float64 where blanks are allowed), numbers float64, all else text or
        None.
        """
        (whole,) = self.in_parts(names, size=max(len(self), 1))
        return whole.to_pandas()

    def in_parts(self, names: Sequence[str], *, size: int = ROW_GROUP) -> Iterator[pa.Table]:
        """The same as Arrow, `size` rows after the other; without rows one part that has none."""
        types = {name: self._type(name) for name in names}
        values = {name: self._values(name) for name in names}
        codes = {name: self.table.columns[name].codes for name in names}
        for start in range(0, max(len(self), 1), size):
            rows = self.table.rows[start : start + size]
            cells = {name: values[name].take(pa.array(codes[name][rows])) for name in names}
            yield pa.table({name: cells[name].cast(types[name]) for name in names})

    def _values(self, name: str) -> pa.Array:
        return pa.array(self.table.columns[name].values, from_pandas=True)

    def _type(self, name: str) -> pa.DataType:
        column = self.schema[name]
        if not column.is_numeric:
            return pa.string()
        return pa.int64() if column.kind == "integer" and not column.missing else pa.float64()
