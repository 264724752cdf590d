"""What is learned from a date: the days between it and the snapshot, its month, its day of week.

One computation for training, batch scoring and a single request. NumPy only. Days are counted
from 1970-01-01, as NumPy counts them, NaN where a date is absent.
"""

from __future__ import annotations

from datetime import date
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Part = Literal["days_since", "days_until", "month", "weekday"]
PARTS: tuple[Part, ...] = get_args(Part)
COUNTED: tuple[Part, ...] = ("days_since", "days_until")  # from the snapshot
EPOCH = date(1970, 1, 1).toordinal()
THURSDAY = 3  # what 1970-01-01 was, Monday being 0


def day_number(day: date) -> int:
    """A day as the number of days since 1970-01-01."""
    return day.toordinal() - EPOCH


def part_of(days: Floats, part: Part, snapshot: Floats | float | None = None) -> Floats:
    """A part of n dates (n,), NaN where there is none.

    `days_since` and `days_until` are days between the date and the snapshot (n,), negative where
    the date lies on its other side; `month` is 1 to 12, `weekday` 1 (Monday) to 7.
    """
    if part in COUNTED:
        assert snapshot is not None, "the schema asks for a snapshot where days are counted"
        return snapshot - days if part == "days_since" else days - snapshot
    known = ~np.isnan(days)
    found = np.full(len(days), np.nan)
    if part == "month":
        months = days[known].astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
        found[known] = months % 12 + 1
    else:
        found[known] = (days[known] + THURSDAY) % 7 + 1
    return found
