"""Time to churn: lives told period by period, and the way back to a probability."""

import numpy as np
import pytest

from scoring.derive import numeric_names
from stages.features.table import LABEL
from stages.model.candidates import build
from stages.model.encoding import frame, layout
from stages.model.optional.hazard import lives
from stages.model.train import usable
from tests import builders
from tests.builders import MONTHS, PAID

SCHEMA = builders.schema()
SHAPE = layout(SCHEMA)


def told(periods: int = 6):
    table = builders.features()
    X, y = frame(table, SCHEMA), table[LABEL].to_numpy()
    rows, event = lives(X, y, SHAPE, periods=periods)
    return X, y, rows, event


def test_every_customer_has_a_row_per_period_reached_and_leaves_in_the_last():
    X, y, rows, event = told()
    assert event.sum() == y.sum()
    np.testing.assert_array_equal(event[-len(X) :], y)
    ends = np.unique(rows[MONTHS][: -len(X)])
    reached = sum((X[MONTHS].to_numpy()[:, None] > ends).sum(axis=1)) + len(X)
    assert len(rows) == reached


def test_last_row_of_a_life_is_the_customer_as_is():
    X, _, rows, _ = told()
    for name in X:
        np.testing.assert_array_equal(rows[name].to_numpy()[-len(X) :], X[name].to_numpy())


def test_earlier_rows_know_nothing_of_what_came_later():
    # the total billed would give the end of the life away
    X, _, rows, _ = told()
    earlier = rows.iloc[: -len(X)]
    average = earlier[numeric_names(SCHEMA)[SHAPE.average]]
    np.testing.assert_allclose(earlier[PAID], average * earlier[MONTHS])
    assert earlier[MONTHS].nunique() <= 6


def test_mean_probability_is_the_churn_rate():
    table = builders.features()
    model = build("hazard", builders.train_params(), SHAPE)
    model.fit(frame(table, SCHEMA), table[LABEL])
    said = model.predict_proba(frame(table, SCHEMA))[:, 1]
    assert said.mean() == pytest.approx(table[LABEL].mean(), abs=1e-6)


def test_without_the_role_tenure_it_is_left_out_and_says_so():
    params = builders.train_params(
        candidates=["logistic", "forest", "hazard", "vote"],
        vote={"members": ["logistic", "forest", "hazard"]},
    )
    left, out = usable(params, builders.schema("no_tenure"))
    assert left.candidates == ["logistic", "forest", "vote"]
    assert left.vote.members == ["logistic", "forest"]
    assert "role tenure" in out["hazard"]
    assert usable(params, SCHEMA) == (params, {})


def test_vote_of_one_is_left_out():
    params = builders.train_params(
        candidates=["logistic", "hazard", "vote"], vote={"members": ["logistic", "hazard"]}
    )
    left, out = usable(params, builders.schema("no_tenure"))
    assert left.candidates == ["logistic"]
    assert "vote" in out
