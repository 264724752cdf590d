"""Small raw tables, for the tests of what is drafted from them, and of reading files."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import strategies as st

from scoring.errors import UserError
from stages.adoption.draft import Draft, draft
from stages.adoption.guess import Guess
from stages.adoption.target import Outcome
from stages.tables.intake import RawTable, from_arrow, read_raw_table

ROWS = 120
LEFT = np.arange(ROWS) % 3 == 0  # who churned
printable = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=8)
PLAIN = {"visits": np.arange(ROWS) % 17 * 1.5, "churned": np.where(LEFT, "yes", "no")}


def raw_table(**columns: Any) -> RawTable:
    """A raw table of columns of any type."""
    table = pd.DataFrame({name.replace("_", " "): values for name, values in columns.items()})
    text = table.astype(object).where(table.notna(), "").astype(str)
    return from_arrow(pa.Table.from_pandas(text, preserve_index=False), origin="t.csv")


def drafted(
    *,
    target: str | None = None,
    positive: str | None = None,
    negative: str | None = None,
    **columns: Any,
) -> Draft:
    """What a table of these columns is drafted as; the keywords are what the user says of it."""
    return draft(raw_table(**columns), Outcome(target, positive, negative), origin="t.csv")


def guess(values: Any, name: str = "thing") -> Guess:
    """What a column among plain others is taken for."""
    found = drafted(**{"customer_id": numbered("c{}"), **PLAIN, name: values})
    return next(g for g in found.guesses if g.name == name.replace("_", " "))


def rejection(**columns: Any) -> str:
    with pytest.raises(UserError) as caught:
        drafted(**columns)
    assert "\n" not in caught.value.message
    return str(caught.value)


def cycle(*values: Any) -> list[Any]:
    return [values[place % len(values)] for place in range(ROWS)]


def numbered(pattern: str, *, times: int = 1) -> list[str]:
    return [pattern.format(place // times) for place in range(ROWS)]


def csv_text(
    rows: list[list[str]], *, separator: str = ",", end: str = "\n", quoting: int = 0
) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator=end, quoting=quoting)  # type: ignore[arg-type]
    writer.writerows(rows)
    return text.getvalue()


def read(folder: Path, content: bytes | str) -> RawTable:
    path = folder / "table.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_raw_table(path, origin="table.csv")


def cells_of(raw_table: RawTable, name: str) -> list[str]:
    cells = raw_table.columns[name]
    return [cells.texts[int(code)].as_py() for code in cells.codes]
