"""Reading a table: the same cells whatever program wrote it, and a word for what was found."""

from __future__ import annotations

import csv
import decimal
import gzip
import io
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scoring.errors import UserError
from stages.tables import text_encoding as encoding
from stages.tables.intake import RawTable, from_arrow, read_raw_table
from stages.tables.numerals import plain_numbers
from stages.tables.text_encoding import as_utf8

few = settings(max_examples=40, deadline=None, derandomize=True)

HEADER = ["id", "Größe des Pakets", "note", "spend"]
ROWS = [
    ["a1", "groß", 'says "no", never; mind\tthe|gap', "12.5"],
    ["a2", "klein", "two\nlines", "0.25"],
    ["a3", "", "", "1234.75"],
    ["a4", "groß", " spaced ", "-3"],
]
ENCODINGS = {
    "UTF-8": "utf-8",
    "UTF-8 with a mark": "utf-8-sig",
    "UTF-16": "utf-16",
    "Windows-1252": "cp1252",
}
LINE_ENDS = {"LF": "\n", "CRLF": "\r\n"}
SEPARATORS = {"commas": ",", "semicolons": ";", "tabs": "\t", "bars": "|"}


def written(
    rows: list[list[str]], *, separator: str = ",", end: str = "\n", quoting: int = 0
) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator=end, quoting=quoting)  # type: ignore[arg-type]
    writer.writerows(rows)
    return text.getvalue()


def zipped(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("folder/table.csv", content)
        archive.writestr("__MACOSX/folder/._table.csv", b"junk")
    return buffer.getvalue()


PACKED = {"none": bytes, "gzip": gzip.compress, "zip": zipped}


def read(folder: Path, content: bytes | str) -> RawTable:
    path = folder / "table.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_raw_table(path, origin="table.csv")


def column(raw_table: RawTable, name: str) -> list[str]:
    cells = raw_table.columns[name]
    return [cells.texts[int(code)].as_py() for code in cells.codes]


def rows_of(raw_table: RawTable) -> list[list[str]]:
    return [
        list(row) for row in zip(*(column(raw_table, n) for n in raw_table.columns), strict=True)
    ]


def rejection(folder: Path, content: bytes | str) -> str:
    with pytest.raises(UserError) as caught:
        read(folder, content)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def warnings(raw_table: RawTable) -> list[str]:
    return [str(warning) for warning in raw_table.warnings]


# --- dialects ----------------------------------------------------------------------------------


@pytest.mark.parametrize("compression", PACKED)
@pytest.mark.parametrize("ends", LINE_ENDS)
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
@pytest.mark.parametrize("coded", ENCODINGS)
@pytest.mark.parametrize("separator", SEPARATORS)
def test_every_dialect_reads_to_the_same_cells(
    tmp_path: Path, separator: str, coded: str, quoting: int, ends: str, compression: str
) -> None:
    text = written(
        [HEADER, *ROWS],
        separator=SEPARATORS[separator],
        end=LINE_ENDS[ends],
        quoting=quoting,
    )
    raw_table = read(tmp_path, PACKED[compression](text.encode(ENCODINGS[coded])))
    assert list(raw_table.columns) == HEADER
    assert rows_of(raw_table) == ROWS
    # a line break inside a cell stays as it is, so CRLF around it makes line ends mixed
    found = "mixed" if ends == "CRLF" else ends
    assert raw_table.form == {
        "compression": compression,
        "encoding": coded,
        "line_ends": found,
        "separator": separator,
        "decimal": "point",
    }
    expected = [f"encoded in {coded}: read accordingly"] if not coded.startswith("UTF-8") else []
    expected += ["mixed line ends: read accordingly"] if found == "mixed" else []
    expected += [f"separated by {separator}: read accordingly"] if separator != "commas" else []
    assert warnings(raw_table) == expected


@pytest.mark.parametrize(
    ("end", "name", "words"),
    [
        ("\r\n", "CRLF", ["Windows line ends: read accordingly"]),
        ("\r", "CR", ["old Macintosh line ends: read accordingly"]),
        ("\r\r\n", "mixed", ["mixed line ends: read accordingly"]),
    ],
)
def test_line_ends_are_reported(tmp_path: Path, end: str, name: str, words: list[str]) -> None:
    plain = [["id", "n"], ["a", "1"], ["b", "2"]]
    raw_table = read(tmp_path, written(plain, end=end))
    # "\r\r\n", which Python's csv module writes on Windows by mistake, is a blank line each time
    assert [warning for warning in warnings(raw_table) if not warning.startswith("blank")] == words
    assert raw_table.form["line_ends"] == name
    assert rows_of(raw_table) == plain[1:]


def test_mixed_line_ends_are_read(tmp_path: Path) -> None:
    raw_table = read(tmp_path, "a,b\r\n1,2\n3,4\r5,6\r\n")
    assert rows_of(raw_table) == [["1", "2"], ["3", "4"], ["5", "6"]]
    assert raw_table.form["line_ends"] == "mixed"


def test_bytes_that_windows_does_not_know_are_latin_1(tmp_path: Path) -> None:
    raw_table = read(tmp_path, b"a,b\n\x81\xe4,2\n")
    assert raw_table.form["encoding"] == "Latin-1"
    assert column(raw_table, "a") == ["\x81ä"]


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf_16_of_either_order_by_its_mark(tmp_path: Path, codec: str) -> None:
    raw_table = read(tmp_path, ("\ufeff" + written([HEADER, *ROWS])).encode(codec))
    assert rows_of(raw_table) == ROWS
    assert list(raw_table.columns) == HEADER


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize("codec", ["utf-8", "utf-16", "cp1252"])
def test_nothing_is_lost_between_chunks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, codec: str
) -> None:
    # characters of several bytes and CRLF lie across every border of such chunks
    monkeypatch.setattr(encoding, "CHUNK", size)
    path = tmp_path / "t.csv"
    text = "größe,ß\r\nä€,é\r\nü,ö\r\n"
    path.write_bytes(text.encode(codec))
    with as_utf8(path, origin="t.csv") as found:
        assert found.path.read_bytes().decode("utf-8-sig") == text
        assert found.form["line_ends"] == "CRLF"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("size", [1, 2, 3, 1 << 20])
