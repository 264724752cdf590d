"""Validation on intake: a table is checked against its schema, all errors at once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scoring.dates import day_number
from scoring.errors import UserError
from scoring.schema import LARGEST_NUMBER, Column, Schema
from stages.tables.canonical import Canonical, canonical, date_part, days_in, spelling_key
from stages.tables.canonical_table import CanonicalTable, Checked
from stages.tables.delimited import SHOWN
from stages.tables.intake import RawTable
from stages.tables.validation import DataWarning, RejectedTable, ValidationIssue

if TYPE_CHECKING:
    import pandera.pandas as pa


def check_table(raw_table: RawTable, schema: Schema, *, origin: str) -> Checked:
    """The table in canonical form, or a `RejectedTable` that lists every issue.

    Each distinct text of a column is checked once, however many rows have it. Further columns are
    dropped, and so are rows that repeat a customer to the last cell.
    """
    unexpected = [name for name in raw_table.columns if name not in schema.in_table]
    schema = schema.without_ignored
    if issues := _missing_columns(raw_table, schema, unexpected):
        raise RejectedTable(issues, origin=origin)
    if not raw_table.rows:
        raise UserError(f"{origin}: no rows below the header; expected customers")
    raw_table = _without_left_out(raw_table, schema.target)
    whole = CanonicalTable(_canonical_columns(raw_table, schema), np.arange(raw_table.rows))
    table, repeated = _without_repeated(whole, schema)
    issues = _unread(raw_table, table, schema)
    issues += _value_issues(raw_table, table, schema)
    issues += _twice_in_a_period(raw_table, table, schema)
    issues += _all_blank(table, schema) + _one_class(table, schema)
    if issues:
        raise RejectedTable(issues, origin=origin)
    warnings = [*raw_table.warnings, *map(raw_table.numbered, repeated)]
    warnings += [DataWarning(name, "not in the schema", "dropped") for name in unexpected]
    warnings += [raw_table.numbered(w) for c in table.columns.values() for w in c.warnings]
    return Checked(table, schema, tuple(warnings))


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
        snapshot = days_in(raw_table.columns[schema.date_period.name], schema.date_period)
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
    table: CanonicalTable, schema: Schema
) -> tuple[CanonicalTable, list[DataWarning]]:
    """The table without rows equal to an earlier one, and how many those were.

    Only an id tells a repeated customer from a twin: without one nothing is dropped.
    """
    if schema.id_name is None:
        return table, []
    shared = table.rows_of(schema.id_name, table.shared(schema.id_name))
    doubtful = table.frame(schema.names, shared)
    rows = doubtful.index[doubtful.duplicated()].to_numpy()
    if not len(rows):
        return table, []
    first = tuple(map(int, rows[:SHOWN]))
    warning = DataWarning(None, "repeats an earlier row", "dropped", len(rows), first)
    return replace(table, rows=np.setdiff1d(table.rows, rows)), [warning]


def _unread(raw_table: RawTable, table: CanonicalTable, schema: Schema) -> list[ValidationIssue]:
    """Text where a number or a date belongs."""
    issues = []
    for column in schema.columns:
        if column.from_date is not None:  # what is no date is an issue of the date
            continue
        rows = table.rows_of(column.name, table.columns[column.name].unread)
        if len(rows):
            check = "not a date" if column.kind == "date" else "not a number"
            issues.append(_issue(raw_table, column, check, rows))
    return issues


def _twice_in_a_period(
    raw_table: RawTable, table: CanonicalTable, schema: Schema
) -> list[ValidationIssue]:
    """An issue where a customer with several rows has two of one period."""
    period, name = schema.role("period"), schema.id_name
    if period is None or name is None or not schema[name].repeated:
        return []
    keys = table.frame([name, period.name])
    rows = keys.index[keys.duplicated()].to_numpy()
    if not len(rows):
        return []
    expected = f"each customer once per {period.name}"
    return [replace(_issue(raw_table, schema[name], UNIQUE, rows), expected=expected)]


def _one_class(table: CanonicalTable, schema: Schema) -> list[ValidationIssue]:
    """An issue where everybody left or everybody stayed: there is nothing to tell apart."""
    target = schema.target
    found = set(table.found(target.name))
    left = {value in target.positives for value in found}
    if len(left) != 1 or not found <= target.known_labels:
        return []
    expected = f"both {' and '.join(target.labels)}"
    values = ", ".join(map(repr, sorted(found)))
    return [ValidationIssue(target.name, f"only {values}", expected, len(table.rows))]


ONCE = "each value once, or `repeated: true` where a customer has several rows"
BLANK, UNIQUE = "blank", "not unique"


def _value_issues(
    raw_table: RawTable, table: CanonicalTable, schema: Schema
) -> list[ValidationIssue]:
    """What the schema does not allow; cells that were not read are passed over."""
    checks, issues = table_schema(schema).columns, []
    for column in schema.columns:
        found = table.columns[column.name]
        failing = _failing(checks[column.name], found.values)
        if "id" in column.roles and not column.repeated:
            blank = {BLANK: failing.pop(BLANK)} if BLANK in failing else {}
            shared = table.shared(column.name) & ~pd.isna(found.values)
            failing = blank | {UNIQUE: shared} | failing
        for check, marked in failing.items():
            rows = table.rows_of(column.name, marked & ~found.unread)
            issues += [_issue(raw_table, column, check, rows)] if len(rows) else []
    return issues


def _failing(check: pa.Column, values: NDArray) -> dict[str, NDArray[np.bool_]]:
    """By pandera's checks of a column, in their order, which of its values (d,) fail."""
    import pandera.pandas as pa

    failing = {}
    try:
        check.validate(pd.DataFrame({check.name: values}), lazy=True, inplace=True)
    except pa.errors.SchemaErrors as errors:
        for error in errors.schema_errors:
            name = BLANK if error.check == "not_nullable" else error.check.error
            failing[name] = np.zeros(len(values), bool)
            failing[name][error.failure_cases["index"].astype(int)] = True
    return failing


