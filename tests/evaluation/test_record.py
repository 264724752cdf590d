"""What the evaluation leaves behind: complete, numbers only, the same bytes twice."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from stages.core import measures
from stages.core.measures import value
from stages.core.paths import Paths
from stages.evaluation import contact_list, truth
from stages.evaluation.baselines import targets
from stages.evaluation.headline import headline
from stages.evaluation.record import Findings, metrics_file, predictions, write
from stages.features.table import ID
from tests import builders
from tests.builders import CONTRACT


@pytest.fixture(scope="module")
def found(data):
    return Findings(headline(data), targets(data), contact_list.totals(data), truth=None)


# --- the metrics file --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def content(data, found):
    return metrics_file(data, found)


def numbers(content) -> list:
    if isinstance(content, dict):
        return [leaf for value in content.values() for leaf in numbers(value)]
    return [content]


def test_metrics_file_has_numbers_only_below_the_top_level(content):
    leaves = numbers({k: v for k, v in content.items() if k != "winner"})
    assert all(type(leaf) in (int, float) and np.isfinite(leaf) for leaf in leaves)
    assert isinstance(content["winner"], str)
    assert all(isinstance(v, dict) for k, v in content.items() if k != "winner")


def test_metrics_file_has_every_key_of_the_contract(content):
    assert content["winner"] == "logistic"
    assert set(content["cv"]) >= {"roc_auc", "average_precision", "brier", "log_loss"}
    assert all(set(figures) == {"mean", "std", "folds"} for figures in content["cv"].values())
    assert set(content["test"]) == set(content["test_ci"])
    assert set(content["test"]) >= CONTRACT
    assert all(set(bounds) == {"low", "high"} for bounds in content["test_ci"].values())
    assert content["reference"]["base_rate"] == 0.4


def test_metrics_file_says_what_the_tables_say(data, found, content):
    for section, table in (("test", found.headline), ("campaign", found.totals)):
        for name, row in table.iterrows():
            assert content[section][name] == pytest.approx(row["value"], abs=1e-6)
        for name, bounds in content[f"{section}_ci"].items():
            assert bounds["high"] == pytest.approx(table.loc[name, "high"], abs=1e-6)
    assert set(content["campaign_ci"]) == {"expected_cost", "expected_gain", "expected_profit"}
    assert content["counts"] == {"train": 200, "test": len(data.label)}


def test_cross_validated_figures_are_those_of_the_winner(content):
    scores = builders.fold_scores()
    own = scores[scores["candidate"] == "logistic"]["roc_auc"]
    assert content["cv"]["roc_auc"]["mean"] == pytest.approx(own.mean(), abs=1e-6)
    assert content["cv"]["roc_auc"]["std"] == pytest.approx(own.std(ddof=1), abs=1e-6)
    assert content["cv"]["roc_auc"]["folds"] == len(own) == 8


def test_oracle_is_in_the_reference_only_where_it_is_known(data, found, content):
    assert not [name for name in content["reference"] if "oracle" in name]
    oracle = builders.scores_of(data.label, seed=9)
    known = dataclasses.replace(data, oracle=oracle)
    against = truth.against_oracle(known)
    reference = metrics_file(known, found._replace(truth=against))["reference"]
    expected = value(measures.roc_auc, data.label, oracle)
    assert reference["oracle_roc_auc"] == pytest.approx(expected, abs=1e-6)
    lead = (
        against.loc["profit_per_customer", "oracle"]
        - found.headline.loc["profit_per_customer", "value"]
    )
    assert reference["behind_oracle_profit_per_customer"] == pytest.approx(lead, abs=1e-6)


# --- predictions and other tables --------------------------------------------------------------


def test_predictions_have_the_columns_of_the_contract(data):
    rows = predictions(data)
    assert list(rows.columns) == [
        "id", "split", "fold", "label", "champion", "base_rate", "logistic"
    ]  # fmt: skip
    assert list(rows["split"]) == ["train"] * len(data.out_of_fold) + ["test"] * len(data.label)
    assert rows["id"].is_unique


def test_predictions_on_train_are_out_of_fold_and_the_champion_is_the_winner(data):
    comparison = data.out_of_fold
    train = predictions(data).query("split == 'train'")
    np.testing.assert_array_equal(train["champion"], comparison["logistic"])
    np.testing.assert_array_equal(train["base_rate"], comparison["base_rate"])
    np.testing.assert_array_equal(train["fold"], comparison["fold"])


def test_predictions_on_test_are_the_champions_alone(data):
    test = predictions(data).query("split == 'test'")
    np.testing.assert_array_equal(test["champion"], data.probability)
    np.testing.assert_array_equal(test["label"], data.label)
    assert list(test["id"]) == list(data.features[ID])
    assert (test["fold"] == -1).all()
    assert test[["base_rate", "logistic"]].isna().all(axis=None)


# --- files -------------------------------------------------------------------------------------


def test_everything_is_written_in_the_same_bytes_twice(data, found, tmp_path):
    listed = contact_list.contact_list(data, [["Größe: klein"]] * len(data.label))
    plots = {"roc": pd.DataFrame({"fpr": [0, 1], "tpr": [0, 1]})}
    written = []
    for name in ("one", "other"):
        paths = Paths(tmp_path / name)
        write(data, found, listed, plots, paths)
        folder = paths.reports
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        written.append({path.relative_to(folder).as_posix(): path.read_bytes() for path in files})
    assert set(written[0]) == {
        "metrics.json", "predictions.parquet", "contact_list.csv", "plots/roc.csv"
    }  # fmt: skip
    assert written[0] == written[1]
    assert json.loads(written[0]["metrics.json"]) == metrics_file(data, found)
