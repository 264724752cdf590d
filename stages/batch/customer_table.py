"""`customers.parquet`: what the model was asked about each customer, in the order of the scores.

The retention manager's page explains a customer by it. It has what the table had, sensitive
columns too, so it is written where it is asked for.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from scoring.batch import Codes
from scoring.schema import Column, Schema
from stages.batch.rows import Rows

PREFIX = "input "  # of these columns in a part, next to those of the scores


def columns_of(rows: Rows, schema: Schema) -> dict[str, Any]:
    """The inputs of the rows that are scored, by their names in a part."""
    columns: dict[str, Any] = {}
    for place, column in enumerate(schema.numeric_inputs):
        columns[PREFIX + column.name] = pa.array(rows.numbers[:, place], from_pandas=True)
    for place, column in enumerate(schema.category_inputs):
        columns[PREFIX + column.name] = _labels(rows.codes[:, place], column)
    return columns


def _labels(codes: Codes, column: Column) -> pa.DictionaryArray:
    """The labels behind codes, null where there is none."""
    absent = codes == len(column.labels)
    places = pa.array(codes.astype(np.int32), mask=absent)
    return pa.DictionaryArray.from_arrays(places, pa.array(column.labels))


class CustomerWriter:
    """Writes the inputs of part after part."""

    def __init__(self, path: Path, schema: Schema) -> None:
        coded = pa.dictionary(pa.int32(), pa.string())
        self._names = [column.name for column in schema.inputs]
        self._schema = pa.schema(
            [(c.name, pa.float64() if c.is_numeric else coded) for c in schema.inputs]
        )
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")

    def write(self, part: pa.Table) -> None:
        """Append the inputs in a part."""
        found = part.select([PREFIX + name for name in self._names])
        self._writer.write_table(found.rename_columns(self._names).cast(self._schema))

    def close(self) -> None:
        """End the file."""
        self._writer.close()
