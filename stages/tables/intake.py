"""Reading a customer file as text, cell by cell, whatever program wrote it.

CSV with comma, semicolon, tab or bar; UTF-8, UTF-16 by its mark, else the encoding that is named or
Windows-1252; any line ends; plain, gzip or zip; decimal point or comma. Parquet comes in the same
way. What had to be found out is handed on as `DataWarning`s, so that nobody wonders why a file was
read as it was.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from scoring.errors import UserError, shown
from stages.tables.coded_cells import coded, coded_parquet, parquet_schema
from stages.tables.delimited import (
    FIRST_ROW,
    SEPARATORS,
    SHOWN,
    find_separator,
    header_of,
    parse,
)
from stages.tables.layout import (
    Header,
    lines_of_notes,
    lines_of_totals,
    units_in,
)
from stages.tables.numerals import (
    DECIMAL_COMMAS,
    bare_meaning,
    comma_meaning,
    plain_numbers,
    point_meaning,
    with_digits,
)
from stages.tables.text_encoding import Text, as_utf8
from stages.tables.validation import DataWarning
from stages.tables.workbook import is_workbook, sheet_as_csv

LONGEST_CELL = 32_767  # characters; what a spreadsheet holds
SAMPLE = 64 * 1024  # bytes that tell the separator
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")  # line breaks too: a message is one line


@dataclass(frozen=True)
class RawColumn:
    """The cells of a column: `texts`, each once, and per row its place among them, (n,) int."""

    texts: pa.StringArray
    codes: NDArray[np.int32]

    @property
    def counts(self) -> NDArray[np.int64]:
        """Rows that hold each of the texts."""
        return np.bincount(self.codes, minlength=len(self.texts))

    def of_rows(self, rows: NDArray[np.bool_]) -> RawColumn:
        """The cells of the marked rows, with the texts that these hold."""
        codes = self.codes[rows]
        used = np.bincount(codes, minlength=len(self.texts)) > 0
        if used.all():
            return RawColumn(self.texts, codes)
        places = (np.cumsum(used) - 1).astype(np.int32)
        return RawColumn(self.texts.filter(pa.array(used)), places[codes])

    def rows_of(self, which: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Positions of the rows whose text is marked in `which` (one mark per text)."""
        return np.flatnonzero(which[self.codes])


@dataclass(frozen=True)
class RawTable:
    """A table as it came, every cell text: columns of equal length in the file's order.

    `places` (rows,) are the rows' places in the file where blank lines were left out; `units` are
    those found next to the numbers of a column.
    """

    columns: Mapping[str, RawColumn]
    rows: int
    form: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[DataWarning, ...] = ()
    places: NDArray[np.int64] | None = None
    units: Mapping[str, str] = field(default_factory=dict)

    def number(self, row: int) -> int:
        """The number of a row as a spreadsheet shows it, from its place in the table."""
        return int(row if self.places is None else self.places[row]) + FIRST_ROW

    def numbered(self, warning: DataWarning) -> DataWarning:
        """A warning on places in the table as one on rows of the file."""
        return replace(warning, rows=tuple(self.number(row) for row in warning.rows))

    def without(self, marked: NDArray[np.bool_]) -> RawTable:
        """The table less the marked rows (rows,), and the texts that only those hold."""
        places = np.arange(self.rows) if self.places is None else self.places
        columns = {name: cells.of_rows(~marked) for name, cells in self.columns.items()}
        return replace(self, columns=columns, rows=int((~marked).sum()), places=places[~marked])

    def sample(self, size: int) -> RawTable:
        """At most `size` rows, spread evenly over the table."""
        if self.rows <= size:
            return self
        kept = np.linspace(0, self.rows - 1, size).astype(int)
        columns = {name: RawColumn(c.texts, c.codes[kept]) for name, c in self.columns.items()}
        places = None if self.places is None else self.places[kept]
        return replace(self, columns=columns, rows=size, places=places)


def read_raw_table(
    path: Path, *, origin: str = "", sheet: str | None = None, encoding: str | None = None
) -> RawTable:
    """Every cell of a CSV, Parquet or Excel file as text.

    `origin` is how messages call the file, `sheet` names one of a workbook: without it, the one
    with most cells is read. `encoding` is that of text which is not UTF-8. `UserError` where the
    file is missing, empty, not text, or not a table.
    """
    origin = origin or shown(path)
    if not path.is_file():
        raise UserError(f"{origin}: no such file; expected a CSV, Parquet or Excel file")
    with path.open("rb") as file:
        magic = file.read(4)
    if magic == b"PAR1":
        return _read_parquet(path, origin)
    if is_workbook(path):
        return _read_workbook(path, origin, sheet)
    if sheet is not None:
        raise UserError(f"{origin}: sheet {sheet}: this is no workbook; expected no SHEET")
    with as_utf8(path, origin=origin, encoding=encoding) as text:
        return _read_csv(text, origin)


