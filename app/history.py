"""What earlier months showed: verdicts of the monitor, the last campaign, the test customers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic import ValidationError

from app.places import read_json
from scoring.bundle import MANIFEST
from scoring.errors import UserError, shown
from scoring.verdict import Verdict

DECILES = 10
MONITOR = "make monitor IN=july.csv MONTH=2026-07"
CAMPAIGN = "make campaign IN=march.csv"


@dataclass(frozen=True)
class Compared:
    """Churn predicted and realised in a month or a decile of risk: shares of its customers."""

    group: str
    predicted: float
    realised: float


def verdicts(reports: Path) -> list[Verdict]:
    """What the monitor reported of each month, oldest first; `UserError` where it never ran."""
    folder = reports / "monitor"
    files = sorted(path for path in folder.glob("*.json") if path.stem[:1].isdigit())
    if not files:
        raise UserError(f"{shown(folder)}: no month was judged yet; run {MONITOR}")
    return [_verdict(path) for path in files]


def _verdict(path: Path) -> Verdict:
    try:
        return Verdict.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        raise UserError(f"{shown(path)}: cannot be read; run {MONITOR}") from None


def closed_months(found: Sequence[Verdict]) -> list[Compared]:
    """The months whose outcome is known, by the newest verdict on each."""
    months = {}
    for verdict in found:
        rate = verdict.calibration
        if rate.month is not None and rate.predicted is not None and rate.churn_rate is not None:
            months[rate.month] = Compared(rate.month, rate.predicted, rate.churn_rate)
    return [months[month] for month in sorted(months)]


def last_alert(found: Sequence[Verdict]) -> Verdict | None:
    """The newest month in which something was wrong; None where nothing was."""
    return next((v for v in reversed(found) if v.status in ("change", "fault")), None)


def deciles(reports: Path) -> list[Compared]:
    """Test customers of the model in tenths of their risk, lowest first.

    `UserError` where there are no predictions.
    """
    path = reports / "predictions.parquet"
    try:
        table = pq.read_table(path, columns=["split", "label", "champion"])
    except FileNotFoundError:
        raise UserError(f"{shown(path)}: no such file; run make repro") from None
    except (OSError, pa.ArrowException):
        raise UserError(f"{shown(path)}: cannot be read; run make repro") from None
    test = table.filter(pc.equal(table["split"].cast(pa.string()), "test"))
    probability = test["champion"].to_numpy()
    label = test["label"].to_numpy()
    parts = np.array_split(np.argsort(probability, kind="stable"), DECILES)
    return [
        Compared(str(place), float(probability[part].mean()), float(label[part].mean()))
        for place, part in enumerate(parts, start=1)
        if len(part)
    ]


def segments(reports: Path) -> dict[str, list[Compared]]:
    """Test customers of the model by segment: of each column its values, as the card has them.

    `UserError` where there is no card, or one of an earlier version.
    """
    path = reports / "model_card.json"
    content = read_json(path, otherwise="run make repro")
    found = dict[str, list[Compared]]()
    try:
        for row in content["segments"]:
            shares = float(row["probability"]), float(row["churn_rate"])
            found.setdefault(str(row["column"]), []).append(Compared(str(row["value"]), *shares))
    except (KeyError, TypeError, ValueError):
        raise UserError(f"{shown(path)}: cannot be read; run make repro") from None
    return found


@dataclass(frozen=True)
class Offer:
    """What contacts with an offer did: fewer leavers, and profit per contact, with intervals."""

    name: str
    contacts: int
    reduction: tuple[float, float, float]
    profit: tuple[float, float, float]


@dataclass(frozen=True)
class Campaign:
    """The last campaign: its control group, how many of that left, and each offer."""

    control: int
    churn_rate: float
    offers: tuple[Offer, ...]


def campaign(reports: Path) -> Campaign:
    """The last campaign that was analysed; `UserError` where there is none."""
    path = reports / "campaign.json"
    content = read_json(path, otherwise=f"run {CAMPAIGN}")
    try:
        alone = content["arms"][0]
        return Campaign(
            int(alone["customers"]),
            float(alone["churn_rate"]["value"]),
            tuple(_offer(effect) for effect in content["effects"]),
        )
    except (KeyError, IndexError, TypeError, ValueError):
        raise UserError(f"{shown(path)}: cannot be read; run {CAMPAIGN}") from None


def _offer(effect: dict[str, Any]) -> Offer:
    reduction, profit = (
        (float(found["value"]), float(found["low"]), float(found["high"]))
        for found in (effect["reduction"], effect["profit_per_contact"])
    )
    return Offer(str(effect["arm"]), int(effect["contacts"]), reduction, profit)


def made_on(bundle: Path) -> date:
    """The day on which the bundle was written."""
    return date.fromtimestamp((bundle / MANIFEST).stat().st_mtime)
