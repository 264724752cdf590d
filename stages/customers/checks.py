"""Checks at the door: a table that enters is held against its schema, all faults at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from stages.core.errors import UserError
from stages.core.schema import Column, Schema

if TYPE_CHECKING:
    import pandera.pandas as pa

FIRST_ROW = 2  # the header is row 1, as a spreadsheet counts
SHOWN = 3


@dataclass(frozen=True)
class Fault:
    """Cells of one column that fail one check: how many, and the first of them."""

    column: str
    check: str
    expected: str
    count: int
    rows: tuple[int, ...] = ()
    values: tuple[str, ...] = ()

    def where(self) -> str:
        """The first rows with their values, for a person."""
        places = [f"row {r}: {v!r}" for r, v in zip(self.rows, self.values, strict=True)]
        more = f", … {self.count - len(places)} more" if self.count > len(places) else ""
        return ", ".join(places) + more if places else "whole column"


def check_table(raw: pd.DataFrame, schema: Schema, *, origin: str) -> pd.DataFrame:
    """The table in canonical types, or a `UserError` that lists every fault.

    `raw` holds text as read from a file (blank is absent). The result has the schema's columns
    in its order: integers as int64 (float64 where blanks are allowed), numbers as float64,
    everything else as text or None. Columns that the schema does not name are dropped.
    """
    faults = _missing_columns(raw, schema)
    if faults:
        raise refusal(faults, origin=origin)
    if raw.empty:
        raise UserError(f"{origin}: no rows below the header; expected customers")
    text = raw[schema.names].apply(lambda values: values.str.strip()).replace("", None)
    table, unread = _convert(text, schema)
    faults = _text_in_numbers(text, unread, schema) + _pandera_faults(table, text, unread, schema)
    faults += _one_class(text, schema)
    if faults:
        raise refusal(faults, origin=origin)
    return table.astype(_final_types(schema))


def refusal(faults: Sequence[Fault], *, origin: str) -> UserError:
    """The faults as one error: a table of all, then one line that names the first."""
    first = faults[0]
    others = f" (and {len(faults) - 1} more, listed above)" if len(faults) > 1 else ""
    message = (
        f"{origin}: column {first.column}: {first.check}: {first.where()}; "
        f"expected {first.expected}{others}"
    )
    advice = "What to do: mend the file and adopt it again, or allow these values in the schema."
    return UserError(message, details=(*_fault_table(faults, origin), advice))


def _fault_table(faults: Sequence[Fault], origin: str) -> list[str]:
    rows = [("column", "check", "count", "first rows", "expected")]
    rows += [(f.column, f.check, f"{f.count:,}", f.where(), f.expected) for f in faults]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)).rstrip() for r in rows]
    return [f"{origin}: faults by column and check", *("  " + line for line in lines)]


def _missing_columns(raw: pd.DataFrame, schema: Schema) -> list[Fault]:
    strangers = [name for name in raw.columns if name not in schema.names]
    hint = f"; the file also has {', '.join(map(repr, strangers[:SHOWN]))}" if strangers else ""
    return [
        Fault(name, "column missing", f"a column of this name{hint}", len(raw))
        for name in schema.names
        if name not in raw.columns
    ]


def _convert(text: pd.DataFrame, schema: Schema) -> tuple[pd.DataFrame, dict[str, pd.Series]]:
    """Numbers read from text, and per numeric column which cells were not a number."""
    table, unread = text.copy(), {}
    for column in schema.columns:
        if column.is_numeric:
            values = pd.to_numeric(text[column.name], errors="coerce").astype("float64")
            unread[column.name] = values.isna() & text[column.name].notna()
            table[column.name] = values
    return table, unread


def _one_class(text: pd.DataFrame, schema: Schema) -> list[Fault]:
    """A fault where everybody left or everybody stayed: there is nothing to tell apart."""
    found = text[schema.target.name].dropna().unique()
    if len(found) != 1 or found[0] not in schema.target.labels:
        return []
    expected = f"both {' and '.join(schema.target.labels)}"
    return [Fault(schema.target.name, f"only {found[0]!r}", expected, len(text))]


def _text_in_numbers(
    text: pd.DataFrame, unread: dict[str, pd.Series], schema: Schema
) -> list[Fault]:
    return [
        _fault(schema[name], "not a number", text[name][mask])
        for name, mask in unread.items()
        if mask.any()
    ]


def _pandera_faults(
    table: pd.DataFrame, text: pd.DataFrame, unread: dict[str, pd.Series], schema: Schema
) -> list[Fault]:
    import pandera.pandas as pa

    try:
        table_schema(schema).validate(table, lazy=True)
    except pa.errors.SchemaErrors as error:
        return _group(error.failure_cases, text, unread, schema)
    return []


def _group(
    cases: pd.DataFrame, text: pd.DataFrame, unread: dict[str, pd.Series], schema: Schema
) -> list[Fault]:
    """Pandera's failure cases, by column and check; cells already reported are passed over."""
    faults = []
    for key, group in cases.groupby(["column", "check"], sort=False):
        name, check = (str(part) for part in key)
        index = pd.Index(group["index"].astype(int))
        if name in unread:
            index = index[~unread[name].loc[index].to_numpy()]
        if len(index):
            faults.append(_fault(schema[name], CHECK_NAMES.get(check, check), text[name][index]))
    return sorted(faults, key=lambda fault: schema.names.index(fault.column))


CHECK_NAMES = {"not_nullable": "blank", "field_uniqueness": "not unique"}


def _fault(column: Column, check: str, cells: pd.Series) -> Fault:
    first = cells.sort_index().head(SHOWN)
    values = tuple(_shown(value, column) for value in first)
    expected = "each value once" if check == "not unique" else column.expected
    rows = tuple(int(row) + FIRST_ROW for row in first.index)
    return Fault(column.name, check, expected, len(cells), rows, values)


def _shown(value: Any, column: Column) -> str:
    """A value for an error message; of identifying and sensitive columns only that it is there."""
    if pd.isna(value):
        return ""
    return "(hidden)" if {"id", "sensitive"} & set(column.roles) else str(value)[:40]


def table_schema(schema: Schema) -> pa.DataFrameSchema:
    """The schema as a pandera check of a table."""
    import pandera.pandas as pa

    return pa.DataFrameSchema({column.name: _pandera_column(column) for column in schema.columns})


def _pandera_column(column: Column) -> Any:
    import pandera.pandas as pa

    checks = []
    if column.kind == "category":
        checks.append(pa.Check.isin(column.labels, name="unknown value", error="unknown value"))
    if column.is_numeric:
        checks += [_range_check(column)]
    if column.kind == "date":
        checks.append(pa.Check(_is_date, error="not a date"))
    if column.kind == "integer":
        checks.append(pa.Check(lambda v: v % 1 == 0, error="not a whole number"))
    return pa.Column(
        float if column.is_numeric else object,
        checks=checks,
        nullable=column.missing,
        unique="id" in column.roles,
    )


def _is_date(values: pd.Series) -> pd.Series:
    return pd.to_datetime(values, errors="coerce", format="ISO8601").notna()


def _range_check(column: Column) -> Any:
    import numpy as np
    import pandera.pandas as pa

    low = -np.inf if column.minimum is None else column.minimum
    high = np.inf if column.maximum is None else column.maximum
    return pa.Check(lambda v: (v >= low) & (v <= high) & np.isfinite(v), error="out of range")


def _final_types(schema: Schema) -> dict[str, str]:
    return {c.name: "int64" for c in schema.columns if c.kind == "integer" and not c.missing}
