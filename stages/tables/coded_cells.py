"""Cells of any type as the texts that a CSV would have, each once per column, and their codes.

Of a Parquet file a row group at a time is read, in this process or on the workers of a cluster:
only its texts and codes are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from scoring.errors import UserError
from stages.core.cluster import mapped


def coded(table: pa.Table, *, origin: str) -> pa.Table:
    """The same table, each column a dictionary of texts; absent cells are blank.

    `UserError` where a column holds what is no cell.
    """
    columns = {}
    for name, values in zip(table.column_names, table.columns, strict=True):
        try:
            columns[name] = _as_text(values).dictionary_encode()
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            raise UserError(
                f"{origin}: column {name}: holds {values.type}; expected numbers, text or dates"
            ) from None
    return pa.table(columns)


def _as_text(values: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    if pa.types.is_floating(values.type):
        values = pc.if_else(pc.is_nan(values), None, values)
    return pc.fill_null(values.cast(pa.string()), "")


@dataclass(frozen=True)
class RowGroup:
    """A part of a Parquet file; what the columns are called, and the file in messages."""

    path: Path
    place: int
    names: tuple[str, ...]
    origin: str


def parquet_schema(path: Path, *, origin: str) -> pa.Schema:
    """Names and types of a Parquet file's columns; `UserError` where it is none."""
    import pyarrow.parquet as pq

    try:
        return pq.read_schema(path)
    except (pa.ArrowInvalid, OSError):
        raise _not_whole(origin) from None


def coded_parquet(path: Path, schema: pa.Schema, *, origin: str) -> pa.Table:
    """A Parquet file as `coded` has it; the schema is its own, with the names of the result."""
    import pyarrow.parquet as pq

    groups = range(pq.read_metadata(path).num_row_groups)
    parts = [RowGroup(path.resolve(), place, tuple(schema.names), origin) for place in groups]
    of_each = partial(mapped, file=path.resolve()) if len(parts) > 1 else map
    empty = coded(schema.empty_table(), origin=origin)  # what no column may be is found here
    return pa.concat_tables([empty, *of_each(_coded_group, parts)])


def _coded_group(group: RowGroup) -> pa.Table:
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(group.path) as file:
            table = file.read_row_group(group.place)
    except (pa.ArrowInvalid, OSError):
        raise _not_whole(group.origin) from None
    return coded(table.rename_columns(list(group.names)), origin=group.origin)


def _not_whole(origin: str) -> UserError:
    return UserError(f"{origin}: not a whole Parquet file; expected a table")
