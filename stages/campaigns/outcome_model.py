"""Probability of leaving under one arm: the predicted risk moved to what the arm shows.

Two steps, so that few contacts are enough: a logistic regression on the log-odds of the risk known
before (intercept and slope), then boosted trees on what that leaves, shallow and slow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import xgboost as xgb
from sklearn.linear_model import LogisticRegression

from scoring.probability import log_odds
from stages.campaigns.trial import Floats

ROUNDS = 60
MOST_ROUNDS, CUSTOMERS_PER_ROUND = 200, 250  # of an effect: large campaigns can afford more trees
BOOSTING: dict[str, Any] = {
    "learning_rate": 0.05,
    "max_depth": 2,
    "min_child_weight": 20,
    "reg_lambda": 20.0,
    "subsample": 0.8,
    "colsample_bytree": 0.5,
    "tree_method": "hist",
    "max_bin": 64,
    "nthread": 1,
}
RIDGE = 10.0  # inverse strength, on intercept and slope


@dataclass(frozen=True)
class OutcomeModel:
    """Who leaves under one arm."""

    intercept: float
    slope: float
    booster: xgb.Booster

    @classmethod
    def fit(cls, inputs: Floats, risk: Floats, left: Floats, *, seed: int) -> Self:
        """Fit on customers of one arm: inputs (n, p), risk (n,), left (n,)."""
        odds = log_odds(risk)
        intercept, slope = 0.0, 1.0
        if 0 < left.sum() < len(left):
            line = LogisticRegression(C=RIDGE).fit(odds[:, None], left)
            intercept, slope = float(line.intercept_[0]), float(line.coef_[0, 0])
        table = xgb.DMatrix(inputs, label=left, base_margin=intercept + slope * odds)
        params = BOOSTING | {"objective": "binary:logistic", "seed": seed}
        return cls(intercept, slope, xgb.train(params, table, num_boost_round=ROUNDS))

    def predict(self, inputs: Floats, risk: Floats) -> Floats:
        """Probability of leaving (n,)."""
        margin = self.intercept + self.slope * log_odds(risk)
        table = xgb.DMatrix(inputs, base_margin=margin)
        return self.booster.predict(table).astype(np.float64)


@dataclass(frozen=True)
class EffectModel:
    """A number per customer, such as an effect: its mean, and boosted trees on what that leaves."""

    mean: float
    booster: xgb.Booster

    @classmethod
    def fit(cls, inputs: Floats, target: Floats, *, seed: int) -> Self:
        """Fit on inputs (n, p) and target (n,)."""
        mean = float(target.mean())
        table = xgb.DMatrix(inputs, label=target - mean)
        params = BOOSTING | {"objective": "reg:squarederror", "base_score": 0.0, "seed": seed}
        rounds = min(max(ROUNDS, len(target) // CUSTOMERS_PER_ROUND), MOST_ROUNDS)
        return cls(mean, xgb.train(params, table, num_boost_round=rounds))

    def predict(self, inputs: Floats) -> Floats:
        """The number (n,)."""
        return self.mean + self.booster.predict(xgb.DMatrix(inputs)).astype(np.float64)
