"""Verdicts of the monitor as it would write them."""

from __future__ import annotations

from typing import Any

from scoring.verdict import (
    Calibration,
    Departures,
    Fault,
    Input,
    Metrics,
    Model,
    Performance,
    Population,
    Profit,
    Realised,
    RealisedProfit,
    Verdict,
)

QUALITY = Metrics(roc_auc=0.84, log_loss=0.4, brier=0.13)
FAULT = Fault(column="tenure", problem="blank", customers=9, share=0.1)
CHANGED = Population(changed=True, auc=0.7, threshold=0.56)
CLOSED: dict[str, Any] = {
    "performance": Performance(
        estimated=QUALITY,
        realised=Realised(month="2026-04", customers=1900, metrics=QUALITY),
    ),
    "profit": Profit(
        contacts=12,
        expected=340.5,
        realised=RealisedProfit(
            month="2026-04", contacts=9, expected=300, realised=280.5, profit_per_customer=0.2
        ),
    ),
}


def verdict(month: str = "2026-10", status: Any = "quiet", **answers: Any) -> Verdict:
    """A verdict of a quiet month without labels, except for the answers that are given."""
    quiet = {
        "population": Population(changed=False, auc=0.5, threshold=0.56),
        "departures": Departures(changed=False, observed=90, predicted=88.5, low=70, high=110),
        "calibration": Calibration(changed=None, reason="no window has closed"),
        "performance": Performance(estimated=QUALITY, error=QUALITY),
        "profit": Profit(contacts=12, expected=340.5),
    }
    return Verdict(
        month=month,
        as_of=month,
        status=status,
        summary=status,
        model=Model(name="churn", version="v1"),
        customers=2000,
        input=Input(name="customers.parquet", sha256="0" * 64),
        **quiet | answers,
    )
