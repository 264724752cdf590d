"""Reading a table: the same cells whatever program wrote it, and a word for what was found."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scoring.errors import UserError
from stages.tables import text_encoding as encoding
from stages.tables.intake import RawTable, read_raw_table
from stages.tables.text_encoding import as_utf8
from tests.raw_tables import cells_of, csv_text, read

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


def zipped(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("folder/table.csv", content)
        archive.writestr("__MACOSX/folder/._table.csv", b"junk")
    return buffer.getvalue()


PACKED = {"none": bytes, "gzip": gzip.compress, "zip": zipped}


def rows_of(raw_table: RawTable) -> list[list[str]]:
    return [
        list(row) for row in zip(*(cells_of(raw_table, n) for n in raw_table.columns), strict=True)
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
    text = csv_text(
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
    hint = "; if letters look wrong, say which it is: ENCODING=windows-1250 (--encoding)"
    guessed = hint if "1252" in coded else ""
    words = f"encoded in {coded}: read accordingly{guessed}"
    expected = [words] if not coded.startswith("UTF-8") else []
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
    raw_table = read(tmp_path, csv_text(plain, end=end))
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
    assert cells_of(raw_table, "a") == ["\x81ä"]


@pytest.mark.parametrize(
    ("named", "word"),
    [
        ("windows-1250", "Łódź"),
        ("Shift_JIS", "東京ソ"),  # a letter whose second byte is a backslash
        ("iso2022_jp", "東京"),  # of ASCII bytes alone
        ("koi8-r", "Москва"),
        ("utf-16-le", "Łódź"),  # without a mark
        ("utf-8", "Łódź"),
    ],
)
def test_text_is_read_in_the_encoding_that_is_named(tmp_path: Path, named: str, word: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(f"id,{word}\n1,{word}\n".encode(named))
    raw_table = read_raw_table(path, encoding=named)
    assert list(raw_table.columns) == ["id", word]
    assert rows_of(raw_table) == [["1", word]]
    assert warnings(raw_table) == []


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16"])
def test_what_tells_its_encoding_is_not_read_in_another_one(tmp_path: Path, codec: str) -> None:
    # as the lists that score writes, next to a table of a system that writes Windows-1250
    path = tmp_path / "t.csv"
    path.write_bytes("id,Łódź\n1,ź\n".encode(codec))
    raw_table = read_raw_table(path, encoding="windows-1250")
    assert rows_of(raw_table) == [["1", "ź"]]
    found = raw_table.form["encoding"]
    assert warnings(raw_table) == [f"encoded in {found}, not in windows-1250: read accordingly"]


@pytest.mark.parametrize("size", [1, 2, 3, 1 << 20])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("named", "wrong"), [("shift_jis", b"\x81\x00"), ("utf-8", b"\xe9,1"), ("ascii", b"\xe9")]
)
def test_the_row_and_the_byte_of_what_is_not_in_that_encoding_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str, wrong: bytes, end: str, size: int
) -> None:
    monkeypatch.setattr(encoding, "CHUNK", size)
    before = f"id,a{end}1,2{end}3,".encode()
    (tmp_path / "t.csv").write_bytes(before + wrong + end.encode())
    with pytest.raises(UserError) as caught:
        read_raw_table(tmp_path / "t.csv", origin="t.csv", encoding=named)
    assert str(caught.value) == (
        f"t.csv: row 3, byte {len(before) + 1}: broken {named} text; expected {named} throughout"
    )


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf_16_of_either_order_by_its_mark(tmp_path: Path, codec: str) -> None:
    raw_table = read(tmp_path, ("\ufeff" + csv_text([HEADER, *ROWS])).encode(codec))
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
    content = csv_text([["a", "b"], ["1", "2"], ["3", "\0"], ["5", "6"]], end=end)
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
    raw_table = read(tmp_path, csv_text([names, ["1"] * 200]))
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
    text = csv_text([["a", "b"], *rows], separator=separator, end=end, quoting=csv.QUOTE_ALL)
    raw_table = read(tmp_path_factory.mktemp("any"), text)
    assert rows_of(raw_table) == [row for row in rows if "".join(row).strip()]
    numbers = [raw_table.number(row) for row in range(raw_table.rows)]
    assert numbers == [place for place, row in enumerate(rows, start=2) if "".join(row).strip()]