def test_the_row_of_a_nul_byte_is_right_wherever_chunks_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str, size: int
) -> None:
    monkeypatch.setattr(encoding, "CHUNK", size)
    content = written([["a", "b"], ["1", "2"], ["3", "\0"], ["5", "6"]], end=end)
    assert "row 3: a NUL byte" in rejection(tmp_path, content)


# --- headers -----------------------------------------------------------------------------------


def test_names_are_trimmed_and_on_one_line_and_nameless_columns_are_numbered(
    tmp_path: Path,
) -> None:
    raw_table = read(tmp_path, ' id ,,"two\r\nlines","a\x1b[31mb",  \n1,2,3,4,5\n')
    names = ["id", "(column 2)", "two lines", "a [31mb", "(column 5)"]
    assert list(raw_table.columns) == names
    assert rows_of(raw_table) == [["1", "2", "3", "4", "5"]]


def test_a_header_of_any_length_is_read(tmp_path: Path) -> None:
    names = [f"{'long' * 200} {place}" for place in range(200)]  # beyond what tells the separator
    raw_table = read(tmp_path, written([names, ["1"] * 200]))
    assert list(raw_table.columns) == names


@pytest.mark.parametrize("header", ["a,b,a", "a,b, a ", '"a\nb",c,a b'])
def test_a_name_twice_is_refused(tmp_path: Path, header: str) -> None:
    assert "twice in the header" in rejection(tmp_path, header + "\n1,2,3\n")


def test_names_that_differ_by_case_are_two(tmp_path: Path) -> None:
    assert list(read(tmp_path, "a,A\n1,2\n").columns) == ["a", "A"]


# --- blank lines and row numbers ---------------------------------------------------------------


@pytest.mark.parametrize("end", ["\n\n\n", "\r\n\r\n", "\n   \n", "\n,\n,\n", ""])
def test_blank_lines_at_the_end_are_nothing(tmp_path: Path, end: str) -> None:
    raw_table = read(tmp_path, "a,b\n1,2" + end)
    assert rows_of(raw_table) == [["1", "2"]]
    assert not [words for words in warnings(raw_table) if "blank" in words]


