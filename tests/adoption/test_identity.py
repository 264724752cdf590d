"""Who is who: ids by name and by values, row numbers, several rows of one customer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from scoring.errors import UserError
from stages.adoption.guess import DOUBTFUL, SERIOUS
from stages.tables.checks import check_table
from tests.raw_tables import LEFT, PLAIN, ROWS, drafted, numbered, raw_table

LONG = 700_000_000 + np.random.default_rng(0).permutation(10_000_000)[:ROWS]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("CLIENTNUM", LONG),
        ("msisdn", LONG),
        ("custid", np.arange(ROWS) * 3 + 17),
        ("Müşteri No", LONG),
        ("顧客ID", np.arange(ROWS) * 3 + 17),
        ("zzz", LONG),  # by its values alone
        ("Kundennummer", [f"{number}.0" for number in LONG]),
        ("Código do cliente", [f"{n:07d}-{n % 10}" for n in range(ROWS)]),  # as of local phones
    ],
)
def test_an_id_is_known_by_name_or_values(name: str, values: Any) -> None:
    found = drafted(**{name: values}, **PLAIN)
    assert found.schema.id_name == name
    assert found.guesses[0].confirm


def test_a_code_called_after_customers_is_rather_the_id_than_another_number() -> None:
    hashes = [f"{number * 7919:032x}" for number in range(ROWS)]
    found = drafted(session_id=LONG, customer_hash=hashes, **PLAIN)
    assert found.schema.id_name == "customer hash"
    assert found.schema["session id"].roles == ("ignored",)
    # a city is none, whatever it is called
    cities = [f"city{number % 100}" for number in range(ROWS)]
    assert drafted(customer_id=LONG, customer_city=cities, **PLAIN).schema.id_name == "customer id"


def test_codes_of_places_are_in_doubt() -> None:
    found = drafted(customer_id=LONG, zip_code=90_001 + np.arange(ROWS) % 50, **PLAIN)
    asked = {question.about: question for question in found.questions}
    assert asked["zip code"].doubt == DOUBTFUL
    assert asked["zip code"].because.startswith("codes of places")


def test_ids_that_a_program_wrote_as_decimals_are_whole() -> None:
    table = {"Kundennummer": [f"{number}.0" for number in LONG], **PLAIN}
    found = drafted(**table)
    customers = check_table(raw_table(**table), found.schema, origin="t").customers
    assert list(customers["Kundennummer"]) == [str(number) for number in LONG]


@pytest.mark.parametrize("name", ["Unnamed: 0", "index", "x", "(column 1)"])
def test_row_numbers_of_a_sample_are_left_out(name: str) -> None:
    sampled = np.sort(np.random.default_rng(1).permutation(5000)[:ROWS])
    found = drafted(**{name: sampled}, **PLAIN)
    assert found.guesses[0].roles == ["ignored"]
    assert found.schema.id_name is None
    assert ("(no id)", SERIOUS) in [(q.about, q.doubt) for q in found.questions]


def test_a_number_of_its_own_in_every_row_is_never_an_input_in_silence() -> None:
    income = np.random.default_rng(2).permutation(90_000)[:ROWS] + 10_000
    found = drafted(customer_id=numbered("c{}"), income=income, **PLAIN)
    (guess,) = (g for g in found.guesses if g.name == "income")
    assert guess.is_input
    assert guess.doubt == SERIOUS
    assert found.questions[0].about == "income"


def test_numbers_that_a_spreadsheet_shortened_are_left_out_with_what_to_do() -> None:
    found = drafted(reference=[f"{8 + n / 100:.2f}E+11" for n in range(ROWS)], **PLAIN)
    assert found.guesses[0].roles == ["ignored"]
    assert "export them as text" in found.guesses[0].because


@pytest.mark.parametrize("unit", [1, 1000])
@pytest.mark.parametrize("step", [86_400, 7_001])
def test_seconds_since_1970_are_no_amounts(unit: int, step: int) -> None:
    times = (1_780_000_000 + np.random.default_rng(1).permutation(ROWS) % 90 * step) * unit
    found = drafted(install_ts=times, **PLAIN)
    assert found.guesses[0].roles == ["ignored"]
    assert "2026-05-28 to 2026" in found.guesses[0].because
    named = drafted(customer_id=1_200_000_000 + np.arange(ROWS) * 7, **PLAIN)
    assert named.schema.id_name == "customer id"


# --- several rows of a customer -------------------------------------------------------------------

PEOPLE, MONTHS = 60, 6


def panel(month: Any, id_name: str = "customer_id") -> dict[str, Any]:
    rng = np.random.default_rng(3)
    who = np.repeat(np.arange(PEOPLE), MONTHS)
    return {
        id_name: [f"c{number}" for number in who],
        "month": np.tile(month, PEOPLE),
        "income": rng.integers(20, 90, PEOPLE)[who] * 1000,
        "usage": rng.normal(50, 9, len(who)).round(1),
        "churn": np.where(rng.random(PEOPLE) < 0.3, 1, 0)[who],
    }


@pytest.mark.parametrize("id_name", ["customer_id", "musteri no", "handle"])
@pytest.mark.parametrize(
    "month",
    [
        list(range(1, 7)),
        [f"2026-0{n}" for n in range(1, 7)],
        ["Jan-26", "Feb-26", "Mar-26", "Apr-26", "May-26", "Jun-26"],
        ["2025Q1", "2025Q2", "2025Q3", "2025Q4", "2026Q1", "2026Q2"],
    ],
)
def test_repeated_customers_and_their_periods_are_seen(month: list[Any], id_name: str) -> None:
    table = panel(month, id_name)
    found = drafted(**table)
    schema = found.schema
    name = id_name.replace("_", " ")
    assert schema.id_name == name
    assert schema[name].repeated
    assert schema.role("period").name == "month"
    assert "month" not in [column.name for column in schema.inputs]
    assert found.questions[0].doubt == SERIOUS
    assert len(check_table(raw_table(**table), schema, origin="t").customers) == PEOPLE * MONTHS


def test_a_customer_twice_in_one_period_is_refused() -> None:
    table = pd.DataFrame(panel(list(range(1, 7))))
    schema = drafted(**{str(name): table[name] for name in table}).schema
    table.loc[1, "month"] = 1
    with pytest.raises(UserError, match="expected each customer once per month"):
        check_table(raw_table(**{str(n): table[n] for n in table}), schema, origin="t")


def test_repeated_customers_without_a_period_are_kept_together() -> None:
    table = panel(list(range(1, 7)))
    del table["month"]
    schema = drafted(**table).schema
    assert schema["customer id"].repeated
    assert schema.role("period") is None


def test_a_repeated_category_is_no_customer() -> None:
    found = drafted(agent=numbered("a{}", times=2), month=np.arange(ROWS) % 12 + 1,
                    visits=np.arange(ROWS) % 7, churn=np.where(LEFT, 1, 0))  # fmt: skip
    assert found.schema.id_name is None


# --- rows with a number of their own, and customers behind them -----------------------------------


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("customer_id", "{}"),
        ("dni", "{:08d}Z"),
        ("contact", "ann{}@example.org"),
    ],
)
def test_customers_of_several_contracts_are_never_an_input_nor_silent(
    name: str, values: str
) -> None:
    who = np.arange(ROWS) // 2 * 17
    table = {"policy_id": numbered("P{}"), name: [values.format(50_000 + n) for n in who],
             "internal": 3 * who + 4, **PLAIN}  # fmt: skip
    found = drafted(**table)
    assert found.schema.id_name == "policy id"
    asked = {q.about: q for q in found.questions if q.doubt == SERIOUS}
    for column in (name.replace("_", " "), "internal"):
        assert "in place of policy id" in asked[column].because
        assert column not in [c.name for c in found.schema.inputs]


def test_numbers_that_recur_without_a_customer_are_inputs() -> None:
    found = drafted(policy_id=numbered("P{}"), points=np.arange(ROWS) // 2 * 17, **PLAIN)
    assert "points" in [column.name for column in found.schema.inputs]
    flats = drafted(policy_id=numbered("P{}"), town=[f"t{n // 40}" for n in range(ROWS)], **PLAIN)
    assert not [q for q in flats.questions if "both sides" in q.because]


def test_a_customers_code_of_several_contracts_is_the_id() -> None:
    found = drafted(poliza=numbered("A{}-x"), cod_cliente=np.arange(ROWS) // 2 * 17, **PLAIN)
    assert found.schema.id_name == "cod cliente"
    assert found.schema["cod cliente"].repeated
