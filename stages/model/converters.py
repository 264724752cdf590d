"""What skl2onnx lacks: boosters, our own transformers, one fault of its own."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np

from stages.model.optional.encodings import Crossed, Embedded, Hashed


@cache
def register() -> None:
    """Make the converters known, once."""
    _register_xgboost()
    if find_spec("lightgbm"):
        _register_lightgbm()
    _register_hist_boosting()
    _register_logistic()
    _register_selection()
    _register_tables()
    _register_crosses()


def _register_xgboost() -> None:
    from onnxmltools.convert.xgboost.operator_converters.XGBoost import convert_xgboost
    from skl2onnx import update_registered_converter
    from skl2onnx.common.shape_calculator import calculate_linear_classifier_output_shapes
    from xgboost import XGBClassifier

    from stages.model.dask_boosting import DaskBoosting

    for model in (XGBClassifier, DaskBoosting):
        update_registered_converter(
            model,
            f"XGBoost{model.__name__}",
            calculate_linear_classifier_output_shapes,
            convert_xgboost,
            options={"nocl": [True, False], "zipmap": [True, False, "columns"]},
        )


def _register_lightgbm() -> None:
    from onnxmltools.convert.lightgbm.operator_converters.LightGbm import convert_lightgbm
    from skl2onnx import update_registered_converter
    from skl2onnx.common.shape_calculator import calculate_linear_classifier_output_shapes

    from stages.model.optional.lightgbm_export import ExportableLGBM

    update_registered_converter(
        ExportableLGBM,
        "LightGbmLGBMClassifier",
        calculate_linear_classifier_output_shapes,
        convert_lightgbm,
        options={"nocl": [True, False], "zipmap": [True, False, "columns"]},
    )


def _register_hist_boosting() -> None:
    """Replace skl2onnx's converter, which fails on scikit-learn 1.9."""
    from skl2onnx import update_registered_converter
    from skl2onnx.common.shape_calculator import calculate_linear_classifier_output_shapes

    from stages.model.hist_boosting import HistBoosting, convert

    update_registered_converter(
        HistBoosting,
        "HistBoosting",
        calculate_linear_classifier_output_shapes,
        convert,
        overwrite=True,
        options={"nocl": [True, False], "zipmap": [True, False, "columns"]},
    )


def _register_logistic() -> None:
    """A logistic regression that sums in float64, as the original does.

    skl2onnx sums in float32, which over the thousands of columns of a wide schema adds up to
    differences of 1e-5 and more in the probability.
    """
    from skl2onnx import update_registered_converter
    from skl2onnx.common.shape_calculator import calculate_linear_classifier_output_shapes
    from sklearn.linear_model import LogisticRegression

    update_registered_converter(
        LogisticRegression,
        "SklearnLinearClassifier",
        calculate_linear_classifier_output_shapes,
        _convert_logistic,
        overwrite=True,
        options={"nocl": [True, False], "zipmap": [True, False, "columns"]},
    )


def _convert_logistic(scope: Any, operator: Any, container: Any) -> None:
    from onnx import TensorProto

    def node(kind: str, inputs: list[str], output: str = "", **attributes: Any) -> str:
        output = output or scope.get_unique_variable_name(kind.lower())
        name = scope.get_unique_operator_name(kind)
        container.add_node(kind, inputs, output, name=name, **attributes)
        return output

    def constant(values: Any) -> str:
        name = scope.get_unique_variable_name("constant")
        values = np.atleast_1d(np.asarray(values, dtype=np.float64))
        container.add_initializer(name, TensorProto.DOUBLE, values.shape, values.ravel())
        return name

    model = operator.raw_operator
    label, probabilities = (output.full_name for output in operator.outputs)
    exact = node("Cast", [operator.inputs[0].full_name], to=TensorProto.DOUBLE)
    weighted = node("MatMul", [exact, constant(model.coef_.T)])
    leaving = node("Sigmoid", [node("Add", [weighted, constant(model.intercept_)])])
    both = node("Concat", [node("Sub", [constant(1.0), leaving]), leaving], axis=1)
    node("Cast", [both], probabilities, to=TensorProto.FLOAT)
    node("ArgMax", [both], label, axis=1, keepdims=0)


def _register_selection() -> None:
    """Replace a converter that takes the choice of the first column alone for no choice at all.

    skl2onnx 1.20 asks whether any *index* is true; the index of the first column is 0.
    """
    from skl2onnx import update_registered_converter
    from sklearn.feature_selection import SelectKBest

    def shape(operator: Any) -> None:
        _set_width(operator, len(operator.raw_operator.get_support(indices=True)))

    def convert(scope: Any, operator: Any, container: Any) -> None:
        chosen = operator.raw_operator.get_support(indices=True)
        _pick(scope, container, operator, chosen, operator.outputs[0].full_name)

    update_registered_converter(SelectKBest, "SklearnSelectKBest", shape, convert, overwrite=True)


def _register_tables() -> None:
    """Hashed and embedded categories: a product with the table."""
    from skl2onnx import update_registered_converter

    def shape(operator: Any) -> None:
        _set_width(operator, operator.raw_operator.table_.shape[1])

    def convert(scope: Any, operator: Any, container: Any) -> None:
        from onnx import TensorProto

        table = operator.raw_operator.table_
        name = scope.get_unique_variable_name("table")
        container.add_initializer(name, TensorProto.FLOAT, table.shape, table.ravel())
        names = [operator.inputs[0].full_name, name], operator.outputs[0].full_name
        container.add_node("MatMul", *names, name=scope.get_unique_operator_name("MatMul"))

    for transformer in (Hashed, Embedded):
        update_registered_converter(transformer, transformer.__name__, shape, convert)


def _register_crosses() -> None:
    """Products of pairs: both sides picked, then multiplied."""
    from skl2onnx import update_registered_converter

    def shape(operator: Any) -> None:
        _set_width(operator, operator.raw_operator.pairs_.shape[1])

    def convert(scope: Any, operator: Any, container: Any) -> None:
        sides = []
        for chosen in operator.raw_operator.pairs_:
            sides.append(scope.get_unique_variable_name("side"))
            _pick(scope, container, operator, chosen, sides[-1])
        output = operator.outputs[0].full_name
        container.add_node("Mul", sides, output, name=scope.get_unique_operator_name("Mul"))

    update_registered_converter(Crossed, "Crossed", shape, convert)


def _set_width(operator: Any, width: int) -> None:
    from skl2onnx.common.data_types import FloatTensorType

    rows = operator.inputs[0].get_first_dimension()
    operator.outputs[0].type = FloatTensorType([rows, width])


def _pick(scope: Any, container: Any, operator: Any, chosen: Any, output: str) -> None:
    """Some columns of the operator's input, by position."""
    from onnx import TensorProto

    name = scope.get_unique_variable_name("column_indices")
    container.add_initializer(name, TensorProto.INT64, [len(chosen)], np.asarray(chosen))
    container.add_node(
        "ArrayFeatureExtractor",
        [operator.inputs[0].full_name, name],
        output,
        op_domain="ai.onnx.ml",
        name=scope.get_unique_operator_name("ArrayFeatureExtractor"),
    )
