"""ROC AUC estimated without labels, over many training tables, against the truth of the simulator.

One champion's estimate is off by what the labels it was calibrated by are off by chance, in every
month alike; only over many training tables does a bias show.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.result import Result
from scoring.schema import Schema
from stages.core.measures import Z_95, Floats, roc_auc
from stages.core.paths import Paths
from stages.core.section import read_params
from stages.core.yamlfile import load_schema
from stages.features.table import LABEL, feature_table
from stages.model.encoding import frame
from stages.model.train import refit
from stages.model.train_params import Train
from stages.monitoring.performance import Sigmoid, expected_auc
from stages.simulator.generate import simulate
from stages.simulator.population import load_population
from stages.simulator.scenarios import NONE, unfold

HERE = Paths.here()
TABLES, ROWS, FOLDS, SEED = 30, 5_628, 5, 5_000
CANDIDATE = "logistic"
MONTHS = ((NONE, 1), (NONE, 6), ("new_customer_mix", 6))  # customers change, behaviour does not


def benchmarks() -> list[Result]:
    """Mean difference of estimated and true AUC; share of intervals that have the realised one."""
    schema = load_schema(HERE.schema)
    train = Train.of(read_params(HERE.params)["train"])
    differences: list[float] = []
    covered: list[bool] = []
    for seed in range(SEED, SEED + TABLES):
        off, inside = zip(*_of_a_table(seed, schema, train), strict=True)
        differences.append(float(np.mean(off)))
        covered += inside
    mean, error = np.mean(differences), np.std(differences, ddof=1) / np.sqrt(TABLES)
    details = f"{mean - Z_95 * error:+.4f} to {mean + Z_95 * error:+.4f}, {TABLES} training tables"
    return [
        Result("estimated less true ROC AUC, mean", abs(float(mean)), "<=", 0.003, details),
        Result("95% intervals that have the realised AUC", float(np.mean(covered)), ">=", 0.93,
               f"{len(covered)} months"),
    ]  # fmt: skip


def _of_a_table(seed: int, schema: Schema, train: Train) -> list[tuple[float, bool]]:
    """Of each month: estimated less true AUC, and whether the interval has the realised one."""
    table, _ = _drawn(NONE, month=0, seed=seed, schema=schema)
    table = table.head(ROWS)
    fold, held_out = np.random.default_rng(seed).integers(0, FOLDS, ROWS), np.empty(ROWS)
    for number in range(FOLDS):
        asked = fold == number
        model = refit(CANDIDATE, table[~asked], schema, train)
        held_out[asked] = model.predict_proba(frame(table[asked], schema))[:, 1]
    sigmoid = Sigmoid(held_out, table[LABEL].to_numpy(float))
    model, found = refit(CANDIDATE, table, schema, train), []
    for name, month in MONTHS:
        now, truth = _drawn(name, month=month, seed=seed, schema=schema)
        score = model.predict_proba(frame(now, schema))[:, 1].astype(float)
        estimate = expected_auc(sigmoid(score), score)
        half = Z_95 * np.sqrt(1 + len(score) / ROWS) * estimate.deviation
        realised = roc_auc(now[LABEL].to_numpy(float), score, np.ones((1, len(score))))[0]
        off = estimate.value - expected_auc(truth, score).value
        found.append((off, bool(abs(estimate.value - realised) <= half)))
    return found


def _drawn(name: str, *, month: int, seed: int, schema: Schema) -> tuple[pd.DataFrame, Floats]:
    """A month's features with labels, and the true probabilities."""
    world = load_population(HERE.population)
    scenario = unfold(world.scenarios, name=name, strength=0.5, start_month=2)
    chunk = next(simulate(world, rows=7_043, seed=seed, snapshot_month=month, scenario=scenario))
    return feature_table(chunk.customers, schema), chunk.oracle["churn_probability"].to_numpy()
