"""The churn rate of a closed month against the mean prediction."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from scoring.verdict import Calibration
from stages.core.measures import calibration_error
from stages.monitoring.month_table import MonthTable


def judge(
    table: MonthTable, left: NDArray[np.bool_], *, level: float, trained_on: int
) -> Calibration:
    """Churn rate against the mean prediction of a closed month, two-sided.

    Both the month's labels and those the model was trained on vary by chance.
    """
    n = len(left)
    if not n:
        return Calibration(changed=None, reason="none of the outcomes is of one of its customers")
    p = table.probability
    predicted, rate = float(p.mean()), float(left.mean())
    variance = float(np.mean(p * (1 - p))) * (1 / n + 1 / max(trained_on, 1))
    margin = float(norm.isf(level / 2)) * float(np.sqrt(variance))
    error = calibration_error(left.astype(float), p, np.ones((1, n)))[0]
    return Calibration(
        changed=abs(rate - predicted) > margin,
        month=table.month,
        customers=n,
        churn_rate=rate,
        predicted=predicted,
        low=max(0.0, predicted - margin),
        high=min(1.0, predicted + margin),
        ece=float(error),
    )
