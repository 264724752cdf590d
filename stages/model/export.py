"""One fitted object, one export: scikit-learn to ONNX, refused unless the two agree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

from scoring.bundle import CATEGORY, NUMERIC, Scorer
from scoring.derive import category_names, numeric_names
from scoring.errors import UserError
from scoring.schema import Schema
from stages.features.table import model_inputs
from stages.model.encoding import frame
from stages.model.graphs import LogOddsSum, Mean, WeightedMean, join
from stages.model.logodds import LogitShiftedClassifier

TOLERANCE = 1e-5
OPSET = {"": 18, "ai.onnx.ml": 3}


def to_onnx(model: Any, schema: Schema, *, name: str) -> bytes:
    """The fitted candidate as an ONNX graph.

    Inputs are `numeric` (n, k) float32 and `category` (n, m) text, each left out where it has no
    column; outputs are the label and the probabilities (n, 2). The name is part of the bytes:
    without one the converter makes one up, another at every run.
    """
    return bytes(_graph(model, schema, name).SerializeToString(deterministic=True))


def _graph(model: Any, schema: Schema, name: str) -> Any:
    """A pipeline is converted; what stands on top of pipelines is joined."""
    if isinstance(model, VotingClassifier) and model.weights is not None:
        total = sum(model.weights)
        mean = WeightedMean(tuple(weight / total for weight in model.weights))
        return join(_graphs(model.estimators_, schema, name), mean, name=name)
    if isinstance(model, VotingClassifier):
        return join(_graphs(model.estimators_, schema, name), Mean(), name=name)
    if isinstance(model, StackingClassifier):
        last = model.final_estimator_.named_steps["model"]
        rule = LogOddsSum(tuple(last.coef_[0]), float(last.intercept_[0]))
        return join(_graphs(model.estimators_, schema, name), rule, name=name)
    if isinstance(model, LogitShiftedClassifier):
        rule = LogOddsSum((model.slope_,), model.intercept_)
        return join(_graphs([model.estimator_], schema, name), rule, name=name)
    if isinstance(model, FrozenEstimator):
        return _graph(model.estimator, schema, name)
    return _converted(model, schema, name)


def _graphs(models: list[Any], schema: Schema, name: str) -> list[Any]:
    return [_graph(model, schema, name) for model in models]


def _converted(model: Any, schema: Schema, name: str) -> Any:
    """A pipeline through skl2onnx; a resampler in it did its work when it was fitted."""
    from skl2onnx import convert_sklearn

    from stages.model.converters import register

    register()
    lasting = Pipeline([step for step in model.steps if not hasattr(step[1], "fit_resample")])
    return convert_sklearn(
        lasting,
        name=name,
        initial_types=_input_types(schema),
        options={id(lasting): {"zipmap": False}},
        target_opset=OPSET,
    )


def checked_onnx(model: Any, features: pd.DataFrame, schema: Schema, *, name: str) -> bytes:
    """The export, once it is known to agree with the original on every row of `features`.

    `UserError` where the candidate cannot be exported or the two disagree.
    """
    try:
        content = to_onnx(model, schema, name=name)
    except (RuntimeError, NotImplementedError) as error:  # what the converters raise
        reason = str(error).strip().splitlines()[0]
        raise UserError(f"candidate {name}: it has no ONNX export: {reason}") from None
    difference = disagreement(content, model, features, schema)
    if not difference <= TOLERANCE:  # NaN is no agreement
        raise UserError(
            f"candidate {name}: its ONNX export differs from the original by {difference:.1e} on "
            f"some row; expected at most {TOLERANCE:.0e}"
        )
    return content


def disagreement(content: bytes, model: Any, features: pd.DataFrame, schema: Schema) -> float:
    """The largest difference of probability between export and original over the rows."""
    original = model.predict_proba(frame(features, schema))[:, 1]
    exported = Scorer(content).probability(model_inputs(features, schema))
    return float(np.abs(original - exported).max())


def _input_types(schema: Schema) -> list[tuple[str, Any]]:
    from skl2onnx.common.data_types import FloatTensorType, StringTensorType

    widths = {NUMERIC: len(numeric_names(schema)), CATEGORY: len(category_names(schema))}
    types = {NUMERIC: FloatTensorType, CATEGORY: StringTensorType}
    return [(name, types[name]([None, width])) for name, width in widths.items() if width]
