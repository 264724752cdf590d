"""The one look at the test: every figure of the contract, with its interval and its baselines."""

import contextlib
import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring import money
from scoring.bundle import Scorer
from scoring.errors import UserError
from stages.core import metrics
from stages.core.files import write_json, write_table
from stages.core.metrics import value
from stages.evaluation import baselines as rivals
from stages.evaluation import evaluate
from stages.evaluation.baselines import in_words, strategies, targets
from stages.evaluation.evaluate import confusion, decide, gather, headline
from stages.features.table import ID, LABEL, model_inputs
from stages.model.export import to_onnx
from stages.model.train import refit
from tests import builders
from tests.builders import FEE

few = settings(max_examples=25, deadline=None, derandomize=True)
CONTRACT = [
    "roc_auc",
    "average_precision",
    "brier",
    "log_loss",
    "ece",
    "accuracy",
    "precision",
    "recall",
    "f1",
    "top_decile_lift",
    "empc",
    "mpc",
    "profit_per_customer",
    "threshold",
]


@pytest.fixture(scope="module", autouse=True)
def comparison(tmp_path_factory):
    """The record of the comparison, in a directory of its own."""
    folder = tmp_path_factory.mktemp("comparison")
    with builders.comparison_in(folder, evaluate, rivals) as table:
        yield table


@pytest.fixture(scope="module")
def evidence():
    return builders.evidence()


@pytest.fixture(scope="module")
def table(evidence):
    return headline(evidence)


@pytest.fixture(scope="module")
def wanted(evidence):
    return targets(evidence)


def with_labels(evidence, label: np.ndarray):
    """The same evidence, had other customers left."""
    features = evidence.features.assign(**{LABEL: label.astype("int8")})
    return dataclasses.replace(evidence, label=label.astype(float), features=features)


# --- headline ----------------------------------------------------------------------------------


def test_headline_has_every_metric_of_the_contract_with_interval_and_baselines(table):
    assert set(table.index) == set(CONTRACT)
    assert set(table.columns) == {"value", "low", "high", "one_feature", "base_rate"}
    assert table.notna().all(axis=None)


def test_intervals_contain_their_values(table):
    outside = table[(table["value"] < table["low"]) | (table["value"] > table["high"])]
    assert list(outside.drop(index="threshold", errors="ignore").index) == []
    assert (table["low"] <= table["high"]).all()


def test_values_are_those_of_the_measures(evidence, table):
    label, score = evidence.label, evidence.probability
    for name, measure in evaluate.ranking(evidence.params).items():
        assert table.loc[name, "value"] == value(measure, label, score)
        for who, other in evidence.baselines.items():
            assert table.loc[name, who] == value(measure, label, other)
    for name, measure in metrics.DECISION.items():
        assert table.loc[name, "value"] == value(measure, label, evidence.decision)


def test_baseline_of_everybody_alike_is_chance(evidence, table):
    assert table.loc["roc_auc", "base_rate"] == 0.5
    assert table.loc["average_precision", "base_rate"] == pytest.approx(evidence.label.mean())
    assert table.loc["top_decile_lift", "base_rate"] == pytest.approx(1)


def test_champion_stands_above_the_baselines_it_is_sharper_than(table):
    for name in ("roc_auc", "average_precision", "top_decile_lift", "empc", "profit_per_customer"):
        assert table.loc[name, "value"] > table.loc[name, "one_feature"], name


def test_profit_is_that_of_the_decision(evidence, table):
    profit = money.realised_profit(evidence.label, evidence.value, evidence.costs)
    expected = (profit * evidence.decision).mean()
    assert table.loc["profit_per_customer", "value"] == pytest.approx(expected)


def test_empc_is_empulses_own_and_above_the_profit_of_nobody(evidence, table):
    from empulse.metrics import empc_score

    costs = evidence.costs
    expected = empc_score(
        evidence.label,
        evidence.probability,
        clv=evidence.value.mean(),
        incentive_cost=costs.offer_cost,
        contact_cost=costs.contact_cost,
        alpha=costs.accept_alpha,
        beta=costs.accept_beta,
    )
    assert table.loc["empc", "value"] == pytest.approx(expected)
    assert expected > 0


def test_mpc_is_the_best_profit_over_all_thresholds(evidence, table):
    value = np.full(len(evidence.label), evidence.value.mean())
    profit = money.realised_profit(evidence.label, value, evidence.costs)
    best = max((profit * (evidence.probability >= cut)).mean() for cut in evidence.probability)
    assert table.loc["mpc", "value"] == pytest.approx(best)
    assert table.loc["mpc", "value"] < table.loc["empc", "value"]  # who knows acceptance, does more


def test_threshold_is_the_bundles_and_not_the_tests(evidence, table):
    assert table.loc["threshold", "value"] == evidence.manifest["threshold"]
    flipped = headline(with_labels(evidence, 1 - evidence.label)).loc["threshold"]
    pd.testing.assert_series_equal(flipped, table.loc["threshold"])


def test_intervals_are_those_of_the_seed(evidence, table):
    pd.testing.assert_frame_equal(headline(evidence), table)
    params = builders.evaluate_params(seed=6)
    other = headline(dataclasses.replace(evidence, params=params))
    assert (other["value"] == table["value"]).all()
    assert other.loc["roc_auc", "low"] != table.loc["roc_auc", "low"]


# --- the decision ------------------------------------------------------------------------------


