"""Names of columns and words that mean yes."""

from __future__ import annotations

import pytest

from stages.adoption import names


@pytest.mark.parametrize(
    ("name", "words", "title"),
    [
        ("MonthlyCharges", ["monthly", "charges"], "Monthly charges"),
        ("monthly_charges", ["monthly", "charges"], "Monthly charges"),
        ("customerID", ["customer", "id"], "Customer ID"),
        ("Kunden-Nr.", ["kunden", "nr"], "Kunden nr"),
        ("GRÖSSE", ["grösse"], "GRÖSSE"),
        ("already fine", ["already", "fine"], "already fine"),
        ("***", [], "***"),
    ],
)
def test_names_are_taken_apart(name: str, words: list[str], title: str) -> None:
    assert names.words(name) == words
    assert names.title(name) == title


@pytest.mark.parametrize(
    ("value", "meaning"),
    [("Yes", True), ("not churned", False), ("no", False), ("Not Active", True), ("blue", None)],
)
def test_words_that_mean_yes(value: str, meaning: bool | None) -> None:
    assert names.says_yes(value) is meaning
