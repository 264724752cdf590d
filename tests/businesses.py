"""Tables of businesses as their programs would export them; who leaves is learnable."""

from __future__ import annotations

import gzip

import numpy as np
import pandas as pd


def bank(rows: int = 900, *, seed: int = 5) -> bytes:
    """A bank's CSV in plain commas: numbered rows, surnames, a flag that gives the outcome away."""
    rng = np.random.default_rng(seed)
    age, products = rng.integers(18, 90, rows), rng.integers(1, 5, rows)
    left = _left(0.06 * (age - 45) + 0.9 * (products > 2) - 1.2, rng)
    return _csv(
        {
            "RowNumber": np.arange(1, rows + 1),
            "CustomerId": 15_600_000 + 7 * rng.permutation(rows),
            "Surname": [f"Surname{number}" for number in rng.integers(0, 500, rows)],
            "CreditScore": rng.integers(350, 850, rows),
            "Geography": rng.choice(["France", "Spain", "Germany"], rows, p=[0.5, 0.25, 0.25]),
            "Gender": rng.choice(["Gender-one", "Gender-two"], rows),
            "Age": age,
            "Tenure": rng.integers(0, 11, rows),
            "Balance": (rng.uniform(0, 2e5, rows) * (rng.random(rows) < 0.6)).round(2),
            "NumOfProducts": products,
            "EstimatedSalary": rng.uniform(1e4, 2e5, rows).round(2),
            "Country": "EU",
            "Exited": left.astype(int),
            "Complain": np.where(rng.random(rows) < 0.995, left, ~left).astype(int),
        }
    ).encode()


def gym(rows: int = 700, *, seed: int = 6) -> bytes:
    """A German gym's export: semicolons, Latin-1, decimal commas, CRLF, a reason for leaving."""
    rng = np.random.default_rng(seed)
    visits = rng.exponential(2, rows).round(2)
    left = _left(0.8 - 0.9 * visits, rng)
    reasons = rng.choice(["Umzug", "Preis", "Zeit"], rows)
    joined = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 2000, rows), unit="D")
    return _csv(
        {
            "Mitglieds-Nr": [f"MITGLIED{number:05d}" for number in range(rows)],
            "Studio": rng.choice(["Münster", "Köln", "Bonn"], rows),
            "Alter": rng.integers(16, 80, rows),
            "Monatsbeitrag": rng.choice(["19,90", "24,90", "39,90"], rows),
            "Besuche pro Woche": [f"{number:.2f}".replace(".", ",") for number in visits],
            "Beitritt": joined.strftime("%d.%m.%Y"),
            "Bemerkung": [f"BEMERKUNG{n} zum Kurs am späten Abend" for n in range(rows)],
            "Gekündigt": np.where(left, "ja", "nein"),
            "Kündigungsgrund": np.where(left & (rng.random(rows) < 0.7), reasons, ""),
        },
        sep=";",
        lineterminator="\r\n",
    ).encode("latin-1")


def software(rows: int = 4000, *, seed: int = 7) -> bytes:
    """A subscription's packed, tab-separated file: no id, thousands of cities, `?` for a blank."""
    rng = np.random.default_rng(seed)
    usage = rng.poisson(12, (rows, 12))
    left = _left(0.5 - 0.35 * (usage[:, -1] - 9), rng)
    city = rng.zipf(1.3, rows) % 3000
    table = {
        "plan": rng.choice(["free", "pro", "team"], rows),
        "city": [f"city {number}" for number in city],
        "seats": np.where(rng.random(rows) < 0.1, "?", rng.integers(1, 40, rows).astype(str)),
        "trial": rng.choice(["True", "False"], rows),
    }
    table |= {f"usage_{week}": usage[:, week] for week in range(usage.shape[1])}
    return gzip.compress(
        _csv(table | {"status": np.where(left, "gone", "here")}, sep="\t").encode(), mtime=0
    )


SNAPSHOT = np.datetime64("2026-10-31")


def subscribers(rows: int = 400, *, seed: int = 2) -> pd.DataFrame:
    """Subscribers of whom little but dates is known, in three forms; who left has the day of it."""
    rng = np.random.default_rng(seed)
    age, ends = rng.integers(0, 1500, rows), rng.integers(-20, 400, rows)
    left = _left((300 - age) / 200, rng)
    days = [pd.DatetimeIndex(SNAPSHOT + shift) for shift in (-age, ends, -(age % 60))]
    return pd.DataFrame(
        {
            "customer id": [f"c{number}" for number in range(rows)],
            "signup": days[0].strftime("%Y-%m-%d"),
            "contract end": days[1].strftime("%d.%m.%Y"),
            "visit": np.where(age % 9 == 0, "", days[2].strftime("%m/%d/%Y")),
            "cancelled": np.where(left, days[2].strftime("%Y-%m-%d"), ""),
            "visits": rng.integers(0, 20, rows),
            "churn": np.where(left, "yes", "no"),
        }
    )


def _left(logit: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return rng.random(len(logit)) < 1 / (1 + np.exp(-logit))


def _csv(columns: dict, **options: str) -> str:
    return pd.DataFrame(columns).to_csv(index=False, **options)
