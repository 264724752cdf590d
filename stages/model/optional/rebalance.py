"""Rebalancing: learning from as many churners as stayers, and getting back to probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils.class_weight import compute_sample_weight

from scoring.errors import UserError
from scoring.probability import log_odds
from stages.core.sections import Rebalance
from stages.model.logodds import EDGE, Moved

NEIGHBOURS = 5


class Rebalanced(Moved):
    """A pipeline that learns from balanced classes.

    Only the rows that it is fitted on are resampled; nothing is at prediction time. What it then
    says is true of a world where half of the customers leave. With `correct`, the log-odds are
    moved back by those of the base rate (Elkan 2001; King & Zeng 2001): exact for class weights
    and under-sampling, near for ADASYN, whose halves are not quite even.
    """

    def __init__(self, model: Any, rebalance: Rebalance, seed: int) -> None:
        self.model = model
        self.rebalance = rebalance
        self.seed = seed

    def fit(self, X: Any, y: Any) -> Rebalanced:
        """Fit the pipeline on rebalanced rows."""
        y = np.asarray(y)
        if self.rebalance.method == "class_weight":
            last = self.model.steps[-1][0]
            weights = {f"{last}__sample_weight": compute_sample_weight("balanced", y)}
            self.model_ = clone(self.model).fit(X, y, **weights)
        else:
            self.model_ = self._resampled(smallest=int(np.bincount(y).min())).fit(X, y)
        self.intercept_ = float(log_odds(y.mean(), edge=EDGE)) if self.rebalance.correct else 0.0
        return self

    def _resampled(self, *, smallest: int) -> Any:
        """The pipeline with the sampler between encoder and estimator."""
        from imblearn.pipeline import Pipeline

        *encoding, last = clone(self.model).steps
        return Pipeline([*encoding, ("resample", self._sampler(smallest)), last])

    def _sampler(self, smallest: int) -> Any:
        from imblearn.over_sampling import ADASYN, SMOTE
        from imblearn.under_sampling import RandomUnderSampler

        method, neighbours = self.rebalance.method, min(NEIGHBOURS, smallest - 1)
        if method == "undersample":
            return RandomUnderSampler(random_state=self.seed)
        if neighbours < 1:
            raise UserError(
                f"params.yaml: field train.rebalance.method: {method} needs at least two customers "
                "of each class in a fold"
            )
        if method == "smote":
            return SMOTE(k_neighbors=neighbours, random_state=self.seed)
        return ADASYN(n_neighbors=neighbours, random_state=self.seed)
