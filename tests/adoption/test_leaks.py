"""Columns that know too much: suspected, shown, left out of the model."""

from __future__ import annotations

from typing import Any

import numpy as np

from stages.adoption.adopt import drafted_without_leaks
from stages.adoption.draft import draft
from stages.adoption.leaks import leaking_columns
from stages.adoption.target import Outcome
from stages.core.paths import Paths
from stages.parameters import read_parameters
from tests.raw_tables import LEFT, PLAIN, ROWS, cycle, drafted, raw_table


def left_out(**columns: Any) -> dict[str, str]:
    came = raw_table(**columns)
    found = draft(came, origin="t.csv")
    explore = read_parameters(Paths.here()).explore
    return leaking_columns(came, found.offered, explore, origin="t.csv")


def test_columns_that_know_too_much_are_suspected() -> None:
    noise = np.random.default_rng(0).normal(size=ROWS)
    found = left_out(
        copy=np.where(LEFT, "a", "b"),
        score=np.where(LEFT, 10, 0) + noise.round(2),
        reason=np.where(LEFT, cycle("price", "moved"), ""),
        days_since=np.where(LEFT, np.arange(ROWS) % 40, np.nan),
        honest=np.where(LEFT, 0.5, 0) + noise.round(2),
        **PLAIN,
    )
    assert set(found) == {"copy", "score", "reason", "days since"}
    assert all(words.startswith("suspected leak: ") for words in found.values())


def test_a_column_filled_for_some_churners_only_is_suspected() -> None:
    # most fields are blank, so that alone it separates the classes badly
    rows = 900
    left = np.arange(rows) % 3 == 0
    visits, churned = np.arange(rows) % 17, np.where(left, "yes", "no")
    reason = np.where(left & (np.arange(rows) % 4 == 0), "price", "")
    found = left_out(reason=reason, visits=visits, churned=churned)
    assert "only found with customers who left" in found["reason"]


def test_blanks_that_mean_a_new_customer_are_no_leak() -> None:
    rows = 3000
    rng = np.random.default_rng(1)
    tenure = rng.integers(0, 60, rows)
    left = rng.random(rows) < 0.4 / (1 + tenure / 10)
    total = np.where(tenure == 0, np.nan, tenure * 20.5)
    churned = np.where(left, "yes", "no")
    assert left_out(tenure=tenure, TotalCharges=total, churned=churned) == {}


def test_values_of_a_sensitive_column_are_not_shown_as_a_leak() -> None:
    rows = 900
    left = np.arange(rows) % 3 == 0
    religion = np.where(left & (np.arange(rows) % 4 == 0), "secret", cycle("a", "b")[0])
    found = left_out(
        religion=religion, visits=np.arange(rows) % 17, churned=np.where(left, "yes", "no")
    )
    assert "one of its values is only found with customers who left" in found["religion"]
    assert "secret" not in found["religion"]


def test_what_is_suspected_stays_in_the_schema_and_out_of_the_model() -> None:
    found = drafted(copy=PLAIN["churned"], **PLAIN).ignoring({"copy": "suspected leak: it is"})
    assert [c.name for c in found.schema.inputs] == ["visits"]
    assert found.schema["copy"].roles == ("ignored",)
    assert "copy" not in found.schema.without_ignored.names


def test_days_of_leaving_do_not_say_which_day_the_table_describes() -> None:
    start = [f"2024-{1 + n % 12:02d}-05" for n in range(ROWS)]
    end = np.where(LEFT, [f"2025-07-{1 + n % 28:02d}" for n in range(ROWS)], "")
    came = raw_table(**PLAIN, start=start, end=end)
    found = drafted_without_leaks(
        came, Outcome(), read_parameters(Paths.here()).explore, origin="t.csv"
    )
    assert found.schema["end"].roles == ("ignored",)
    assert str(found.snapshot) == "2024-12-05"
