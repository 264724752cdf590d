"""What is learned from a date: as the calendar has it, for any date."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.dates import COUNTED, PARTS, day_number, part_of

DAYS = st.dates(date(1800, 1, 1), date(2200, 12, 31))


def numbers(days: list[date]) -> np.ndarray:
    return np.array([day_number(day) for day in days], float)


@given(st.lists(DAYS, min_size=1), DAYS)
def test_parts_of_a_date_are_those_of_the_calendar(days: list[date], snapshot: date) -> None:
    known, day = numbers(days), float(day_number(snapshot))
    assert part_of(known, "month").tolist() == [d.month for d in days]
    assert part_of(known, "weekday").tolist() == [d.isoweekday() for d in days]
    since, until = (part_of(known, part, day) for part in COUNTED)
    assert since.tolist() == [(snapshot - d).days for d in days]
    assert (until == -since).all()


@given(st.lists(DAYS, min_size=1), DAYS, st.integers(-400, 400))
def test_days_move_with_the_snapshot_and_nothing_else_does(
    days: list[date], snapshot: date, later: int
) -> None:
    known, day = numbers(days), float(day_number(snapshot))
    for part in PARTS:
        moved = part_of(known, part, day + later) - part_of(known, part, day)
        assert (moved == {"days_since": later, "days_until": -later}.get(part, 0)).all()


@pytest.mark.parametrize("part", PARTS)
def test_an_absent_date_has_no_parts(part: str) -> None:
    found = part_of(np.array([np.nan, 20_000.0]), part, 20_100.0)  # type: ignore[arg-type]
    assert np.isnan(found).tolist() == [True, False]
