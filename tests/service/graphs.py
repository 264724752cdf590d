"""ONNX graphs that take their time: an empty loop before a probability for everybody."""

from typing import Any

import onnx
from onnx import TensorProto, helper

from scoring.bundle import Scorer
from scoring.derive import Inputs

FOREVER = 2**40


def looping(rounds: int = FOREVER, probability: float = 0.5) -> bytes:
    """A model that runs through an empty loop first, some 0.2 µs a round."""
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["goes_on"]),
            helper.make_node("Identity", ["state"], ["next"]),
        ],
        "body",
        [_value("i", TensorProto.INT64), _value("go", TensorProto.BOOL), _value("state")],
        [_value("goes_on", TensorProto.BOOL), _value("next")],
    )
    nodes = [
        helper.make_node("Constant", [], ["rounds"], value_int=rounds),
        helper.make_node("Constant", [], ["yes"], value=_tensor(TensorProto.BOOL, [], [True])),
        helper.make_node("Constant", [], ["no"], value=_tensor(TensorProto.FLOAT, [], [0.0])),
        helper.make_node("Loop", ["rounds", "yes", "no"], ["zero"], body=body),
        helper.make_node("Shape", ["numeric"], ["n"], end=1),
        helper.make_node("Constant", [], ["two"], value_ints=[2]),
        helper.make_node("Concat", ["n", "two"], ["shape"], axis=0),
        helper.make_node("ConstantOfShape", ["shape"], ["flat"], value=_chance(probability)),
        helper.make_node("Add", ["flat", "zero"], ["probabilities"]),
        helper.make_node("ArgMax", ["probabilities"], ["label"], axis=1, keepdims=0),
    ]
    graph = helper.make_graph(
        nodes,
        "looping",
        [_value("numeric", shape=["n", "k"])],
        [
            _value("label", TensorProto.INT64, shape=["n"]),
            _value("probabilities", shape=["n", 2]),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _value(name, kind=TensorProto.FLOAT, shape=()):
    return helper.make_tensor_value_info(name, kind, list(shape))


def _tensor(kind, shape, values):
    return helper.make_tensor("value", kind, shape, values)


def _chance(probability):
    return _tensor(TensorProto.FLOAT, [1], [probability])


class Counted:
    """A model that counts how often it is asked."""

    def __init__(self, model: Scorer) -> None:
        self.calls, self._model = 0, model

    def probability(self, inputs: Inputs, options: Any = None) -> Any:
        """The model's answer."""
        self.calls += 1
        return self._model.probability(inputs, options)
