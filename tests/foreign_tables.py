"""Tables of businesses that nobody here has seen, by what is unusual about their export.

Small, each with what a newcomer expects its columns to be taken for; `MADE` has them all, those
in other languages too.
"""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import openpyxl

from tests.foreign_columns import (
    FIRST,
    LAST,
    LEFT,
    RNG,
    ROWS,
    START,
    Foreign,
    as_csv,
    days,
    long_ids,
    numbered,
    outcome,
    pick,
    twice,
    whole,
)
from tests.foreign_languages import (
    chinese,
    dutch,
    french,
    german,
    insurance,
    italian,
    polish,
    portuguese,
    russian,
    spanish,
    turkish,
)


def operator() -> Foreign:
    table = {
        "Unnamed: 0": np.sort(RNG.choice(10_000, ROWS, replace=False)),
        "msisdn": 905_300_000_000 + 7_919 * RNG.permutation(ROWS),
        "subscription_age": whole(0, 60),
        "device_age": whole(0, 48),
        "data_mb": RNG.gamma(2, 500, ROWS).round(1),
        "churned": outcome("True", "False"),
    }
    return Foreign(
        as_csv(table), "churned", "True", "msisdn", ignored=frozenset({"Unnamed: 0"}),
        secrets=("905300",),
    )  # fmt: skip


def spreadsheet() -> Foreign:
    table = {
        "custid": [f"8.{n:02d}E+11" for n in RNG.integers(0, 99, ROWS)],
        "seniorcitizen": pick(0, 1),
        "maritalstatus": pick("Married", "Single", "Divorced"),
        "spend": [f"${number:,.2f}" for number in RNG.gamma(2, 900, ROWS)],
        "discount": [f"{number}%" for number in whole(0, 40)],
        "balance": [f"({n})" if n % 3 else str(n) for n in whole(1, 900)],
        "churn": outcome(1, 0),
    }
    return Foreign(
        as_csv(table), "churn", "1", "", ignored=frozenset({"custid"}),
        sensitive=frozenset({"seniorcitizen", "maritalstatus"}), doubted=frozenset({"custid"}),
    )  # fmt: skip


def people() -> Foreign:
    table = {
        "client_id": numbered("C-{}"),
        "Contact_Email": twice("person{}@mail.example"),
        "Cust_Name": [f"{first} {last}" for first, last in zip(pick(*FIRST), LAST, strict=True)],
        "Home Address": twice("{} Mill Street"),
        "Phone": pick("Yes", "No"),
        "email": pick(0, 1),
        "birth_date": days("%m/%d/%y 12:00 AM", "1970-01-01", 9_000),
        "visits": whole(0, 30),
        "churn": outcome("Churner", "Non-Churner"),
    }
    return Foreign(
        as_csv(table), "churn", "Churner", "client_id",
        ignored=frozenset({"Contact_Email", "Cust_Name", "Home Address", "birth_date"}),
        secrets=("mail.example", "Mill Street", "Smith"),
    )  # fmt: skip


def statuses() -> Foreign:
    status = np.where(RNG.random(ROWS) < 0.1, "Joined", outcome("Churned", "Stayed"))
    table = {
        "Customer ID": numbered("{:04d}-ABCD"),
        "Gender": pick("Male", "Female"),
        "Married": pick("Yes", "No"),
        "Zip Code": whole(90_001, 96_000),
        "Number of Referrals": whole(0, 10),
        "Monthly Charge": RNG.uniform(18, 120, ROWS).round(2),
        "Customer Status": status,
    }
    return Foreign(
        as_csv(table), "Customer Status", "Churned", "Customer ID",
        sensitive=frozenset({"Gender", "Married"}),
        given={"target": "Customer Status", "positive": "Churned", "negative": "Stayed"},
    )  # fmt: skip


def panel(periods: list[str], name: str = "period") -> Foreign:
    customers = ROWS // len(periods)
    ids = [f"c{place:03d}" for place in range(customers) for _ in periods]
    rows = len(ids)
    table = {
        "customer": ids,
        name: periods * customers,
        "usage": RNG.gamma(2, 20, rows).round(2),
        "calls": RNG.integers(0, 9, rows),
        "churn": np.where(LEFT[:rows], "yes", "no"),
    }
    return Foreign(as_csv(table), "churn", "yes", "customer", period=name)


