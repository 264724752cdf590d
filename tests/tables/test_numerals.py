"""Numbers as people write them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import strategies as st

from stages.tables.intake import read_raw_table
from stages.tables.numerals import plain_numbers
from tests.raw_tables import cells_of, csv_text, read

COMMAS, THOUSANDS, POINTS = "decimal commas", "commas between thousands", "points between thousands"


BARE = "numbers with spaces, apostrophes or brackets"


NUMBERS = [
    # cells, separator, what they are read as, the warning
    (["1,5", "2,25"], ";", ["1.5", "2.25"], COMMAS),
    (["1,5", "2,25"], ",", ["1.5", "2.25"], COMMAS),
    (["1.234,5", "-2"], ";", ["1234.5", "-2"], COMMAS),
    (["0,500", "1,500"], ",", ["0.500", "1.500"], COMMAS),
    (["1,234", "12,345,678"], ",", ["1234", "12345678"], THOUSANDS),
    (["1,234.5", "7"], ",", ["1234.5", "7"], THOUSANDS),
    (["1,234.5", "7"], ";", ["1234.5", "7"], THOUSANDS),
    (["1,234", "2,500"], ";", ["1.234", "2.500"], COMMAS),
    (["1,5", "n/a, none"], ";", ["1.5", "n/a, none"], COMMAS),
    ([" 1,5 ", ""], ";", [" 1.5 ", ""], COMMAS),
    (["1,2,3", "4,5,6"], ";", None, ""),
    (["1,5", "A1"], ";", None, ""),
    (["1,5", "1.5"], ";", None, ""),
    (["1.5", "1.234"], ";", None, ""),
    (["x,1", "y,2"], ";", None, ""),
    (["$9.83", "$12", ""], ",", ["9.83", "12", ""], "numbers with $"),
    (["-$5.00", "$6"], ",", ["-5.00", "6"], "numbers with $"),
    (["31%", "4.5 %"], ",", ["31", "4.5"], "numbers with %"),
    (["(84)", "12", "84-"], ",", ["-84", "12", "-84"], BARE),
    (["1'234", "99"], ",", ["1234", "99"], BARE),
    (["1\u00a0234", "5"], ",", ["1234", "5"], BARE),
    (["1\u202f234\u00a0€", "98\u00a0€"], ";", ["1234", "98"], "numbers with €"),
    (["-R$\u00a012", "R$\u00a0-9"], ",", ["-12", "-9"], "numbers with R$"),
    (["31\u202f%", "4.5\u00a0%"], ",", ["31", "4.5"], "numbers with %"),
    (["12 months", "24 months"], ",", ["12", "24"], "numbers with months"),
    (["$5", "€5"], ",", None, ""),
    (["12a", "13b"], ",", None, ""),
    (["18-25", "26-35"], ",", None, ""),
    (["Plan 12", "Plan 13"], ",", None, ""),
]


@pytest.mark.parametrize(("cells", "separator", "expected", "words"), NUMBERS)
def test_numbers_are_read_as_people_write_them(
    tmp_path: Path, cells: list[str], separator: str, expected: list[str] | None, words: str
) -> None:
    rows = [["n", "other"], *([cell, "x"] for cell in cells)]
    raw_table = read(tmp_path, csv_text(rows, separator=separator))
    assert cells_of(raw_table, "n") == (expected or cells)
    about = [warning for warning in raw_table.warnings if warning.column == "n"]
    changed = sum(old != new for old, new in zip(cells, expected or cells, strict=True))
    assert [(r.problem, r.action, r.count) for r in about] == (
        [(words, "read as numbers", changed)] if words else []
    )
    assert raw_table.form["decimal"] == ("comma" if words == COMMAS else "point")


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary("int32", "string")])
def test_text_in_parquet_is_read_as_the_numbers_that_a_csv_has(
    tmp_path: Path, kind: pa.DataType
) -> None:
    # given the cells of each case that a CSV with commas has, as text
    cases = [case for case in NUMBERS if case[1] == ","]
    for cells, _, expected, words in cases:
        values = pa.array(cells, pa.string()).cast(kind)
        pq.write_table(pa.table({"n": values, "other": cells}), tmp_path / "t.parquet")
        # when it is read from Parquet, then cells, units and warnings are those of the CSV
        raw_table = read_raw_table(tmp_path / "t.parquet")
        as_csv = read(tmp_path, csv_text([["n", "other"], *([cell] * 2 for cell in cells)]))
        assert cells_of(raw_table, "n") == (expected or cells)
        assert raw_table.units == as_csv.units
        assert [str(w) for w in raw_table.warnings] == [str(w) for w in as_csv.warnings]
        assert {w.problem for w in raw_table.warnings} == ({words} if words else set())


def test_points_are_thousands_only_where_the_file_has_decimal_commas(tmp_path: Path) -> None:
    rows = [["n", "m"], ["1.234", "0,5"], ["999", "1,5"]]
    raw_table = read(tmp_path, csv_text(rows, separator=";"))
    assert cells_of(raw_table, "n") == ["1234", "999"]
    assert [r.problem for r in raw_table.warnings if r.column] == [POINTS, COMMAS]
    without = read(tmp_path, csv_text([["n", "m"], ["1.234", "x"], ["999", "y"]], separator=";"))
    assert cells_of(without, "n") == ["1.234", "999"]


def test_texts_that_are_numbers_and_those_that_are_none() -> None:
    numbers = ["1", "-2.5", "+3", ".5", "1.", "1e3", "1E-3", "007"]
    none = ["", "1_000", "0x10", "١٢", "1 000", "1,5", "--1", "1e", "e1", "½", "nan", "1.2.3"]
    assert np.isfinite(plain_numbers(pa.array(numbers))).all()
    assert np.isnan(plain_numbers(pa.array(none))).all()
    assert np.isinf(plain_numbers(pa.array(["inf", "-Infinity", "1e400"]))).all()


cell = st.text(
    st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs"]), max_size=12
).filter(lambda text: not text.strip().replace(",", "").replace(".", "").lstrip("+-").isdigit())
