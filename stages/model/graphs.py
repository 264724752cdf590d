"""Graphs of ensembles: the members' ONNX graphs side by side, and a few nodes that join them.

skl2onnx converts a pipeline; an ensemble of pipelines, each of which takes numbers and categories,
it does not. What an ensemble adds is arithmetic on probabilities: a mean, or a weighted sum of
log-odds and a sigmoid. That is written here as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, compose, helper, numpy_helper

from stages.model.logodds import EDGE

LABEL, PROBABILITIES = "label", "probabilities"
LEAVING = "leaving"  # P(churn), (n, 1)


@dataclass(frozen=True)
class Mean:
    """P(churn) as the mean of the members'."""

    def nodes(self, members: Sequence[str]) -> tuple[list[Any], list[Any]]:
        """Nodes and constants from the members' P(churn), each (n, 1), to `leaving`."""
        return [helper.make_node("Mean", list(members), [LEAVING])], []


@dataclass(frozen=True)
class WeightedMean:
    """P(churn) as a weighted mean of the members'; the weights add up to 1."""

    weights: tuple[float, ...]

    def nodes(self, members: Sequence[str]) -> tuple[list[Any], list[Any]]:
        """Nodes and constants from the members' P(churn), each (n, 1), to `leaving`."""
        nodes = [
            helper.make_node("Concat", list(members), ["together"], axis=1),
            helper.make_node("MatMul", ["together", "weights"], [LEAVING]),
        ]
        return nodes, [_constant("weights", np.array(self.weights)[:, None])]


@dataclass(frozen=True)
class LogOddsSum:
    """P(churn) as the sigmoid of a weighted sum of the members' log-odds."""

    weights: tuple[float, ...]
    intercept: float

    def nodes(self, members: Sequence[str]) -> tuple[list[Any], list[Any]]:
        """Nodes and constants from the members' P(churn), each (n, 1), to `leaving`."""
        constants = [
            _constant("low", EDGE),
            _constant("high", 1 - EDGE),
            _constant("one", 1.0),
            _constant("weights", np.array(self.weights)[:, None]),
            _constant("intercept", self.intercept),
        ]
        nodes = [
            helper.make_node("Concat", list(members), ["together"], axis=1),
            helper.make_node("Clip", ["together", "low", "high"], ["inside"]),
            helper.make_node("Sub", ["one", "inside"], ["staying"]),
            helper.make_node("Div", ["inside", "staying"], ["odds"]),
            helper.make_node("Log", ["odds"], ["log_odds"]),
            helper.make_node("MatMul", ["log_odds", "weights"], ["weighted"]),
            helper.make_node("Add", ["weighted", "intercept"], ["moved"]),
            helper.make_node("Sigmoid", ["moved"], [LEAVING]),
        ]
        return nodes, constants


def join(
    members: Sequence[onnx.ModelProto], rule: Mean | WeightedMean | LogOddsSum, *, name: str
) -> Any:
    """One model of several over the same inputs, with the outputs of each: label, probabilities."""
    graphs = [
        compose.add_prefix_graph(member.graph, f"m{i}_", rename_inputs=False)
        for i, member in enumerate(members)
    ]
    picks = [helper.make_node("Gather", [g.output[1].name, "second"], [f"p{i}"], axis=1)
             for i, g in enumerate(graphs)]  # fmt: skip
    nodes, constants = rule.nodes([f"p{i}" for i in range(len(graphs))])
    joined = helper.make_graph(
        [*(node for graph in graphs for node in graph.node), *picks, *nodes, *_answer()],
        name,
        _inputs(graphs),
        [
            helper.make_tensor_value_info(LABEL, TensorProto.INT64, [None]),
            helper.make_tensor_value_info(PROBABILITIES, TensorProto.FLOAT, [None, 2]),
        ],
        [*(t for graph in graphs for t in graph.initializer), *constants, *_constants()],
    )
    return helper.make_model(
        joined,
        opset_imports=_opsets(members),
        ir_version=max(member.ir_version for member in members),
        producer_name=members[0].producer_name,
    )


def _answer() -> list[Any]:
    """Label and both probabilities from P(churn)."""
    return [
        helper.make_node("Sub", ["whole", LEAVING], ["remaining"]),
        helper.make_node("Concat", ["remaining", LEAVING], [PROBABILITIES], axis=1),
        helper.make_node("ArgMax", [PROBABILITIES], [LABEL], axis=1, keepdims=0),
    ]


def _constants() -> list[Any]:
    second = numpy_helper.from_array(np.array([1], dtype=np.int64), "second")
    return [second, _constant("whole", 1.0)]


def _constant(name: str, value: float | NDArray[Any]) -> Any:
    return numpy_helper.from_array(np.asarray(value, dtype=np.float32), name)


def _inputs(graphs: Sequence[Any]) -> list[Any]:
    """Every input once, in the order in which the members name them."""
    return list({value.name: value for graph in graphs for value in graph.input}.values())


def _opsets(members: Sequence[onnx.ModelProto]) -> list[Any]:
    """The newest version of every operator set that a member uses."""
    newest: dict[str, int] = {}
    for member in members:
        for opset in member.opset_import:
            newest[opset.domain] = max(opset.version, newest.get(opset.domain, 0))
    return [helper.make_opsetid(domain, version) for domain, version in sorted(newest.items())]
