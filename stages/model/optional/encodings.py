"""Other encodings of categories: hashed, embedded, crossed.

They give columns that float32 holds exactly: whole numbers, or multiples of 1/1024. A tree behind
them then splits alike in the original and in the export, whatever the order of a sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.cross_decomposition import PLSRegression
from sklearn.feature_extraction import FeatureHasher
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import LabelEncoder
from sklearn.utils import ClassifierTags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

GRID = 1024  # learned tables hold multiples of 1/GRID

Floats = NDArray[np.float64]


class Projected(TransformerMixin, BaseEstimator):
    """Columns times a table: `table_` (columns in, columns out)."""

    table_: Floats

    def transform(self, X: Any) -> Floats:
        """The product (n, columns out)."""
        check_is_fitted(self)
        return validate_data(self, X, dtype=np.float64, reset=False) @ self.table_


class Hashed(Projected):
    """Category values hashed into a few signed columns (Weinberger et al. 2009).

    Takes the one-hot columns, whose values are known: `words` has one for each, the hash of a word
    is a row of the table (by default the column's number). An unknown value is no column, and so
    hashed to nothing.
    """

    def __init__(self, width: int = 8, *, words: Sequence[str] | None = None) -> None:
        self.width = width
        self.words = words

    def fit(self, X: Any, y: Any = None) -> Hashed:
        """Nothing is learned; the table is that of scikit-learn's hasher."""
        columns = validate_data(self, X, dtype=np.float64).shape[1]
        words = self.words if self.words is not None else [str(i) for i in range(columns)]
        hasher = FeatureHasher(self.width, input_type="string")
        self.table_ = hasher.transform([[word] for word in words]).toarray()
        return self


class Embedded(Projected):
    """Category values as short vectors, learned with the label by partial least squares.

    Each one-hot column gets the row of loadings that scikit-learn's `PLSRegression` finds for it;
    a customer is the sum of the rows of their values.
    """

    def __init__(self, width: int = 8) -> None:
        self.width = width

    def fit(self, X: Any, y: Any) -> Embedded:
        """Learn the vectors of the columns of X (n, v) from the labels y (n,)."""
        X, codes = _checked(self, X, y)
        width = max(1, min(self.width, X.shape[1], len(X) - 1))
        rotations = PLSRegression(width, scale=False).fit(X, codes).x_rotations_
        self.table_ = np.round(np.nan_to_num(rotations) * GRID) / GRID
        return self

    def __sklearn_tags__(self) -> Any:
        return _needs_labels(super().__sklearn_tags__())


class Crossed(TransformerMixin, BaseEstimator):
    """Products of pairs of 0/1 columns: those that a model without them misses most.

    A logistic regression on the columns alone is fitted first; a pair's strength is the score
    statistic (Rao 1948) for adding its product: |Σ r x z| / sqrt(Σ p (1-p) x z), with the
    residuals r. Pairs that hold fewer than `LEAST` customers are left out.
    """

    LEAST = 20

    def __init__(self, count: int = 100) -> None:
        self.count = count

    def fit(self, X: Any, y: Any) -> Crossed:
        """Choose the pairs: `pairs_` (2, at most count) positions of columns."""
        X, codes = _checked(self, X, y)
        missed, spread = _missed(X, codes)
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
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return X[:, self.pairs_[0]] * X[:, self.pairs_[1]]

    def __sklearn_tags__(self) -> Any:
        return _needs_labels(super().__sklearn_tags__())


def _missed(X: Floats, label: NDArray[Any]) -> tuple[Floats, Floats]:
    """Per pair of columns, what a model of the columns alone misses, and how far that varies."""
    p = LogisticRegression(C=0.1, max_iter=2000).fit(X, label).predict_proba(X)[:, 1]
    return X.T @ ((label - p)[:, None] * X), X.T @ ((p * (1 - p))[:, None] * X)


def _checked(transformer: Any, X: Any, y: Any) -> tuple[Floats, NDArray[Any]]:
    """The columns, and the labels as 0 and 1; `ValueError` where there are more classes."""
    X, y = validate_data(transformer, X, y, dtype=np.float64, ensure_min_samples=2)
    check_classification_targets(y)
    codes = LabelEncoder().fit_transform(y)
    if codes.max() > 1:
        raise ValueError("Only binary classification is supported; got more than 2 classes")
    return X, codes


def _needs_labels(tags: Any) -> Any:
    tags.target_tags.required = True
    tags.classifier_tags = ClassifierTags(multi_class=False)
    return tags
