"""Several months of each customer, and nothing to learn: no part of the way finds anything."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from scoring.schema import Schema
from stages.adoption.draft import draft
from stages.core import measures
from stages.core.measures import Bootstrap
from stages.features.features_params import Features
from stages.features.split import split
from stages.features.table import ID, LABEL, feature_table
from stages.model.encoding import frame
from stages.model.train import cross_validate, refit
from stages.tables.checks import check_table
from tests import builders
from tests.raw_tables import raw_table

CUSTOMERS, MONTHS, SEEDS = 300, 6, range(3)
CANDIDATES = ["base_rate", "one_feature", "logistic", "forest"]
PARAMS = builders.train_params(candidates=CANDIDATES, repeats=1)


@cache
def panel(seed: int) -> tuple[pd.DataFrame, Schema, np.ndarray]:
    """Features, schema and who is tested on, of customers whose figures hardly change by month."""
    rng = np.random.default_rng(seed)
    income, usage = rng.normal(3000, 800, CUSTOMERS), rng.gamma(2, 50, CUSTOMERS)
    left = rng.random(CUSTOMERS) < 0.3
    who, month = np.repeat(np.arange(CUSTOMERS), MONTHS), np.tile(np.arange(MONTHS), CUSTOMERS)
    came = raw_table(
        customer_id=[f"c{number}" for number in who],
        month=[f"2026-0{number + 1}" for number in month],
        income=income[who].round(2),
        usage=(usage[who] + rng.normal(0, 1, len(who))).round(2),
        churn=np.where(left[who], "yes", "no"),
    )
    schema = draft(came, origin="t.csv").schema
    customers = check_table(came, schema, origin="t.csv").customers
    features = Features.of(
        {"test_share": 0.3, "seed": seed, "max_customers": 100_000, "max_cells": 10_000_000}
    )
    return feature_table(customers, schema), schema, split(customers, schema, features)


def auc(label: pd.Series, probability: np.ndarray) -> float:
    return measures.value(measures.roc_auc, label.to_numpy(float), np.asarray(probability, float))


def out_of_fold(features: pd.DataFrame, schema: Schema) -> float:
    found = cross_validate(features, schema, PARAMS).out_of_fold["forest"]
    return auc(features[LABEL], found.to_numpy())


def test_noise_is_noise_in_the_folds_where_customers_are_kept_together() -> None:
    together, apart = [], []
    for seed in SEEDS:
        features, schema, is_test = panel(seed)
        train = features[~is_test].reset_index(drop=True)
        together.append(out_of_fold(train, schema))
        each_row = train.assign(**{ID: [str(row) for row in range(len(train))]})
        apart.append(out_of_fold(each_row, schema))
    # 210 customers, 30 % of whom left: a standard error of 0.045, of the mean of three 0.026
    assert np.mean(together) == pytest.approx(0.5, abs=0.08)
    # rows that are taken for customers would have shown a model that knows them again
    assert np.mean(apart) > 0.9


def test_noise_is_noise_on_the_customers_put_aside() -> None:
    found, inside = [], 0
    for seed in SEEDS:
        features, schema, is_test = panel(seed)
        assert not set(features[ID][is_test]) & set(features[ID][~is_test])
        train, test = (features[m].reset_index(drop=True) for m in (~is_test, is_test))
        model = refit("forest", train, schema, PARAMS)
        probability = model.predict_proba(frame(test, schema))[:, 1]
        found.append(auc(test[LABEL], probability))
        by_customer, by_row = intervals(test, probability)
        # an interval that takes rows for customers is too narrow, here by the root of six
        assert np.ptp(by_customer) > 1.8 * np.ptp(by_row)
        inside += by_customer[0] <= 0.5 <= by_customer[1]
    assert np.mean(found) == pytest.approx(0.5, abs=0.13)
    assert inside >= len(SEEDS) - 1


def intervals(test: pd.DataFrame, probability: np.ndarray) -> list[tuple[float, float]]:
    label = test[LABEL].to_numpy(float)
    ids = test[ID].to_numpy()
    return [
        Bootstrap(seed=1, resamples=200, level=0.95, groups=groups).interval(
            measures.roc_auc, label, probability
        )
        for groups in (ids, None)
    ]