def _read_workbook(path: Path, origin: str, sheet: str | None) -> RawTable:
    """A sheet, read as the CSV that it would be saved as."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "sheet.csv"
        found = sheet_as_csv(path, copy, origin=origin, sheet=sheet)
        with as_utf8(copy, origin=origin) as text:
            raw_table = _read_csv(text, origin, separator=",")
    more = f", not its sheet {', '.join(found.others)}" if found.others else ""
    warning = DataWarning(
        None, f"a workbook: sheet {found.name}, {found.cells}", f"read accordingly{more}"
    )
    form = {"format": "workbook", "sheet": found.name, "cells": found.cells}
    return replace(raw_table, form=form, warnings=(warning, *raw_table.warnings))


def _read_parquet(path: Path, origin: str) -> RawTable:
    found = parquet_schema(path, origin=origin)
    names = _checked_names(found.names, origin)
    schema = pa.schema(zip(names, found.types, strict=True))
    raw_table = _of_coded(coded_parquet(path, schema, origin=origin), {"format": "Parquet"})
    texts = [field.name for field in schema if _holds_text(field.type)]
    return _with_bare_numbers(raw_table, ",", texts)


def _holds_text(kind: pa.DataType) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def from_arrow(table: pa.Table, *, origin: str, form: Mapping[str, str] | None = None) -> RawTable:
    """An Arrow table of any types, its cells as a CSV would have them (absent ones blank)."""
    named = table.rename_columns(_checked_names(table.column_names, origin))
    return _of_coded(coded(named, origin=origin), form or {})


def _of_coded(table: pa.Table, form: Mapping[str, str]) -> RawTable:
    columns = zip(table.column_names, table.columns, strict=True)
    return RawTable({name: _cells(values) for name, values in columns}, table.num_rows, form)


def _cells(values: pa.ChunkedArray) -> RawColumn:
    coded = values.unify_dictionaries().combine_chunks()
    if isinstance(coded, pa.ChunkedArray):  # of no rows
        coded = pa.array([], values.type)
    if not pa.types.is_dictionary(coded.type):
        coded = coded.dictionary_encode()
    return RawColumn(coded.dictionary, coded.indices.to_numpy(zero_copy_only=False))


def _read_csv(text: Text, origin: str, *, separator: str = "") -> RawTable:
    separator = separator or find_separator(text.head(SAMPLE), origin)
    header = header_of(text, separator, origin)
    names = _checked_names(header.names, origin)
    table, places, below = parse(text, separator, header, origin)
    columns = {name: _cells(values) for name, values in zip(names, table.columns, strict=True)}
    _check_lengths(columns, places, origin)
    warnings = [*_warnings(text, separator), *_of_titles(header), *below]
    raw_table = RawTable(columns, table.num_rows, text.form, tuple(warnings), places)
    raw_table = _without_notes(_without_blank_rows(raw_table))
    raw_table = _with_bare_numbers(raw_table, separator, names)
    has_commas = any(warning.problem == DECIMAL_COMMAS for warning in raw_table.warnings)
    form = {"separator": SEPARATORS[separator], "decimal": "comma" if has_commas else "point"}
    return replace(raw_table, form={**text.form, **form})


def _of_titles(header: Header) -> list[DataWarning]:
    rows = header.titles
    found = DataWarning(
        None, "above the header, no cells of it", "left out", len(rows), rows[:SHOWN]
    )
    return [found] if rows else []


def _without_notes(raw_table: RawTable) -> RawTable:
    """The table less lines of units or descriptions at its top, and of totals at its end."""
    notes = lines_of_notes(raw_table.columns, raw_table.rows)
    totals = lines_of_totals(raw_table.columns, raw_table.rows)
    if not notes and not totals:
        return raw_table
    units = units_in(raw_table.columns, 0) if notes == 1 else {}
    marked = np.zeros(raw_table.rows, bool)
    marked[:notes] = True
    marked[raw_table.rows - totals :] = True
    found = []
    for problem, rows in (
        ("describes the columns, and no customer", range(notes)),
        ("sums up the rows above, or a note", range(raw_table.rows - totals, raw_table.rows)),
    ):
        if rows:
            warning = DataWarning(None, problem, "left out", len(rows), tuple(rows)[:SHOWN])
            found.append(raw_table.numbered(warning))
    kept = raw_table.without(marked)
    return replace(kept, warnings=(*raw_table.warnings, *found), units=units)


def _with_bare_numbers(raw_table: RawTable, separator: str, names: Iterable[str]) -> RawTable:
    """The table with numbers as a program writes them, and the units found next to them.

    Columns of these names are looked at; commas mean what they do in a CSV of that separator.
    """
    before = {name: raw_table.columns[name] for name in names}
    bare = {n: m for n, c in before.items() if (m := bare_meaning(c.texts))}
    columns = before | {n: RawColumn(m.texts, before[n].codes) for n, m in bare.items()}
    columns, decimal = _with_decimal_points(columns, separator)
    wrong = [n for n in bare if np.isnan(plain_numbers(with_digits(columns[n].texts))).any()]
    columns |= {name: before[name] for name in wrong}
    warnings = [
        DataWarning(n, m.written, "read as numbers", len(before[n].rows_of(m.changed)))
        for n, m in bare.items()
        if n not in wrong
    ]
    warnings += [warning for warning in decimal if warning.column not in wrong]
    units = {n: m.unit for n, m in bare.items() if m.unit and n not in wrong}
    return replace(
        raw_table,
        columns=dict(raw_table.columns) | columns,
        units=dict(raw_table.units) | units,
        warnings=(*raw_table.warnings, *warnings),
    )


def bare_numbers(texts: pa.StringArray) -> pa.StringArray:
    """The texts of one column with its numbers as a program writes them."""
    cells = RawColumn(texts, np.arange(len(texts), dtype=np.int32))
    found = _with_bare_numbers(RawTable({"": cells}, len(texts)), ",", [""])
    return found.columns[""].texts


def _checked_names(found: list[str], origin: str) -> list[str]:
    """Names of the columns on one line each; a nameless one is called by its place."""
    tidy = [CONTROL.sub(" ", name).strip() for name in found]
    names = [name or f"(column {place})" for place, name in enumerate(tidy, start=1)]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise UserError(f"{origin}: column {repeated[0]}: twice in the header; expected once")
    return names


def _without_blank_rows(raw_table: RawTable) -> RawTable:
    """The table less rows in which every cell is blank; a word if they were not at its end."""
    blank = np.ones(raw_table.rows, bool)
    for cells in raw_table.columns.values():
        empty = pc.equal(pc.utf8_trim_whitespace(cells.texts), "").to_numpy(zero_copy_only=False)
        blank &= empty[cells.codes]
        if not blank.any():
            return raw_table
    rows = np.flatnonzero(blank)
    between = rows[rows < np.flatnonzero(~blank).max(initial=-1)]
    warning = DataWarning(None, "blank", "left out", len(between), tuple(map(int, between[:SHOWN])))
    found = (*raw_table.warnings, *([raw_table.numbered(warning)] if len(between) else []))
    return replace(raw_table.without(blank), warnings=found)


def _check_lengths(
    columns: Mapping[str, RawColumn], places: NDArray[np.int64], origin: str
) -> None:
    for name, cells in columns.items():
        lengths = pc.utf8_length(cells.texts).to_numpy(zero_copy_only=False)
        if len(lengths) and lengths.max() > LONGEST_CELL:
            row = places[cells.rows_of(lengths > LONGEST_CELL)[0]] + FIRST_ROW
            raise UserError(
                f"{origin}: column {name}: row {row}: a cell of {lengths.max():,} characters; "
                f"expected at most {LONGEST_CELL:,}"
            )


def _with_decimal_points(
    columns: Mapping[str, RawColumn], separator: str
) -> tuple[dict[str, RawColumn], list[DataWarning]]:
    """Columns of numbers written with decimal commas or marks between thousands, mended."""
    found = {name: comma_meaning(cells.texts, separator) for name, cells in columns.items()}
    if any(meaning and meaning.written == DECIMAL_COMMAS for meaning in found.values()):
        found |= {n: point_meaning(columns[n].texts) for n, meaning in found.items() if not meaning}
    mended, warnings = dict(columns), []
    for name, meaning in found.items():
        if meaning is not None:
            mended[name] = RawColumn(meaning.texts, columns[name].codes)
            rows = columns[name].rows_of(meaning.changed)
            warnings.append(DataWarning(name, meaning.written, "read as numbers", len(rows)))
    return mended, warnings


def _warnings(text: Text, separator: str) -> list[DataWarning]:
    found = list(text.warnings)
    if separator != ",":
        found.append(DataWarning(None, f"separated by {SEPARATORS[separator]}", "read accordingly"))
    return found
