"""The encoding: tables that float32 holds exactly, crosses that are found inside the fold."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.features.table import LABEL
from stages.model.encoding import encoder, few_bins_are_fine, frame, layout
from stages.model.optional.encodings import GRID, Crossed, Embedded, Hashed
from tests import builders

few = settings(max_examples=15, deadline=None, derandomize=True)
WORDS = ("0=a", "0=b", "0=c", "1=x", "1=y")


def one_hot(rows: int = 200, *, seed: int = 0) -> np.ndarray:
    """Two categorical columns as 0/1 columns."""
    rng = np.random.default_rng(seed)
    return np.hstack([np.eye(3)[rng.integers(0, 3, rows)], np.eye(2)[rng.integers(0, 2, rows)]])


def exact(values: np.ndarray) -> bool:
    return bool((values.astype(np.float32).astype(float) == values).all())


def coded(**encoding) -> np.ndarray:
    schema, table = builders.schema(), builders.features()
    params = builders.train_params(encoding=builders.TRAIN["encoding"] | encoding)
    made = encoder(("category",), params, layout(schema))
    return made.fit_transform(frame(table, schema), table[LABEL])


@given(width=st.integers(1, 12), seed=st.integers(0, 5))
@few
def test_products_with_a_table_are_the_same_in_float32(width, seed):
    X, y = one_hot(seed=seed), np.arange(200) % 3 == 0
    for transformer in (Hashed(width, words=WORDS), Embedded(width)):
        out = transformer.fit(X, y).transform(X)
        assert exact(out)
        table = transformer.table_.astype(np.float32)
        np.testing.assert_array_equal(X.astype(np.float32) @ table, out.astype(np.float32))


def test_value_that_nobody_knows_is_hashed_and_embedded_to_nothing():
    X, nobody = one_hot(), np.zeros((1, 5))
    for transformer in (Hashed(4, words=WORDS), Embedded(2)):
        fitted = transformer.fit(X, np.arange(200) % 2)
        np.testing.assert_array_equal(fitted.transform(nobody), 0)


def test_hash_is_that_of_scikit_learn_and_signed():
    from sklearn.feature_extraction import FeatureHasher

    table = Hashed(4, words=WORDS).fit(one_hot()).table_
    expected = FeatureHasher(4, input_type="string").transform([["0=a"], ["1=y"]]).toarray()
    np.testing.assert_array_equal(table[[0, 4]], expected)
    assert set(np.unique(table)) <= {-1.0, 0.0, 1.0}


def test_embedding_learns_from_the_label():
    X = one_hot()
    leaves = X[:, 1] + 0 * X[:, 0]
    table = Embedded(1).fit(X, leaves).table_
    others = np.delete(table[:, 0], 1)
    assert abs(table[1, 0] - others.mean()) > 3 * np.ptp(others[:2])
    assert (table * GRID == np.round(table * GRID)).all()


@pytest.mark.parametrize("categories", ["hashed", "embedded"])
def test_width_is_the_number_of_columns(categories):
    assert coded(categories=categories, width=3).shape[1] == 3


def test_crosses_come_on_top_and_are_zero_or_one():
    plain, crossed = coded(), coded(crosses=7)
    np.testing.assert_array_equal(crossed[:, : plain.shape[1]], plain)
    assert 1 <= crossed.shape[1] - plain.shape[1] <= 7
    assert set(np.unique(crossed[:, plain.shape[1] :])) <= {0.0, 1.0}


def test_the_cross_that_matters_is_found_first():
    # who leaves is decided by whether two columns agree: neither alone says anything
    X = one_hot(2000)
    y = (X[:, 0] == X[:, 3]).astype(int)
    left, right = Crossed(1).fit(X, y).pairs_[:, 0]
    assert {left, right} & {0}
    assert {left, right} & {3, 4}


def test_cross_of_few_customers_is_not_taken():
    X = one_hot(300)
    X[:, 2] = 0
    X[: Crossed.LEAST - 1, 2] = 1
    pairs = Crossed(100).fit(X, np.arange(300) % 2).pairs_
    assert 2 not in pairs


def test_what_is_fine_is_not_shown_while_a_thread_has_emptied_the_filters(monkeypatch):
    shown = []
    monkeypatch.setattr(warnings, "showwarning", lambda message, *_: shown.append(str(message)))

    with few_bins_are_fine():
        warnings.resetwarnings()  # as the forests of scikit-learn in the thread of another task
        warnings.warn("Bins whose width are too small (i.e., <= 1e-8)", stacklevel=1)
        warnings.warn("`sklearn.utils.parallel.delayed` should be used with", stacklevel=1)
        warnings.warn("something else", stacklevel=1)

    assert shown == ["something else"]
