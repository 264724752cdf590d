"""Months: their names, their distance, and when a window closes."""

from __future__ import annotations

import pytest

from stages.core.months import between, is_closed, month_name, month_of, number, shifted


@pytest.mark.parametrize(
    ("path", "month"),
    [
        ("data/snapshots/month_007/customers.parquet", "007"),
        ("crm/2026-11/part.csv", "2026-11"),
        ("customers_2026-02.csv", "2026-02"),
        ("2025-12/customers_2026-01.csv", "2026-01"),
        ("july.csv", None),
        ("2026-13.csv", None),
        ("12026-11.csv", None),
    ],
)
def test_the_month_is_the_last_one_in_the_path(path: str, month: str | None) -> None:
    assert month_of(path) == month


def test_months_follow_each_other_across_years() -> None:
    assert number("2026-01") - number("2025-12") == 1
    assert month_name("7", origin="") == "007"
    assert is_closed("2025-11", window=6, as_of="2026-05")
    assert not is_closed("2025-11", window=6, as_of="2026-04")
    assert not is_closed("001", window=6, as_of="2026-04"), "counted otherwise"


@pytest.mark.parametrize(
    ("name", "by", "other"),
    [("2026-11", 3, "2027-02"), ("007", 6, "013"), ("2026-01", -1, "2025-12")],
)
def test_months_add_up(name: str, by: int, other: str) -> None:
    assert shifted(name, by) == other
    assert between(name, other) == by