@pytest.mark.parametrize("blank", ["", "   ", ",", " , "])
def test_blank_lines_between_are_left_out_and_still_counted(tmp_path: Path, blank: str) -> None:
    raw_table = read(tmp_path, f"\n{blank}\na,b\n1,2\n{blank}\n{blank}\n3,4\n")
    assert rows_of(raw_table) == [["1", "2"], ["3", "4"]]
    assert [raw_table.number(row) for row in range(2)] == [4, 7]
    assert [raw_table.sample(1).number(0)] == [4]


def test_rows_are_numbered_as_a_spreadsheet_does(tmp_path: Path) -> None:
    start = 'a,b\n"two\nlines",2\n\n3,4\n'
    assert "row 5: 3 cells; expected 2" in rejection(tmp_path, start + "5,6,7\n")
    long = "x" * 40_000
    assert f"column b: row 5: a cell of {len(long):,}" in rejection(tmp_path, start + f"5,{long}\n")


def test_a_table_of_blank_lines_has_no_rows(tmp_path: Path) -> None:
    assert read(tmp_path, "a,b\n,\n,\n").rows == 0


# --- numbers -----------------------------------------------------------------------------------

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
    raw_table = read(tmp_path, written(rows, separator=separator))
    assert column(raw_table, "n") == (expected or cells)
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
        as_csv = read(tmp_path, written([["n", "other"], *([cell] * 2 for cell in cells)]))
        assert column(raw_table, "n") == (expected or cells)
        assert raw_table.units == as_csv.units
        assert [str(w) for w in raw_table.warnings] == [str(w) for w in as_csv.warnings]
        assert {w.problem for w in raw_table.warnings} == ({words} if words else set())


def test_points_are_thousands_only_where_the_file_has_decimal_commas(tmp_path: Path) -> None:
    rows = [["n", "m"], ["1.234", "0,5"], ["999", "1,5"]]
    raw_table = read(tmp_path, written(rows, separator=";"))
    assert column(raw_table, "n") == ["1234", "999"]
    assert [r.problem for r in raw_table.warnings if r.column] == [POINTS, COMMAS]
    without = read(tmp_path, written([["n", "m"], ["1.234", "x"], ["999", "y"]], separator=";"))
    assert column(without, "n") == ["1.234", "999"]


def test_texts_that_are_numbers_and_those_that_are_none() -> None:
    numbers = ["1", "-2.5", "+3", ".5", "1.", "1e3", "1E-3", "007"]
    none = ["", "1_000", "0x10", "١٢", "1 000", "1,5", "--1", "1e", "e1", "½", "nan", "1.2.3"]
    assert np.isfinite(plain_numbers(pa.array(numbers))).all()
    assert np.isnan(plain_numbers(pa.array(none))).all()
    assert np.isinf(plain_numbers(pa.array(["inf", "-Infinity", "1e400"]))).all()


# --- the separator -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "separator"),
    [
        ('a,b\n"1;2;3","4;5"\n', "commas"),
        ('a;b\n"1,5";"2,5"\n1,5;2,5\n', "semicolons"),
        ("a\n1\n2\n", "commas"),
        ("a,b c,d\n1,2 3,4\n", "commas"),
        ("a|b\n1,1|2,2\n", "bars"),
        ('a,b\n"x, y","z"\n', "commas"),
        ("a\tb\n1 000\t2\n", "tabs"),
    ],
)
def test_the_separator_is_the_one_that_gives_rows_of_one_width(
    tmp_path: Path, text: str, separator: str
) -> None:
    assert read(tmp_path, text).form["separator"] == separator


# --- what is no table --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a,b\n1,2,\n3,4,\n", "row 2: 3 cells; expected 2 as in the header"),
        (b'a,b\n"1,2\n3,4\n', "expected 2 as in the header"),
        (b'"a,b\n' + b"1,2\n" * 40_000, "row 1: "),
        (b"<!DOCTYPE html><html>", "a web page or XML"),
        (b'\xef\xbb\xbf <?xml version="1.0"?>', "a web page or XML"),
        (b'{"a": 1}\n{"a": 2}\n', "this is JSON"),
        (b'[{"a": 1}, {"a": 2}]', "this is JSON"),
        ("a,b\n1,2\n".encode("utf-16-le"), "a NUL byte"),
        (b"PK\x03\x04 and no more", "cannot be unpacked"),
        (gzip.compress(b"a,b\n1,2\n", mtime=0) + b"and more", "cannot be unpacked"),
    ],
)
def test_what_is_no_table_is_refused_in_one_line(
    tmp_path: Path, content: bytes, words: str
) -> None:
    assert words in rejection(tmp_path, content)


