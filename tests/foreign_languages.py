"""Tables of businesses in a dozen languages, each with what its columns are to be taken for."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.foreign_columns import (
    RNG,
    ROWS,
    Foreign,
    as_csv,
    comma,
    days,
    long_ids,
    numbered,
    outcome,
    pick,
    semicolons,
    twice,
    whole,
)


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
