"""Classifiers whose probability is that of another, shifted on the scale of the log-odds."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    MetaEstimatorMixin,
    TransformerMixin,
    clone,
)
from sklearn.utils import assert_all_finite, column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from scoring.probability import log_odds

Floats = NDArray[np.float64]
EDGE = 1e-5  # probabilities nearer to 0 or 1 count as that far from it: log-odds stay finite


class LogOdds(TransformerMixin, BaseEstimator):
    """Probabilities (n, k) as log-odds (n, k)."""

    def fit(self, X: Any, y: Any = None) -> LogOdds:
        """Nothing is learned but the number of columns."""
        validate_data(self, X)
        return self

    def transform(self, X: Any) -> Floats:
        """The log-odds."""
        check_is_fitted(self)
        return log_odds(validate_data(self, X, reset=False), edge=EDGE)


class LogitShiftedClassifier(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    """P(churn) = sigmoid(slope × log-odds of the estimator + intercept), for two classes.

    Wrapped in scikit-learn's `FrozenEstimator`, a fitted estimator is taken as it is. The export
    reads `estimator_`, `slope_` and `intercept_`.
    """

    estimator_: Any

    def __init__(self, estimator: Any, *, slope: float = 1.0, intercept: float = 0.0) -> None:
        self.estimator = estimator
        self.slope = slope
        self.intercept = intercept

    def fit(self, X: Any, y: Any) -> LogitShiftedClassifier:
        """Fit the estimator; slope and intercept are those given."""
        y = self._checked(y)
        return self._fitted(clone(self.estimator).fit(X, y), self.slope, self.intercept)

    def predict_proba(self, X: Any) -> Floats:
        """Probabilities (n, 2) of staying and leaving."""
        check_is_fitted(self)
        z = log_odds(self.estimator_.predict_proba(X)[:, 1], edge=EDGE)
        p = expit(self.slope_ * z + self.intercept_)
        return np.column_stack([1 - p, p])

    def predict(self, X: Any) -> NDArray[Any]:
        """The likelier label (n,)."""
        likelier = self.predict_proba(X)[:, 1] > 0.5
        return self.classes_[likelier.astype(int)]

    def _checked(self, y: Any) -> NDArray[Any]:
        """The labels (n,), sure to be of two classes."""
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is None"
            )
        y = column_or_1d(y, warn=True)
        assert_all_finite(y, input_name="y")
        check_classification_targets(y)
        if len(classes := np.unique(y)) != 2:
            raise ValueError(
                "Only binary classification is supported. The number of classes must be 2; got "
                f"{len(classes)} class{'es' if len(classes) != 1 else ''}"
            )
        return y

    def _fitted(self, estimator: Any, slope: float, intercept: float) -> Any:
        self.estimator_, self.slope_, self.intercept_ = estimator, slope, intercept
        self.classes_ = np.asarray(estimator.classes_)
        self.n_features_in_ = estimator.n_features_in_
        if hasattr(estimator, "feature_names_in_"):
            self.feature_names_in_ = estimator.feature_names_in_
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags
