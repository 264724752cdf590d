"""Rebalancing: nothing outside the fold, nothing at prediction time, and a way back."""

import numpy as np
import pytest

from scoring.bundle import BASELINES
from scoring.errors import UserError
from scoring.probability import log_odds
from stages.features.table import LABEL
from stages.model.candidates import build
from stages.model.encoding import frame, layout
from stages.model.optional.rebalance import Rebalanced
from tests import builders

METHODS = ["smote", "adasyn", "undersample", "class_weight"]
SAMPLERS = METHODS[:3]
SCHEMA = builders.schema()


def fitted(method: str, *, correct: bool, name: str = "logistic", rows=None):
    table = builders.features(rows=1200) if rows is None else rows
    params = builders.train_params(rebalance={"method": method, "correct": correct})
    model = build(name, params, layout(SCHEMA))
    return model.fit(frame(table, SCHEMA), table[LABEL]), table


def predicted(model, table) -> np.ndarray:
    return model.predict_proba(frame(table, SCHEMA))[:, 1]


def few_churners(rows: int = 1200):
    """A table where one customer in eight leaves."""
    table = builders.features(rows=rows * 3)
    left = table[table[LABEL] == 1].head(rows // 8)
    stayed = table[table[LABEL] == 0].head(rows - len(left))
    return builders.shuffled(left._append(stayed))


@pytest.mark.parametrize("method", METHODS)
def test_uncorrected_probability_is_of_a_world_where_half_leave(method):
    model, table = fitted(method, correct=False, rows=few_churners())
    assert predicted(model, table).mean() > table[LABEL].mean() + 0.1


@pytest.mark.parametrize("method", ["undersample", "class_weight"])
def test_corrected_probability_has_the_mean_of_the_base_rate(method):
    model, table = fitted(method, correct=True, rows=few_churners())
    assert predicted(model, table).mean() == pytest.approx(table[LABEL].mean(), abs=0.02)


@pytest.mark.parametrize("method", METHODS)
def test_correction_moves_the_log_odds_by_those_of_the_base_rate(method):
    raw, table = fitted(method, correct=False)
    corrected, _ = fitted(method, correct=True)
    moved = log_odds(predicted(corrected, table)) - log_odds(predicted(raw, table))
    np.testing.assert_allclose(moved, log_odds(table[LABEL].mean()), atol=1e-6)


@pytest.mark.parametrize("method", SAMPLERS)
def test_only_rows_to_fit_on_are_resampled(method, monkeypatch):
    """The sampler sees the rows of the fold and no other, and nothing when it comes to predict."""
    seen = []
    original = Rebalanced._sampler

    def watched(self, smallest):
        sampler = original(self, smallest)
        whole = sampler.fit_resample

        def fit_resample(X, y, **options):
            seen.append((len(X), np.asarray(y).sum()))
            return whole(X, y, **options)

        sampler.fit_resample = fit_resample
        return sampler

    monkeypatch.setattr(Rebalanced, "_sampler", watched)
    table = builders.features(rows=400)
    fold, held_out = table.iloc[:300], table.iloc[300:]
    model, _ = fitted(method, correct=True, rows=fold)
    assert predicted(model, held_out).shape == (100,)
    assert seen == [(300, fold[LABEL].sum())]


@pytest.mark.parametrize("name", BASELINES)
def test_baselines_are_not_rebalanced(name):
    model, _ = fitted("smote", correct=False, name=name)
    assert not isinstance(model, Rebalanced)


def test_one_churner_cannot_be_multiplied():
    table = builders.features().assign(**{LABEL: np.eye(1, 300, dtype="int8")[0]})
    with pytest.raises(UserError, match=r"train\.rebalance\.method"):
        fitted("smote", correct=True, rows=table)
