"""The candidates: scikit-learn estimators over `derive.Inputs`, one fitted object each.

Every candidate takes a frame whose first columns are the numeric features and whose last are the
categorical ones, by position. Encoder and estimator are one pipeline, so that whatever learns,
learns inside the fold. Ensembles are made of whole pipelines, each with an encoder of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from sklearn.ensemble import (
    BaggingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_selection import SelectKBest, VarianceThreshold
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.tree import DecisionTreeClassifier

from scoring.bundle import BASELINES
from scoring.errors import UserError
from stages.core.sections import Train
from stages.model.encoding import LINEAR_PARTS, TREE_PARTS, Layout, encoder
from stages.model.logodds import LogOdds
from stages.model.optional.hazard import Hazard
from stages.model.optional.rebalance import Rebalanced


def build(name: str, params: Train, shape: Layout) -> Any:
    """An unfitted candidate for inputs of that layout.

    `UserError` where it needs a package or a column that is not there.
    """
    if reason := unavailable(name, shape):
        raise UserError(f"candidate {name}: {reason}")
    if name in ENSEMBLES:
        return ENSEMBLES[name](params, shape)
    parts, estimator = _parts(name, params), _estimator(name, params, shape)
    if name in BASELINES:
        return Pipeline([("encoder", encoder(parts, _plain(params), shape)), ("model", estimator)])
    model = Pipeline([("encoder", encoder(parts, params, shape)), ("model", estimator)])
    if params.rebalance.method == "none":
        return model
    return Rebalanced(model, params.rebalance, params.seed)


def unavailable(name: str, shape: Layout) -> str | None:
    """Why a candidate cannot be built on these columns; None where it can."""
    if name == "hazard" and shape.tenure is None:
        return "no column of the schema has the role tenure, which time to churn is counted in"
    return None


def _plain(params: Train) -> Train:
    """The parameters without the switches: baselines stay what they are."""
    encoding = params.encoding.model_copy(update={"categories": "one_hot", "crosses": 0})
    return params.model_copy(update={"encoding": encoding})


def _base_rate(_: Train) -> Any:
    # A tree that may not split predicts the base rate; unlike DummyClassifier it exports to ONNX.
    return DecisionTreeClassifier(min_impurity_decrease=1.0)


def _one_feature(_: Train) -> Any:
    # A category that nobody in the fold has is a constant column, which SelectKBest cannot score.
    steps = [("varied", VarianceThreshold()), ("best", SelectKBest(k=1))]
    return Pipeline([*steps, ("model", LogisticRegression())])


def _logistic(params: Train) -> Any:
    return LogisticRegression(C=params.logistic.C, max_iter=2000)


def _forest(params: Train) -> Any:
    # One thread: with more, the order of summation, and so the last digit, is left to chance.
    return RandomForestClassifier(**params.forest.model_dump(), n_jobs=1, random_state=params.seed)


def _xgboost(params: Train) -> Any:
    settings: dict[str, Any] = params.xgboost.model_dump()
    settings |= {"tree_method": "hist", "n_jobs": 1, "random_state": params.seed}
    if params.checkpoints:
        from stages.model.checkpoints import ResumableXGB

        return ResumableXGB(checkpoint_every=params.checkpoints, **settings)
    from xgboost import XGBClassifier

    return XGBClassifier(**settings)


def _lightgbm(params: Train) -> Any:
    if find_spec("lightgbm") is None:
        raise UserError(
            "params.yaml: field train.candidates: lightgbm is not installed; expected the extra: "
            "pip install 'lightgbm>=4.6'"
        )
    from stages.model.optional.lightgbm_export import ExportableLGBM

    return ExportableLGBM(
        **params.lightgbm.model_dump(),
        subsample_freq=1,
        n_jobs=1,
        random_state=params.seed,
        deterministic=True,
        force_row_wise=True,
        verbosity=-1,
    )


def _bag(params: Train, shape: Layout) -> Any:
    """The same estimator on bootstrap samples of the customers (Breiman 1996)."""
    member = _estimator(params.bag.member, params, shape)
    return BaggingClassifier(member, params.bag.size, random_state=params.seed)


ESTIMATORS: dict[str, tuple[tuple[str, ...], Callable[[Train], Any]]] = {
    "base_rate": (TREE_PARTS, _base_rate),
    "one_feature": (LINEAR_PARTS, _one_feature),
    "logistic": (LINEAR_PARTS, _logistic),
    "forest": (TREE_PARTS, _forest),
    "xgboost": (TREE_PARTS, _xgboost),
    "lightgbm": (TREE_PARTS, _lightgbm),
}


def _parts(name: str, params: Train) -> tuple[str, ...]:
    return ESTIMATORS[params.bag.member if name == "bag" else name][0]


def _estimator(name: str, params: Train, shape: Layout) -> Any:
    """The estimator, kept to the directions of the schema where it can be.

    A direction is one of a column: hashed, embedded and crossed columns have none.
    """
    if name == "bag":
        return _bag(params, shape)
    estimator = ESTIMATORS[name][1](params)
    is_plain = params.encoding.categories == "one_hot" and not params.encoding.crosses
    if is_plain and any(shape.directions) and "monotone_constraints" in estimator.get_params():
        estimator.set_params(monotone_constraints=shape.directions)
    return estimator


def _members(names: list[str], params: Train, shape: Layout) -> list[tuple[str, Any]]:
    return [(name, build(name, params, shape)) for name in names]


def _vote(params: Train, shape: Layout) -> VotingClassifier:
    """The mean of the members' probabilities."""
    return VotingClassifier(_members(list(params.vote.members), params, shape), voting="soft")


def _stack(params: Train, shape: Layout) -> StackingClassifier:
    """A logistic regression on the members' log-odds, learned from predictions out of fold."""
    folds = StratifiedKFold(params.stack.folds, shuffle=True, random_state=params.seed)
    return StackingClassifier(
        _members(list(params.stack.members), params, shape),
        Pipeline([("log_odds", LogOdds()), ("model", LogisticRegression())]),
        cv=folds,
        stack_method="predict_proba",
    )


def _hazard(params: Train, shape: Layout) -> Hazard:
    """Time to churn; lives are not rebalanced, their events are rare by construction."""
    parts, estimator = ESTIMATORS[params.hazard.member]
    steps = [("encoder", encoder(parts, params, shape)), ("model", estimator(params))]
    return Hazard(Pipeline(steps), shape, params.hazard.periods)


ENSEMBLES: dict[str, Callable[[Train, Layout], Any]] = {
    "vote": _vote,
    "stack": _stack,
    "hazard": _hazard,
}
NAMES = (*ESTIMATORS, "bag", *ENSEMBLES)