def _issue(
    raw_table: RawTable, column: Column, check: str, rows: NDArray[np.int64]
) -> ValidationIssue:
    """Cells that fail, the first shown as the file has them."""
    expected = ONCE if check == UNIQUE else column.expected
    if check == BLANK and len(rows) == raw_table.rows:
        return ValidationIssue(column.name, "blank in every row", expected, len(rows))
    cells = raw_table.columns[column.from_date or column.name]
    first = np.sort(rows)[:SHOWN]
    values = tuple(_shown(cells.texts[int(cells.codes[row])].as_py(), column) for row in first)
    numbers = tuple(raw_table.number(row) for row in first)
    return ValidationIssue(column.name, check, expected, len(rows), numbers, values)


def _shown(text: str, column: Column) -> str:
    """A cell for an error message; of identifying and sensitive columns only that it is there."""
    if not text.strip():
        return ""
    return "(hidden)" if {"id", "sensitive"} & set(column.roles) else text.strip()[:40]


def table_schema(schema: Schema) -> pa.DataFrameSchema:
    """The schema as pandera's checks of values in canonical form, dates still text."""
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
    )


def _range_check(column: Column) -> Any:
    import pandera.pandas as pa

    low = -np.inf if column.minimum is None else column.minimum
    high = np.inf if column.maximum is None else column.maximum
    return pa.Check(
        lambda v: (v >= low) & (v <= high) & (abs(v) <= LARGEST_NUMBER), error="out of range"
    )


def _all_blank(table: CanonicalTable, schema: Schema) -> list[ValidationIssue]:
    """Columns that may have blanks, but not nothing else: the source broke."""
    return [
        ValidationIssue(c.name, "blank in every row", c.expected, len(table.rows))
        for c in schema.columns
        if c.missing and not len(table.found(c.name))
    ]
