"""Validation on intake: a table is checked against its schema, all errors at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scoring.dates import day_number
from scoring.errors import UserError
from scoring.schema import LARGEST_NUMBER, Column, Schema
from stages.tables.canonical import Canonical, canonical, date_part, days_in, spelling_key
from stages.tables.delimited import SHOWN
from stages.tables.intake import RawTable
from stages.tables.validation import DataWarning, RejectedTable, ValidationIssue

if TYPE_CHECKING:
    import pandera.pandas as pa


@dataclass(frozen=True)
class Checked:
    """An accepted table in canonical types, and the warnings about it."""

    customers: pd.DataFrame
    warnings: tuple[DataWarning, ...]


def check_table(raw_table: RawTable, schema: Schema, *, origin: str) -> Checked:
    """The table in canonical types, or a `RejectedTable` that lists every issue.

    The result has the schema's columns in its order, those it ignores left out: integers as int64
    (float64 where blanks are allowed), numbers as float64, everything else as text or None. Further
    columns are dropped, and so are rows that repeat a customer to the last cell.
    """
    unexpected = [name for name in raw_table.columns if name not in schema.in_table]
    schema = schema.without_ignored
    if issues := _missing_columns(raw_table, schema, unexpected):
        raise RejectedTable(issues, origin=origin)
    if not raw_table.rows:
        raise UserError(f"{origin}: no rows below the header; expected customers")
    raw_table = _without_left_out(raw_table, schema.target)
    columns = _canonical_columns(raw_table, schema)
    table, repeated = _without_repeated(
        pd.DataFrame({name: column.values for name, column in columns.items()}), schema
    )
    issues = _unread(raw_table, columns, table, schema)
    issues += _pandera_issues(raw_table, columns, table, schema)
    issues += _twice_in_a_period(raw_table, table, schema)
    issues += _all_blank(table, schema) + _one_class(table, schema)
    if issues:
        raise RejectedTable(issues, origin=origin)
    warnings = [*raw_table.warnings, *map(raw_table.numbered, repeated)]
    warnings += [DataWarning(name, "not in the schema", "dropped") for name in unexpected]
    warnings += [raw_table.numbered(warning) for c in columns.values() for warning in c.warnings]
    return Checked(table.reset_index(drop=True).astype(_final_types(schema)), tuple(warnings))


def _missing_columns(
    raw_table: RawTable, schema: Schema, unexpected: list[str]
) -> list[ValidationIssue]:
    hint = f"; the file also has {', '.join(map(repr, unexpected[:SHOWN]))}" if unexpected else ""
    return [
        ValidationIssue(name, "column missing", f"a column of this name{hint}", raw_table.rows)
        for name in schema.in_table
        if name not in raw_table.columns
    ]


def _canonical_columns(raw_table: RawTable, schema: Schema) -> dict[str, Canonical]:
    """Each column of the schema in canonical form, parts of dates from the dates they are of."""
    snapshot: NDArray[np.float64] | float | None = None
    if schema.date_period is not None:
        snapshot = days_in(raw_table.columns[schema.date_period.name], schema.date_period)[0]
    elif schema.snapshot is not None:
        snapshot = float(day_number(schema.snapshot))
    columns = {}
    for column in schema.columns:
        cells = raw_table.columns[column.from_date or column.name]
        if column.from_date is None:
            columns[column.name] = canonical(cells, column)
        else:
            columns[column.name] = date_part(cells, schema[column.from_date], column, snapshot)
    return columns


def _without_left_out(raw_table: RawTable, target: Column) -> RawTable:
    """The table less the rows whose outcome is neither leaving nor staying, with a warning."""
    keys = {spelling_key(str(value)) for value in target.left_out}
    cells = raw_table.columns[target.name]
    rows = cells.rows_of(np.array([spelling_key(t) in keys for t in cells.texts.to_pylist()], bool))
    if not len(rows):
        return raw_table
    marked = np.zeros(raw_table.rows, bool)
    marked[rows] = True
    values = ", ".join(map(str, target.left_out))
    warning = DataWarning(target.name, f"neither stayed nor left ({values})", "left out", len(rows))
    return replace(raw_table.without(marked), warnings=(*raw_table.warnings, warning))


def _without_repeated(
    table: pd.DataFrame, schema: Schema
) -> tuple[pd.DataFrame, list[DataWarning]]:
    """The table without rows equal to an earlier one, and how many those were.

    Only an id tells a repeated customer from a twin: without one nothing is dropped.
    """
    if schema.id_name is None:
        return table, []
    doubtful = table[table[schema.id_name].duplicated(keep=False)]
    rows = doubtful.index[doubtful.duplicated()]
    if rows.empty:
        return table, []
    first = tuple(map(int, rows[:SHOWN]))
    warning = DataWarning(None, "repeats an earlier row", "dropped", len(rows), first)
    return table.drop(index=rows), [warning]


def _unread(
    raw_table: RawTable, columns: dict[str, Canonical], table: pd.DataFrame, schema: Schema
) -> list[ValidationIssue]:
    """Text where a number or a date belongs."""
    issues = []
    for column in schema.columns:
        if column.from_date is not None:  # what is no date is an issue of the date
            continue
        rows = table.index[columns[column.name].unread[table.index]]
        if len(rows):
            check = "not a date" if column.kind == "date" else "not a number"
            issues.append(_issue(raw_table, column, check, rows))
    return issues


def _twice_in_a_period(
    raw_table: RawTable, table: pd.DataFrame, schema: Schema
) -> list[ValidationIssue]:
    """An issue where a customer with several rows has two of one period."""
    period, name = schema.role("period"), schema.id_name
    if period is None or name is None or not schema[name].repeated:
        return []
    rows = table.index[table.duplicated([name, period.name])]
    if rows.empty:
        return []
    expected = f"each customer once per {period.name}"
    return [replace(_issue(raw_table, schema[name], "not unique", rows), expected=expected)]


def _one_class(table: pd.DataFrame, schema: Schema) -> list[ValidationIssue]:
    """An issue where everybody left or everybody stayed: there is nothing to tell apart."""
    target = schema.target
    found = table[target.name].dropna().unique()
    left = {value in target.positives for value in found}
    if len(left) != 1 or not set(found) <= target.known_labels:
        return []
    expected = f"both {' and '.join(target.labels)}"
    values = ", ".join(map(repr, sorted(found)))
    return [ValidationIssue(target.name, f"only {values}", expected, len(table))]


def _pandera_issues(
    raw_table: RawTable, columns: dict[str, Canonical], table: pd.DataFrame, schema: Schema
) -> list[ValidationIssue]:
    import pandera.pandas as pa

    try:
        table_schema(schema).validate(table, lazy=True)
    except pa.errors.SchemaErrors as error:
        return _group(raw_table, columns, error.failure_cases, schema)
    return []


ONCE = "each value once, or `repeated: true` where a customer has several rows"
CHECK_NAMES = {"not_nullable": "blank", "field_uniqueness": "not unique"}


def _group(
    raw_table: RawTable, columns: dict[str, Canonical], cases: pd.DataFrame, schema: Schema
) -> list[ValidationIssue]:
    """Pandera's failure cases, by column and check; cells already reported are passed over."""
    issues = []
    for key, group in cases.groupby(["column", "check"], sort=False):
        name, check = (str(part) for part in key)
        rows = pd.Index(group["index"].astype(int))
        rows = rows[~columns[name].unread[rows]]
        if len(rows):
            issues.append(_issue(raw_table, schema[name], CHECK_NAMES.get(check, check), rows))
    return sorted(issues, key=lambda issue: schema.names.index(issue.column))


