"""Honesty: what would make a model look better than it is makes a test fail."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.compose import ColumnTransformer

from scoring.schema import parse_schema
from stages.core import measures
from stages.core.files import read_table
from stages.exploration.explore import single_column_auc, suspected_leaks
from stages.features.table import LABEL
from stages.model.candidates import build
from stages.model.encoding import frame, layout
from stages.model.folds import paired
from stages.model.train import cross_validate, folds
from tests import builders
from tests.builders import FEE
from tests.traces import PIPELINE, opened

PARAMS = builders.train_params()
LEAK = 0.95
LEARNERS = [name for name in PARAMS.candidates if name != "base_rate"]


# --- planted leaks -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def simulated(finished, schema):
    customers = read_table(finished / "data" / "raw" / "customers.parquet")
    return customers, schema


def planted(simulated, cells, **fields) -> list[str]:
    """What exploration suspects once a column is added to the simulated customers."""
    customers, schema = simulated
    content = schema.model_dump(mode="json", exclude_defaults=True)
    content["columns"].append({"name": "planted", **fields})
    table = customers.assign(planted=cells(schema.churned(customers) == 1))
    return suspected_leaks(
        single_column_auc(table, parse_schema(content, origin="planted")), leak_auc=LEAK
    )


def test_simulated_customers_have_no_column_that_is_suspected(simulated):
    customers, schema = simulated
    assert suspected_leaks(single_column_auc(customers, schema), leak_auc=LEAK) == []


def noisy(left: np.ndarray) -> np.ndarray:
    return 2.6 * left + np.random.default_rng(0).normal(size=len(left))


def cancelled_after(left: np.ndarray) -> np.ndarray:
    months = np.random.default_rng(0).integers(1, 7, len(left)).astype(float)
    return np.where(left, months, np.nan)


def asked_why(left: np.ndarray) -> np.ndarray:
    answers = np.random.default_rng(0).choice(["price", "service"], len(left))
    return np.where(left, answers, None)


@pytest.mark.parametrize(
    ("cells", "fields"),
    [
        (noisy, {"kind": "number"}),
        (cancelled_after, {"kind": "number", "missing": True}),
        (asked_why, {"kind": "category", "values": ["price", "service"], "missing": True}),
    ],
    ids=["a score taken afterwards", "filled in only for leavers", "asked only of leavers"],
)
def test_planted_leak_is_found_and_named(simulated, cells, fields):
    (found,) = planted(simulated, cells, **fields)
    assert found.startswith("planted alone separates the classes")


# --- shuffled labels ---------------------------------------------------------------------------


def test_shuffled_labels_give_one_half_within_the_interval_for_every_candidate():
    features, schema = builders.features(rows=600), builders.schema()
    shuffled = np.random.default_rng(1).permutation(features[LABEL].to_numpy())
    scores = cross_validate(features.assign(**{LABEL: shuffled}), schema, PARAMS).scores
    for name in LEARNERS:
        values = scores.loc[scores["candidate"] == name, "roc_auc"].to_numpy()
        assert half_is_within(values), (name, values.mean())


def half_is_within(values: np.ndarray, *, level: float = 0.99) -> bool:
    """Whether 0.5 lies in the corrected interval of an AUC over folds, no wider than it must be."""
    mean, error = paired(values - 0.5, PARAMS.folds)
    half = stats.t.ppf((1 + level) / 2, len(values) - 1) * error
    assert half < 0.25, "an interval that holds everything would prove nothing"
    return abs(mean) <= half


def test_interval_of_real_labels_does_not_hold_one_half():
    scores = builders.validation().scores
    for name in ("logistic", "forest", "xgboost", "vote"):
        assert not half_is_within(scores.loc[scores["candidate"] == name, "roc_auc"].to_numpy())


# --- learning outside the fold -----------------------------------------------------------------


@pytest.fixture
def fitted_on(monkeypatch):
    """The customers that each encoder was fitted on, known by their fees, which all differ."""
    seen: list[frozenset[float]] = []

    def spied(method):
        def fit(self, X, *rest, **options):
            if isinstance(X, pd.DataFrame) and FEE in X:
                seen.append(frozenset(X[FEE]))
            return method(self, X, *rest, **options)

        return fit

    for name in ("fit", "fit_transform"):
        monkeypatch.setattr(ColumnTransformer, name, spied(getattr(ColumnTransformer, name)))
    return seen


def club() -> pd.DataFrame:
    """Members whose fee is a number of their own."""
    features = builders.features()
    return features.assign(**{FEE: (10 + np.arange(len(features)) / 8).astype("float32")})


def outside_the_fold(seen, features) -> int:
    """How many fits saw a customer that their fold holds out."""
    fees = features[FEE].astype(float).to_numpy()
    allowed = [frozenset(fees[fold.fit]) for fold in folds(features[LABEL].to_numpy(), PARAMS)]
    return sum(not any(one <= fold for fold in allowed) for one in seen)


def test_every_encoder_of_every_candidate_learns_inside_the_fold(fitted_on):
    features = club()
    cross_validate(features, builders.schema(), PARAMS)
    wanted = PARAMS.folds * PARAMS.repeats * (len(PARAMS.candidates) - 1)
    assert len(fitted_on) >= wanted  # the vote is the mean of what its members predicted
    assert outside_the_fold(fitted_on, features) == 0


def test_encoder_fitted_on_everybody_would_be_seen(fitted_on):
    features, schema = club(), builders.schema()
    build("logistic", PARAMS, layout(schema)).fit(frame(features, schema), features[LABEL])
    assert outside_the_fold(fitted_on, features) == len(fitted_on) > 0


def many_values(rows: int = 600) -> tuple[pd.DataFrame, object]:
    """Members with a column of noise that has a value for every third of them."""
    values = [f"w{i}" for i in range(rows // 3)]
    content = builders.content()
    content["columns"].insert(1, {"name": "Straße", "kind": "category", "values": values})
    features = builders.features(rows=rows)
    rng = np.random.default_rng(5)
    label = rng.permutation(features[LABEL].to_numpy())
    table = features.assign(**{"Straße": rng.choice(values, rows).astype(object), LABEL: label})
    return table, parse_schema(content, origin="club.yaml")


def test_noise_encoded_by_the_target_outside_the_fold_looks_like_a_find_and_inside_like_noise():
    table, schema = many_values()
    label = table[LABEL].to_numpy()
    # outside: the churn rate of each street, its own customers included; a published mistake
    rate = pd.Series(label).groupby(table["Straße"].to_numpy()).transform("mean").to_numpy()
    outside = [
        measures.value(measures.roc_auc, label[fold.held_out].astype(float), rate[fold.held_out])
        for fold in folds(label, PARAMS)
    ]
    assert np.mean(outside) > 0.75
    assert not half_is_within(np.array(outside))
    # inside, whatever the encoding
    params = builders.train_params(candidates=["logistic", "forest", "xgboost"])
    scores = cross_validate(table, schema, params).scores
    for name, values in scores.groupby("candidate")["roc_auc"]:
        assert half_is_within(values.to_numpy()), name


# --- the test customers ------------------------------------------------------------------------


@pytest.mark.parametrize("stage", [stage for stage in PIPELINE if stage != "evaluate"])
def test_no_other_stage_opens_what_is_kept_for_the_test(finished, stage):
    secret = {"data/features/test.parquet", "data/oracle/probabilities.parquet"}
    if stage == "generate":
        secret.discard("data/oracle/probabilities.parquet")  # it writes it, and shows its spread
    assert not opened(finished / ".trace", stage) & secret


def test_evaluate_opens_them(finished):
    assert "data/features/test.parquet" in opened(finished / ".trace", "evaluate")
