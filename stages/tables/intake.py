"""Reading a customer file as text, cell by cell, whatever program wrote it.

CSV with comma, semicolon, tab or bar; UTF-8, UTF-16 by its mark, else Windows-1252; any line ends;
plain, gzip or zip; decimal point or comma. Parquet comes in the same way. What had to be found out
is handed on as `Remark`s, so that nobody wonders why a file was read as it was.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from scoring.errors import UserError
from stages.core.paths import shown
from stages.tables.numerals import DECIMAL_COMMAS, comma_meaning, point_meaning
from stages.tables.text_encoding import Text, as_utf8
from stages.tables.validation import Remark

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
SHOWN = 3  # rows that a message names
LONGEST_CELL = 32_767  # characters; what a spreadsheet holds
SAMPLE = 64 * 1024  # bytes that tell the separator
BLOCK = 8 << 20  # bytes that are parsed at a time, more than a row may have
FIRST_ROW = 2  # the header is row 1, as a spreadsheet counts
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")  # line breaks too: a message is one line


@dataclass(frozen=True)
class Cells:
    """The cells of a column: `texts`, each once, and per row its place among them, (n,) int."""

    texts: pa.StringArray
    codes: NDArray[np.int32]

    @property
    def counts(self) -> NDArray[np.int64]:
        """Rows that hold each of the texts."""
        return np.bincount(self.codes, minlength=len(self.texts))

    def rows_of(self, which: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Positions of the rows whose text is marked in `which` (one mark per text)."""
        return np.flatnonzero(which[self.codes])


@dataclass(frozen=True)
class Arrival:
    """A table as it came, every cell text: columns of equal length in the file's order.

    `places` (rows,) are the rows' places in the file where blank lines were left out; `units` are
    those that stood next to the numbers of a column.
    """

    columns: Mapping[str, Cells]
    rows: int
    form: Mapping[str, str] = field(default_factory=dict)
    remarks: tuple[Remark, ...] = ()
    places: NDArray[np.int64] | None = None
    units: Mapping[str, str] = field(default_factory=dict)

    def number(self, row: int) -> int:
        """The number of a row as a spreadsheet shows it, from its place in the table."""
        return int(row if self.places is None else self.places[row]) + FIRST_ROW

    def numbered(self, remark: Remark) -> Remark:
        """A remark on places in the table as one on rows of the file."""
        return replace(remark, rows=tuple(self.number(row) for row in remark.rows))

    def without(self, blank: NDArray[np.bool_]) -> Arrival:
        """The table less the marked rows (rows,)."""
        places = np.arange(self.rows) if self.places is None else self.places
        columns = {name: Cells(c.texts, c.codes[~blank]) for name, c in self.columns.items()}
        return replace(self, columns=columns, rows=int((~blank).sum()), places=places[~blank])

    def sample(self, size: int) -> Arrival:
        """At most `size` rows, spread evenly over the table."""
        if self.rows <= size:
            return self
        kept = np.linspace(0, self.rows - 1, size).astype(int)
        columns = {name: Cells(c.texts, c.codes[kept]) for name, c in self.columns.items()}
        places = None if self.places is None else self.places[kept]
        return replace(self, columns=columns, rows=size, places=places)


def read_arrival(path: Path, *, origin: str = "") -> Arrival:
    """Every cell of a CSV or Parquet file as text.

    `origin` is how messages call the file. `UserError` where it is missing, empty, not text, or not
    a table.
    """
    origin = origin or shown(path)
    if not path.is_file():
        raise UserError(f"{origin}: no such file; expected a CSV or Parquet file")
    with path.open("rb") as file:
        magic = file.read(4)
    if magic == b"PAR1":
        return _read_parquet(path, origin)
    with as_utf8(path, origin=origin) as text:
        return _read_csv(text, origin)