def test_a_zip_with_a_password_is_refused(tmp_path: Path) -> None:
    packed = bytearray(zipped(b"a,b\n1,2\n"))
    packed[6] |= 1  # the mark of a locked file, in its own header and in the archive's
    packed[packed.index(b"PK\x01\x02") + 8] |= 1
    assert "cannot be unpacked" in rejection(tmp_path, bytes(packed))


# --- any cells ---------------------------------------------------------------------------------

cell = st.text(
    st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs"]), max_size=12
).filter(lambda text: not text.strip().replace(",", "").replace(".", "").lstrip("+-").isdigit())


@few
@given(
    rows=st.lists(st.lists(cell, min_size=2, max_size=2), min_size=1, max_size=6),
    separator=st.sampled_from([",", ";", "\t", "|"]),
    end=st.sampled_from(["\n", "\r\n"]),
)
@example(rows=[["\r", "\n"], ['"', '""'], ["\u2028", "\x85"]], separator=",", end="\r\n")
def test_what_a_csv_writer_wrote_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], separator: str, end: str
) -> None:
    text = written([["a", "b"], *rows], separator=separator, end=end, quoting=csv.QUOTE_ALL)
    raw_table = read(tmp_path_factory.mktemp("any"), text)
    assert rows_of(raw_table) == [row for row in rows if "".join(row).strip()]
    numbers = [raw_table.number(row) for row in range(raw_table.rows)]
    assert numbers == [place for place, row in enumerate(rows, start=2) if "".join(row).strip()]


# --- Parquet -----------------------------------------------------------------------------------


def test_parquet_of_any_types_comes_in_as_text(tmp_path: Path) -> None:
    moment = datetime(2026, 1, 31, 12, tzinfo=UTC)
    table = pa.table(
        {
            "integer": pa.array([1, None, 3]),
            "float": pa.array([1.0, float("nan"), 2.5]),
            "boolean": pa.array([True, False, None]),
            "decimal": pa.array([decimal.Decimal("1.50"), None, decimal.Decimal("-2.25")]),
            "day": pa.array([date(2026, 1, 31), None, date(2026, 2, 1)]),
            "moment": pa.array([moment, moment, None]),
            "coded": pa.array(["a", None, "a"]).dictionary_encode(),
            "large": pa.array(["ä", "", None], pa.large_string()),
            "nothing": pa.nulls(3),
        }
    )
    path = tmp_path / "a=b" / "table.parquet"  # a folder that could be taken for a column
    path.parent.mkdir()
    pq.write_table(table, path)
    raw_table = read_raw_table(path)
    assert {name: column(raw_table, name) for name in raw_table.columns} == {
        "integer": ["1", "", "3"],
        "float": ["1", "", "2.5"],
        "boolean": ["true", "false", ""],
        "decimal": ["1.50", "", "-2.25"],
        "day": ["2026-01-31", "", "2026-02-01"],
        "moment": ["2026-01-31 12:00:00.000000Z"] * 2 + [""],
        "coded": ["a", "", "a"],
        "large": ["ä", "", ""],
        "nothing": ["", "", ""],
    }
    assert (raw_table.form, raw_table.warnings) == ({"format": "Parquet"}, ())


def test_parquet_in_several_row_groups_is_one_table(tmp_path: Path) -> None:
    values = [f"v{place % 7}" for place in range(100)]
    pq.write_table(
        pa.table({"a": pa.array(values).dictionary_encode()}),
        tmp_path / "t.parquet",
        row_group_size=9,
    )
    assert column(read_raw_table(tmp_path / "t.parquet"), "a") == values


@pytest.mark.parametrize(
    "values", [pa.array([[1], [2]]), pa.array([{"a": 1}]), pa.array([b"\xff"])]
)
def test_what_is_no_cell_is_refused_by_column(values: pa.Array) -> None:
    with pytest.raises(UserError, match=r"x: column c: holds .*; expected numbers, text or dates"):
        from_arrow(pa.table({"c": values}), origin="x")


def test_a_sample_is_spread_over_the_table() -> None:
    raw_table = from_arrow(pa.table({"a": [str(n) for n in range(100)]}), origin="x")
    assert column(raw_table.sample(3), "a") == ["0", "49", "99"]
    assert raw_table.sample(100) is raw_table
