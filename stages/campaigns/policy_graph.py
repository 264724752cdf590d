"""A learned policy as an ONNX graph: `customers` (n, p + 1), risk last, to `reduction` (n, k)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatchmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from sklearn.pipeline import Pipeline

from scoring.effect import CUSTOMERS, REDUCTION
from stages.campaigns.outcome_model import EffectModel
from stages.campaigns.policies import DRLearner, MeanLearner, Predict, XLearner

OPSETS = {"": 18, "ai.onnx.ml": 1}
IR_VERSION = 8
TREES_OPSET = 15  # the newest that onnxmltools knows; trees are of the domain ai.onnx.ml


def to_onnx(policy: Predict, *, inputs: int) -> bytes:
    """The reduction that a policy expects, from `inputs` columns, the risk among them."""
    draft = _Draft(inputs)
    last = draft.reduction(policy)
    draft.node("Identity", [last], output=REDUCTION)
    graph = helper.make_graph(
        draft.nodes,
        "effect",
        [helper.make_tensor_value_info(CUSTOMERS, TensorProto.FLOAT, [None, inputs])],
        [helper.make_tensor_value_info(REDUCTION, TensorProto.FLOAT, [None, None])],
        draft.constants,
    )
    opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
    return bytes(model.SerializeToString(deterministic=True))


class _Draft:
    """Nodes and constants of a graph that is being written; names are numbered."""

    def __init__(self, inputs: int) -> None:
        self.inputs = inputs
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def node(self, kind: str, inputs: Sequence[str], *, output: str = "", **more: Any) -> str:
        """Add a node; the name of its output."""
        output = output or f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **more))
        return output

    def constant(self, values: Any, kind: type = np.float64) -> str:
        """Add a constant; its name."""
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values, dtype=kind), name))
        return name

    @singledispatchmethod
    def reduction(self, policy: Predict) -> str:
        """The reductions (n, k) of a policy, float32."""
        raise TypeError(f"{type(policy).__name__} has no graph")

    @reduction.register
    def _(self, policy: MeanLearner) -> str:
        return self.node("Mean", [self.reduction(part) for part in policy.parts])

    @reduction.register
    def _(self, policy: XLearner) -> str:
        arms = []
        for from_called, from_alone, share in policy.models:
            both = [
                self._weighted(from_alone, share), self._weighted(from_called, 1 - share)
            ]  # fmt: skip
            arms.append(self.node("Add", both))
        return self.node("Concat", arms, axis=1)

    @reduction.register
    def _(self, policy: DRLearner) -> str:
        risk = self.node("Gather", [CUSTOMERS, self.constant([self.inputs - 1], np.int64)], axis=1)
        exact = self.node("Cast", [CUSTOMERS], to=TensorProto.DOUBLE)
        relative = self.node("Concat", [self._linear(model, exact) for model in policy.models],
                             axis=1)  # fmt: skip
        return self.node("Mul", [risk, self.node("Cast", [relative], to=TensorProto.FLOAT)])

    def _weighted(self, model: EffectModel, weight: float) -> str:
        """Weight times what the model says (n, 1)."""
        trees = self._trees(model)
        found = self.node("Add", [trees, self.constant(model.mean, np.float32)])
        return self.node("Mul", [found, self.constant(weight, np.float32)])

    def _trees(self, model: EffectModel) -> str:
        from onnxmltools.convert import convert_xgboost
        from onnxmltools.convert.common.data_types import FloatTensorType

        kind = FloatTensorType([None, self.inputs])
        converted = convert_xgboost(
            model.booster, initial_types=[(CUSTOMERS, kind)], target_opset=TREES_OPSET
        )
        (trees,) = converted.graph.node
        output = f"v{len(self.nodes)}"
        trees.name, trees.input[:], trees.output[:] = output, [CUSTOMERS], [output]
        self.nodes.append(trees)
        return output

    def _linear(self, model: Pipeline, exact: str) -> str:
        """An imputed, scaled, linear model (n, 1) in float64."""
        (_, imputer), (_, scaler), (_, ridge) = model.steps
        weights: NDArray[Any] = ridge.coef_ / scaler.scale_
        level = ridge.intercept_ - scaler.mean_ @ weights
        typical = self.constant(imputer.statistics_)
        known = self.node("Where", [self.node("IsNaN", [exact]), typical, exact])
        weighted = self.node("MatMul", [known, self.constant(weights[:, None])])
        return self.node("Add", [weighted, self.constant([level])])
