"""One fitted object, one export: scikit-learn to ONNX, refused unless the two agree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from stages.core.errors import UserError
from stages.core.schema import Schema
from stages.features.derive import category_names, numeric_names
from stages.features.table import model_inputs
from stages.model.bundle import CATEGORY, NUMERIC, Scorer
from stages.model.candidates import frame

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
    _register_selection()
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


def _register_selection() -> None:
    """Replace a converter that takes the choice of the first column alone for no choice at all.

    skl2onnx 1.20 asks whether any *index* is true; the index of the first column is 0.
    """
    from skl2onnx import update_registered_converter
    from skl2onnx.common.data_types import FloatTensorType
    from sklearn.feature_selection import SelectKBest

    def shape(operator: Any) -> None:
        count = len(operator.raw_operator.get_support(indices=True))
        rows = operator.inputs[0].get_first_dimension()
        operator.outputs[0].type = FloatTensorType([rows, count])

    def convert(scope: Any, operator: Any, container: Any) -> None:
        from onnx import TensorProto

        chosen = operator.raw_operator.get_support(indices=True)
        name = scope.get_unique_variable_name("column_indices")
        container.add_initializer(name, TensorProto.INT64, [len(chosen)], chosen)
        container.add_node(
            "ArrayFeatureExtractor",
            [operator.inputs[0].full_name, name],
            operator.outputs[0].full_name,
            op_domain="ai.onnx.ml",
            name=scope.get_unique_operator_name("ArrayFeatureExtractor"),
        )

    update_registered_converter(SelectKBest, "SklearnSelectKBest", shape, convert, overwrite=True)
