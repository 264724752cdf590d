"""Models whose answer is that of another, moved on the scale of the log-odds."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.exceptions import NotFittedError

from scoring.probability import log_odds

Floats = NDArray[np.float64]
EDGE = 1e-5  # probabilities nearer to 0 or 1 count as that far from it: log-odds stay finite


class LogOdds(TransformerMixin, BaseEstimator):
    """Probabilities (n, k) as log-odds (n, k)."""

    def fit(self, X: Any, y: Any = None) -> LogOdds:
        """Nothing is learned."""
        self.n_features_in_ = np.asarray(X).shape[1]
        return self

    def transform(self, X: Any) -> Floats:
        """The log-odds."""
        return log_odds(X, edge=EDGE)


class Moved(ClassifierMixin, BaseEstimator):
    """P(churn) = sigmoid(slope × log-odds of `model_` + intercept): what the subclasses share.

    A subclass sets `model_`, `slope_` and `intercept_` when it is fitted; the export reads them.
    """

    model_: Any
    slope_: float = 1.0
    intercept_: float = 0.0

    @property
    def classes_(self) -> NDArray[Any]:
        """The labels, as the model beneath knows them."""
        return np.asarray(self.model_.classes_)

    def predict_proba(self, X: Any) -> Floats:
        """Probabilities (n, 2) of staying and leaving."""
        if not hasattr(self, "model_"):
            raise NotFittedError(f"{type(self).__name__} is not fitted yet")
        p = expit(
            self.slope_ * log_odds(self.model_.predict_proba(X)[:, 1], edge=EDGE) + self.intercept_
        )
        return np.column_stack([1 - p, p])

    def predict(self, X: Any) -> NDArray[Any]:
        """The likelier label (n,)."""
        return self.classes_[(self.predict_proba(X)[:, 1] > 0.5).astype(int)]
