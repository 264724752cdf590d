"""Months: their names, their distance, and when a window has closed."""

from __future__ import annotations

import re
from pathlib import Path

from scoring.errors import UserError
from stages.monitoring.verdict import MONTH

EXPECTED = "expected a month such as 2026-11, or a number of months since a start such as 007"
WITHIN = re.compile(r"(?<!\d)(\d{4}-(?:0[1-9]|1[0-2])|(?<=month_)\d{3})(?!\d)")


def month_name(text: str, *, origin: str) -> str:
    """A month as the monitor names it; `UserError` where the text is none."""
    name = text.zfill(3) if text.isdigit() and len(text) <= 3 else text
    if not re.fullmatch(MONTH, name):
        raise UserError(f"{origin}: {text}: {EXPECTED}")
    return name


def month_of(address: str) -> str | None:
    """The month that a file is of, by the last one in its path: month_007, 2026-11; else None."""
    found = WITHIN.findall(Path(address).as_posix())
    return found[-1] if found else None


def index(month: str) -> int:
    """A number that grows by one from month to month."""
    if "-" not in month:
        return int(month)
    year, number = month.split("-")
    return 12 * int(year) + int(number) - 1


def is_closed(month: str, *, window: int, as_of: str) -> bool:
    """Whether the window of a month's customers has passed in the month `as_of`.

    Until then nobody can know all who leave, so no label of that month may be read.
    """
    return alike(month, as_of) and index(month) + window <= index(as_of)


def alike(month: str, other: str) -> bool:
    """Whether two months are named in the same way, so that their distance is known."""
    return ("-" in month) == ("-" in other)
