"""What can be learned from dates: offered in the schema, switched on by whoever knows the dates.

A date may have been filled in after the customer had left, and the day that dates are counted from
is a guess. So a date is checked, and the columns that could be made of it stand below it as
comments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.dates import COUNTED, EPOCH, PARTS, Part, day_number, part_of
from scoring.schema import Column
from stages.adoption.entries import room, schema_entry
from stages.adoption.guess import CONFIRM, DOUBTFUL, Guess, Question
from stages.adoption.privacy import personal
from stages.adoption.profile import Profile
from stages.tables.canonical import days_in
from stages.tables.intake import RawTable

AHEAD = 62  # days that the ends of contracts spread over, and the last bills of everybody do not
SEVERAL = 3  # months or days of the week from which on they may tell something
CALENDAR: dict[Part, tuple[float, float]] = {"month": (1.0, 12.0), "weekday": (1.0, 7.0)}
WORDS: dict[Part, str] = {
    "days_since": "days since",
    "days_until": "days until",
    "month": "month of",
    "weekday": "weekday of",
}


@dataclass(frozen=True)
class Snapshot:
    """The day that rows describe, in days since 1970: one, or of each row that of its period (n,).

    `slack` is how many days a period goes on after the day that it begins on, `source` the column
    that the one day is from.
    """

    days: NDArray[np.float64] | float
    slack: float = 0.0
    name: str = "the snapshot"
    source: str = ""

    @property
    def day(self) -> date | None:
        """The one day; None where each row has its own."""
        if isinstance(self.days, float):
            return date.fromordinal(EPOCH + int(self.days))
        return None

    @property
    def question(self) -> Question | None:
        """What to confirm of it."""
        if self.day is None:
            return None
        because = f"the latest day of {self.source}: those learned from are counted from it"
        return Question("(snapshot)", self.day.isoformat(), because, DOUBTFUL)


def find_snapshot(
    raw_table: RawTable, profiles: Sequence[Profile], period: str | None, *, today: date
) -> Snapshot | None:
    """The period of each row, else the latest date, of columns most of which lies in the past.

    A column that begins after all others have ended looks ahead. None where there is no date.
    """
    dated = {p.name: p for p in profiles if p.all_dates and personal(p) is None}
    if period in dated:
        seen = np.unique(dated[period].days)
        slack = float(np.diff(seen).max()) if len(seen) > 1 else 0.0
        return Snapshot(_days(raw_table, dated[period]), slack, f"the {period} of their row")
    past = {name: p.days[p.days <= day_number(today)] for name, p in dated.items()}
    mostly = {name: days for name, days in past.items() if len(days) > len(dated[name].days) / 2}
    ends = {name: float(days.max()) for name, days in mostly.items() if not _is_ahead(name, mostly)}
    source = max(ends, key=ends.__getitem__, default=None)
    return Snapshot(ends[source], source=source) if source is not None else None


def _is_ahead(name: str, dated: Mapping[str, NDArray[np.float64]]) -> bool:
    """Whether its days begin after all other columns have ended, and go on for months."""
    first, last = _ends(dated[name])
    others = [_ends(days)[1] for other, days in dated.items() if other != name]
    return bool(others) and first > max(others) and last - first > AHEAD


def date_guess(column: Profile, raw_table: RawTable, snapshot: Snapshot | None) -> Guess:
    """A date: checked, and what could be learned from it offered."""
    entry = schema_entry(column, kind="date")
    if column.is_month_first:
        entry["dayfirst"] = False
    first, last = (str(np.datetime64(int(day), "D")) for day in _ends(column.days))
    words = f"{first} to {last}, checked and not learned from"
    if snapshot is None:
        return Guess(entry, words, CONFIRM)
    since = snapshot.days - _days(raw_table, column)
    late = int((since < -snapshot.slack).sum())
    offers = _offers(column, since, snapshot.slack, is_ahead=late > 0)
    offered = ", ".join(str(offer["part"]).replace("_", " ") for offer in offers)
    guess = Guess(entry, f"{words}; the schema offers {offered}", CONFIRM, offers)
    if late:
        because = f"{late:,} lie after {snapshot.name}: known before it, or filled in later?"
        return guess.noted(because, DOUBTFUL)
    return guess


def _offers(
    column: Profile, since: NDArray[np.float64], slack: float, *, is_ahead: bool
) -> tuple[dict[str, Any], ...]:
    """Entries of what could be learned: days to the side that the dates lie on, month, weekday."""
    counted: Part = COUNTED[1] if is_ahead else COUNTED[0]
    bounds = _range(-since) if is_ahead else (0.0 - slack, _range(since)[1])
    return tuple(
        _offer(column, part, CALENDAR.get(part, bounds)) for part in _parts(column, counted)
    )


def _parts(column: Profile, counted: Part) -> list[Part]:
    """The parts that may tell something: days, and months and weekdays if there are several."""
    enough = [p for p in PARTS[2:] if len(np.unique(part_of(column.days, p))) >= SEVERAL]
    return [counted, *enough]


def _offer(column: Profile, part: Part, bounds: tuple[float, float]) -> dict[str, Any]:
    low, high = bounds
    name = f"{WORDS[part]} {column.name}"
    entry: dict[str, Any] = {"name": name, "kind": "integer", "minimum": low, "maximum": high}
    entry |= {"missing": True} if column.has_blanks else {}
    return entry | {"from_date": column.name, "part": part, "description": name.capitalize()}


def _range(numbers: NDArray[np.float64]) -> tuple[float, float]:
    """The days seen, and their width again at both ends: dates move on from month to month."""
    low, high = _ends(numbers)
    return room(min(low, -1.0), high)


def _ends(numbers: NDArray[np.float64]) -> tuple[float, float]:
    return float(np.nanmin(numbers)), float(np.nanmax(numbers))


def _days(raw_table: RawTable, column: Profile) -> NDArray[np.float64]:
    source = Column(name=column.name, kind="date", dayfirst=not column.is_month_first)
    return days_in(raw_table.columns[column.name], source)
