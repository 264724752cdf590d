"""Drafting a schema: what columns of unknown meaning are taken for, and that the draft holds."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scoring.schema import LARGEST_NUMBER, OTHER, parse_schema
from stages.adoption.draft import Draft, draft
from stages.adoption.target import Outcome
from stages.tables.canonical_table import Checked
from stages.tables.checks import check_table
from stages.tables.intake import RawTable, read_raw_table
from tests.raw_tables import (
    PLAIN,
    ROWS,
    cycle,
    drafted,
    guess,
    numbered,
    printable,
    raw_table,
    rejection,
)

few = settings(max_examples=60, deadline=None, derandomize=True)
# --- kinds -------------------------------------------------------------------------------------

DATES = [f"2026-01-{day:02d}" for day in range(1, 20)]
KINDS = [
    ("integer", cycle(1, 5, 9, 40), {"minimum": 0, "maximum": 79}),
    ("integer", cycle(-3, 0, 7), {"minimum": -13, "maximum": 17}),
    ("integer", cycle("1.0", "2.0", "3.0"), {"minimum": 0, "maximum": 5}),
    ("number", cycle(0.5, 2, 8.25), {"minimum": 0, "maximum": 16}),
    ("number", cycle("1e3", "2.5e3", "1E-1"), {"minimum": 0, "maximum": 5000}),
    ("integer", cycle(1, 5, 9, ""), {"missing": True}),
    ("integer", cycle(1, 5, 9, "NA", "?", " "), {"missing": True}),
    ("category", cycle("gold", "tin"), {"values": ["gold", "tin"]}),
    ("category", cycle(0, 1), {"values": [0, 1]}),
    ("category", cycle("True", "False"), {"values": [False, True]}),
    ("category", cycle("yes", ""), {"values": ["yes"], "missing": True}),
    ("category", cycle("10", "9", "x"), {"values": [9, 10, "x"]}),
    ("category", cycle("00412", "00501", "00733"), {"values": ["00412", "00501", "00733"]}),
    ("category", cycle("1_000", "2_000"), {"values": ["1_000", "2_000"]}),
    ("category", cycle("0x10", "0x11", "0x12"), {"values": ["0x10", "0x11", "0x12"]}),
    ("category", cycle("١", "٢", "٣"), {"values": ["١", "٢", "٣"]}),
    ("category", cycle("(other)", "(missing)"), {"values": ["(other)"], "missing": True}),
    ("date", cycle("2026-01-31", "2025-12-01"), {}),
    ("date", cycle("31.01.2026", "01.12.2025"), {}),
    ("date", cycle("31/01/2026", "01/12/2025"), {}),
    ("date", cycle("01/31/2026", "12/01/2025"), {}),
    ("date", cycle("20260131", "20251201", "20240229"), {}),
    ("date", cycle("2026-01-31 10:00:00", "2025-12-01 00:00:00"), {}),
    ("date", cycle("2026-01-31", "31.01.2026", "1-Dec-2025"), {}),
    ("integer", cycle(*range(19), "k.A."), {"missing": True, "absent": ["k.A."]}),
    ("number", cycle(*np.arange(19) / 2, "brak", ""), {"missing": True, "absent": ["brak"]}),
    ("date", cycle(*DATES, "nunca"), {"missing": True, "absent": ["nunca"]}),
    ("category", cycle(*range(8), "k.A."), {"values": [*range(8), "k.A."]}),
]


@pytest.mark.parametrize(("kind", "values", "fields"), KINDS)
def test_kinds_ranges_and_values(kind: str, values: list[Any], fields: dict[str, Any]) -> None:
    found = guess(values)
    assert found.entry["kind"] == kind
    assert {name: found.entry.get(name) for name in fields} == fields
    assert not found.roles
    assert ("missing" in found.entry) == (fields.get("missing", False))


IGNORED = [
    (cycle(7), "the same value in every row"),
    (cycle(""), "holds nothing"),
    (cycle("-", "NA", "?"), "holds nothing"),
    ([1.5] * (ROWS - 1) + [2.5], None),
    (numbered("u{}@example.org"), "e-mail addresses by its values"),
    (numbered("{:05d}"), "different values in 120 rows: identifies"),
    (list(range(1000, 1000 + ROWS)), "numbers its row or customer"),
    (numbered("the {} time that somebody wrote a lot"), "free text"),
    (["about ten", *range(2, ROWS + 1)], "numbers but for 1 of 120 values"),
    (cycle("01/31/2026", "31/01/2026"), "dates in several formats"),
]


@pytest.mark.parametrize(("values", "reason"), IGNORED)
def test_what_would_harm_a_model_is_left_out_and_shown(
    values: list[Any], reason: str | None
) -> None:
    found = guess(values)
    assert (found.roles == ["ignored"]) == (reason is not None)
    if reason is not None:
        assert reason in found.because
        assert found.confirm
        assert "values" not in found.entry


def test_what_stands_for_no_value_is_shown_and_read_as_blank() -> None:
    values = cycle(*range(15), "never")
    columns = {"customer_id": numbered("c{}"), **PLAIN, "days": values}
    found = drafted(**columns)
    (question,) = [question for question in found.questions if question.about == "days"]
    assert "'never' among its values: taken as no value" in question.because
    days = accepted(raw_table(**columns), found).customers["days"]
    assert list(days.isna()) == [value == "never" for value in values]


def test_nearly_constant_columns_are_left_out() -> None:
    plain = {name: np.tile(values, 3) for name, values in PLAIN.items()}
    found = drafted(**plain, thing=[1.5] * (3 * ROWS - 1) + [2.5])
    assert "the same value in 99.7% of the rows" in found.guesses[-1].because
    assert found.guesses[-1].roles == ["ignored"]


@pytest.mark.parametrize("name", ["Surname", "E-Mail", "phoneNumber", "Street_Address", "IBAN"])
def test_what_names_a_person_is_left_out(name: str) -> None:
    found = guess(cycle("Miller", "Smith", "Chu"), name)
    assert found.roles == ["ignored"]
    assert "values" not in found.entry


def test_an_id_with_blanks_is_left_out() -> None:
    found = guess([*numbered("c{}")[:-40], *[""] * 40], "client_code")
    assert found.roles == ["ignored"]
    assert "some have several rows or none" in found.because


def test_many_values_are_pooled() -> None:
    rows = 20_000
    values = [f"sku{place % 10_000}" for place in range(rows)]
    values[:300] = ["often"] * 300
    churned = np.where(np.arange(rows) % 3 == 0, "yes", "no")
    found = drafted(sku=values, churned=churned)
    entry = found.guesses[0].entry
    assert len(entry["values"]) == 50
    assert "often" in entry["values"]
    assert entry["other"] is True
    assert "10,001 values: the 50 most frequent" in found.guesses[0].because
    assert found.guesses[0].confirm


def test_rare_values_leave_a_category_open() -> None:
    found = guess([f"v{place % 20}" for place in range(ROWS - 1)] + ["once"])
    assert found.entry["other"] is True
    assert len(found.entry["values"]) == 21


def test_spellings_of_one_value_are_one() -> None:
    found = guess(cycle("gold", "gold", "Gold", "tin", "GOLD "))
    assert found.entry["values"] == ["gold", "tin"]
    assert found.because == "values that differ by case or space are one"


def test_a_value_called_other_is_counted_with_the_others() -> None:
    found = guess([OTHER if place % 2 else f"v{place % 110}" for place in range(ROWS)])
    assert OTHER not in found.entry["values"]
    assert found.entry["other"] is True


# --- ids ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "chosen"),
    [
        ({"id": numbered("c{}")}, "id"),
        ({"row_number": list(range(ROWS)), "CustomerId": np.arange(ROWS) * 7 + 3}, "CustomerId"),
        ({"code": numbered("x{}"), "user_id": numbered("u{}")}, "user id"),
        ({"handle": numbered("h{}")}, "handle"),
        ({"Kundennr": numbered("K{}")}, "Kundennr"),
        ({"id_client": numbered("{}")}, "id client"),
        ({"amount": np.arange(ROWS) * 1.5}, None),
        ({"account_length": np.arange(ROWS) * 3}, None),
        ({"number_of_calls": np.arange(ROWS) * 3}, None),
        ({"since": pd.date_range("2020-01-01", periods=ROWS).strftime("%Y-%m-%d")}, None),
    ],
)
def test_the_id_is_what_tells_customers_apart(columns: dict[str, Any], chosen: str | None) -> None:
    assert drafted(**columns, **PLAIN).schema.id_name == chosen


def test_a_certain_id_with_repeated_rows_stays_the_id() -> None:
    ids = numbered("c{}")
    ids[-1] = ids[0]
    assert drafted(customer_id=ids, **PLAIN).schema.id_name == "customer id"


def test_a_table_without_rows_is_refused() -> None:
    assert "no rows below the header" in rejection(churn=[], b=[])


# --- roles -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "values", "role"),
    [
        ("tenure", cycle(1, 5, 60), "tenure"),
        ("Account_Length", cycle(1, 5, 60), "tenure"),
        ("MonthlyCharges", cycle(20.5, 30, 99), "monthly_value"),
        ("monthly_fee", cycle(20.5, 30, 99), "monthly_value"),
        ("TotalCharges", cycle(20.5, 300, 7, ""), "total_value"),
        ("age", cycle(20, 30, 44), "sensitive"),
        ("Gender", cycle("f", "m"), "sensitive"),
        ("SeniorCitizen", cycle(0, 1), "sensitive"),
        ("Geschlecht", cycle("w", "m"), "sensitive"),
        ("monthly_fee", cycle(20.5, 30, ""), None),  # may not be missing
        ("monthly_fee", cycle(-20.5, 30, 1), None),
        ("tenure", cycle("short", "long"), None),
        ("voltage", cycle(1, 2, 3), None),
        ("storage_package", cycle("a", "b"), None),
    ],
)
def test_roles_are_given_where_name_and_values_agree(
    name: str, values: list[Any], role: str | None
) -> None:
    found = guess(values, name)
    assert found.roles == ([role] if role else [])
    assert found.confirm == (role is not None or "" in values)


def test_a_role_that_only_one_may_have_is_given_once() -> None:
    found = drafted(tenure=cycle(1, 5, 60), tenure_months=cycle(2, 6, 61), **PLAIN)
    assert [g.roles for g in found.guesses[:2]] == [["tenure"], []]
    assert found.schema.role("tenure") is not None


def test_without_a_monthly_value_the_amounts_that_may_be_one_are_named(tmp_path: Path) -> None:
    file = tmp_path / "shop.csv"
    rows = (f"{n},€{20 + n % 9}.50,{('no', 'yes')[n % 3 == 0]}\n" for n in range(60))
    file.write_text("customer_id,price,churn\n" + "".join(rows))
    found = draft(read_raw_table(file, origin="shop.csv"), origin="shop.csv")
    (question,) = (q for q in found.questions if q.about == "(no value)")
    assert "give price the role monthly_value" in question.because
    (question,) = (q for q in drafted(**PLAIN).questions if q.about == "(no value)")
    assert "the role" not in question.because


# --- any table ---------------------------------------------------------------------------------

any_number = st.floats(width=32, allow_nan=False, allow_infinity=False).map(
    lambda number: repr(float(number))
) | st.integers(-(2**60), 2**60).map(str)
word = st.sampled_from(["a", "A", "b", " a ", "-", "NA", "", "1", "1.0", "01", "Yes", "no", OTHER])
cells = st.one_of(
    st.lists(any_number, min_size=ROWS, max_size=ROWS),
    st.lists(word, min_size=ROWS, max_size=ROWS),
    st.lists(printable, min_size=3, max_size=80).map(lambda v: (v * ROWS)[:ROWS]),
    st.lists(st.dates().map(str), min_size=3, max_size=80).map(lambda v: (v * ROWS)[:ROWS]),
    st.lists(any_number, min_size=1, max_size=60).map(lambda v: (v * ROWS)[:ROWS]),
)


@few
@given(columns=st.lists(cells, min_size=1, max_size=4))
@example(columns=[[str(LARGEST_NUMBER), "-3e38"] * (ROWS // 2)])
@example(columns=[["5e-324", "-5e-324", "0"] * (ROWS // 3)])
@example(columns=[["9007199254740993", "9007199254740992", "1"] * (ROWS // 3)])
@example(columns=[[f"V{n % 60}" for n in range(ROWS)], [f"v{n % 60}" for n in range(ROWS)]])
def test_a_draft_accepts_the_very_table_it_was_drafted_from(columns: list[list[str]]) -> None:
    table = {f"c{place}": values for place, values in enumerate(columns)}
    came = raw_table(**table, **PLAIN)
    found = draft(came, Outcome("churned"), origin="t.csv")
    checked = accepted(came, found)
    for column in found.schema.inputs:
        values = checked.customers[column.name]
        assert values.notna().all() or column.missing
        if column.is_numeric:
            assert np.isfinite(values.dropna()).all()
            assert column.minimum is not None
            assert math.isfinite(column.minimum)
    # and the next file may have a little more
    again = parse_schema(found.content, origin="again")
    assert again == found.schema


def accepted(came: RawTable, found: Draft) -> Checked:
    checked = check_table(came, found.schema, origin="t.csv")
    repeated = sum(r.count for r in checked.warnings if r.action == "dropped")
    assert len(checked.customers) + repeated == came.rows
    return checked


@pytest.mark.parametrize("rows", [60, 600])
@pytest.mark.parametrize("tail", ["lognormal", "pareto"])
def test_next_months_largest_values_are_in_the_range_of_a_long_tail(rows: int, tail: str) -> None:
    rng = np.random.default_rng(5)
    values = {
        "lognormal": lambda n: rng.lognormal(0, 1.5, n),
        "pareto": lambda n: rng.pareto(1.3, n),
    }
    rejected = 0
    for _ in range(20):
        churn = np.resize(["yes", "no"], rows)
        found = drafted(spent=values[tail](rows).round(2), churn=churn)
        rejected += (values[tail](rows) > found.schema["spent"].maximum).sum()
    assert rejected <= 20 * rows / 1000


def test_what_has_no_long_tail_grows_by_its_width() -> None:
    for rows in (60, 600):
        values = np.random.default_rng(5).uniform(0, 80, rows).round(1)
        found = drafted(usage=values, churn=np.resize(["yes", "no"], rows))
        assert 150 < found.schema["usage"].maximum <= 160
