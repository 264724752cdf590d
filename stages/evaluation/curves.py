"""The curves of the evaluation, as tables: what `dvc plots` and the reports draw."""

from __future__ import annotations

import numpy as np
import pandas as pd

from stages.core.measures import Floats
from stages.core.reliability import reliability
from stages.evaluation.evaluation_data import EvaluationData

POINTS = 400  # of a curve: more than a plot shows


def curves(data: EvaluationData) -> dict[str, pd.DataFrame]:
    """Tables behind the plots that `dvc.yaml` declares, by file name."""
    label, score = data.label, data.probability
    order = np.argsort(-score, kind="stable")
    last = np.append(np.diff(score[order]) != 0, True)
    found, contacted = np.cumsum(label[order])[last], np.flatnonzero(last) + 1.0
    missed = (contacted - found) / (len(label) - label.sum())
    recall, precision = found / label.sum(), found / contacted
    share = contacted / len(label)
    return {
        "roc": _thin({"fpr": np.append(0, missed), "tpr": np.append(0, recall)}),
        "precision_recall": _thin({"recall": recall, "precision": precision}),
        "lift": _thin({"contacted": np.append(0, share), "found": np.append(0, recall)}),
        "profit": profit_curve(data),
        "calibration": reliability(label, score, bins=data.params.calibration_bins),
        "confusion": pd.DataFrame(
            {
                "actual": np.where(label == 1, "left", "stayed"),
                "predicted": np.where(data.decision == 1, "left", "stayed"),
            }
        ),
    }


def _thin(columns: dict[str, Floats]) -> pd.DataFrame:
    table = pd.DataFrame(columns)
    keep = np.unique(np.linspace(0, len(table) - 1, min(POINTS, len(table))).astype(int))
    return table.iloc[keep].reset_index(drop=True)


def profit_curve(data: EvaluationData, *, points: int = 101) -> pd.DataFrame:
    """Profit per customer against the share contacted, in order of expected profit.

    Columns: contacted, profit, low, high (bootstrap), random (the same share at random).
    """
    realised = data.realised
    order = np.argsort(-data.expected, kind="stable")
    shares = np.linspace(0, 1, points)
    samples = np.concatenate(
        [
            _profit_at(shares, realised[order], w[:, order])
            for w in data.bootstrap.weights(len(order))
        ]
    )
    tail = (1 - data.params.level) / 2
    low, high = np.quantile(samples, [tail, 1 - tail], axis=0)
    profit = _profit_at(shares, realised[order], np.ones((1, len(order))))[0]
    return pd.DataFrame(
        {
            "contacted": shares,
            "profit": profit,
            "low": low,
            "high": high,
            "random": shares * realised.mean(),
        }
    )


def _profit_at(shares: Floats, realised: Floats, weight: Floats) -> Floats:
    """Profit per customer (b, shares) when that share of the resampled customers is contacted."""
    total = weight.sum(axis=1, keepdims=True)
    contacted = np.cumsum(weight, axis=1) / total
    gained = np.cumsum(weight * realised, axis=1) / total
    return np.stack(
        [
            np.interp(shares, np.append(0, c), np.append(0, g))
            for c, g in zip(contacted, gained, strict=True)
        ]
    )
