"""The months that were monitored: the customers of each, for those that come later.

    data/monitor/<month>.parquet    hash of the id, inputs, prediction; no id, no label

A month with a fault is not kept: nothing is to be compared with it. Nor is one used whose inputs
are not those of the model that judges: its numbers and codes mean something else.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from scoring.batch import code_labels
from scoring.digest import digest
from scoring.schema import Schema
from stages.core.months import alike, number
from stages.core.paths import Paths
from stages.monitoring.month_table import MonthTable

KEPT = ("key", "probability", "contact", "value")
ABOUT = b"monitor"
INPUTS = "inputs"


def archive_of(paths: Paths) -> Path:
    """Where the months are kept."""
    return paths.output / "data" / "monitor"


def keep(table: MonthTable, schema: Schema, folder: Path) -> None:
    """Keep a month, in place of what was kept of it before."""
    columns = {name: pa.array(getattr(table, name)) for name in KEPT}
    columns |= {f"number {i}": table.numbers[:, i] for i in range(table.numbers.shape[1])}
    columns |= {f"code {i}": table.codes[:, i] for i in range(table.codes.shape[1])}
    about = {
        name: getattr(table, name)
        for name in ("rows", "model", "name", "sha256", "thinned", "has_ids", "is_complete")
    }
    about[INPUTS] = _meaning(schema)
    content = pa.table(columns).replace_schema_metadata({ABOUT: json.dumps(about)})
    folder.mkdir(parents=True, exist_ok=True)
    new = folder / "new"
    pq.write_table(content, new, compression="zstd")
    new.replace(_path(folder, table.month))


def forget(month: str, folder: Path) -> None:
    """Keep nothing of a month."""
    _path(folder, month).unlink(missing_ok=True)


def kept_before(month: str, schema: Schema, folder: Path) -> list[str]:
    """The months before this one that are kept with the inputs of this schema, oldest first."""
    names = (path.stem for path in folder.glob("*.parquet"))
    before = [name for name in names if alike(name, month) and number(name) < number(month)]
    meaning = _meaning(schema)
    return sorted(name for name in before if _inputs_of(_path(folder, name)) == meaning)


def _meaning(schema: Schema) -> str:
    """A digest of what the numbers and codes of a month stand for."""
    numbers = [(column.name, column.unit) for column in schema.numeric_inputs]
    codes = [(column.name, code_labels(column)) for column in schema.category_inputs]
    return digest([numbers, codes])


def _inputs_of(path: Path) -> str | None:
    return json.loads(pq.read_schema(path).metadata[ABOUT]).get(INPUTS)


def kept(month: str, folder: Path) -> MonthTable:
    """A month that is kept."""
    path = _path(folder, month)
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=16)
def _read(path: Path, _: int) -> MonthTable:
    table = pq.read_table(path)
    about = json.loads(table.schema.metadata[ABOUT])
    names = table.column_names
    numbers = [table[name].to_numpy() for name in names if name.startswith("number ")]
    codes = [table[name].to_numpy() for name in names if name.startswith("code ")]
    about.pop(INPUTS)
    n = table.num_rows
    found = MonthTable(
        path.stem,
        table["key"].to_numpy(),
        np.column_stack(numbers) if numbers else np.empty((n, 0)),
        np.column_stack(codes) if codes else np.empty((n, 0), np.int64),
        table["probability"].to_numpy(),
        table["contact"].to_numpy(zero_copy_only=False),
        table["value"].to_numpy(),
        rows=about.pop("rows"),
        model=tuple(about.pop("model")),
    )
    return replace(found, **about)


def _path(folder: Path, month: str) -> Path:
    return folder / f"{month}.parquet"
