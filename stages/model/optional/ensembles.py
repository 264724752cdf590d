"""Other ensembles than the vote: bagging and stacking."""

from __future__ import annotations

from typing import Any

from sklearn.ensemble import BaggingClassifier, StackingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline

from stages.model.logodds import LogOdds
from stages.model.train_params import Train


def bagged(estimator: Any, params: Train) -> BaggingClassifier:
    """The same estimator on bootstrap samples of the customers (Breiman 1996)."""
    return BaggingClassifier(estimator, params.bag.size, random_state=params.seed)


def stacked(members: list[tuple[str, Any]], params: Train) -> StackingClassifier:
    """A logistic regression on the members' log-odds, learned from predictions out of fold."""
    folds = StratifiedKFold(params.stack.folds, shuffle=True, random_state=params.seed)
    return StackingClassifier(
        members,
        Pipeline([("log_odds", LogOdds()), ("model", LogisticRegression())]),
        cv=folds,
        stack_method="predict_proba",
    )
