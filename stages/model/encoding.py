"""The encoding of inputs: numbers raw, scaled or binned, categories, crosses.

All of it learns inside the fold. Our own transformers give columns that float32 holds exactly:
whole numbers, or multiples of 1/1024. A tree behind them then splits alike in the original and in
the export, whatever the order of a sum.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.cross_decomposition import PLSRegression
from sklearn.feature_extraction import FeatureHasher
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import KBinsDiscretizer, OneHotEncoder, StandardScaler
from sklearn.utils.validation import check_is_fitted

from scoring.derive import MISSING, category_names, derived_names, numeric_names
from scoring.schema import Schema
from stages.core.sections import Train
from stages.model.direction import label_constraints, numeric_constraints

RAW, SCALED, BINNED, CATEGORY, CROSSES = "raw", "scaled", "binned", "category", "crosses"
TREE_PARTS = (RAW, CATEGORY)
LINEAR_PARTS = (SCALED, BINNED, CATEGORY)
GRID = 1024  # learned tables hold multiples of 1/GRID
BINS_TO_CROSS = 5  # coarser than the bins of the main effects: a cell of two has to hold customers

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Layout:
    """How many numeric features there are, what each categorical one may hold, where time is.

    `tenure`, `total` and `average` are positions among the numeric features of the columns with
    the roles tenure and total_value and of the derived average, None where there is none.
    `directions` says of each column that trees take (numbers, then one per category value), which
    way churn goes with it: 1, -1, or 0 where the schema does not say.
    """

    numeric: int
    categories: tuple[tuple[str, ...], ...]
    tenure: int | None = None
    total: int | None = None
    average: int | None = None
    directions: tuple[int, ...] = ()


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
    names = numeric_names(schema)
    tenure, total = schema.role("tenure"), schema.role("total_value")
    derived = derived_names(schema)
    return Layout(
        len(names),
        tuple(labels.values()),
        tenure=names.index(tenure.name) if tenure else None,
        total=names.index(total.name) if total else None,
        average=names.index(derived[0]) if derived else None,
        directions=(*numeric_constraints(schema), *chain.from_iterable(ends)),
    )


def frame(features: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """The columns of a feature table that candidates take, numeric ones first.

    Numbers hold float32 values, as the export will see, but are computed with in float64: a median
    or an edge of a bin that was rounded to float32 would fall on the other side of its own value.
    """
    numeric = features[numeric_names(schema)].astype("float64")
    return numeric.join(features[category_names(schema)])


@contextmanager
def few_bins_are_fine() -> Iterator[None]:
    """Silence about numbers with few distinct values: fewer bins than asked for are what is wanted.

    Likewise about categories with less to tell than there are columns to tell it in.
    Entered by the thread that starts the others: filters of warnings are shared by all threads.
    """
    with warnings.catch_warnings():
        for words in (
            "Bins whose width are too small",
            "Feature .* is constant",
            "[yY] residual is constant",
        ):
            warnings.filterwarnings("ignore", message=words, category=UserWarning)
        yield


def encoder(parts: tuple[str, ...], params: Train, shape: Layout) -> ColumnTransformer:
    """The named parts of the encoding, in the order given; crosses last where they are wanted."""
    numeric = list(range(shape.numeric))
    category = [shape.numeric + i for i in range(len(shape.categories))]
    steps: dict[str, tuple[Any, list[int]]] = {
        RAW: (_imputer(), numeric),
        SCALED: (Pipeline([("impute", _imputer()), ("scale", StandardScaler())]), numeric),
        BINNED: (_binned(params.bins), numeric),
        CATEGORY: (_categories(params, shape), category),
        CROSSES: (_crosses(params, shape), numeric + category),
    }
    wanted = (*parts, CROSSES) if params.encoding.crosses else parts
    return ColumnTransformer([(part, *steps[part]) for part in wanted if steps[part][1]])


def _categories(params: Train, shape: Layout) -> Any:
    wanted = params.encoding
    if wanted.categories == "one_hot" or not shape.categories:
        return _one_hot(shape)
    coded: Any = Embedded(wanted.width)
    if wanted.categories == "hashed":
        coded = Hashed(wanted.width, shape.categories)
    return Pipeline([("one_hot", _one_hot(shape)), (wanted.categories, coded)])


def _crosses(params: Train, shape: Layout) -> Pipeline:
    """Products of pairs of coarse bins and categories."""
    numeric = list(range(shape.numeric))
    category = [shape.numeric + i for i in range(len(shape.categories))]
    cells = [
        (BINNED, _binned(min(params.bins, BINS_TO_CROSS)), numeric),
        (CATEGORY, _one_hot(shape), category),
    ]
    single = ColumnTransformer([cell for cell in cells if cell[2]])
    return Pipeline([("cells", single), ("pairs", Crossed(params.encoding.crosses))])


def _one_hot(shape: Layout) -> OneHotEncoder:
    labels = [list(labels) for labels in shape.categories]
    return OneHotEncoder(categories=labels, handle_unknown="ignore", sparse_output=False)


def _imputer() -> SimpleImputer:
    return SimpleImputer(strategy="median", keep_empty_features=True)


def _binned(bins: int) -> Pipeline:
    binner = KBinsDiscretizer(bins, encode="onehot-dense", quantile_method="averaged_inverted_cdf")
    return Pipeline([("impute", _imputer()), ("bin", binner)])


class Projected(TransformerMixin, BaseEstimator):
    """Columns times a table: `table_` (columns in, columns out)."""

    table_: Floats

    def transform(self, X: Any) -> Floats:
        """The product (n, columns out)."""
        check_is_fitted(self)
        return np.asarray(X, dtype=np.float64) @ self.table_


class Hashed(Projected):
    """Category values hashed into a few signed columns (Weinberger et al. 2009).

    Takes the one-hot columns: the values are known from the schema, so that the hash of each is a
    row of a table. A value that nobody knows is no column, and so hashed to nothing.
    """

    def __init__(self, width: int, categories: tuple[tuple[str, ...], ...]) -> None:
        self.width = width
        self.categories = categories

    def fit(self, X: Any, y: Any = None) -> Hashed:
        """Nothing is learned; the table is that of scikit-learn's hasher."""
        words = [
            [f"{place}={label}"] for place, labels in enumerate(self.categories) for label in labels
        ]
        hasher = FeatureHasher(self.width, input_type="string")
        self.table_ = hasher.transform(words).toarray()
        return self


