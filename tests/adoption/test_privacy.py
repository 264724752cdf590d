"""What leads to a person and what is sensitive: by values in any language, not flags or things."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from stages.adoption.draft import draft
from tests.raw_tables import PLAIN, ROWS, cycle, guess, numbered, raw_table

FIRST = ["Ada", "Ben", "Zoë", "Jürgen", "Aylin", "Mária", "O'Neil", "Lena", "Tom", "Ivan"]
LAST = ["Moore", "Yılmaz", "Schmidt", "García", "Novák", "Rossi"]
STREETS = ["Main Street", "Hauptstraße", "Rue Basse", "Calle Mayor", "Lindenweg", "Atatürk Caddesi"]


def twice(values: list[str]) -> list[str]:
    """Each value in two rows."""
    return [values[place // 2 % len(values)] for place in range(ROWS)]


NAMES = [f"{first} {last}" for first in FIRST for last in LAST]
PERSONAL = {
    "e-mail addresses": [f"u{n}@example.org" for n in range(60)],
    "phone or identity numbers": [f"+49 170 {n:07d}" for n in range(1000, 1060)],
    "local phone numbers": [f"555-{n}" for n in range(1000, 1060)],
    "names": NAMES,
    "streets": [f"{STREETS[n % 6]} {n}" for n in range(60)],
    "houses first": [f"{n} {STREETS[n % 6]}" for n in range(60)],
    "computers": [f"10.0.{n}.7" for n in range(60)],
}


@pytest.mark.parametrize("name", ["col_7", "zzz", "Feld", "項目"])
@pytest.mark.parametrize("values", PERSONAL.values(), ids=list(PERSONAL))
def test_personal_data_is_known_by_its_values(values: list[str], name: str) -> None:
    found = guess(twice(values), name)
    assert found.roles == ["ignored"]
    assert "values" not in found.entry
    assert not any(str(value) in found.because for value in values)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("Phone", cycle(0, 1)),
        ("Phone", cycle("Yes", "No")),
        ("email", cycle("Evet", "Hayır")),
        ("PhoneService", cycle("Yes", "No", "No phone service")),
        ("emails_opened", cycle(1, 5, 9, 40)),
        ("number of calls by phone", cycle(1, 5, 9, 40)),
        ("plan name", cycle("Gold", "Tin", "Iron")),
        ("city", cycle("Köln", "Bonn", "Ulm", "Trier")),
    ],
)
def test_a_flag_or_a_count_names_nobody(name: str, values: list[Any]) -> None:
    assert guess(values, name).roles == []


@pytest.mark.parametrize("values", [
    [f"{1940 + n % 60}-03-{1 + n % 28:02d}" for n in range(ROWS)],
    [f"07/{1 + n % 28:02d}/{40 + n % 60:02d} 12:00 AM" for n in range(ROWS)],
])  # fmt: skip
@pytest.mark.parametrize("name", ["birth_date", "DOB", "fecha nacimiento", "doğum tarihi", "d1"])
def test_a_date_of_birth_is_left_out(name: str, values: list[str]) -> None:
    assert guess(values, name).roles == ["ignored"]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("Sexo", cycle("Hombre", "Mujer")),
        ("x9", cycle("M", "F")),
        ("x9", cycle("male", "female", "other")),
        ("x9", cycle("Kadın", "Erkek")),
        ("x9", cycle("男", "女")),
        ("cinsiyet", cycle(0, 1)),
        ("seniorcitizen", cycle(0, 1)),
        ("maritalstatus", cycle("a", "b")),
        ("x9", cycle("M.", "Mme")),
        ("x9", cycle("M.", "Mme", "Mlle")),
        ("x9", cycle("Sr.", "Sra.")),
        ("x9", cycle("Pan", "Pani")),
        ("Anrede", cycle(1, 2)),
        ("x9", cycle("evli", "bekar")),
        ("x9", cycle("Married", "Single", "Divorced")),
        ("Edad", cycle(20, 30, 44)),
        ("yas", cycle(20, 30, 44)),
        ("customer_age", cycle(20, 30, 44)),
        ("Kundenalter", cycle(20, 30, 44)),
        ("возраст", cycle(20, 30, 44)),
        ("age_group", cycle("18-25", "26-40", "41+")),
        ("feature_3", list(np.arange(ROWS) % 70 + 18)),
    ],
)
def test_sensitive_columns_are_known_in_any_language_or_by_values(
    name: str, values: list[Any]
) -> None:
    found = guess(values, name)
    assert found.roles == ["sensitive"]
    assert found.confirm


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("subscription_age", cycle(20, 30, 44)),
        ("device_age", cycle(20, 30, 44)),
        ("account_age", cycle(20, 30, 44)),
        ("age_of_contract", cycle(20, 30, 44)),
        ("age", cycle(20, 300, 4400)),
        ("storage", cycle(20, 30, 44)),
        ("usage", list(np.arange(ROWS) % 70 + 18)),
        ("x9", cycle("m", "x")),
    ],
)
def test_an_age_of_a_thing_is_no_persons_age(name: str, values: list[Any]) -> None:
    assert guess(values, name).roles == []


@pytest.mark.parametrize(("unit", "roles"), [("%", []), ("zł", []), ("lat", ["sensitive"])])
def test_a_share_or_an_amount_is_no_age_whatever_its_values(unit: str, roles: list[str]) -> None:
    came = raw_table(**{**PLAIN, "customer_id": numbered("c{}"), "x9": np.arange(ROWS) % 70 + 18})
    found = draft(replace(came, units={"x9": unit}), origin="t.csv")
    assert next(g for g in found.guesses if g.name == "x9").roles == roles
