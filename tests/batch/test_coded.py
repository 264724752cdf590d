"""Graphs that take codes in place of text."""

import numpy as np
import onnx
import pytest
from onnx import helper

from scoring.batch import BLOCK, code_labels, decoded
from scoring.bundle import CATEGORY, MODEL, Scorer
from scoring.derive import Inputs, RawInputs, numeric_names, with_derived
from scoring.loading import load_bundle
from stages.batch.coded import load_batch_scorer, with_codes
from stages.batch.trees import FastScorer
from tests.service.conftest import write_club


def _inputs(schema, *, rows=300):
    rng = np.random.default_rng(5)
    codes = [rng.integers(len(code_labels(c)), size=rows) for c in schema.category_inputs]
    numbers = rng.normal(scale=80, size=(rows, len(numeric_names(schema)))).astype(np.float32)
    numbers[rng.random(numbers.shape) < 0.1] = np.nan
    return Inputs(numbers, np.column_stack(codes) if codes else np.empty((rows, 0), np.int64))


@pytest.mark.parametrize("winner", ["vote", "logistic", "forest", "xgboost", "one_feature"])
def test_codes_give_the_same_probabilities_as_text_to_the_last_bit(winner, tmp_path):
    folder = write_club(tmp_path, winner=winner)
    bundle, coded = load_bundle(folder), load_batch_scorer(folder)
    inputs = _inputs(bundle.schema)
    text = Inputs(inputs.numeric, decoded(inputs.category, bundle.schema))

    for tier, model in bundle.models.items():
        assert np.array_equal(coded.models[tier].probability(inputs), model.probability(text))


@pytest.mark.parametrize("variant", ["numbers", "categories", "no_value"])
def test_schemas_without_numbers_or_categories_are_scored(variant, tmp_path):
    folder = write_club(tmp_path, variant=variant, winner="xgboost")
    scorer = load_batch_scorer(folder)
    inputs = _inputs(scorer.bundle.schema)
    raw = inputs.numeric[:, : len(scorer.bundle.schema.numeric_inputs)].astype(float)

    scores = scorer.score(raw, inputs.category)

    assert scores.tier == "champion"
    assert len(scores.probability) == len(inputs.numeric)


def test_the_champion_of_the_club_is_asked_by_code_and_its_trees_apart(club):
    models = load_batch_scorer(club).models

    assert isinstance(models["champion"], FastScorer)
    assert isinstance(models["fallback"], Scorer)


def test_a_graph_that_does_something_else_with_text_is_not_rewritten(club):
    schema = load_bundle(club).schema
    model = onnx.load_from_string((club / MODEL).read_bytes())
    model.graph.node.append(helper.make_node("Identity", [CATEGORY], ["copy"]))

    assert with_codes(model.SerializeToString(), schema) is None


def test_the_next_tier_answers_where_the_champion_fails(club):
    class Broken:
        def probability(self, inputs):
            raise RuntimeError("broken")

    scorer = load_batch_scorer(club)
    scorer.models["champion"] = Broken()
    inputs = _inputs(scorer.bundle.schema, rows=3)
    raw = inputs.numeric[:, : len(scorer.bundle.schema.numeric_inputs)].astype(float)

    scores = scorer.score(raw, inputs.category)

    assert scores.tier == "fallback"
    assert "RuntimeError" in scores.faults["champion"]


@pytest.mark.parametrize("rows", [1, BLOCK - 1, BLOCK, BLOCK + 1])
def test_any_number_of_customers_is_scored_as_they_are_at_once(rows, club):
    scorer = load_batch_scorer(club)
    inputs = _inputs(scorer.bundle.schema, rows=rows)
    raw = inputs.numeric[:, : len(scorer.bundle.schema.numeric_inputs)].astype(float)
    derived = with_derived(RawInputs(raw, inputs.category), scorer.bundle.schema)

    found = scorer.score(raw, inputs.category).probability

    np.testing.assert_array_equal(found, scorer.models["champion"].probability(derived))
