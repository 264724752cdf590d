"""Parquet files with the same bytes for the same rows, and CSV files with the same digits."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import accumulate, chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

SIGNED_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")


def write_tables(path: Path, tables: Iterable[pd.DataFrame | pa.Table]) -> int:
    """Write tables of the same columns one after the other; the number of rows written.

    Only one table at a time is in memory. Pandas' own metadata is left out: it differs between
    versions. `ValueError` where there is no table.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    waiting = iter(tables)
    first = next(waiting, None)
    if first is None:
        raise ValueError(f"{path}: no table to write")
    schema = _arrow_schema(first)
    rows = 0
    with path.open("wb") as file, pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for table in chain([first], waiting):
            writer.write_table(_as_arrow(table, schema))
            rows += len(table)
    return rows


def _as_arrow(table: pd.DataFrame | pa.Table, schema: pa.Schema) -> pa.Table:
    if isinstance(table, pa.Table):
        return table
    return pa.Table.from_pandas(table, schema=schema, preserve_index=False)


def _arrow_schema(table: pd.DataFrame | pa.Table) -> pa.Schema:
    """The types of a table's columns; a column that is absent throughout counts as text."""
    if isinstance(table, pa.Table):
        return table.schema
    found = pa.Schema.from_pandas(table, preserve_index=False)
    types = [pa.string() if pa.types.is_null(field.type) else field.type for field in found]
    return pa.schema(list(zip(found.names, types, strict=True)))


class HeldTables:
    """Tables that wait to be written, as Arrow: text takes a third of what it takes in pandas."""

    def __init__(self) -> None:
        self._tables: list[pa.Table] = []

    def add(self, table: pd.DataFrame) -> None:
        """Hold one more."""
        self._tables.append(pa.Table.from_pandas(table, preserve_index=False))

    def __iter__(self) -> Iterator[pd.DataFrame]:
        return (table.to_pandas() for table in self._tables)


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write one table."""
    write_tables(path, [table])


def read_table(
    path: Path, columns: list[str] | None = None, *, where: tuple[str, Iterable[Any]] | None = None
) -> pd.DataFrame:
    """Read a table, or some of its columns; `where` a column and the values of it that are read."""
    filters = None if where is None else [(where[0], "in", list(where[1]))]
    with path.open("rb") as file:
        return pq.read_table(file, columns=columns, filters=filters).to_pandas()


def read_sample(path: Path, *, most: int) -> pd.DataFrame:
    """Every row of a table, or of a longer one `most` rows, spread evenly; one batch in memory."""
    with pq.ParquetFile(path) as file:
        rows = file.metadata.num_rows
        kept = np.linspace(0, rows - 1, most).astype(int) if rows > most else np.arange(rows)
        parts, start = [], 0
        for batch in file.iter_batches():
            stop = start + batch.num_rows
            parts.append(batch.take(pa.array(kept[(kept >= start) & (kept < stop)] - start)))
            start = stop
        return pa.Table.from_batches(parts, file.schema_arrow).to_pandas()


def row_count(path: Path) -> int:
    """Rows of a table, from the file's last bytes."""
    return int(pq.read_metadata(path).num_rows)


def row_groups(path: Path) -> list[tuple[int, int]]:
    """The row groups of a table, each with the row that it starts at."""
    metadata = pq.read_metadata(path)
    sizes = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
    return list(enumerate(accumulate(sizes[:-1], initial=0)))


def read_row_group(path: Path, group: int) -> pd.DataFrame:
    """One row group of a table."""
    with pq.ParquetFile(path) as file:
        return file.read_row_group(group).to_pandas()


def write_csv(path: Path, table: pd.DataFrame, *, digits: int = 6) -> None:
    """Write a table, so many digits a number, no text that a spreadsheet takes for a formula."""
    path.parent.mkdir(parents=True, exist_ok=True)
    texts = table.select_dtypes(exclude=["number", "bool", "datetime", "timedelta"])
    safe = table.assign(**{str(name): texts[name].map(_escaped) for name in texts})
    safe = safe.rename(columns=_escaped)
    safe.to_csv(path, index=False, float_format=f"%.{digits}g", lineterminator="\n")


def _escaped(cell: Any) -> Any:
    """A text that a spreadsheet would compute, behind an apostrophe; all else as it is."""
    if not isinstance(cell, str):
        return cell
    text = cell.replace("\r", "\n")  # csv would not quote the one, and so end the row
    looks = text.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\n"))
    return f"'{text}" if looks and not SIGNED_NUMBER.fullmatch(text) else text


def write_json(path: Path, content: Any) -> None:
    """Write JSON as people read it in a diff; NaN is refused."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")
