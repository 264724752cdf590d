"""Delimited text as a table: which separator, which line is the header, which rows are none."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from scoring.errors import UserError
from stages.core.quantity import quantity
from stages.tables.layout import (
    MOST_NOTES,
    Header,
    common_width,
    find_header,
    first_records,
    is_sentence,
)
from stages.tables.text_encoding import Text
from stages.tables.validation import DataWarning

if TYPE_CHECKING:
    from pyarrow import csv as arrow_csv

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
MOSTLY = 0.9  # share of rows that are as wide as most of them, below a title
BLOCK = 8 << 20  # bytes that are parsed at a time, more than a row may have
FIRST_ROW = 2  # the header is row 1, as a spreadsheet counts
SHOWN = 3  # rows that a message names


def find_separator(sample: str, origin: str) -> str:
    """The separator under which most rows of the sample have as many cells as the header."""
    if not sample.strip():
        raise UserError(f"{origin}: empty; expected a header and rows of customers")
    for titled in (False, True):
        best = max(SEPARATORS, key=lambda sep: _agreement(sample, sep, titled=titled))
        if _agreement(sample, best, titled=titled)[0] > titled * MOSTLY:
            return best
    return ","


def _agreement(sample: str, separator: str, *, titled: bool) -> tuple[float, int]:
    """Share of the sample's rows as wide as its header, which is 0 for a single column; width.

    Where a title is above the header, the width is that of most rows.
    """
    try:
        lines = io.StringIO(sample.lstrip("\r\n"), newline="")
        rows = [row for row in csv.reader(lines, delimiter=separator) if row][:50]
    except csv.Error:
        return 0.0, 0
    width = common_width(rows) if titled else len(rows[0])
    whole = rows[1:-1] or rows[:1]  # the last one may be cut
    return (sum(len(row) == width for row in whole) / len(whole) if width > 1 else 0.0), width


def header_of(text: Text, separator: str, origin: str) -> Header:
    """The header: the first record that is not blank, or the first below the lines of a title."""
    try:
        with text.path.open(encoding="utf-8-sig", newline="") as file:
            return find_header(first_records(csv.reader(file, delimiter=separator)))
    except csv.Error as error:
        raise UserError(f"{origin}: row 1: {error}; expected a CSV header") from None


def parse(
    text: Text, separator: str, header: Header, origin: str
) -> tuple[pa.Table, NDArray[np.int64], list[DataWarning]]:
    """The table, its rows' places in the file, and what was left out.

    Lines of space alone are not in it, and neither are sentences below it.
    """
    odd: list[arrow_csv.InvalidRow] = []
    spaces: list[int] = []

    def keep(row: arrow_csv.InvalidRow) -> str:
        if row.text.strip():
            odd.append(row)
        else:
            spaces.append(row.number)
        return "skip"

    above, table = header.above, _read(text, separator, header, keep, origin)
    places = np.arange(above, above + table.num_rows + len(spaces))
    places = np.delete(places, np.array(spaces, int) - FIRST_ROW - above)
    below = [row.number for row in odd]
    if odd and _are_sentences_below(odd, int(places.max(initial=0)) + FIRST_ROW):
        rows = tuple(below[:SHOWN])
        warning = DataWarning(None, "a note below the table", "left out", len(odd), rows)
        return table, places, [warning]
    if odd:
        raise UserError(
            f"{origin}: row {odd[0].number}: {quantity(odd[0].actual_columns, 'cell')}; expected "
            f"{odd[0].expected_columns} as in the header. Is the file cut off, a quotation mark "
            f"never closed, or row 1 no header? ({quantity(len(odd), 'row')} of this kind)"
        )
    return table, places, []


def _read(
    text: Text,
    separator: str,
    header: Header,
    keep: Callable[[arrow_csv.InvalidRow], str],
    origin: str,
) -> pa.Table:
    """The rows as wide as the header, their cells as codes of texts; `keep` gets the others."""
    from pyarrow import csv as arrow_csv

    coded = pa.dictionary(pa.int32(), pa.string())
    try:
        return arrow_csv.read_csv(
            text.path,
            # Rows are numbered only where one thread reads.
            read_options=arrow_csv.ReadOptions(
                block_size=BLOCK, use_threads=False, skip_rows=header.above
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=separator,
                newlines_in_values=True,
                ignore_empty_lines=False,
                invalid_row_handler=keep,
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(header.names, coded), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:  # its message would show cells
        raise UserError(
            f"{origin}: not a table: the rows cannot be separated; expected every quotation mark "
            "to be closed"
        ) from None


def _are_sentences_below(odd: Sequence[arrow_csv.InvalidRow], last: int) -> bool:
    """Whether rows of another width are all sentences in one cell, with no customer below them."""
    return len(odd) <= MOST_NOTES and all(
        row.number > last and row.actual_columns == 1 and is_sentence(row.text) for row in odd
    )
