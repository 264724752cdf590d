"""Dates and periods: which texts are some, and which day they begin on."""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from scoring.dates import day_number
from stages.tables.date_formats import days_of, is_month_first

DAYS = [
    (["2021-01", "2021-12"], ["2021-01-01", "2021-12-01"]),
    (["Feb-21", "Dec-20"], ["2021-02-01", "2020-12-01"]),
    (["2021Q2", "2020Q4"], ["2021-04-01", "2020-10-01"]),
    (["Q3 2021"], ["2021-07-01"]),
    (["2021-W01", "2020-W53"], ["2021-01-04", "2020-12-28"]),
    (["01-Dec-2019"], ["2019-12-01"]),
    (["12/18/17 03:04 PM", "01/02/18 11:00 AM"], ["2017-12-18", "2018-01-02"]),
    (["07/10/74 12:00 AM", "12/31/80 12:00 AM"], ["1974-07-10", "1980-12-31"]),
    (["1. März 2020", "15. Dezember 2021"], ["2020-03-01", "2021-12-15"]),
    (["15 août 2019", "3 juin 2018"], ["2019-08-15", "2018-06-03"]),
    (["Ocak 2021", "Şub 2021"], ["2021-01-01", "2021-02-01"]),
    (["3 мая 2020"], ["2020-05-03"]),
    (["Dec 1, 2019"], ["2019-12-01"]),
    (["2021年1月", "2021年12月3日"], ["2021-01-01", "2021-12-03"]),
    (["202101", "202112"], ["2021-01-01", "2021-12-01"]),
    (["2026-01-31T10:00:00Z"], ["2026-01-31"]),
    (["31.12.26"], ["2026-12-31"]),
    (["31.12.2026", "2026-12-30", "1-Mar-2021"], ["2026-12-31", "2026-12-30", "2021-03-01"]),
    (["03/14/2026", "2026-04-03", "03/04/2026"], ["2026-03-14", "2026-04-03", "2026-03-04"]),
]


@pytest.mark.parametrize(("texts", "days"), DAYS)
def test_dates_and_periods_are_known(texts: list[str], days: list[str]) -> None:
    found = days_of(pa.array(texts)).astype("datetime64[D]")
    assert [str(day) for day in found] == days


@pytest.mark.parametrize("share", [0.2, 0.8])
def test_formats_that_can_be_confused_are_not_mixed(share: float) -> None:
    # given dates of which some can only be month first, others only day first
    many = int(10 * share)
    texts = ["03/14/2026"] * many + ["15/03/2026"] * (10 - many) + ["2026-03-16"]
    # then whichever there are more of is read, and what has one reading is read in any case
    found = days_of(pa.array(texts))
    assert np.isnan(found).sum() == min(many, 10 - many)
    assert found[-1] == day_number(date(2026, 3, 16))


@pytest.mark.parametrize(
    "text", ["18-25", "2021-02-30", "May be 3", "Plan 2019", "1.5", "12", "Q5 2021", "", "555-6311"]
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert np.isnan(days_of(pa.array([text]))).all()


@pytest.mark.parametrize("form", ["%m/%d/%Y", "%m-%d-%Y", "%m/%d/%y"])
def test_a_day_that_could_be_a_month_is_read_as_the_column_was(form: str) -> None:
    # given a column whose values tell that months come first, and a part of it that tells nothing
    whole = pa.array([f"{day:%m/%d/%Y}" for day in (date(2026, 3, 4), date(2026, 3, 14))])
    part = pa.array([date(2026, 3, 4).strftime(form)])
    assert is_month_first(whole)
    assert not is_month_first(part)
    # then the part is read the same way once it is known how the column is written
    expected = float(day_number(date(2026, 3, 4)))
    assert days_of(whole)[0] == days_of(part, dayfirst=False)[0] == expected
    assert days_of(part)[0] == day_number(date(2026, 4, 3))
