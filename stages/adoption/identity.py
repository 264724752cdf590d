"""What tells customers apart: the column of their numbers, and of the periods they are seen in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stages.adoption import names
from stages.adoption.privacy import personal
from stages.adoption.profile import Profile
from stages.adoption.vocabulary import CUSTOMER_WORDS, PERIOD_WORDS
from stages.tables.intake import RawTable

CERTAIN, LIKELY, BY_VALUES = 3, 2, 1
ID_LIKE = 0.9  # distinct values per filled row of a column that tells rows apart
NEARLY = 0.98  # of a number that nobody would count
FEWEST = 20  # customers that repeat, or rows that differ
DIGITS = 7  # of a number that is a customer's rather than an amount
MOST_ROWS = 100  # of one customer
SHORTENED = re.compile(r"\d(\.\d+)?[eE]\+?\d{2}")
ROW_NAMES = re.compile(
    r"(unnamed:? ?\d*|\(column 1\)|index|row ?(number|no|nr|id|index)?|zeile|ligne|fila)"
)


@dataclass(frozen=True)
class Identity:
    """The columns that tell customers and periods apart, and why.

    `repeated` says that customers have several rows; `doubt` what about it is in doubt.
    """

    id_name: str | None = None
    period_name: str | None = None
    repeated: bool = False
    because: str = ""
    doubt: str = ""


def find_identity(raw_table: RawTable, profiles: Sequence[Profile], *, target: str) -> Identity:
    """The column that tells customers apart: one value a row, or one a customer and period."""
    columns = [p for p in profiles if p.name != target and _may_identify(p)]
    unique = [p for p in columns if p.distinct_share >= ID_LIKE and not p.has_blanks]
    best = max(unique, key=likeness, default=None)
    if best is not None and likeness(best) == CERTAIN:
        return Identity(best.name, because="tells the customers apart")
    if found := _repeated(raw_table, columns, profiles, target):
        return found
    if best is None or likeness(best) == 0:
        return Identity()
    doubt = "by its values alone: is it the customer's number?" if likeness(best) == 1 else ""
    return Identity(best.name, because="tells the customers apart", doubt=doubt)


def _may_identify(column: Profile) -> bool:
    is_code = column.is_whole or not column.is_number
    plain = not column.all_dates and not column.mixed_dates and column.words_per_value < 2
    counts = is_row_number(column) or is_shortened(column)
    return is_code and plain and not counts and personal(column) is None


def likeness(column: Profile) -> int:
    """`CERTAIN` for a customer's number by its name, `LIKELY` for another, 1 for one by values."""
    if names.is_customer_number(column.name):
        return CERTAIN
    if names.is_identifier(column.name):
        return LIKELY
    if column.is_number:
        return BY_VALUES if has_id_digits(column) else 0
    if column.distinct_share >= ID_LIKE and names.has_word(column.name, CUSTOMER_WORDS):
        return CERTAIN  # a code for each customer, called after customers
    return int(column.rows > 12 and not _are_amounts(column))


def _are_amounts(column: Profile) -> bool:
    return not column.is_coded and column.number_share() >= ID_LIKE


def has_id_digits(column: Profile) -> bool:
    """Whether they are long whole numbers of one length, next to none of them twice."""
    lengths = {len(f"{abs(number):.0f}") for number in column.finite[:1000]}
    distinct = column.is_whole and column.distinct_share >= NEARLY and column.rows > FEWEST
    return distinct and len(lengths) == 1 and lengths.pop() >= DIGITS


def is_row_number(column: Profile) -> bool:
    """Whether whole numbers count the rows: without a gap, or in a sample of them in order."""
    if not (column.is_whole and column.is_unique and column.rows > FEWEST):
        return False
    if names.is_identifier(column.name) and not ROW_NAMES.fullmatch(_called(column)):
        return False
    return column.is_sorted or bool(np.ptp(column.finite) == column.rows - 1)


def _called(column: Profile) -> str:
    return column.name.strip().casefold().replace("_", " ")


def is_shortened(column: Profile) -> bool:
    """Whether a spreadsheet has cut the digits off long numbers: 8.86E+11."""
    if not column.is_number or len(column.finite) < 3 or np.median(abs(column.finite)) < 1e9:
        return False
    texts = [str(text) for text in column.texts[:1000]]
    return sum(SHORTENED.fullmatch(text) is not None for text in texts) > 0.5 * len(texts)


# --- several rows of one customer --------------------------------------------------------------


def _repeated(
    raw_table: RawTable, columns: Sequence[Profile], profiles: Sequence[Profile], target: str
) -> Identity | None:
    """A customer's number that several rows hold, with the period that tells those apart."""
    periods = [p for p in profiles if p.name != target and _may_be_period(p)]
    for column in sorted(_repeating(columns), key=likeness, reverse=True):
        for period in sorted(periods, key=_period_likeness, reverse=True):
            if period.name == column.name or not _are_cells(raw_table, column, period):
                continue
            because = f"{len(column.texts):,} customers, a row for each {period.name}"
            doubt = "several rows per customer: split and intervals are by customer"
            return Identity(column.name, period.name, True, because, doubt)
        if likeness(column) == CERTAIN:
            because = f"{len(column.texts):,} customers in {column.rows:,} rows"
            doubt = (
                "several rows per customer, and no period that tells them apart: split and "
                "intervals are by customer, and make score takes the first row of each"
            )
            return Identity(column.name, None, True, because, doubt)
    return None


def _repeating(columns: Sequence[Profile]) -> list[Profile]:
    return [
        p
        for p in columns
        if not p.has_blanks
        and likeness(p) > 0
        and FEWEST <= len(p.texts) < ID_LIKE * p.rows
        and p.counts.max() <= MOST_ROWS
    ]


def _may_be_period(column: Profile) -> bool:
    few = 1 < len(column.texts) <= max(MOST_ROWS, 0.2 * column.rows) and not column.has_blanks
    return few and (column.all_dates or column.is_whole or _period_likeness(column) > 1)


def _period_likeness(column: Profile) -> int:
    named = names.has_word(column.name, PERIOD_WORDS)
    return 2 * named + column.all_dates


def _are_cells(raw_table: RawTable, column: Profile, period: Profile) -> bool:
    """Whether no customer is seen twice in one period, and the two make a table that is filled.

    Without a name that says so, nearly every customer has to be seen in nearly every period.
    """
    repeated = raw_table.rows - len(np.unique(pair_codes(raw_table, column, period)))
    if repeated > 0.01 * raw_table.rows:
        return False
    share = raw_table.rows / (len(column.texts) * len(period.texts))
    certain = likeness(column) >= LIKELY, _period_likeness(period) > 0
    return share >= {2: 0.0, 1: 0.5, 0: 0.9}[sum(certain)] and (certain[0] or certain[1])


def pair_codes(raw_table: RawTable, column: Profile, other: Profile) -> NDArray[np.int64]:
    """A number for each pair of values of two columns: (rows,)."""
    first, second = (raw_table.columns[p.name].codes.astype(np.int64) for p in (column, other))
    return first * (int(second.max()) + 1) + second
