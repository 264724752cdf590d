"""Lines that are no customers, and workbooks: recognised by how they fit the columns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openpyxl
import pytest

from scoring.errors import UserError
from stages.tables.intake import RawTable, read_raw_table

ROWS = [[f"K{place}", str(place % 7), f"{place * 1.5:.2f}", "ja" if place % 3 else "nein"]
        for place in range(40)]  # fmt: skip
HEADER = ["Kunde", "Besuche", "Umsatz", "gekündigt"]


def read(folder: Path, *lines: list[str], name: str = "t.csv", separator: str = ",") -> RawTable:
    file = folder / name
    file.write_text("".join(separator.join(line) + "\n" for line in lines), encoding="utf-8")
    return read_raw_table(file, origin="t.csv")


def customers(raw_table: RawTable) -> list[str]:
    cells = raw_table.columns[next(iter(raw_table.columns))]
    return [cells.texts[int(code)].as_py() for code in cells.codes]


def left_out(raw_table: RawTable) -> list[tuple[int, ...]]:
    return [warning.rows for warning in raw_table.warnings if warning.action == "left out"]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize(
    "title",
    [
        [["Bericht Oktober 2026", "", "", ""]],
        [["Bericht Oktober 2026"]],
        [["Customers of the north"], ["exported by CRM"]],
        [["報告書", "", "", ""], ["", "", "", ""]],
    ],
)
def test_titles_above_the_header_are_left_out_with_their_rows(
    tmp_path: Path, title: list[list[str]], separator: str
) -> None:
    raw_table = read(tmp_path, *title, HEADER, *ROWS, separator=separator)
    assert list(raw_table.columns) == HEADER
    assert customers(raw_table) == [row[0] for row in ROWS]
    assert left_out(raw_table)[0][0] == 1
    assert raw_table.number(0) == len(title) + 2


@pytest.mark.parametrize(
    "below",
    [
        [["Nummer", "pro Woche", "EUR", "ja/nein"]],
        [["", "count", "$", "flag"]],
        [["Number of the customer", "int", "decimal", "text"], ["key", "n", "x", "y"]],
    ],
)
def test_lines_that_describe_the_columns_are_no_customers(
    tmp_path: Path, below: list[list[str]]
) -> None:
    raw_table = read(tmp_path, HEADER, *below, *ROWS)
    assert customers(raw_table) == [row[0] for row in ROWS]
    assert left_out(raw_table) == [tuple(range(2, 2 + len(below)))]
    if len(below) == 1:
        assert raw_table.units == {"Besuche": below[0][1], "Umsatz": below[0][2]}


@pytest.mark.parametrize(
    "last",
    [
        [["Total", str(sum(int(r[1]) for r in ROWS)), "1170.00", ""]],
        [["Summe", "", "", ""]],
        [["Gesamt:", "117", "", ""], ["Quelle: CRM 2026", "", "", ""]],
        [["Итого", "117", "1170", ""]],
        [["", str(sum(int(r[1]) for r in ROWS)), "1170.00", ""]],
        [["Source: CRM export of October 2026"]],
        [["(40 rows affected)"]],
    ],
)
def test_totals_and_notes_at_the_end_are_no_customers(
    tmp_path: Path, last: list[list[str]]
) -> None:
    raw_table = read(tmp_path, HEADER, *ROWS, *last)
    assert customers(raw_table) == [row[0] for row in ROWS]
    assert left_out(raw_table) == [tuple(range(42, 42 + len(last)))]


@pytest.mark.parametrize(
    "odd",
    [
        ["Total", "3", "4.50", "ja"],  # a customer may be called so
        ["K40", "about ten", "4.50", "ja"],  # a typo in one column
        ["K40", "", "", ""],
    ],
)
def test_a_customer_is_not_taken_for_a_note(tmp_path: Path, odd: list[str]) -> None:
    for rows in ([odd, *ROWS], [*ROWS, odd]):
        raw_table = read(tmp_path, HEADER, *rows)
        assert raw_table.rows == 41
        assert not left_out(raw_table)


@pytest.mark.parametrize("cut", [["K40"], ["K40", "3"], ["K4"]])
def test_a_file_that_is_cut_off_is_still_refused(tmp_path: Path, cut: list[str]) -> None:
    with pytest.raises(UserError, match="Is the file cut off"):
        read(tmp_path, HEADER, *ROWS, cut)


def test_a_header_with_nameless_columns_is_one(tmp_path: Path) -> None:
    raw_table = read(tmp_path, ["", "x"], *([str(n), str(n % 5)] for n in range(20)))
    assert list(raw_table.columns) == ["(column 1)", "x"]


# --- workbooks -----------------------------------------------------------------------------------


def workbook(file: Path, **sheets: list[list[object]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(file.with_suffix(".xlsx"))
    return file.with_suffix(".xlsx").rename(file)


CELLS = [[f"K{n}", n, n / 4, n % 2 == 0, np.datetime64("2026-01-01").astype(object)] for n in
         range(30)]  # fmt: skip
NAMES = ["id", "visits", "fee", "churned", "since"]


@pytest.mark.parametrize("name", ["t.xlsx", "t.csv", "customers.data"])
def test_a_workbook_is_read_whatever_its_name(tmp_path: Path, name: str) -> None:
    file = workbook(tmp_path / name, Notes=[["see the next sheet"]], Data=[NAMES, *CELLS])
    raw_table = read_raw_table(file, origin="t")
    assert list(raw_table.columns) == NAMES
    assert customers(raw_table) == [row[0] for row in CELLS]
    texts = {n: c.texts[int(c.codes[1])].as_py() for n, c in raw_table.columns.items()}
    assert texts == {"id": "K1", "visits": "1", "fee": "0.25", "churned": "False",
                     "since": "2026-01-01"}  # fmt: skip
    assert str(raw_table.warnings[0]) == (
        "a workbook: sheet Data, rows 1 to 31, 5 columns: read accordingly, not its sheet Notes"
    )
    assert raw_table.form["sheet"] == "Data"


def test_titles_units_and_totals_of_a_sheet_are_left_out_as_those_of_a_csv(tmp_path: Path) -> None:
    # given one table with a title, a line of units and a total, in a sheet and in a CSV
    title = ["Bericht Oktober 2026", "", "", ""]
    units = ["Nummer", "pro Woche", "EUR", "ja/nein"]
    customers_ = [[row[0], int(row[1]), float(row[2]), row[3]] for row in ROWS]
    total = ["Summe", sum(int(row[1]) for row in ROWS), 1170, ""]
    rows = [title, HEADER, units, *customers_, total]
    sheet = read_raw_table(workbook(tmp_path / "t.xlsx", Data=rows), origin="t")
    as_csv = read(tmp_path, *([str(cell) for cell in row] for row in rows))
    # then the same lines are left out of both, under the same row numbers
    assert customers(sheet) == customers(as_csv) == [row[0] for row in ROWS]
    assert left_out(sheet) == left_out(as_csv) == [(1,), (3,), (44,)]
    assert sheet.units == as_csv.units == {"Besuche": "pro Woche", "Umsatz": "EUR"}


def test_a_sheet_may_be_chosen_and_begin_anywhere(tmp_path: Path) -> None:
    rows = [[None], [None, "October"], [None], *([None, *row] for row in [NAMES, *CELLS[:12]])]
    file = workbook(tmp_path / "t.xlsx", Data=[NAMES, *CELLS], Other=rows)
    raw_table = read_raw_table(file, origin="t", sheet="Other")
    assert list(raw_table.columns) == NAMES
    assert raw_table.rows == 12
    assert raw_table.number(0) == 5
    with pytest.raises(UserError, match="sheet Third: not there, or empty; expected one of Data"):
        read_raw_table(file, origin="t", sheet="Third")


def test_what_is_no_workbook_has_no_sheets(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UserError, match="this is no workbook"):
        read_raw_table(tmp_path / "t.csv", origin="t", sheet="Data")


@pytest.mark.parametrize("content", [b"\xd0\xcf\x11\xe0" + b"x" * 600, b""])
def test_a_broken_or_empty_workbook_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "t.xls"
    file.write_bytes(content)
    with pytest.raises(UserError) as caught:
        read_raw_table(file, origin="t.xls")
    assert "\n" not in caught.value.message
