"""The candidates: scikit-learn estimators over `derive.Inputs`, one fitted object each.

Every candidate takes a frame whose first columns are the numeric features and whose last are the
categorical ones, by position. Encoder and estimator are one pipeline, so that whatever learns,
learns inside the fold. Ensembles are made of whole pipelines, each with an encoder of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from sklearn.ensemble import (
    ExtraTreesClassifier,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.feature_selection import SelectKBest, VarianceThreshold
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.tree import DecisionTreeClassifier

from scoring.bundle import BASELINES
from scoring.errors import UserError
from stages.model.blend import Blend
from stages.model.calibrate import Sigmoid
from stages.model.encoding import BOOSTING_PARTS, LINEAR_PARTS, TREE_PARTS, Layout, encoder
from stages.model.hist_boosting import HistBoosting
from stages.model.logodds import LogitShiftedClassifier
from stages.model.optional.ensembles import bagged, stacked
from stages.model.optional.rebalance import Rebalanced
from stages.model.train_params import Train


@dataclass(frozen=True)
class Learner:
    """A family of estimators: all there is to know of it.

    `parts` of the encoding stand in front of it; `estimator` builds it from its own section of
    `params.yaml` and a seed; `package` is one that has to be installed for it.
    """

    parts: tuple[str, ...]
    estimator: Callable[[Any, int], Any]
    package: str | None = None


def _base_rate(_: Any, seed: int) -> Any:
    # A tree that may not split predicts the base rate; unlike DummyClassifier it exports to ONNX.
    return DecisionTreeClassifier(min_impurity_decrease=1.0)


def _one_feature(_: Any, seed: int) -> Any:
    # A category that nobody in the fold has is a constant column, which SelectKBest cannot score.
    steps = [("varied", VarianceThreshold()), ("best", SelectKBest(k=1))]
    return Pipeline([*steps, ("model", LogisticRegression())])


def _hist_boosting(_: Any, seed: int) -> Any:
    return HistBoosting(random_state=seed)


def _logistic(own: Any, seed: int) -> Any:
    return LogisticRegression(C=own.C, max_iter=2000)


def _forest(own: Any, seed: int) -> Any:
    # One thread: with more, the order of summation, and so the last digit, is left to chance.
    return RandomForestClassifier(**_values(own), n_jobs=1, random_state=seed)


def _extra_trees(own: Any, seed: int) -> Any:
    return ExtraTreesClassifier(**_values(own), n_jobs=1, random_state=seed)


def _xgboost(own: Any, seed: int) -> Any:
    values = {**_values(own), "tree_method": "hist", "n_jobs": 1, "random_state": seed}
    if own.device == "dask":
        from stages.model.dask_boosting import DaskBoosting

        return DaskBoosting(**values | {"device": "cpu"})
    from xgboost import XGBClassifier

    return XGBClassifier(**values)


def _lightgbm(own: Any, seed: int) -> Any:
    from stages.model.optional.lightgbm_export import ExportableLGBM

    fixed = {"subsample_freq": 1, "deterministic": True, "force_row_wise": True}
    return ExportableLGBM(**own.model_dump(), **fixed, n_jobs=1, random_state=seed, verbosity=-1)


def _values(own: Any) -> dict[str, Any]:
    """The parameters of the estimator, without the name of its family."""
    return own.model_dump(exclude={"family"})


LEARNERS = {
    "base_rate": Learner(TREE_PARTS, _base_rate),
    "one_feature": Learner(LINEAR_PARTS, _one_feature),
    "hist_boosting": Learner(BOOSTING_PARTS, _hist_boosting),
    "logistic": Learner(LINEAR_PARTS, _logistic),
    "forest": Learner(TREE_PARTS, _forest),
    "extra_trees": Learner(TREE_PARTS, _extra_trees),
    "xgboost": Learner(BOOSTING_PARTS, _xgboost),
    "lightgbm": Learner(BOOSTING_PARTS, _lightgbm, package="lightgbm"),
}


def build(name: str, params: Train, shape: Layout) -> Any:
    """An unfitted candidate for inputs of that layout.

    `UserError` where it needs a package that is not installed, and for the blend, which has no
    weights before the folds are done.
    """
    if name == "blend":
        raise UserError("candidate blend: its weights are learned by cross-validation; see `refit`")
    if name in ENSEMBLES:
        return ENSEMBLES[name](params, shape)
    parts, estimator = _parts(name, params), _estimator(name, params, shape)
    if name in BASELINES:
        return Pipeline([("encoder", encoder(parts, _plain(params), shape)), ("model", estimator)])
    model = Pipeline([("encoder", encoder(parts, params, shape)), ("model", estimator)])
    if params.rebalance.method == "none":
        return model
    return Rebalanced(model, **params.rebalance.model_dump(), random_state=params.seed)


def family(name: str, params: Train) -> tuple[str, Any]:
    """The family of a candidate that is one estimator, and its own parameters, if it has any."""
    if own := params.portfolio.get(name):
        return own.family, own
    return name, getattr(params, name, None)


def blended(blend: Blend, params: Train, shape: Layout) -> VotingClassifier:
    """The weighted mean of the probabilities of some candidates, unfitted."""
    members = [
        (name, _behind(blend[name].sigmoid, model))
        for name, model in _members(list(blend), params, shape)
    ]
    weights = [member.weight for member in blend.values()]
    return VotingClassifier(members, voting="soft", weights=weights)


def _behind(sigmoid: Sigmoid | None, model: Any) -> Any:
    if sigmoid is None:
        return model
    return LogitShiftedClassifier(model, slope=sigmoid.slope, intercept=sigmoid.intercept)


def missing_package(name: str) -> str | None:
    """The package that a candidate needs and that is not installed; None where it can be built."""
    package = LEARNERS[name].package if name in LEARNERS else None
    return package if package and find_spec(package) is None else None


def _plain(params: Train) -> Train:
    """The parameters with the default encoding: baselines stay what they are."""
    encoding = params.encoding.model_copy(update={"categories": "one_hot", "crosses": 0})
    return params.model_copy(update={"encoding": encoding})


def _parts(name: str, params: Train) -> tuple[str, ...]:
    parts = LEARNERS[params.bag.member if name == "bag" else family(name, params)[0]].parts
    if parts == BOOSTING_PARTS and params.rebalance.method != "none" and name not in BASELINES:
        return TREE_PARTS  # samplers that make customers up from their neighbours know no blanks
    return parts


def _estimator(name: str, params: Train, shape: Layout) -> Any:
    """The estimator, kept to the directions of the schema where it can be.

    A direction is one of a column: hashed, embedded and crossed columns have none.
    """
    if name == "bag":
        return bagged(_estimator(params.bag.member, params, shape), params)
    if package := missing_package(name):
        raise UserError(
            f"candidate {name}: the package {package} is not installed; expected the extra of that "
            f"name, or params.yaml: field train.candidates without {name}"
        )
    kind, own = family(name, params)
    estimator = LEARNERS[kind].estimator(own, params.seed)
    is_plain = params.encoding.categories == "one_hot" and not params.encoding.crosses
    if is_plain and any(shape.directions) and "monotone_constraints" in estimator.get_params():
        estimator.set_params(monotone_constraints=shape.directions)
    return estimator


def _members(names: list[str], params: Train, shape: Layout) -> list[tuple[str, Any]]:
    return [(name, build(name, params, shape)) for name in names]


def _vote(params: Train, shape: Layout) -> VotingClassifier:
    """The mean of the members' probabilities."""
    return VotingClassifier(_members(list(params.vote.members), params, shape), voting="soft")


def _stack(params: Train, shape: Layout) -> Any:
    return stacked(_members(list(params.stack.members), params, shape), params)


ENSEMBLES: dict[str, Callable[[Train, Layout], Any]] = {"vote": _vote, "stack": _stack}
NAMES = (*(name for name in LEARNERS if name != "extra_trees"), "bag", *ENSEMBLES)
