"""Names of columns: the words that they are made of."""

from __future__ import annotations

import pytest

from stages.adoption import names, vocabulary


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
    ("name", "parts"),
    [
        ("custid", ("custid",)),
        ("seniorcitizen", ("senior", "citizen")),
        ("maritalstatus", ("marital", "status")),
        ("customerage", ("customer", "age")),
        ("CLIENTNUM", ("clientnum",)),
        ("usage", ("usage",)),
        ("package", ("package",)),
        ("average", ("average",)),
        ("Müşteri No", ("musteri", "no")),
    ],
)
def test_words_written_together_are_taken_apart(name: str, parts: tuple[str, ...]) -> None:
    assert names.plain_words(name) == parts


@pytest.mark.parametrize(
    "name",
    [
        "CustomerId",
        "custid",
        "CLIENTNUM",
        "msisdn",
        "id_cliente",
        "Kundennr",
        "顧客ID",
        "numer_klienta",
        "N° client",
        "Código do cliente",
        "ид_клиента",
    ],
)
def test_the_name_of_an_id_is_known(name: str) -> None:
    assert names.is_identifier(name)


@pytest.mark.parametrize(
    "name",
    ["Number of calls", "Number of users", "Número de clientes", "usage", "paid", "idle_days"],
)
def test_what_is_no_id_is_not_called_one(name: str) -> None:
    assert not names.is_identifier(name)


@pytest.mark.parametrize(
    "name",
    [
        "MRR",
        "mrr_eur",
        "MRR (USD)",
        "monthly_fee_in_gbp",
        "MonthlyCharges",
        "fees_monthly",
        "Mensalidade (R$)",
        "Opłata miesięczna (zł)",
        "Månadsavgift, kr",
    ],
)
def test_an_amount_is_known_whatever_its_currency(name: str) -> None:
    assert names.is_called(name, vocabulary.MONTHLY_NAMES)


@pytest.mark.parametrize("name", ["eur", "usage_in_eur", "mrr_growth"])
def test_a_currency_alone_makes_no_monthly_amount(name: str) -> None:
    assert not names.is_called(name, vocabulary.MONTHLY_NAMES)