def _read_parquet(path: Path, origin: str) -> Arrival:
    import pyarrow.parquet as pq

    try:
        with path.open("rb") as file:  # given a path, folders called `a=b` would become columns
            table = pq.read_table(file)
    except (pa.ArrowInvalid, OSError):
        raise UserError(f"{origin}: not a whole Parquet file; expected a table") from None
    return from_arrow(table, origin=origin, form={"format": "Parquet"})


def from_arrow(table: pa.Table, *, origin: str, form: Mapping[str, str] | None = None) -> Arrival:
    """An Arrow table of any types, its cells as a CSV would have them (absent ones blank)."""
    names = _checked_names(table.column_names, origin)
    columns = {}
    for name, values in zip(names, table.columns, strict=True):
        try:
            columns[name] = _cells(_as_text(values))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            raise UserError(
                f"{origin}: column {name}: holds {values.type}; expected numbers, text or dates"
            ) from None
    return Arrival(columns, table.num_rows, form or {})


def _as_text(values: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    if pa.types.is_floating(values.type):
        values = pc.if_else(pc.is_nan(values), None, values)
    return pc.fill_null(values.cast(pa.string()), "")


def _cells(values: pa.ChunkedArray) -> Cells:
    coded = values.unify_dictionaries().combine_chunks()
    if isinstance(coded, pa.ChunkedArray):  # of no rows
        coded = pa.array([], values.type)
    if not pa.types.is_dictionary(coded.type):
        coded = coded.dictionary_encode()
    return Cells(coded.dictionary, coded.indices.to_numpy(zero_copy_only=False))


def _read_csv(text: Text, origin: str) -> Arrival:
    separator = _separator(text.head(SAMPLE), origin)
    raw_names, above = _header(text, separator, origin)
    names = _checked_names(raw_names, origin)
    table, places = _parse(text, separator, raw_names, above, origin)
    columns = {name: _cells(values) for name, values in zip(names, table.columns, strict=True)}
    _check_lengths(columns, places, origin)
    columns, decimal = _with_decimal_points(columns, separator)
    form = text.form | {
        "separator": SEPARATORS[separator],
        "decimal": "comma" if any(r.problem == DECIMAL_COMMAS for r in decimal) else "point",
    }
    remarks = (*_remarks(text, separator), *decimal)
    return _without_blank_rows(Arrival(columns, table.num_rows, form, remarks, places))


def _separator(sample: str, origin: str) -> str:
    """The separator under which most rows of the sample have as many cells as the header."""
    if not sample.strip():
        raise UserError(f"{origin}: empty; expected a header and rows of customers")
    best = max(SEPARATORS, key=lambda separator: _agreement(sample, separator))
    if _agreement(sample, best)[0] == 0:
        return ","
    return best


def _agreement(sample: str, separator: str) -> tuple[float, int]:
    """Share of the sample's rows as wide as its header, which is 0 for a single column; width."""
    try:
        lines = io.StringIO(sample.lstrip("\r\n"), newline="")
        rows = [row for row in csv.reader(lines, delimiter=separator) if row][:50]
    except csv.Error:
        return 0.0, 0
    width = len(rows[0])
    whole = rows[1:-1] or rows[:1]  # the last one may be cut
    return (sum(len(row) == width for row in whole) / len(whole) if width > 1 else 0.0), width


def _header(text: Text, separator: str, origin: str) -> tuple[list[str], int]:
    """The cells of the first line that is not blank, and how many are above it."""
    try:
        with text.path.open(encoding="utf-8-sig", newline="") as file:
            rows = enumerate(csv.reader(file, delimiter=separator))
            return next((row, above) for above, row in rows if "".join(row).strip())
    except csv.Error as error:
        raise UserError(f"{origin}: row 1: {error}; expected a CSV header") from None


def _checked_names(found: list[str], origin: str) -> list[str]:
    """Names of the columns on one line each; a nameless one is called by its place."""
    tidy = [CONTROL.sub(" ", name).strip() for name in found]
    names = [name or f"(column {place})" for place, name in enumerate(tidy, start=1)]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise UserError(f"{origin}: column {repeated[0]}: twice in the header; expected once")
    return names


def _parse(
    text: Text, separator: str, names: list[str], above: int, origin: str
) -> tuple[pa.Table, NDArray[np.int64]]:
    """The table, and its rows' places in the file: lines of space alone are not in it."""
    from pyarrow import csv as arrow_csv

    odd: list[arrow_csv.InvalidRow] = []
    spaces: list[int] = []

    def keep(row: arrow_csv.InvalidRow) -> str:
        if row.text.strip():
            odd.append(row)
        else:
            spaces.append(row.number)
        return "skip"

    coded = pa.dictionary(pa.int32(), pa.string())
    try:
        table = arrow_csv.read_csv(
            text.path,
            # Rows are numbered only where one thread reads.
            read_options=arrow_csv.ReadOptions(
                block_size=BLOCK, use_threads=False, skip_rows=above
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=separator,
                newlines_in_values=True,
                ignore_empty_lines=False,
                invalid_row_handler=keep,
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, coded), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:  # its message would show cells
        raise UserError(
            f"{origin}: not a table: the rows cannot be told apart; expected every quotation mark "
            "to be closed"
        ) from None
    if odd:
        raise UserError(
            f"{origin}: row {odd[0].number}: {_many(odd[0].actual_columns, 'cell')}; expected "
            f"{odd[0].expected_columns} as in the header. Is the file cut off, a quotation mark "
            f"never closed, or row 1 no header? ({_many(len(odd), 'row')} of this kind)"
        )
    places = np.arange(above, above + table.num_rows + len(spaces))
    return table, np.delete(places, np.array(spaces, int) - FIRST_ROW - above)


def _without_blank_rows(arrival: Arrival) -> Arrival:
    """The table less rows in which every cell is blank; a word if they were not at its end."""
    blank = np.ones(arrival.rows, bool)
    for cells in arrival.columns.values():
        empty = pc.equal(pc.utf8_trim_whitespace(cells.texts), "").to_numpy(zero_copy_only=False)
        blank &= empty[cells.codes]
        if not blank.any():
            return arrival
    rows = np.flatnonzero(blank)
    between = rows[rows < np.flatnonzero(~blank).max(initial=-1)]
    remark = Remark(None, "blank", "left out", len(between), tuple(map(int, between[:SHOWN])))
    found = (*arrival.remarks, *([arrival.numbered(remark)] if len(between) else []))
    return replace(arrival.without(blank), remarks=found)


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _check_lengths(columns: Mapping[str, Cells], places: NDArray[np.int64], origin: str) -> None:
    for name, cells in columns.items():
        lengths = pc.utf8_length(cells.texts).to_numpy(zero_copy_only=False)
        if len(lengths) and lengths.max() > LONGEST_CELL:
            row = places[cells.rows_of(lengths > LONGEST_CELL)[0]] + FIRST_ROW
            raise UserError(
                f"{origin}: column {name}: row {row}: a cell of {lengths.max():,} characters; "
                f"expected at most {LONGEST_CELL:,}"
            )


def _with_decimal_points(
    columns: Mapping[str, Cells], separator: str
) -> tuple[dict[str, Cells], list[Remark]]:
    """Columns of numbers written with decimal commas or marks between thousands, mended."""
    found = {name: comma_meaning(cells.texts, separator) for name, cells in columns.items()}
    if any(meaning and meaning[0] == DECIMAL_COMMAS for meaning in found.values()):
        found |= {n: point_meaning(columns[n].texts) for n, meaning in found.items() if not meaning}
    mended, remarks = dict(columns), []
    for name, meaning in found.items():
        if meaning is not None:
            written, texts, changed = meaning
            mended[name] = Cells(texts, columns[name].codes)
            rows = columns[name].rows_of(changed)
            remarks.append(Remark(name, written, "read as numbers", len(rows)))
    return mended, remarks


def _remarks(text: Text, separator: str) -> list[Remark]:
    found = list(text.remarks)
    if separator != ",":
        found.append(Remark(None, f"separated by {SEPARATORS[separator]}", "read so"))
    return found
