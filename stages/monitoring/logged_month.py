"""A month of the service's prediction log, as a month's table.

Only customers who were asked for are in it: who is absent has not left.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from scoring.batch import label_codes
from scoring.derive import raw_numbers
from scoring.digest import digest, sha256
from scoring.errors import UserError, shown
from scoring.schema import Schema
from stages.batch.coded import load_batch_scorer
from stages.batch.rows import Rows
from stages.monitoring.month_table import MonthTable, empty, of_rows

COLUMNS = "columns.json"
FILES = "predictions.*.jsonl*"


def is_log(address: str) -> bool:
    """Whether this is a folder that the service logs to."""
    return (Path(address) / COLUMNS).is_file()


def read_log(folder: Path, bundle: Path, *, month: str, most: int) -> MonthTable:
    """The last logged row of each customer in a month, shadow predictions left out.

    The rows are scored with the bundle, as a table is. `UserError` where a line cannot be read, or
    the log is of other columns.
    """
    scorer = load_batch_scorer(bundle)
    files = sorted(folder.glob(FILES), key=lambda path: path.name)
    lines = sorted(_lines(files, month), key=lambda line: line["time"])
    by_customer = {
        line["customer"] or line["request_id"] + str(n): line for n, line in enumerate(lines)
    }
    if not by_customer:
        table = empty(scorer, month=month)
    else:
        rows = _rows(by_customer, scorer.bundle.schema, origin=shown(folder))
        table = of_rows(rows, scorer, month=month).at_most(most)
    return replace(
        table,
        name=folder.name,
        sha256=digest([sha256(file) for file in files]),
        is_complete=False,
    )


def _lines(files: list[Path], month: str) -> Iterator[dict[str, Any]]:
    for file in files:
        with file.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    content = json.loads(line)
                    if content["time"].startswith(month) and not content["shadow"]:
                        yield content
                except (ValueError, KeyError, TypeError, AttributeError):
                    raise UserError(
                        f"{shown(file)}: line {number}: cannot be read; expected a prediction of "
                        "the service as JSON"
                    ) from None


def _rows(lines: dict[str, dict[str, Any]], schema: Schema, *, origin: str) -> Rows:
    """The inputs as they were checked by the service."""
    try:
        columns = {c.name: [line[c.name] for line in lines.values()] for c in schema.inputs}
    except KeyError as error:
        raise UserError(
            f"{origin}: column {error.args[0]}: not in the log; expected the columns of the model"
        ) from None
    codes = []
    for column in schema.category_inputs:
        known = label_codes(column)
        absent = len(known) - 1
        codes.append([known.get(str(value), absent) for value in columns[column.name]])
    n = len(lines)
    return Rows(
        raw_numbers(columns, schema, rows=n),
        np.array(codes, np.int64).T if codes else np.empty((n, 0), np.int64),
        pa.array(list(lines), pa.string()),
        np.arange(n),
        (),
    )
