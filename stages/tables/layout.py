"""Lines of a table that are no customers: titles, units below the header, totals at the end.

What a line is shows in how it fits the columns: a line of units has text where all others have
numbers, a line of totals the sums of all others.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stages.tables.numerals import plain_numbers

if TYPE_CHECKING:
    from stages.tables.intake import RawColumn

LOOK = 60  # records that tell where the header is
MOST_NOTES = 3  # lines below the header, or at the end, that may be no customers
FEWEST = 10  # rows below which no row is distinguished from the others
CLOSED = 12  # values of a category
SHORT = 16  # characters of a unit
NUMERIC = r"^[\W_]*\d[\d.,\s'’]*\W*\w{0,5}\W*$"
BLANK = ("", "na", "n/a", "nan", "null", "none", "-", "?")
TOTAL_WORDS = (
    "total", "totals", "sum", "subtotal", "average", "avg", "mean", "summe", "gesamt",
    "gesamtsumme", "insgesamt", "mittelwert", "durchschnitt", "somme", "moyenne", "suma",
    "promedio", "soma", "totale", "somma", "totaal", "gemiddelde", "toplam", "ortalama", "razem",
    "srednia", "summa", "totalt", "yhteensa", "celkem", "osszesen", "итого", "всего", "合計",
    "总计", "合计", "합계", "jumlah",
)  # fmt: skip


class Header(NamedTuple):
    """The cells of the header, the lines above it, and which of those say something."""

    names: list[str]
    above: int
    titles: tuple[int, ...] = ()


def find_header(records: Sequence[tuple[int, list[str]]]) -> Header:
    """The first record as wide as those below it.

    `records` are the first of the file, each with the lines above it. What stands above the header
    is a title: at most a third as many cells are filled.
    """
    filled = [sum(bool(cell.strip()) for cell in row) for _, row in records]
    typical = int(np.median([count for count in filled if count])) if any(filled) else 0
    titles: list[int] = []
    for (above, row), count in zip(records, filled, strict=True):
        if count and not _is_title(row, count, typical):
            return Header(row, above, tuple(titles))
        if count:
            titles.append(above + 1)
    above, row = next(record for record, count in zip(records, filled, strict=True) if count)
    return Header(row, above)


def _is_title(row: Sequence[str], count: int, typical: int) -> bool:
    if typical == 2:
        return len(row) == 1
    return typical > 2 and count <= max(1, typical // 3)


def common_width(rows: Sequence[Sequence[str]]) -> int:
    """The number of cells that most records have, the larger where several are as many."""
    counts = Counter(len(row) for row in rows)
    return max(counts, key=lambda width: (counts[width], width))


def first_records(lines: csv.reader, most: int = LOOK) -> list[tuple[int, list[str]]]:  # type: ignore[valid-type]
    """The first records with the lines above each."""
    found, above = [], 0
    for record in lines:  # type: ignore[attr-defined]
        found.append((above, record))
        above = lines.line_num  # type: ignore[attr-defined]
        if len(found) >= most:
            break
    return found


# --- below the header ----------------------------------------------------------------------------


def lines_of_notes(columns: Mapping[str, RawColumn], rows: int) -> int:
    """How many of the first rows describe their columns rather than a customer."""
    if rows < FEWEST:
        return 0
    return next((n for n in range(MOST_NOTES, 0, -1) if _are_notes(columns, n)), 0)


def _are_notes(columns: Mapping[str, RawColumn], count: int) -> bool:
    """Whether two columns or more speak against each of the first rows, and none for one."""
    against = np.zeros(count, int)
    for cells in columns.values():
        marks = _misfits(cells, count)
        if (marks == -1).any():  # as nearly always, and soon known
            return False
        against += marks == 1
    return bool((against >= 2).all())


def _misfits(cells: RawColumn, count: int) -> NDArray[np.int64]:
    """For each of the first rows: 1 where its cell is not as all others, -1 where it is, else 0."""
    texts = pc.utf8_trim_whitespace(cells.texts)
    blank = _mask(pc.is_in(pc.utf8_lower(texts), pa.array(BLANK)))
    first, rest = cells.codes[:count], np.bincount(cells.codes[count:], minlength=len(texts))
    used = (rest > 0) & ~blank
    numeric = _mask(pc.match_substring_regex(texts, NUMERIC))
    is_closed = used.sum() <= CLOSED and (rest[used] > 1).all()
    if not used.any() or not (numeric[used].all() or is_closed):
        return np.zeros(count, int)
    fits = numeric if numeric[used].all() else used
    return np.where(blank[first], 0, np.where(fits[first], -1, 1))


def units_in(columns: Mapping[str, RawColumn], row: int) -> dict[str, str]:
    """What a line of units says of the columns of numbers."""
    found = {}
    for name, cells in columns.items():
        text = cells.texts[int(cells.codes[row])].as_py().strip()
        others = cells.texts.take(pa.array(np.unique(cells.codes[row + 1 :])))
        is_number = pc.all(pc.match_substring_regex(others, f"{NUMERIC}|^$")).as_py()
        if text and len(text) <= SHORT and is_number:
            found[name] = text
    return found


# --- at the end ----------------------------------------------------------------------------------


def lines_of_totals(columns: Mapping[str, RawColumn], rows: int) -> int:
    """How many of the last rows sum up the others, or say something below the table."""
    found = 0
    while found < MOST_NOTES and rows - found > FEWEST:
        last = rows - 1 - found
        if not (_is_total(columns, last) or _is_footnote(columns, last)):
            break
        found += 1
    return found


def _is_total(columns: Mapping[str, RawColumn], row: int) -> bool:
    """Whether a cell says so and others are blank, or numbers are the sums of those above them."""
    texts = {name: _text(cells, row) for name, cells in columns.items()}
    blank = sum(not text for text in texts.values())
    sums = sum(_is_sum(cells, row) for cells in columns.values())
    if any(_says_total(text) for text in texts.values()):
        return blank > 0 or sums > 0
    return sums > 1 and blank > 0


def _text(cells: RawColumn, row: int) -> str:
    text = cells.texts[int(cells.codes[row])].as_py().strip()
    return "" if text.casefold() in BLANK else text


def _says_total(text: str) -> bool:
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    found = re.findall(r"[^\W\d_]+", plain)
    return (
        0 < len(found) <= 3 and bool(set(TOTAL_WORDS) & set(found)) and not re.search(r"\d", text)
    )


def _is_sum(cells: RawColumn, row: int) -> bool:
    """Whether a number is the sum of all above it, or their mean."""
    numbers = plain_numbers(pc.utf8_trim_whitespace(cells.texts))[cells.codes[: row + 1]]
    above = numbers[:-1][np.isfinite(numbers[:-1])]
    if not np.isfinite(numbers[-1]) or len(above) < FEWEST or not np.ptp(above):
        return False
    return bool(np.isclose(numbers[-1], above.sum(), rtol=1e-6))


def _is_footnote(columns: Mapping[str, RawColumn], row: int) -> bool:
    """Whether a single cell of several is filled, with words."""
    filled = [text for cells in columns.values() if (text := _text(cells, row))]
    return len(columns) > 2 and len(filled) == 1 and is_sentence(filled[0])


def is_sentence(text: str) -> bool:
    """Whether a text is more than a word or a number: `Source: CRM, 2026`.

    Several lines are none: they are rows behind an open quotation mark.
    """
    is_one_line = "\n" not in text.strip()
    return is_one_line and len(text.split()) > 1 and re.search(r"[^\W\d_]{2}", text) is not None


def _mask(found: pa.BooleanArray) -> NDArray[np.bool_]:
    return np.asarray(found.to_numpy(zero_copy_only=False), bool)
