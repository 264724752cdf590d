"""Reading a customer file as text, cell by cell, whatever program wrote it.

CSV with comma, semicolon, tab or bar; UTF-8, UTF-16 by its mark, else Windows-1252; any line ends;
plain, gzip or zip; decimal point or comma. Parquet comes in the same way. What had to be found out
is handed on as `Remark`s, so that nobody wonders why a file was read as it was.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stages.core.errors import UserError
from stages.core.paths import relative
from stages.customers.encoding import Text, as_utf8
from stages.customers.validation import Remark

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
LONGEST_CELL = 32_767  # characters; what a spreadsheet holds
SAMPLE = 64 * 1024  # bytes that tell the separator
BLOCK = 8 << 20  # bytes that are parsed at a time, more than a row may have
FIRST_ROW = 2  # the header is row 1, as a spreadsheet counts
COMMA_DECIMAL = r"^[-+]?(\d+|\d{1,3}(\.\d{3})+)(,\d+)?$"
NUMBER = r"^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$"
GROUPED = r"^[-+]?\d{1,3}(,\d{3})+(\.\d+)?$"


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
    """A table as it came, every cell text: columns of equal length in the file's order."""

    columns: Mapping[str, Cells]
    rows: int
    form: Mapping[str, str] = field(default_factory=dict)
    remarks: tuple[Remark, ...] = ()

    def sample(self, size: int) -> Arrival:
        """At most `size` rows, spread evenly over the table."""
        if self.rows <= size:
            return self
        kept = np.linspace(0, self.rows - 1, size).astype(int)
        columns = {name: Cells(c.texts, c.codes[kept]) for name, c in self.columns.items()}
        return Arrival(columns, size, self.form, self.remarks)


def read_arrival(path: Path, *, origin: str = "") -> Arrival:
    """Every cell of a CSV or Parquet file as text.

    `origin` is how messages call the file. `UserError` where it is missing, empty, not text, or not
    a table.
    """
    origin = origin or relative(path)
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
        table = pq.read_table(path)
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
    sample = text.head(SAMPLE)
    separator = _separator(sample, origin)
    raw_names = _header(sample, separator, origin)
    names = _checked_names(raw_names, origin)
    table = _parse(text, separator, raw_names, origin)
    columns = {name: _cells(values) for name, values in zip(names, table.columns, strict=True)}
    _check_lengths(columns, origin)
    columns, decimal = _with_decimal_points(columns, separator)
    form = text.form | {
        "separator": SEPARATORS[separator],
        "decimal": "comma" if decimal else "point",
    }
    return Arrival(columns, table.num_rows, form, (*_remarks(text, separator), *decimal))


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
        rows = list(csv.reader(io.StringIO(sample), delimiter=separator))[:50]
    except csv.Error:
        return 0.0, 0
    width = len(rows[0])
    whole = rows[1:-1] or rows[:1]  # the last one may be cut
    return (sum(len(row) == width for row in whole) / len(whole) if width > 1 else 0.0), width


def _header(sample: str, separator: str, origin: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(sample), delimiter=separator))
    except csv.Error as error:
        raise UserError(f"{origin}: row 1: {error}; expected a CSV header") from None


def _checked_names(found: list[str], origin: str) -> list[str]:
    """Names of the columns without the space around them; a nameless one is called by its place."""
    names = [name.strip() or f"(column {place})" for place, name in enumerate(found, start=1)]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise UserError(f"{origin}: column {repeated[0]}: twice in the header; expected once")
    return names


def _parse(text: Text, separator: str, names: list[str], origin: str) -> pa.Table:
    from pyarrow import csv as arrow_csv

    odd: list[arrow_csv.InvalidRow] = []

    def keep(row: arrow_csv.InvalidRow) -> str:
        odd.append(row)
        return "skip"

    coded = pa.dictionary(pa.int32(), pa.string())
    try:
        table = arrow_csv.read_csv(
            text.path,
            # Rows are numbered only where one thread reads.
            read_options=arrow_csv.ReadOptions(block_size=BLOCK, use_threads=False),
            parse_options=arrow_csv.ParseOptions(
                delimiter=separator, newlines_in_values=True, invalid_row_handler=keep
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
            f"{odd[0].expected_columns} as in the header. Is the file cut off, or a quotation mark "
            f"never closed? ({_many(len(odd), 'row')} of this kind)"
        )
    return table


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _check_lengths(columns: Mapping[str, Cells], origin: str) -> None:
    for name, cells in columns.items():
        lengths = pc.utf8_length(cells.texts).to_numpy(zero_copy_only=False)
        if len(lengths) and lengths.max() > LONGEST_CELL:
            row = cells.rows_of(lengths > LONGEST_CELL)[0] + FIRST_ROW
            raise UserError(
                f"{origin}: column {name}: row {row}: a cell of {lengths.max():,} characters; "
                f"expected at most {LONGEST_CELL:,}"
            )


def _with_decimal_points(
    columns: Mapping[str, Cells], separator: str
) -> tuple[dict[str, Cells], list[Remark]]:
    """Columns of numbers written with a decimal comma, or with commas between thousands, mended."""
    mended, remarks = dict(columns), []
    for name, cells in columns.items():
        texts = pc.utf8_trim_whitespace(cells.texts)
        has_comma = pc.match_substring_regex(texts, r"^[-+]?[\d.]*\d,\d+(\.\d+)?$")
        if not pc.any(has_comma).as_py():
            continue
        found = _comma_meaning(texts, separator)
        if found is None:
            continue
        written, point = found
        mended[name] = Cells(point, cells.codes)
        count = int(np.isin(cells.codes, np.flatnonzero(has_comma)).sum())
        remarks.append(Remark(name, written, "read as numbers", count))
    return mended, remarks


def _comma_meaning(texts: pa.StringArray, separator: str) -> tuple[str, pa.StringArray] | None:
    """What a comma in the texts stands for, and the texts with a decimal point; None if neither."""
    told = pc.filter(texts, pc.match_substring_regex(texts, r"\d"))
    if separator == "," and _all_match(told, f"{GROUPED}|^[-+]?\\d+(\\.\\d+)?$"):
        return "commas between thousands", pc.replace_substring(texts, ",", "")
    if _all_match(told, COMMA_DECIMAL):
        without_groups = pc.replace_substring_regex(texts, r"\.(\d{3})", r"\1")
        return "decimal commas", pc.replace_substring(without_groups, ",", ".")
    return None


def _all_match(texts: pa.StringArray, pattern: str) -> bool:
    return bool(pc.all(pc.match_substring_regex(texts, pattern)).as_py())


def _remarks(text: Text, separator: str) -> list[Remark]:
    found = list(text.remarks)
    if separator != ",":
        found.append(Remark(None, f"separated by {SEPARATORS[separator]}", "read so"))
    return found


def plain_numbers(texts: pa.StringArray) -> NDArray[np.float64]:
    """Texts as numbers, NaN where one is none: (d,) float64."""
    number = pc.match_substring_regex(texts, NUMBER)
    return pc.if_else(number, texts, None).cast(pa.float64()).to_numpy(zero_copy_only=False)
