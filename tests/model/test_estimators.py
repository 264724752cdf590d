"""Estimators of our own are scikit-learn estimators like any other."""

import importlib
import pkgutil

from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import stages
from stages.model.hist_boosting import HistBoosting
from stages.model.logodds import LogitShiftedClassifier, LogOdds
from stages.model.optional.encodings import Crossed, Embedded, Hashed
from stages.model.optional.lightgbm_export import ExportableLGBM
from stages.model.optional.rebalance import Rebalanced

NOT_CHECKED = {
    "Projected": "what the encodings share; has no fit of its own",
    "DaskBoosting": "needs a cluster: tests/model/test_dask_boosting.py",
}


def pipeline() -> Pipeline:
    return Pipeline([("scale", StandardScaler()), ("model", LogisticRegression())])


CHECKED = [
    LogOdds(),
    Hashed(4),
    Embedded(2),
    Crossed(5),
    LogitShiftedClassifier(pipeline(), slope=0.9, intercept=0.1),
    Rebalanced(pipeline()),
    HistBoosting(max_iter=5),
    ExportableLGBM(n_estimators=5, n_jobs=1),
]


@parametrize_with_checks(CHECKED)
def test_estimator_keeps_the_contract_of_scikit_learn(estimator, check):
    check(estimator)


def test_every_estimator_of_our_own_is_checked():
    found = set()
    for module in pkgutil.walk_packages(stages.__path__, "stages."):
        if module.name.startswith(("stages.model", "stages.tuning")):
            content = vars(importlib.import_module(module.name)).values()
            classes = {value for value in content if isinstance(value, type)}
            found |= {c for c in classes if issubclass(c, BaseEstimator)}
    own = {c.__name__ for c in found if c.__module__.startswith("stages.")}
    assert own == {type(estimator).__name__ for estimator in CHECKED} | set(NOT_CHECKED)