def test_with_a_monthly_value_whoever_pays_is_contacted(evidence):
    expected = money.expected_profit(evidence.probability, evidence.value, evidence.costs) > 0
    np.testing.assert_array_equal(evidence.decision, expected)


def test_without_a_monthly_value_whoever_is_above_the_threshold_is_contacted():
    evidence = builders.evidence("no_value")
    np.testing.assert_array_equal(evidence.decision, evidence.probability > 0.4)


def test_decision_does_not_look_at_the_label(evidence):
    flipped = with_labels(evidence, 1 - evidence.label)
    np.testing.assert_array_equal(flipped.decision, evidence.decision)


@few
@given(low=st.floats(0, 1), high=st.floats(0, 1))
def test_a_higher_threshold_never_contacts_more(low, high):
    low, high = sorted((low, high))
    evidence = builders.evidence("no_value", 60)
    chosen = [
        dataclasses.replace(evidence, manifest={**evidence.manifest, "threshold": cut}).decision
        for cut in (low, high)
    ]
    assert (chosen[1] <= chosen[0]).all()


def test_more_probable_customers_are_never_dropped(evidence):
    more = decide(np.minimum(evidence.probability + 0.1, 1), evidence.value, evidence)
    assert (more >= evidence.decision).all()


def test_unknown_monthly_value_is_refused_by_the_schema_or_does_not_spoil_the_sum():
    fee = builders.features()[FEE].to_numpy(float)
    fee[:5] = np.nan
    value = money.customer_value(fee, 300, builders.costs())
    with contextlib.suppress(UserError):
        schema = builders.schema(**{FEE: {"missing": True}})
        evidence = builders.evidence(schema=schema, value=value)
        assert np.isfinite(strategies(evidence)["profit"]).all()


# --- tables and words ------------------------------------------------------------------------


def test_confusion_counts_everybody_once(evidence):
    counts = confusion(evidence)
    assert counts.to_numpy().sum() == len(evidence.label)
    assert counts.loc["left"].sum() == evidence.label.sum()
    assert counts["contacted"].sum() == evidence.decision.sum()
    both = ((evidence.label == 1) & (evidence.decision == 1)).sum()
    assert counts.loc["left", "contacted"] == both


def test_words_say_the_headline(evidence, table):
    words = in_words(evidence, table)
    assert f"{table.loc['roc_auc', 'value']:.1%}" in words
    assert f"{table.loc['roc_auc', 'one_feature']:.1%}" in words
    assert f"{table.loc['profit_per_customer', 'value']:.2f}" in words
    assert f"{evidence.decision.mean():.0%}" in words


# --- gathering ---------------------------------------------------------------------------------


@pytest.fixture
def bundle(tmp_path, monkeypatch):
    """What `train` leaves for `gather`: (test customers, models by file)."""
    schema, features = builders.schema(), builders.features(rows=40, seed=2)
    for name in ("CHAMPION", "COMPARISON", "TEST", "CUSTOMERS_SCHEMA", "ORACLE"):
        monkeypatch.setattr(evaluate, name, tmp_path / name.lower())
    models = {
        evaluate.CHAMPION / "model.onnx": "forest",
        evaluate.COMPARISON / "base_rate.onnx": "base_rate",
        evaluate.COMPARISON / "one_feature.onnx": "logistic",
    }
    for path, name in models.items():
        path.parent.mkdir(exist_ok=True)
        model = refit(name, builders.features(), schema, builders.train_params())
        path.write_bytes(to_onnx(model, schema, name=name))
    write_json(evaluate.CUSTOMERS_SCHEMA, schema.model_dump(mode="json", exclude_defaults=True))
    manifest = {"threshold": 0.3, "costs": dataclasses.asdict(builders.costs(margin=0.4))}
    write_json(evaluate.CHAMPION / "bundle.json", manifest)
    write_table(evaluate.TEST, features)
    return features


def write_oracle(ids, probability) -> None:
    write_table(evaluate.ORACLE, pd.DataFrame({"id": ids, "churn_probability": probability}))


def test_gathered_probabilities_are_those_of_the_exported_models(bundle):
    write_oracle(bundle[ID], np.full(40, 0.5))
    evidence = gather(builders.evaluate_params(), builders.money_params())
    scorer = Scorer((evaluate.CHAMPION / "model.onnx").read_bytes())
    inputs = model_inputs(bundle, builders.schema())
    np.testing.assert_array_equal(evidence.probability, scorer.probability(inputs))
    np.testing.assert_array_equal(evidence.label, bundle[LABEL])
    assert set(evidence.baselines) == {"base_rate", "one_feature"}
    assert len(set(evidence.baselines["base_rate"])) == 1
    assert evidence.threshold == 0.3
    assert evidence.costs == builders.costs(margin=0.4)
    np.testing.assert_allclose(evidence.value, bundle[FEE] * 0.4 * 10)


def test_truth_is_matched_by_id_whatever_its_order(bundle):
    others = pd.Series([f"X{i}" for i in range(10)])
    ids = pd.concat([others, bundle[ID][::-1]], ignore_index=True)
    write_oracle(ids, np.arange(50) / 50)
    oracle = gather(builders.evaluate_params(), builders.money_params()).oracle
    np.testing.assert_allclose(oracle, (49 - np.arange(40)) / 50)


def test_truth_without_rows_is_unknown(bundle):
    write_oracle(pd.Series(dtype=str), [])
    assert gather(builders.evaluate_params(), builders.money_params()).oracle is None
