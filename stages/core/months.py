"""Names of months: `2026-11`, or months since a start, such as `007`."""

from __future__ import annotations

import re

from scoring.errors import UserError

MONTH = r"(\d{4}-(0[1-9]|1[0-2])|\d{3})"  # 2026-11, or months since a start: 007


def number(name: str) -> int:
    """The place of a month among all of its kind; `UserError` where it names none."""
    if not re.fullmatch(MONTH, name):
        raise UserError(f"month {name!r}: expected one such as 2026-11, or 007")
    year, _, month = name.partition("-")
    return int(year) * 12 + int(month) - 1 if month else int(year)


def shifted(name: str, months: int) -> str:
    """The month so many months later, or earlier where they are negative."""
    place = number(name) + months
    if "-" not in name:
        return f"{place:03d}"
    return f"{place // 12:04d}-{place % 12 + 1:02d}"


def between(first: str, last: str) -> int:
    """Months from the first to the last; `UserError` where one has a year and the other has not."""
    if ("-" in first) != ("-" in last):
        raise UserError(f"months {first} and {last}: expected both as 2026-11, or both as 007")
    return number(last) - number(first)
