"""A column of unknown meaning in figures: its values, how often each, whether numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from scoring.schema import LARGEST_NUMBER
from stages.tables.canonical import absent_texts, spelling_key, trimmed
from stages.tables.date_formats import dates_by_format, days_of, is_month_first
from stages.tables.intake import RawColumn
from stages.tables.numerals import plain_numbers

MARKS = 2  # texts among numbers or dates that may stand for no value
OFTEN, SEVERAL = 0.005, 3  # share of the rows that each of them is in, and in how many at least
FEW = 12  # other values from which on they are no value of a category
EPOCH_FROM, EPOCH_TO = 10_957, 24_855  # days since 1970 that times in seconds lie in: 2000 to 2038
LOOK, SAMPLE = 50, 5000  # values that tell whether a column may hold dates, and whether it does


@dataclass(frozen=True)
class Profile:
    """The `d` values of a column that are not blank, the most frequent first.

    texts   (d,) text
    counts  (d,) rows that hold each
    rows    of the table
    numbers      (d,) the values as numbers, NaN where one is none
    all_dates    whether all are dates, of one format or of such as cannot be confused
    mixed_dates  whether all are dates, but of formats that can be confused
    is_sorted    whether they are numbers that grow from row to row, or fall
    absent       texts among numbers or dates that many rows have: they stand for no value
    unit         of the numbers, as the table writes it next to them; empty where it writes none
    """

    name: str
    texts: NDArray[np.object_]
    counts: NDArray[np.int64]
    rows: int
    numbers: NDArray[np.float64]
    all_dates: bool
    mixed_dates: bool
    is_sorted: bool = False
    absent: tuple[str, ...] = ()
    unit: str = ""

    @property
    def labels(self) -> list[str]:
        """The values, the most frequent first, each in the most frequent of its spellings."""
        return list(self.label_counts)

    @cached_property
    def label_counts(self) -> dict[str, int]:
        """Rows that hold each of the labels."""
        spelled: dict[str, str] = {}
        counts: Counter[str] = Counter()
        for text, count in zip(self.texts, self.counts, strict=True):
            label = spelled.setdefault(spelling_key(text), str(text))
            counts[label] += int(count)
        return dict(counts.most_common())

    @property
    def finite(self) -> NDArray[np.float64]:
        """The values that are numbers a model can take."""
        return self.numbers[abs(self.numbers) <= LARGEST_NUMBER]

    @cached_property
    def years(self) -> NDArray[np.int64]:
        """The years of the dates that it holds, each date counted once."""
        days = self.days[~np.isnan(self.days)].astype("datetime64[D]")
        return days.astype("datetime64[Y]").astype(np.int64) + 1970

    @cached_property
    def days(self) -> NDArray[np.float64]:
        """Its values as dates, in days since 1970, NaN where one is none: (d,)."""
        return days_of(pa.array(self.texts, pa.string()))

    @cached_property
    def is_month_first(self) -> bool:
        """Whether its values are dates such as 03/14/2026."""
        return is_month_first(pa.array(self.texts, pa.string()))

    @property
    def blank_share(self) -> float:
        """Share of rows that hold no value."""
        return 1 - self.filled / max(self.rows, 1)

    @property
    def filled(self) -> int:
        """Rows that hold a value."""
        return int(self.counts.sum())

    @property
    def has_blanks(self) -> bool:
        """Whether some row holds none."""
        return self.filled < self.rows

    @property
    def distinct_share(self) -> float:
        """Distinct values per row with a value: 1 where each occurs once."""
        return len(self.texts) / max(self.filled, 1)

    @property
    def is_unique(self) -> bool:
        """Whether every row holds a value of its own."""
        return len(self.texts) == self.rows

    @property
    def is_number(self) -> bool:
        """Whether every value is a number, and none a code such as 00412."""
        return len(self.finite) > 0 and not np.isnan(self.numbers).any() and not self.is_coded

    @cached_property
    def is_coded(self) -> bool:
        """Whether some values are codes such as 00412."""
        return any(len(t) > 1 and t[0] == "0" and t.isdigit() for t in self.texts)

    @property
    def is_whole(self) -> bool:
        """Whether every value is a whole number."""
        return self.is_number and bool(((self.finite % 1 == 0) & (abs(self.finite) < 2**53)).all())

    @property
    def epoch_days(self) -> tuple[str, str] | None:
        """The first and last day where all are seconds or milliseconds since 1970; None else."""
        if not self.is_whole or len(self.finite) < 3:
            return None
        for a_day in (86_400, 86_400_000):
            first, last = self.finite.min() / a_day, self.finite.max() / a_day
            if first >= EPOCH_FROM and last <= EPOCH_TO:
                return str(np.datetime64(int(first), "D")), str(np.datetime64(int(last), "D"))
        return None

    @property
    def top_share(self) -> float:
        """Share of all rows that hold the most frequent value."""
        return float(self.counts[0] / self.rows) if len(self.counts) else 1.0

    def number_share(self) -> float:
        """Share of the values that are numbers."""
        if not len(self.texts):
            return 0.0
        texts = pa.array(self.texts[:10_000], pa.string())
        return float(1 - np.isnan(plain_numbers(texts)).mean())

    @property
    def words_per_value(self) -> float:
        """Mean number of words in a value, each value counted once."""
        sample = self.texts[:1000]
        return float(np.mean([len(text.split()) for text in sample])) if len(sample) else 0.0


def profile(name: str, cells: RawColumn, *, rows: int, unit: str = "") -> Profile:
    """The column in figures."""
    texts = trimmed(cells.texts)
    present = pa.array(~absent_texts(texts))
    # Cells that differ only by the space around them are one value.
    found = pd.Series(cells.counts[present.to_numpy(zero_copy_only=False)]).groupby(
        texts.filter(present).to_numpy(zero_copy_only=False).astype(object)
    )
    counts = found.sum().sort_values(ascending=False, kind="stable")
    absent = _marks(counts, rows)
    counts = counts.drop(absent)
    values = pa.array(counts.index, pa.string())
    return Profile(
        name,
        counts.index.to_numpy(object),
        counts.to_numpy(np.int64),
        rows,
        plain_numbers(values),
        *_dates(values),
        _is_sorted(plain_numbers(texts), cells.codes),
        tuple(absent),
        unit,
    )


def _marks(counts: pd.Series, rows: int) -> list[str]:
    """Texts such as `k.A.` that many rows have where all others are numbers, or all are dates."""
    often = counts.index[counts >= max(OFTEN * rows, SEVERAL)]
    marks = [str(text) for text in often if not any(char.isdigit() for char in str(text))]
    rest = pa.array(counts.index.drop(marks), pa.string())
    if not 0 < len(marks) <= MARKS or len(rest) <= FEW:
        return []
    are_numbers = not np.isnan(plain_numbers(rest)).any()
    return marks if are_numbers or any(_dates(rest)) else []


def _is_sorted(numbers: NDArray[np.float64], codes: NDArray[np.int32]) -> bool:
    """Whether each row holds a larger number than the one above, or each a smaller one."""
    if len(numbers) < len(codes) or np.isnan(numbers).any():
        return False
    steps = np.diff(numbers[codes])
    return bool((steps > 0).all() or (steps < 0).all())


def _dates(texts: pa.StringArray) -> tuple[bool, bool]:
    """Whether all are dates that can be read in one way only, and whether in several."""
    for sample in (texts[:LOOK], texts[:SAMPLE]):
        if not len(sample):
            return False, False
        fits = np.array(dates_by_format(sample))
        if not fits.any(axis=0).all():
            return False, False
    one = not np.isnan(days_of(sample)).any()
    return one, not one
