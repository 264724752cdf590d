"""Sheets of Excel and OpenDocument files, as text: read by python-calamine."""

from __future__ import annotations

import csv
import datetime
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from scoring.errors import UserError
from stages.core.quantity import quantity

EXPECTED = "expected a CSV, Parquet or Excel file"
OLD_FORMAT = b"\xd0\xcf\x11\xe0"  # xls, and what is locked with a password


class Sheet(NamedTuple):
    """A sheet: its name, where its cells are, and the names of all sheets that hold any."""

    name: str
    cells: str
    others: tuple[str, ...]


def is_workbook(path: Path) -> bool:
    """Whether a file is a workbook, whatever its name says."""
    with path.open("rb") as file:
        start = file.read(4)
    if start == OLD_FORMAT:
        return True
    if start != b"PK\x03\x04":
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError):
        return False
    return "[Content_Types].xml" in names or {"mimetype", "content.xml"} <= names


def sheet_as_csv(path: Path, copy: Path, *, origin: str, sheet: str | None = None) -> Sheet:
    """Write a sheet as CSV to `copy`: the named one, else the one with most cells.

    Rows keep their numbers. `UserError` where the workbook cannot be read or has no such sheet.
    """
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_path(str(path))
        filled = {name: _rows(book, name) for name in book.sheet_names}
    except (CalamineError, OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise UserError(
            f"{origin}: a workbook that cannot be read: {reason}; expected one without a password"
        ) from None
    filled = {name: rows for name, rows in filled.items() if rows}
    if not filled:
        raise UserError(f"{origin}: a workbook without a filled cell; {EXPECTED}")
    chosen = _chosen(filled, sheet, origin)
    with copy.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(filled[chosen])
    return Sheet(chosen, _range(filled[chosen]), tuple(name for name in filled if name != chosen))


def _chosen(filled: dict[str, list[list[str]]], sheet: str | None, origin: str) -> str:
    if sheet is None:
        return max(filled, key=lambda name: sum(map(_count, filled[name])))
    if sheet not in filled:
        raise UserError(
            f"{origin}: sheet {sheet}: not there, or empty; expected one of {', '.join(filled)}"
        )
    return sheet


def _rows(book: Any, name: str) -> list[list[str]]:
    """The cells of a sheet as text, from its first row; empty where none is filled."""
    rows = [list(map(_text, row)) for row in book.get_sheet_by_name(name).to_python(False)]
    if not any(map(_count, rows)):
        return []
    first = min(_first(row) for row in rows if _count(row))  # columns left of the table
    last = max(_last(row) for row in rows if _count(row))
    return [row[first:last] for row in rows]


def _count(row: Sequence[str]) -> int:
    return sum(bool(cell.strip()) for cell in row)


def _first(row: Sequence[str]) -> int:
    return next(place for place, cell in enumerate(row) if cell.strip())


def _last(row: Sequence[str]) -> int:
    return len(row) - next(place for place, cell in enumerate(reversed(row)) if cell.strip())


def _text(cell: Any) -> str:
    """A cell as a CSV would have it: whole numbers without a point, dates as in 2026-01-31."""
    if isinstance(cell, bool):
        return str(cell)
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 2**53 else repr(cell)
    if isinstance(cell, datetime.datetime):
        is_day = cell.time() == datetime.time()
        return cell.date().isoformat() if is_day else cell.isoformat(sep=" ", timespec="seconds")
    text = str(cell)
    return "" if re.fullmatch(r"#(N/A|REF!|DIV/0!|VALUE!|NAME\?|NUM!|NULL!)", text) else text


def _range(rows: Sequence[Sequence[str]]) -> str:
    filled = [place for place, row in enumerate(rows, 1) if _count(row)]
    return f"rows {filled[0]} to {filled[-1]}, {quantity(max(map(len, rows)), 'column')}"
