"""Boosted trees in NumPy: what ONNX Runtime answers, to the last bit."""

import numpy as np
import pytest

from scoring.batch import code_labels
from scoring.bundle import Scorer
from scoring.derive import Inputs, numeric_names
from stages.batch.coded import with_codes
from stages.batch.trees import DEEPEST, FastScorer
from stages.model.export import to_onnx
from stages.model.train import refit
from tests import builders

SCHEMA = builders.schema()


def _graph(name, **changes):
    params = builders.train_params()
    own = params.xgboost.model_copy(update=changes)
    model = refit(name, builders.features(), SCHEMA, params.model_copy(update={"xgboost": own}))
    return with_codes(to_onnx(model, SCHEMA, name=name), SCHEMA)


def _inputs(rows):
    rng = np.random.default_rng(7)
    codes = [rng.integers(len(code_labels(c)), size=rows) for c in SCHEMA.category_inputs]
    numbers = rng.normal(20, 40, (rows, len(numeric_names(SCHEMA)))).round().astype(np.float32)
    numbers[rng.random(numbers.shape) < 0.2] = np.nan
    return Inputs(numbers, np.column_stack(codes))


@pytest.mark.parametrize("depth", [1, 2, 4, DEEPEST])
def test_trees_of_any_depth_that_gains_give_the_same_probabilities(depth):
    graph, inputs = _graph("xgboost", max_depth=depth, min_child_weight=0.1), _inputs(700)

    found = FastScorer(graph).probability(inputs)

    assert len(np.unique(found)) > depth
    np.testing.assert_array_equal(found, Scorer(graph).probability(inputs))


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("xgboost", {"max_depth": DEEPEST + 1, "min_child_weight": 0.0, "n_estimators": 5}),
        ("forest", {}),
        ("logistic", {}),
    ],
)
def test_what_does_not_gain_is_left_to_the_runtime(name, changes):
    with pytest.raises(ValueError, match="no boosted trees that gain"):
        FastScorer(_graph(name, **changes))
