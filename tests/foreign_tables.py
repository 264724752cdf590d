"""Tables of businesses and languages that nobody here has seen, as their programs export them.

Made up, small, each with what a newcomer expects its columns to be taken for. None is a customer.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import openpyxl
import pandas as pd

ROWS = 240
RNG = np.random.default_rng(11)
LEFT = RNG.random(ROWS) < 0.3  # who churned, in every table
START = RNG.bit_generator.state


@dataclass(frozen=True)
class Foreign:
    """A file and what its columns are.

    `ids` is the id, or "" where there is none; `ignored` are left out, `sensitive` compared by
    group; all else but the target, `period` and `dates` is an input.
    """

    content: bytes
    target: str
    positive: str
    ids: str
    ignored: frozenset[str] = frozenset()
    sensitive: frozenset[str] = frozenset()
    dates: frozenset[str] = frozenset()
    period: str = ""
    given: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()  # what nobody may read in a schema or a message
    doubted: frozenset[str] = frozenset()
    name: str = "t.csv"


FIRST = ("Anna", "Berta", "Carl", "Dora", "Emil")
LAST = [f"Smith{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(ROWS // 2)] * 2


def whole(low: int, high: int) -> np.ndarray:
    return RNG.integers(low, high, ROWS)


def pick(*values: Any) -> np.ndarray:
    return RNG.choice(np.array(values, dtype=object), ROWS)


def numbered(pattern: str, start: int = 1) -> list[str]:
    return [pattern.format(start + place) for place in range(ROWS)]


def outcome(left: Any, stayed: Any) -> np.ndarray:
    return np.where(LEFT, left, stayed)


def comma(numbers: Any) -> list[str]:
    return [f"{number:.2f}".replace(".", ",") for number in numbers]


def days(form: str, start: str = "2018-01-01", spread: int = 2500) -> np.ndarray:
    found = pd.Timestamp(start) + pd.to_timedelta(whole(0, spread), unit="D")
    return found.strftime(form).to_numpy()


def twice(pattern: str) -> list[str]:
    """A value of its own for every two customers."""
    return [pattern.format(place % (ROWS // 2)) for place in range(ROWS)]


def long_ids(start: int = 88_600_000) -> np.ndarray:
    return start + 37 * RNG.permutation(ROWS)


def as_csv(table: Mapping[str, Any], encoding: str = "utf-8", **options: Any) -> bytes:
    return pd.DataFrame(table).to_csv(index=False, **options).encode(encoding)


def semicolons(table: Mapping[str, Any], encoding: str = "utf-8") -> bytes:
    return as_csv(table, encoding, sep=";")


def spanish() -> Foreign:
    table = {
        "id_cliente": numbered("{}", 1000),
        "Sexo": pick("M", "F"),
        "Edad": whole(18, 90),
        "visitas": whole(0, 20),
        "antigüedad": whole(0, 60),
        "cuota_mensual": comma(RNG.uniform(10, 60, ROWS)),
        "fecha_alta": days("%d/%m/%Y"),
        "baja": outcome("Sí", "No"),
    }
    return Foreign(
        semicolons(table, "latin-1"), "baja", "Sí", "id_cliente",
        sensitive=frozenset({"Sexo", "Edad"}), dates=frozenset({"fecha_alta"}),
    )  # fmt: skip


def turkish() -> Foreign:
    table = {
        "musteri_no": numbered("M{:05d}"),
        "ad_soyad": [f"Ayşe Yılmaz{'abcdefghij'[n % 10]}" for n in range(ROWS)],
        "cinsiyet": pick("Kadın", "Erkek"),
        "yas": whole(18, 80),
        "medeni_durum": pick("Evli", "Bekar"),
        "aylik_ucret": whole(99, 900),
        "ayrildi": outcome("Evet", "Hayır"),
    }
    return Foreign(
        as_csv(table, "utf-8-sig"), "ayrildi", "Evet", "musteri_no",
        ignored=frozenset({"ad_soyad"}), sensitive=frozenset({"cinsiyet", "yas", "medeni_durum"}),
        secrets=("Yılmaz",),
    )  # fmt: skip


def german() -> Foreign:
    table = {
        "Kundennummer": [f"{number}.0" for number in long_ids(7_015_040)],
        "Straße": [f"Lindenweg {place}" for place in range(ROWS)],
        "Geburtsdatum": days("%d.%m.%Y", "1940-01-01", 22_000),
        "Familienstand": pick("ledig", "verheiratet", "geschieden"),
        "Monatsbeitrag": comma(RNG.uniform(9, 80, ROWS)),
        "Anrufe": whole(0, 9),
        "Gekündigt": outcome("ja", "nein"),
    }
    return Foreign(
        semicolons(table, "cp1252"), "Gekündigt", "ja", "Kundennummer",
        ignored=frozenset({"Straße", "Geburtsdatum"}), sensitive=frozenset({"Familienstand"}),
        secrets=("Lindenweg",),
    )  # fmt: skip


def french() -> Foreign:
    table = {
        "numéro client": numbered("{}", 5000),
        "Nom": pick("Martin", "Bernard", "Dubois", "Thomas"),
        "courriel": twice("jean.martin{}@exemple.fr"),
        "âge": whole(18, 85),
        "forfait": pick("base", "confort", "premium"),
        "consommation": comma(RNG.gamma(2, 50, ROWS)),
        "résilié": outcome("oui", "non"),
    }
    return Foreign(
        semicolons(table), "résilié", "oui", "numéro client",
        ignored=frozenset({"Nom", "courriel"}), sensitive=frozenset({"âge"}),
        secrets=("exemple.fr", "Dubois"),
    )  # fmt: skip


def portuguese() -> Foreign:
    table = {
        "cpf": [f"{n:03d}.{n:03d}.{n:03d}-{n % 90 + 10}" for n in range(100, 100 + ROWS)],
        "genero": pick("Masculino", "Feminino"),
        "tempo_de_casa": whole(0, 80),
        "gasto": [f"R$ {number:.2f}".replace(".", ",") for number in RNG.uniform(20, 400, ROWS)],
        "cancelou": outcome("Sim", "Não"),
    }
    return Foreign(
        semicolons(table, "latin-1"),
        "cancelou",
        "Sim",
        "",
        ignored=frozenset({"cpf"}),
        sensitive=frozenset({"genero"}),
        secrets=("100.100",),
    )


def polish() -> Foreign:
    table = {
        "nr_klienta": numbered("PL{:06d}"),
        "płeć": pick("K", "M"),
        "wiek": whole(18, 80),
        "abonament": pick("mały", "średni", "duży"),
        "liczba_połączeń": whole(0, 300),
        "odszedł": outcome("tak", "nie"),
    }
    return Foreign(
        semicolons(table), "odszedł", "tak", "nr_klienta", sensitive=frozenset({"płeć", "wiek"})
    )


def russian() -> Foreign:
    table = {
        "номер клиента": numbered("{}", 70_000),
        "пол": pick("муж", "жен"),
        "возраст": whole(18, 80),
        "тариф": pick("базовый", "плюс"),
        "расходы": comma(RNG.gamma(2, 300, ROWS)),
        "отток": outcome("да", "нет"),
    }
    return Foreign(
        semicolons(table), "отток", "да", "номер клиента", sensitive=frozenset({"пол", "возраст"})
    )


def chinese() -> Foreign:
    table = {
        "客户编号": numbered("K{:05d}"),
        "性别": pick("男", "女"),
        "年龄": whole(18, 80),
        "套餐": pick("基础", "高级"),
        "月费": whole(19, 399),
        "是否流失": outcome("是", "否"),
    }
    return Foreign(
        as_csv(table, "utf-16"), "是否流失", "是", "客户编号", sensitive=frozenset({"性别", "年龄"})
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


def dutch() -> Foreign:
    table = {
        "klantnummer": numbered("{}", 200_000),
        "geslacht": pick("man", "vrouw"),
        "leeftijd": whole(18, 85),
        "postcode": [f"{1000 + n} AB" for n in range(ROWS)],
        "maandbedrag": comma(RNG.uniform(10, 90, ROWS)),
        "opgezegd": outcome("ja", "nee"),
    }
    return Foreign(
        semicolons(table), "opgezegd", "ja", "klantnummer",
        ignored=frozenset({"postcode"}), sensitive=frozenset({"geslacht", "leeftijd"}),
    )  # fmt: skip


def insurance() -> Foreign:
    """A third of most columns says "keine Angabe" in short, and dates come from two systems."""
    half = ROWS // 2

    def mostly(values: Any) -> np.ndarray:
        return np.where(RNG.random(ROWS) < 0.3, "k.A.", np.array(values, dtype=object))

    table = {
        "Vertragsnr.": numbered("V-{}", 2_000_000),
        "Beginn": [*days("%d.%m.%Y")[:half], *days("%Y-%m-%d")[half:]],
        "Beitrag pro Monat": comma(RNG.uniform(10, 90, ROWS)),
        "Erhöhung %": mostly(comma(RNG.normal(3, 4, ROWS))),
        "Schäden": mostly(whole(0, 30)),
        "Alter": mostly(whole(18, 90)),
        "Plan": pick("a", "b"),
        "plan": whole(1, 30),
        "Gekündigt": outcome("ja", "nein"),
    }
    return Foreign(
        semicolons(table, "cp1252"), "Gekündigt", "ja", "Vertragsnr.",
        sensitive=frozenset({"Alter"}), dates=frozenset({"Beginn"}),
        doubted=frozenset({"Erhöhung %", "Schäden", "Alter"}),
    )  # fmt: skip


def italian() -> Foreign:
    table = {
        "codice_cliente": numbered("IT{:05d}"),
        "telefono": [f"+39 333 {n:03d} {n:04d}" for n in range(100, 100 + ROWS)],
        "sesso": pick("M", "F"),
        "età": whole(18, 80),
        "spesa_mensile": comma(RNG.uniform(5, 90, ROWS)),
        "abbandono": outcome("si", "no"),
    }
    return Foreign(
        semicolons(table), "abbandono", "si", "codice_cliente",
        ignored=frozenset({"telefono"}), sensitive=frozenset({"sesso", "età"}),
        secrets=("+39 333",),
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
