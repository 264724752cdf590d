"""Months: `2026-11`, or `007` since a start; their names, their distance, when a window closes."""

from __future__ import annotations

import re
from pathlib import Path

from scoring.errors import UserError
from scoring.verdict import MONTH

EXPECTED = "expected a month such as 2026-11, or a number of months since a start such as 007"
WITHIN = re.compile(r"(?<!\d)(\d{4}-(?:0[1-9]|1[0-2])|(?<=month_)\d{3})(?!\d)")


def month_name(text: str, *, origin: str) -> str:
    """A month as it is named here; `UserError` naming the origin where the text is none."""
    name = text.zfill(3) if text.isdigit() and len(text) <= 3 else text
    if not re.fullmatch(MONTH, name):
        raise UserError(f"{origin}: {text}: {EXPECTED}")
    return name


def month_of(address: str) -> str | None:
    """The month that a file is of, by the last one in its path: month_007, 2026-11; else None."""
    found = WITHIN.findall(Path(address).as_posix())
    return found[-1] if found else None


def number(name: str) -> int:
    """A number that grows by one from month to month; `UserError` where the name is of none."""
    if not re.fullmatch(MONTH, name):
        raise UserError(f"month {name!r}: {EXPECTED}")
    year, _, month = name.partition("-")
    return int(year) * 12 + int(month) - 1 if month else int(year)


def shifted(name: str, months: int) -> str:
    """The month so many months later, or earlier where they are negative."""
    place = number(name) + months
    if "-" not in name:
        return f"{place:03d}"
    return f"{place // 12:04d}-{place % 12 + 1:02d}"


def alike(month: str, other: str) -> bool:
    """Whether two months are named in the same way, so that their distance is known."""
    return ("-" in month) == ("-" in other)


def between(first: str, last: str) -> int:
    """Months from the first to the last; `UserError` where one has a year and the other has not."""
    if not alike(first, last):
        raise UserError(f"months {first} and {last}: expected both as 2026-11, or both as 007")
    return number(last) - number(first)


def is_closed(month: str, *, window: int, as_of: str) -> bool:
    """Whether the window of a month's customers has passed in the month `as_of`.

    Until then nobody can know all who leave, so no label of that month may be read.
    """
    return alike(month, as_of) and number(month) + window <= number(as_of)
