"""Estimators of our own are scikit-learn estimators like any other."""

from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from stages.model.logodds import LogitShiftedClassifier, LogOdds
from stages.model.optional.encodings import Crossed, Embedded, Hashed
from stages.model.optional.rebalance import Rebalanced


def pipeline() -> Pipeline:
    return Pipeline([("scale", StandardScaler()), ("model", LogisticRegression())])


@parametrize_with_checks(
    [
        LogOdds(),
        Hashed(4),
        Embedded(2),
        Crossed(5),
        LogitShiftedClassifier(pipeline(), slope=0.9, intercept=0.1),
        Rebalanced(pipeline()),
    ]
)
def test_estimator_keeps_the_contract_of_scikit_learn(estimator, check):
    check(estimator)
