"""The champion bundle: complete, true to its files, named by its content."""

import dataclasses
import hashlib
import json

import numpy as np
import pandas as pd
import pytest

from scoring import money
from scoring.bundle import (
    BACKGROUND,
    BASELINES,
    FALLBACK_MODEL,
    MANIFEST,
    MODEL,
    REFERENCE,
    RULES,
    SCHEMA_FILE,
    Scorer,
)
from scoring.derive import Inputs, category_names, derived_names, numeric_names
from stages.core.files import read_table, write_table
from stages.core.paths import Paths
from stages.core.yamlfile import load_schema
from stages.features.table import LABEL, model_inputs
from stages.model import champion
from stages.model.champion import figures, write_bundle, write_comparison
from stages.model.threshold import profit_threshold
from stages.model.train import refit
from tests import builders
from tests.builders import FEE

PARAMS = builders.train_params()
FILES = {MODEL, FALLBACK_MODEL, SCHEMA_FILE, BACKGROUND, REFERENCE, RULES}


@pytest.fixture(scope="module")
def make(tmp_path_factory):
    """A function that writes a bundle into a new directory: (folder, manifest)."""

    def bundle(variant: str = "full", winner: str = "logistic", *, train=PARAMS, **costs):
        paths = Paths(tmp_path_factory.mktemp("bundle"))
        features = builders.features(variant)
        write_table(paths.train, features)
        manifest = write_bundle(
            winner,
            builders.validation(variant),
            features,
            builders.schema(variant),
            train=train,
            money=builders.money_params(**costs),
            paths=paths,
        )
        return paths.champion, manifest

    return bundle


@pytest.fixture(scope="module")
def bundle(make):
    return make()


# --- files -------------------------------------------------------------------------------------


def test_bundle_has_the_files_of_the_contract_and_nothing_that_is_unpickled(bundle):
    folder, _ = bundle
    assert {path.name for path in folder.iterdir()} == FILES | {MANIFEST}
    for path in folder.iterdir():
        assert path.suffix in {".onnx", ".json", ".parquet"}
        assert not path.read_bytes().startswith((b"\x80\x03", b"\x80\x04", b"\x80\x05"))


def test_manifest_on_disk_is_the_one_returned(bundle):
    folder, manifest = bundle
    assert json.loads((folder / MANIFEST).read_text(encoding="utf-8")) == manifest