class Embedded(Projected):
    """Category values as short vectors, learned with the label by partial least squares.

    Each one-hot column gets the row of loadings that scikit-learn's `PLSRegression` finds for it;
    a customer is the sum of the rows of their values.
    """

    def __init__(self, width: int) -> None:
        self.width = width

    def fit(self, X: Any, y: Any) -> Embedded:
        """Learn the vectors of the columns of X (n, v) from the labels y (n,)."""
        width = min(self.width, X.shape[1], len(X) - 1)
        rotations = PLSRegression(width, scale=False).fit(X, np.asarray(y, float)).x_rotations_
        table = np.nan_to_num(rotations)
        self.table_ = np.round(table * GRID) / GRID
        return self


class Crossed(TransformerMixin, BaseEstimator):
    """Products of pairs of 0/1 columns: those that a model without them misses most.

    A logistic regression on the columns alone is fitted first; a pair's strength is the score
    statistic (Rao 1948) for adding its product: |Σ r x z| / sqrt(Σ p (1-p) x z), with the
    residuals r. Pairs that hold fewer than `LEAST` customers are left out.
    """

    LEAST = 20

    def __init__(self, count: int) -> None:
        self.count = count

    def fit(self, X: Any, y: Any) -> Crossed:
        """Choose the pairs: `pairs_` (2, at most count) positions of columns."""
        X = np.asarray(X, dtype=np.float64)
        p = LogisticRegression(C=0.1, max_iter=2000).fit(X, y).predict_proba(X)[:, 1]
        missed = X.T @ ((np.asarray(y) - p)[:, None] * X)
        spread = X.T @ ((p * (1 - p))[:, None] * X)
        strength = np.abs(missed) / np.sqrt(np.maximum(spread, 1e-9))
        strength[X.T @ X < self.LEAST] = 0
        left, right = np.triu_indices(X.shape[1], k=1)
        order = np.argsort(-strength[left, right], kind="stable")[: self.count]
        order = np.sort(order[strength[left, right][order] > 0])
        self.pairs_ = np.stack([left[order], right[order]])
        return self

    def transform(self, X: Any) -> Floats:
        """The products (n, pairs)."""
        check_is_fitted(self)
        X = np.asarray(X, dtype=np.float64)
        return X[:, self.pairs_[0]] * X[:, self.pairs_[1]]
