"""The candidates: scikit-learn pipelines over `derive.Inputs`, one fitted object each.

Every candidate takes a frame whose first columns are the numeric features and whose last are the
categorical ones, by position. Encoder and estimator are one pipeline, so that whatever learns,
learns inside the fold.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any

import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.feature_selection import SelectKBest, VarianceThreshold
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import KBinsDiscretizer, OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from stages.core.params import Train
from stages.core.schema import Schema
from stages.features.derive import MISSING, category_names, numeric_names
from stages.model.direction import label_constraints, numeric_constraints

RAW, SCALED, BINNED, CATEGORY = "raw", "scaled", "binned", "category"
TREE_PARTS = (RAW, CATEGORY)
LINEAR_PARTS = (SCALED, BINNED, CATEGORY)
ALL_PARTS = (RAW, CATEGORY, SCALED, BINNED)  # the trees' parts first


@dataclass(frozen=True)
class Layout:
    """How many numeric features there are, and what each categorical one may hold.

    `directions` says of each encoded column that trees take, which way churn goes with it: 1, -1,
    or 0 where the schema does not say.
    """

    numeric: int
    categories: tuple[tuple[str, ...], ...]
    directions: tuple[int, ...] = ()

    @property
    def tree_width(self) -> int:
        """Columns of the encoded parts that trees take."""
        return self.numeric + sum(len(labels) for labels in self.categories)


def layout(schema: Schema) -> Layout:
    """The layout of the model inputs under a schema.

    Categories come from the schema rather than from the data, so that every fold is encoded into
    the same columns, whether or not a rare value fell into it.
    """
    known = {column.name: column for column in schema.category_inputs}
    labels = {
        name: known[name].labels + ((MISSING,) if known[name].missing else ())
        for name in category_names(schema)
    }
    ends = [label_constraints(known[name], values) for name, values in labels.items()]
    return Layout(
        numeric=len(numeric_names(schema)),
        categories=tuple(labels.values()),
        directions=(*numeric_constraints(schema), *chain.from_iterable(ends)),
    )


def frame(features: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """The columns of a feature table that candidates take, numeric ones first.

    Numbers hold float32 values, as the export will see, but are computed with in float64: a median
    or an edge of a bin that was rounded to float32 would fall on the other side of its own value.
    """
    numeric = features[numeric_names(schema)].astype("float64")
    return numeric.join(features[category_names(schema)])


def build(name: str, params: Train, shape: Layout) -> Pipeline:
    """An unfitted candidate for inputs of that layout."""
    if name == "vote":
        return _vote(params, shape)
    parts, _ = ESTIMATORS[name]
    steps = [
        ("encoder", _encoder(parts, params, shape)),
        ("model", _estimator(name, params, shape)),
    ]
    return Pipeline(steps)


@contextmanager
def few_bins_are_fine() -> Iterator[None]:
    """Silence about numbers with few distinct values: fewer bins than asked for are what is wanted.

    Entered by the thread that starts the others: filters of warnings are shared by all threads.
    """
    with warnings.catch_warnings():
        for words in ("Bins whose width are too small", "Feature .* is constant"):
            warnings.filterwarnings("ignore", message=words, category=UserWarning)
        yield


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
    from xgboost import XGBClassifier

    return XGBClassifier(
        **params.xgboost.model_dump(), tree_method="hist", n_jobs=1, random_state=params.seed
    )


ESTIMATORS: dict[str, tuple[tuple[str, ...], Callable[[Train], Any]]] = {
    "base_rate": (TREE_PARTS, _base_rate),
    "one_feature": (LINEAR_PARTS, _one_feature),
    "logistic": (LINEAR_PARTS, _logistic),
    "forest": (TREE_PARTS, _forest),
    "xgboost": (TREE_PARTS, _xgboost),
}


def _encoder(parts: tuple[str, ...], params: Train, shape: Layout) -> ColumnTransformer:
    """The named parts of the encoding, in the order given."""
    numeric = list(range(shape.numeric))
    category = [shape.numeric + i for i in range(len(shape.categories))]
    steps = {
        RAW: (_imputer(), numeric),
        SCALED: (Pipeline([("impute", _imputer()), ("scale", StandardScaler())]), numeric),
        BINNED: (Pipeline([("impute", _imputer()), ("bin", _binner(params))]), numeric),
        CATEGORY: (_one_hot(shape), category),
    }
    return ColumnTransformer([(part, *steps[part]) for part in parts if steps[part][1]])


def _one_hot(shape: Layout) -> OneHotEncoder:
    labels = [list(labels) for labels in shape.categories]
    return OneHotEncoder(categories=labels, handle_unknown="ignore", sparse_output=False)


def _imputer() -> SimpleImputer:
    return SimpleImputer(strategy="median", keep_empty_features=True)


def _binner(params: Train) -> KBinsDiscretizer:
    return KBinsDiscretizer(
        params.bins, encode="onehot-dense", quantile_method="averaged_inverted_cdf"
    )


def _vote(params: Train, shape: Layout) -> Pipeline:
    """One encoder in front, each member behind its own choice of the encoded parts.

    Members that took the raw columns, each through an encoder of its own, would not export.
    """
    members = [(name, _member(name, params, shape)) for name in params.vote.members]
    vote = VotingClassifier(members, voting="soft", flatten_transform=False)
    return Pipeline([("encoder", _encoder(ALL_PARTS, params, shape)), ("model", vote)])


def _member(name: str, params: Train, shape: Layout) -> Pipeline:
    parts, _ = ESTIMATORS[name]
    steps = [("parts", _selector(parts, shape)), ("model", _estimator(name, params, shape))]
    return Pipeline(steps)


def _estimator(name: str, params: Train, shape: Layout) -> Any:
    """The estimator, kept to the directions of the schema where it can be."""
    estimator = ESTIMATORS[name][1](params)
    if "monotone_constraints" in estimator.get_params() and any(shape.directions):
        estimator.set_params(monotone_constraints=shape.directions)
    return estimator


def _selector(parts: tuple[str, ...], shape: Layout) -> ColumnTransformer:
    """Of all encoded parts, in the order of `ALL_PARTS`, those that a member takes."""
    if parts == TREE_PARTS:
        return ColumnTransformer([("keep", "passthrough", list(range(shape.tree_width)))])
    raw = list(range(shape.numeric))
    return ColumnTransformer([("raw", "drop", raw)], remainder="passthrough")
