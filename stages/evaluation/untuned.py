"""The champion against histogram gradient boosting as it comes, on the test customers.

What anybody reaches in three lines of scikit-learn. A champion that is worse is not worth serving.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from stages.core import measures
from stages.core.metrics import METRICS
from stages.evaluation.evaluation_data import EvaluationData

UNTUNED = "hist_boosting"
COMPARED = ("log_loss", "roc_auc", "average_precision")


def lead(data: EvaluationData) -> pd.DataFrame:
    """By how much the champion leads, on the same resamples of the test customers.

    Columns: champion, untuned, lead (above 0: the champion is better), low, high.
    """
    rows = {name: _row(data, name) for name in COMPARED}
    return pd.DataFrame.from_dict(rows, orient="index")


def _row(data: EvaluationData, name: str) -> dict[str, float]:
    measure, label, sign = METRICS[name].bound(), data.label, METRICS[name].sign
    scores = data.probability, data.baselines[UNTUNED]
    ours, theirs = (measures.value(measure, label, score) for score in scores)
    drawn = [data.bootstrap.distribution(measure, label, score) for score in scores]
    low, high = data.bootstrap.percentiles(sign * np.subtract(*drawn))
    return {
        "champion": ours,
        "untuned": theirs,
        "lead": sign * (ours - theirs),
        "low": low,
        "high": high,
    }


def warning(table: pd.DataFrame) -> str:
    """That the champion is worse beyond noise, and in what; empty where it is not."""
    worse = [
        f"{name} {row['champion']:.4f} against {row['untuned']:.4f}"
        for name, row in table.iterrows()
        if row["high"] < 0
    ]
    if not worse:
        return ""
    return (
        "The champion is worse than an untuned gradient boosting, beyond noise: "
        f"{', '.join(worse)}. Do not serve it before you know why. "
    )


def summary(table: pd.DataFrame) -> str:
    """The lead in ROC AUC and log loss, in a sentence."""
    auc, loss = table.loc["roc_auc"], table.loc["log_loss"]
    return (
        f"An untuned gradient boosting has a ROC AUC of {auc['untuned']:.3f} and a log loss of "
        f"{loss['untuned']:.4f}; the champion leads by {auc['lead']:.4f} ({auc['low']:.4f} to "
        f"{auc['high']:.4f}) and {loss['lead']:.4f} ({loss['low']:.4f} to {loss['high']:.4f})."
    )