def test_hashes_are_those_of_the_files(bundle):
    folder, manifest = bundle
    assert set(manifest["files"]) == FILES
    for name, digest in manifest["files"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


def test_hash_of_the_train_customers_is_that_of_their_file(bundle):
    folder, manifest = bundle
    content = Paths(folder.parents[1]).train.read_bytes()
    assert manifest["hashes"]["train"] == hashlib.sha256(content).hexdigest()


def test_schema_comes_back(bundle):
    assert load_schema(bundle[0] / SCHEMA_FILE) == builders.schema()


@pytest.mark.parametrize(("file", "name"), [(MODEL, "forest"), (FALLBACK_MODEL, "logistic")])
def test_models_are_the_winner_and_the_fallback_refitted_on_everybody(make, file, name):
    folder, manifest = make(winner="forest")
    features, schema = builders.features(), builders.schema()
    scores = Scorer((folder / file).read_bytes()).probability(model_inputs(features, schema))
    model = refit(name, features, schema, PARAMS)
    expected = model.predict_proba(champion_frame(features))[:, 1]
    np.testing.assert_allclose(scores, expected, rtol=0, atol=1e-5)
    assert manifest["candidate"] == "forest"


def champion_frame(features: pd.DataFrame) -> pd.DataFrame:
    schema = builders.schema()
    return features[numeric_names(schema) + category_names(schema)]


@pytest.mark.parametrize("variant", builders.VARIANTS)
def test_bundle_can_be_written_for_every_kind_of_schema(make, variant):
    folder, manifest = make(variant)
    schema = builders.schema(variant)
    assert manifest["features"] == {
        "numeric": numeric_names(schema),
        "category": category_names(schema),
        "derived": derived_names(schema),
    }
    assert set(manifest["files"]) == FILES
    assert load_schema(folder / SCHEMA_FILE) == schema


def test_background_rows_are_model_inputs_that_the_model_takes(bundle):
    folder, _ = bundle
    rows = json.loads((folder / BACKGROUND).read_text(encoding="utf-8"))
    inputs = Inputs(
        np.array(rows["numeric"], dtype=np.float32), np.array(rows["category"], dtype=object)
    )
    scores = Scorer((folder / MODEL).read_bytes()).probability(inputs)
    everybody = builders.validation().out_of_fold["logistic"]
    assert 2 <= len(scores) <= 50
    # few, but from low to high risk
    assert scores.min() < everybody.quantile(0.2)
    assert scores.max() > everybody.quantile(0.8)


def test_reference_has_inputs_label_and_out_of_fold_probability(bundle):
    table, features = read_table(bundle[0] / REFERENCE), builders.features()
    schema = builders.schema()
    inputs = numeric_names(schema) + category_names(schema)
    pd.testing.assert_frame_equal(table[inputs], features[inputs])
    np.testing.assert_array_equal(table["#label"], features[LABEL])
    np.testing.assert_array_equal(
        table["#probability"], builders.validation().out_of_fold["logistic"]
    )


def test_reference_is_capped_and_keeps_whole_rows(make, monkeypatch):
    monkeypatch.setattr(champion, "REFERENCE_ROWS", 40)
    table = read_table(make()[0] / REFERENCE)
    assert len(table) == 40
    known = builders.features()[[FEE, LABEL]].astype(float)
    found = table[[FEE, "#label"]].astype(float).rename(columns={"#label": LABEL})
    assert len(found.merge(known.drop_duplicates())) == 40


def test_what_was_in_the_folder_before_is_gone(make):
    folder, _ = make()
    paths = Paths(folder.parents[1])
    (folder / "old.onnx").write_bytes(b"old")
    features = builders.features()
    arguments = (builders.validation(), features, builders.schema())
    write_bundle("forest", *arguments, train=PARAMS, money=builders.money_params(), paths=paths)
    assert not (folder / "old.onnx").exists()


# --- facts -------------------------------------------------------------------------------------


def test_rows_base_rate_and_costs_are_right(bundle):
    _, manifest = bundle
    label = builders.features()[LABEL]
    assert manifest["rows"] == len(label)
    assert manifest["base_rate"] == pytest.approx(label.mean(), abs=1e-6)
    assert manifest["costs"] == dataclasses.asdict(builders.costs())
    assert manifest["name"] == "churn"


def test_metrics_are_the_means_over_folds(bundle):
    scores = builders.validation().scores
    own = scores[scores["candidate"] == "logistic"]
    for name, value in bundle[1]["metrics"].items():
        assert value == pytest.approx(own[name].mean(), abs=1e-6)
    assert {"roc_auc", "average_precision", "brier", "log_loss", "ece"} <= set(bundle[1]["metrics"])


def test_figures_name_version_and_candidate(bundle):
    values = figures(bundle[1])["value"]
    assert values["name and version"] == f"churn {bundle[1]['version']}"
    assert values["candidate"] == "logistic"


# --- version -----------------------------------------------------------------------------------


def test_same_content_has_the_same_version_and_bytes(make, bundle):
    folder, manifest = make()
    assert manifest == bundle[1]
    for name in FILES | {MANIFEST}:
        assert (folder / name).read_bytes() == (bundle[0] / name).read_bytes()


@pytest.mark.parametrize(
    "change",
    [
        {"offer_cost": 9.0},
        {"lifetime": {"months": 11.0}},
        {"winner": "forest"},
        {"train": builders.train_params(logistic={"C": 0.4})},
    ],
)
def test_costs_candidate_and_model_are_in_the_version(make, bundle, change):
    assert make(**change)[1]["version"] != bundle[1]["version"]


@pytest.mark.parametrize("name", [BACKGROUND, REFERENCE, FALLBACK_MODEL])
def test_content_of_each_file_is_in_the_version(make, bundle, monkeypatch, name):
    whole = champion.sha256

    def altered(path):
        return "0" * 64 if path.name == name else whole(path)

    monkeypatch.setattr(champion, "sha256", altered)
    assert make()[1]["version"] != bundle[1]["version"]


def test_version_is_short_and_safe_in_a_tag(bundle):
    version = bundle[1]["version"]
    assert len(version) == 12
    assert set(version) <= set("0123456789abcdef")


# --- threshold ---------------------------------------------------------------------------------


def case(seed: int, rows: int = 200):
    """Scores with ties, labels that follow them, and customers of one value."""
    rng = np.random.default_rng(seed)
    score = rng.random(rows).round(2)
    label = (rng.random(rows) < 0.6 * score).astype(int)
    features = pd.DataFrame({FEE: np.full(rows, 24.0, dtype=np.float32)})
    return score, label, features


@pytest.mark.parametrize("seed", range(6))
def test_nobody_profits_more_than_by_contacting_above_the_threshold(seed):
    # the decision is `probability > threshold`
    score, label, features = case(seed)
    fee = features[FEE].to_numpy()
    value = money.customer_value(fee, len(features), builders.costs()).mean()
    threshold = profit_threshold(label, score, value=float(value), costs=builders.costs())
    profit = money.realised_profit(label, np.full(len(fee), value), builders.costs())
    best = max((profit * (score > cut)).sum() for cut in np.append(-1.0, score))
    assert (profit * (score > threshold)).sum() == pytest.approx(best)


@pytest.mark.parametrize("winner", ["logistic", "forest", "xgboost"])
def test_threshold_of_the_bundle_is_the_best_out_of_fold(make, winner):
    _, manifest = make(winner=winner)
    score = builders.validation().out_of_fold[winner].to_numpy()
    label, fee = (builders.features()[name].to_numpy(float) for name in (LABEL, FEE))
    value = money.customer_value(fee, len(fee), builders.costs()).mean()
    profit = money.realised_profit(label, np.full(len(fee), value), builders.costs())
    best = max((profit * (score > cut)).sum() for cut in np.append(-1.0, score))
    assert (profit * (score > manifest["threshold"])).sum() == pytest.approx(best)


def test_threshold_falls_as_customers_are_worth_more():
    score, label, _ = case(0)
    thresholds = [
        profit_threshold(label, score, value=value, costs=builders.costs())
        for value in (30.0, 100.0, 1000.0)
    ]
    assert thresholds == sorted(thresholds, reverse=True)
    assert thresholds[0] > thresholds[-1]


def test_nobody_is_contacted_where_nobody_pays():
    score, label, _ = case(0)
    threshold = profit_threshold(label, score, value=100.0, costs=builders.costs(offer_cost=500.0))
    assert threshold == 1.0


# --- the record of the comparison --------------------------------------------------------------


def test_comparison_keeps_out_of_fold_scores_and_baselines(tmp_path):
    features, schema, paths = builders.features(), builders.schema(), Paths(tmp_path)
    validation = builders.validation()
    chosen = validation.scores[validation.scores["candidate"] == "vote"]
    write_comparison(validation, features, schema, train=PARAMS, selected=chosen, paths=paths)
    folder = paths.comparison
    assert set(pd.read_csv(folder / "selected.csv")["candidate"]) == {"vote"}
    table = read_table(folder / "out_of_fold.parquet")
    pd.testing.assert_frame_equal(table, builders.validation().out_of_fold)
    scores = pd.read_csv(folder / "scores.csv")
    np.testing.assert_allclose(scores["brier"], builders.validation().scores["brier"], rtol=1e-5)
    for name in BASELINES:
        scorer = Scorer((folder / f"{name}.onnx").read_bytes())
        expected = refit(name, features, schema, PARAMS).predict_proba(champion_frame(features))
        found = scorer.probability(model_inputs(features, schema))
        np.testing.assert_allclose(found, expected[:, 1], rtol=0, atol=1e-5)
