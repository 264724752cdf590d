"""The folds: stratified, and all rows of one customer in one of them."""

from __future__ import annotations

import numpy as np
import pytest

from scoring.errors import UserError
from stages.model.folds import draw_folds

CUSTOMERS, ROWS = 60, 5
WHOSE = np.repeat([f"c{place}" for place in range(CUSTOMERS)], ROWS)


def labels(*, seed: int = 0) -> np.ndarray:
    """A customer's label in each of its rows, in some of them turned round."""
    rng = np.random.default_rng(seed)
    label = np.repeat(rng.random(CUSTOMERS) < 0.4, ROWS)
    return (label ^ (rng.random(len(label)) < 0.1)).astype("int8")


def test_rows_of_one_customer_are_never_on_both_sides() -> None:
    label = labels()
    order = np.random.default_rng(1).permutation(len(label))
    for fold in draw_folds(label[order], count=5, repeats=2, seed=3, groups=WHOSE[order]):
        fit, held_out = (set(WHOSE[order][rows]) for rows in (fold.fit, fold.held_out))
        assert not fit & held_out
        assert len(fold.fit) + len(fold.held_out) == len(label)
        assert set(label[order][fold.held_out]) == {0, 1}


def test_each_repeat_predicts_every_row_once() -> None:
    drawn = draw_folds(labels(), count=4, repeats=3, seed=3, groups=WHOSE)
    for repeat in range(3):
        rows = np.concatenate([fold.held_out for fold in drawn if fold.repeat == repeat])
        assert sorted(rows) == list(range(len(WHOSE)))


def test_customers_of_one_row_each_are_split_as_rows_are() -> None:
    label = labels()
    plain = draw_folds(label, count=5, repeats=1, seed=3)
    named = draw_folds(label, count=5, repeats=1, seed=3, groups=np.arange(len(label)).astype(str))
    for one, other in zip(plain, named, strict=True):
        np.testing.assert_array_equal(one.held_out, other.held_out)


def test_too_few_customers_who_left_are_refused_however_many_rows_they_have() -> None:
    label = np.repeat(np.arange(CUSTOMERS) < 3, ROWS).astype("int8")
    with pytest.raises(UserError, match="the smaller class has 3 customers"):
        draw_folds(label, count=5, repeats=1, seed=3, groups=WHOSE)


def test_everybody_may_have_left_in_some_row() -> None:
    label = np.tile([0, 0, 0, 0, 1], CUSTOMERS).astype("int8")
    drawn = draw_folds(label, count=5, repeats=1, seed=3, groups=WHOSE)
    assert all(set(label[fold.held_out]) == {0, 1} for fold in drawn)