def timed() -> Foreign:
    table = {
        "account": numbered("A{:05d}"),
        "opened": days("%d-%b-%Y"),
        "last_order": days("%m/%d/%y %I:%M %p", "2024-06-01", 700),
        "orders": whole(0, 40),
        "amount": [f"{number:,}".replace(",", "'") for number in whole(900, 90_000)],
        "lapsed": outcome("y", "n"),
    }
    return Foreign(
        as_csv(table), "lapsed", "y", "account", dates=frozenset({"opened", "last_order"})
    )


def workbook() -> Foreign:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Members of the club, October"])
    sheet.append(["member_no", "sex", "visits", "fee", "quit"])
    sheet.append(["key", "m/f", "per month", "EUR", "yes/no"])
    for place, left in enumerate(LEFT):
        fee = float(round(20 + place % 7 * 1.5, 2))
        row = [f"M{place:04d}", "mf"[place % 2], place % 13, fee, "yes" if left else "no"]
        sheet.append(row)
    sheet.append(["Total", None, sum(p % 13 for p in range(ROWS)), 1.0, None])
    content = io.BytesIO()
    book.save(content)
    return Foreign(content.getvalue(), "quit", "yes", "member_no", sensitive=frozenset({"sex"}))


def half_of_ibm() -> Foreign:
    table = {
        "customerID": numbered("{:04d}-XYZWV"),
        "gender": pick("Male", "Female"),
        "SeniorCitizen": pick(0, 1),
        "Partner": pick("Yes", "No"),
        "tenure": whole(0, 72),
        "PhoneService": pick("Yes", "No"),
        "Contract": pick("Month-to-month", "One year"),
        "MonthlyCharges": RNG.uniform(18, 120, ROWS).round(2),
        "Region": pick("North", "South"),
        "Churn": outcome("Yes", "No"),
    }
    return Foreign(
        as_csv(table), "Churn", "Yes", "customerID",
        sensitive=frozenset({"gender", "SeniorCitizen"}),
    )  # fmt: skip


def unknown_words() -> Foreign:
    table = {
        "qwz": long_ids(),
        "brk": whole(0, 30),
        "frm": pick("alpha", "beta"),
        "vlt": outcome("Leaver", "Stayer"),
    }
    return Foreign(
        as_csv(table), "vlt", "Leaver", "qwz", given={"target": "vlt"},
        doubted=frozenset({"(language)", "qwz"}),
    )  # fmt: skip


def mostly_leavers() -> Foreign:
    table = {
        "user_uuid": numbered("{:08x}-0000-4000-8000-000000000000", 17_000),
        "ip_address": [f"10.0.{n // 250}.{n % 250}" for n in range(ROWS)],
        "sessions": whole(0, 90),
        "is_premium": pick("true", "false"),
        "status": np.where(LEFT, "active", "canceled"),
    }
    return Foreign(
        as_csv(table), "status", "canceled", "user_uuid", ignored=frozenset({"ip_address"}),
        given={"target": "status"}, secrets=("10.0.0.",),
    )  # fmt: skip


MADE: dict[str, Callable[[], Foreign]] = {
    "Spanish, Latin-1": spanish,
    "Turkish, byte order mark": turkish,
    "German, ids with .0": german,
    "French, e-mails twice": french,
    "Portuguese, money": portuguese,
    "Polish": polish,
    "Russian": russian,
    "Chinese, UTF-16": chinese,
    "Dutch": dutch,
    "Italian": italian,
    "insurance": insurance,
    "operator": operator,
    "spreadsheet": spreadsheet,
    "people": people,
    "statuses": statuses,
    "months": lambda: panel(["2021-01", "2021-02", "2021-03"], "month"),
    "short months": lambda: panel(["Jan-21", "Feb-21", "Mar-21", "Apr-21"], "snapshot"),
    "months in words": lambda: panel(["março de 2026", "abril de 2026", "maio de 2026"], "Mês"),
    "quarters": lambda: panel(["2021Q1", "2021Q2", "2021Q3"], "quarter"),
    "times": timed,
    "a workbook called .csv": workbook,
    "half of the IBM table": half_of_ibm,
    "unknown words": unknown_words,
    "mostly leavers": mostly_leavers,
}


def make(name: str) -> Foreign:
    """The file of that name: the same in whatever order files are made."""
    RNG.bit_generator.state = START
    return MADE[name]()
