"""One fitted object, one export: scikit-learn to ONNX, refused unless the two agree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from stages.bundle import CATEGORY, NUMERIC, Scorer
from stages.candidates import frame
from stages.derive import category_names, numeric_names
from stages.errors import UserError
from stages.features import model_inputs
from stages.schema import Schema

TOLERANCE = 1e-5
OPSET = {"": 18, "ai.onnx.ml": 3}


def to_onnx(model: Any, schema: Schema, *, name: str) -> bytes:
    """The fitted pipeline as an ONNX graph.

    Inputs are `numeric` (n, k) float32 and `category` (n, m) text, each left out where it has no
    column; outputs are the label and the probabilities (n, 2). The name is part of the bytes:
    without one the converter makes one up, another at every run.
    """
    from skl2onnx import convert_sklearn

    _register_xgboost()
    graph = convert_sklearn(
        model,
        name=name,
        initial_types=_input_types(schema),
        options={id(model): {"zipmap": False}},
        target_opset=OPSET,
    )
    return bytes(graph.SerializeToString())


def checked_onnx(model: Any, features: pd.DataFrame, schema: Schema, *, name: str) -> bytes:
    """The export, once it is known to agree with the original on every row of `features`."""
    content = to_onnx(model, schema, name=name)
    difference = disagreement(content, model, features, schema)
    if difference > TOLERANCE:
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


def _register_xgboost() -> None:
    from onnxmltools.convert.xgboost.operator_converters.XGBoost import convert_xgboost
    from skl2onnx import update_registered_converter
    from skl2onnx.common.shape_calculator import calculate_linear_classifier_output_shapes
    from xgboost import XGBClassifier

    update_registered_converter(
        XGBClassifier,
        "XGBoostXGBClassifier",
        calculate_linear_classifier_output_shapes,
        convert_xgboost,
        options={"nocl": [True, False], "zipmap": [True, False, "columns"]},
    )
