"""Whether the outcomes of a campaign are final: its window, counted from its last contact."""

from __future__ import annotations

import re
from datetime import date, timedelta

from scoring.yes_no import folded
from stages.campaigns.roles import text_of
from stages.tables.intake import RawTable

DATES = ("month", "contact date", "contacted on", "contact_date", "contacted_on", "date")
WRITTEN = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2}))?(?!\d)")


def open_window(raw_table: RawTable, months: float, today: date) -> str | None:
    """A warning where the window of the last contact has not closed; None where it has.

    None, too, where no column tells when customers were contacted.
    """
    for name in raw_table.columns:
        if folded(name) in DATES and (days := _days(raw_table, name)):
            last = max(days)
            closes = last + timedelta(days=round(months * 365.25 / 12))
            if closes <= today:
                return None
            return (
                f"column {name}: the last contacts are of {last}: their window of {months:g} "
                f"months closes on {closes}, until then more may leave; expected outcomes as of "
                "after it"
            )
    return None


def _days(raw_table: RawTable, name: str) -> list[date]:
    """The dates of a column; a month counts as its last day. Empty where one is no date."""
    found = []
    for text in sorted({*text_of(raw_table, name)}):
        match = WRITTEN.match(text)
        if match is None:
            return []
        year, month, day = (int(part) if part else None for part in match.groups())
        try:
            found.append(_day(int(year or 0), int(month or 0), day))
        except ValueError:
            return []
    return found


def _day(year: int, month: int, day: int | None) -> date:
    if day is not None:
        return date(year, month, day)
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
