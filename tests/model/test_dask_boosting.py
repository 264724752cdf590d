"""XGBoost on the workers of a Dask cluster: level with one trained here, and never hanging."""

import os
import threading
import time

import numpy as np
import pytest
from sklearn.base import clone
from xgboost import XGBClassifier

from scoring.errors import UserError
from stages.core import cluster
from stages.core.compute import SCHEDULER
from stages.core.measures import log_loss, value
from stages.features.table import LABEL
from stages.model import dask_boosting
from stages.model.dask_boosting import DaskBoosting
from stages.model.encoding import frame
from stages.model.export import disagreement, to_onnx
from stages.model.train import refit
from tests import builders
from tests.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120), pytest.mark.usefixtures("collected")]
TREES = {"n_estimators": 30, "max_depth": 3, "random_state": 5, "tree_method": "hist"}
PATIENCE = 30  # seconds


@pytest.fixture
def on_dask(dask, monkeypatch):
    """The cluster, as the environment names it; nothing of it is kept afterwards."""
    monkeypatch.setenv(SCHEDULER, dask.address)
    client = cluster.kept_client()
    until(lambda: len(cluster.workers(client)) == len(dask.workers), what="a worker is missing")
    yield dask
    cluster.let_go()


def _customers(rows, seed=3):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, 4))
    X[rng.random(X.shape) < 0.1] = np.nan
    risk = 1 / (1 + np.exp(-np.nan_to_num(X) @ [1.0, -0.5, 0.3, 0.0]))
    return X, (rng.random(rows) < risk).astype(int)


def test_its_log_loss_is_that_of_a_model_trained_here(on_dask):
    (X, y), (others, left) = _customers(8_000), _customers(8_000, seed=4)
    here, there = XGBClassifier(**TREES).fit(X, y), DaskBoosting(**TREES).fit(X, y)

    losses = [value(log_loss, left.astype(float), m.predict_proba(others)[:, 1])
              for m in (here, there)]  # fmt: skip

    assert abs(losses[0] - losses[1]) < 0.002


def test_fewer_customers_than_workers_are_learned_from(on_dask):
    X, y = np.array([[1.0]]), np.array([1])

    assert DaskBoosting(**TREES).fit(X, y).predict_proba(X).shape == (1, 2)


def test_a_candidate_trained_on_the_cluster_is_exported_like_any_other(on_dask):
    features, schema, params = builders.features(), builders.schema(), builders.train_params()
    own = params.xgboost.model_copy(update={"device": "dask"})
    model = refit("xgboost", features, schema, params.model_copy(update={"xgboost": own}))

    assert isinstance(model.named_steps["model"], DaskBoosting)
    assert disagreement(to_onnx(model, schema, name="xgboost"), model, features, schema) < 1e-5
    assert clone(model).fit(frame(features, schema), features[LABEL])


def test_a_worker_that_is_lost_ends_the_training_at_once(on_dask):
    X, y = _customers(20_000)
    slow = DaskBoosting(**TREES | {"n_estimators": 1_000_000})
    cluster.kept_client()
    start = time.monotonic()
    threading.Timer(3, os.kill, (on_dask.workers[0].pid, 9)).start()

    with pytest.raises(UserError, match=r"worker tcp://.*: lost while|XGBoost on the cluster"):
        slow.fit(X, y)

    assert time.monotonic() - start < PATIENCE


def test_a_training_that_takes_too_long_ends(on_dask, monkeypatch):
    monkeypatch.setattr(dask_boosting, "LIMIT", 3)
    X, y = _customers(20_000)

    with pytest.raises(UserError, match="not trained in 3 s on 2 workers"):
        DaskBoosting(**TREES | {"n_estimators": 1_000_000}).fit(X, y)
