"""Churn as time to churn, and back: a discrete-time hazard.

A customer of tenure t is told as a life: one row for each period that was reached, with the event
in the last one where the customer left. A classifier on these rows learns the hazard, the chance to
leave in a period that was reached (Singer & Willett 1993; Tutz & Schmid 2016). Going back, the
probability of churn is the hazard at the customer's own tenure, moved so that its mean over the
customers learned from is their churn rate.

A snapshot holds only the customers who were still there: nobody who left before is in it. Lives
told from it have no early deaths but those of the last window. That bends the hazard of early
periods; what it does to the ranking is measured by `make ablation`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit
from sklearn.base import clone

from scoring.probability import log_odds
from stages.model.encoding import Layout
from stages.model.logodds import EDGE, Moved

FURTHEST = 25.0  # log-odds beyond which no shift is looked for


class Hazard(Moved):
    """A classifier of life periods, answering with the churn of the window after the snapshot."""

    def __init__(self, model: Any, shape: Layout, periods: int) -> None:
        self.model = model
        self.shape = shape
        self.periods = periods

    def fit(self, X: pd.DataFrame, y: Any) -> Hazard:
        """Tell the customers as lives, learn the hazard, find the way back."""
        y = np.asarray(y)
        rows, event = lives(X, y, self.shape, periods=self.periods)
        self.model_ = clone(self.model).fit(rows, event)
        hazard = log_odds(self.model_.predict_proba(X)[:, 1], edge=EDGE)
        rate = float(y.mean())
        self.intercept_ = float(
            brentq(lambda shift: expit(hazard + shift).mean() - rate, -FURTHEST, FURTHEST)
        )
        return self


def lives(
    X: pd.DataFrame, y: NDArray[Any], shape: Layout, *, periods: int
) -> tuple[pd.DataFrame, NDArray[Any]]:
    """A row per customer and period reached, and whether the customer left in it.

    Periods end at quantiles of the tenure. In a period that was passed the tenure is its end, and
    the total billed is the average bill times that tenure; the last row is the customer as is.
    """
    assert shape.tenure is not None, "left out beforehand where no column has the role"
    tenure = X.iloc[:, shape.tenure].fillna(0).to_numpy(float)
    ends = np.unique(np.quantile(tenure, np.linspace(0, 1, periods + 1)[1:-1]))
    passed = [np.flatnonzero(tenure > end) for end in ends]
    who = np.concatenate([*passed, np.arange(len(X))])
    time = np.concatenate([np.repeat(ends, [len(p) for p in passed]), tenure])
    rows = X.iloc[who].reset_index(drop=True)
    earlier = np.arange(len(who)) < len(who) - len(X)
    rows.iloc[:, shape.tenure] = np.where(earlier, time, rows.iloc[:, shape.tenure])
    if shape.total is not None and shape.average is not None:
        billed = rows.iloc[:, shape.average].to_numpy() * time
        rows.iloc[:, shape.total] = np.where(earlier, billed, rows.iloc[:, shape.total])
    event = np.concatenate([np.zeros(earlier.sum(), y.dtype), y])
    return rows, event