def _issue(raw_table: RawTable, column: Column, check: str, rows: pd.Index) -> ValidationIssue:
    """Cells that fail, the first shown as the file has them."""
    expected = ONCE if check == "not unique" else column.expected
    if check == "blank" and len(rows) == raw_table.rows:
        return ValidationIssue(column.name, "blank in every row", expected, len(rows))
    cells = raw_table.columns[column.from_date or column.name]
    first = rows.sort_values()[:SHOWN]
    values = tuple(_shown(cells.texts[int(cells.codes[row])].as_py(), column) for row in first)
    numbers = tuple(raw_table.number(row) for row in first)
    return ValidationIssue(column.name, check, expected, len(rows), numbers, values)


def _shown(text: str, column: Column) -> str:
    """A cell for an error message; of identifying and sensitive columns only that it is there."""
    if not text.strip():
        return ""
    return "(hidden)" if {"id", "sensitive"} & set(column.roles) else text.strip()[:40]


def table_schema(schema: Schema) -> pa.DataFrameSchema:
    """The schema as a pandera check of a table in canonical types, dates still text."""
    import pandera.pandas as pa

    return pa.DataFrameSchema({column.name: _pandera_column(column) for column in schema.columns})


def _pandera_column(column: Column) -> Any:
    import pandera.pandas as pa

    checks = []
    if column.kind == "category":
        checks.append(pa.Check.isin(column.labels, name="unknown value", error="unknown value"))
    if column.is_numeric:
        checks.append(_range_check(column))
    if column.kind == "integer":
        # beyond 2^53 a float64 no longer tells whole numbers apart
        checks.append(
            pa.Check(lambda v: (v % 1 == 0) & (abs(v) <= 2**53), error="not a whole number")
        )
    return pa.Column(
        float if column.is_numeric else object,
        checks=checks,
        nullable=column.missing,
        unique="id" in column.roles and not column.repeated,
    )


def _range_check(column: Column) -> Any:
    import pandera.pandas as pa

    low = -np.inf if column.minimum is None else column.minimum
    high = np.inf if column.maximum is None else column.maximum
    return pa.Check(
        lambda v: (v >= low) & (v <= high) & (abs(v) <= LARGEST_NUMBER), error="out of range"
    )


def _all_blank(table: pd.DataFrame, schema: Schema) -> list[ValidationIssue]:
    """Columns that may have blanks, but not nothing else: the source broke."""
    return [
        ValidationIssue(c.name, "blank in every row", c.expected, len(table))
        for c in schema.columns
        if c.missing and table[c.name].isna().all()
    ]


def _final_types(schema: Schema) -> dict[str, str]:
    return {c.name: "int64" for c in schema.columns if c.kind == "integer" and not c.missing}
