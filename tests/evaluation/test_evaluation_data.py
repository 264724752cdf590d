"""What the evaluation is computed from: the decision, and how it is gathered."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring import money
from scoring.bundle import BASELINES, Scorer
from stages.core.files import write_csv, write_json, write_table
from stages.core.paths import Paths
from stages.evaluation.evaluation_data import gather
from stages.features.table import ID, LABEL, model_inputs
from stages.model.export import to_onnx
from stages.model.train import refit
from tests import builders
from tests.builders import FEE, with_labels

few = settings(max_examples=25, deadline=None, derandomize=True)


# --- the decision ------------------------------------------------------------------------------


def test_with_a_monthly_value_whoever_pays_is_contacted(data):
    expected = money.expected_profit(data.probability, data.value, data.costs) > 0
    np.testing.assert_array_equal(data.decision, expected)


def test_without_a_monthly_value_whoever_is_above_the_threshold_is_contacted():
    data = builders.evaluation_data("no_value")
    np.testing.assert_array_equal(data.decision, data.probability > 0.4)


def test_decision_does_not_look_at_the_label(data):
    flipped = with_labels(data, 1 - data.label)
    np.testing.assert_array_equal(flipped.decision, data.decision)


@few
@given(low=st.floats(0, 1), high=st.floats(0, 1))
def test_a_higher_threshold_never_contacts_more(low, high):
    low, high = sorted((low, high))
    data = builders.evaluation_data("no_value", 60)
    chosen = [
        dataclasses.replace(data, manifest={**data.manifest, "threshold": cut}).decision
        for cut in (low, high)
    ]
    assert (chosen[1] <= chosen[0]).all()


def test_more_probable_customers_are_never_dropped(data):
    more = data.decide(np.minimum(data.probability + 0.1, 1))
    assert (more >= data.decision).all()


# --- gathering ---------------------------------------------------------------------------------


@pytest.fixture
def paths(tmp_path) -> Paths:
    return Paths(tmp_path)


@pytest.fixture
def bundle(paths):
    """What `train` leaves for `gather`: (test customers, models by file)."""
    schema, features = builders.schema(), builders.features(rows=40, seed=2)
    models = {
        paths.champion / "model.onnx": "forest",
        paths.comparison / "base_rate.onnx": "base_rate",
        paths.comparison / "one_feature.onnx": "logistic",
        paths.comparison / "hist_boosting.onnx": "xgboost",
    }
    for path, name in models.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        model = refit(name, builders.features(), schema, builders.train_params())
        path.write_bytes(to_onnx(model, schema, name=name))
    write_json(paths.customers_schema, schema.model_dump(mode="json", exclude_defaults=True))
    write_table(paths.comparison / "out_of_fold.parquet", builders.out_of_fold())
    for file in ("scores.csv", "selected.csv"):
        write_csv(paths.comparison / file, builders.fold_scores())
    manifest = {"threshold": 0.3, "costs": dataclasses.asdict(builders.costs(margin=0.4))}
    write_json(paths.champion / "bundle.json", manifest)
    write_table(paths.train, builders.features())
    write_table(paths.test, features)
    return features


def write_oracle(paths, ids, probability) -> None:
    write_table(paths.oracle, pd.DataFrame({"id": ids, "churn_probability": probability}))


def test_gathered_probabilities_are_those_of_the_exported_models(bundle, paths):
    write_oracle(paths, bundle[ID], np.full(40, 0.5))
    data = gather(builders.evaluate_params(), builders.money_params(), paths)
    scorer = Scorer((paths.champion / "model.onnx").read_bytes())
    inputs = model_inputs(bundle, builders.schema())
    np.testing.assert_array_equal(data.probability, scorer.probability(inputs))
    np.testing.assert_array_equal(data.label, bundle[LABEL])
    assert set(data.baselines) == set(BASELINES)
    assert len(set(data.baselines["base_rate"])) == 1
    assert data.threshold == 0.3
    assert data.costs == builders.costs(margin=0.4)
    np.testing.assert_allclose(data.value, bundle[FEE] * 0.4 * 10)


def test_truth_is_matched_by_id_whatever_its_order(bundle, paths):
    others = pd.Series([f"X{i}" for i in range(10)])
    ids = pd.concat([others, bundle[ID][::-1]], ignore_index=True)
    write_oracle(paths, ids, np.arange(50) / 50)
    oracle = gather(builders.evaluate_params(), builders.money_params(), paths).oracle
    np.testing.assert_allclose(oracle, (49 - np.arange(40)) / 50)


def test_truth_without_rows_is_unknown(bundle, paths):
    write_oracle(paths, pd.Series(dtype=str), [])
    assert gather(builders.evaluate_params(), builders.money_params(), paths).oracle is None
