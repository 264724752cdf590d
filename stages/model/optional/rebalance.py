"""Rebalancing: learning from as many churners as retained customers, and back to probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils.class_weight import compute_sample_weight

from scoring.errors import UserError
from scoring.probability import log_odds
from stages.model.logodds import EDGE, LogitShiftedClassifier

NEIGHBOURS = 5


class Rebalanced(LogitShiftedClassifier):
    """A pipeline that learns from balanced classes, by `smote`, `adasyn`, `undersample` or weights.

    Only the rows that it is fitted on are resampled; nothing is at prediction time. Its
    probabilities then are those of a world where half of the customers leave. With `correct`, the
    log-odds are shifted back by those of the base rate (Elkan 2001; King & Zeng 2001): exact for
    class weights and under-sampling, near for ADASYN, whose halves are not quite even.
    """

    def __init__(
        self,
        estimator: Any,
        *,
        method: str = "class_weight",
        correct: bool = True,
        random_state: int | None = None,
    ) -> None:
        self.estimator = estimator
        self.method = method
        self.correct = correct
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> Rebalanced:
        """Fit the pipeline on rebalanced rows."""
        y = self._checked(y)
        classes, counts = np.unique(y, return_counts=True)
        if self.method == "class_weight":
            last = self.estimator.steps[-1][0]
            weights = {f"{last}__sample_weight": compute_sample_weight("balanced", y)}
            fitted = clone(self.estimator).fit(X, y, **weights)
        else:
            fitted = self._resampled(smallest=int(counts.min())).fit(X, y)
        rate = float((y == classes[1]).mean())
        shift = float(log_odds(rate, edge=EDGE)) if self.correct else 0.0
        return self._fitted(fitted, 1.0, shift)

    def _resampled(self, *, smallest: int) -> Any:
        """The pipeline with the sampler between encoder and estimator."""
        from imblearn.pipeline import Pipeline

        *encoding, last = clone(self.estimator).steps
        return Pipeline([*encoding, ("resample", self._sampler(smallest)), last])

    def _sampler(self, smallest: int) -> Any:
        from imblearn.over_sampling import ADASYN, SMOTE
        from imblearn.under_sampling import RandomUnderSampler

        neighbours = min(NEIGHBOURS, smallest - 1)
        if self.method == "undersample":
            return RandomUnderSampler(random_state=self.random_state)
        if neighbours < 1:
            raise UserError(
                f"params.yaml: field train.rebalance.method: {self.method} needs at least two "
                "customers of each class in a fold"
            )
        if self.method == "smote":
            return SMOTE(k_neighbors=neighbours, random_state=self.random_state)
        return ADASYN(n_neighbors=neighbours, random_state=self.random_state)
