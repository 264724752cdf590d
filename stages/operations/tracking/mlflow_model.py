"""The champion as a model of MLflow: columns by name go in, one probability comes out."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
from onnx import TensorProto, compose, helper, numpy_helper

from scoring.bundle import BACKGROUND, CATEGORY, MODEL, NUMERIC

ANSWER = "churn_probability"
INNER = "champion/"  # before every name inside the graph, so that no column meets one


def by_column(model: onnx.ModelProto, features: dict[str, list[str]]) -> onnx.ModelProto:
    """The champion's graph with an input per feature in place of two matrices.

    Its nodes are untouched; columns of n values are put together in front of them, and P(churn)
    (n,) is taken out of their answer. MLflow hands over a table column by column.
    """
    graph = compose.add_prefix_graph(model.graph, INNER)
    wanted = {value.name.removeprefix(INNER) for value in graph.input}
    kinds = [kind for kind in (NUMERIC, CATEGORY) if kind in wanted]
    names = [(name, kind) for kind in kinds for name in features[kind]]
    # Of a table with a single column MLflow hands over the matrix.
    shape = [None] if len(names) > 1 else [None, 1]
    front = [node for kind in kinds for node in _matrix(kind, features[kind])]
    last = helper.make_node("Gather", [graph.output[1].name, "leaving"], [ANSWER], axis=1)
    types = {NUMERIC: TensorProto.FLOAT, CATEGORY: TensorProto.STRING}
    constants = [("column", [-1, 1]), ("leaving", 1)]
    named = helper.make_graph(
        [*front, *graph.node, last],
        model.graph.name,
        [helper.make_tensor_value_info(name, types[kind], shape) for name, kind in names],
        [helper.make_tensor_value_info(ANSWER, TensorProto.FLOAT, [None])],
        [*graph.initializer, *(numpy_helper.from_array(np.array(v), n) for n, v in constants)],
    )
    return helper.make_model(
        named,
        opset_imports=model.opset_import,
        ir_version=model.ir_version,
        functions=model.functions,
        producer_name=model.producer_name,
    )


def _matrix(kind: str, names: list[str]) -> list[Any]:
    """Nodes that put columns together into one input of the champion."""
    columns = [f"{kind}/{place}" for place in range(len(names))]
    return [
        *(helper.make_node("Reshape", [name, "column"], [column])
          for name, column in zip(names, columns, strict=True)),
        helper.make_node("Concat", columns, [INNER + kind], axis=1),
    ]  # fmt: skip


def load_by_column(manifest: dict[str, Any], folder: Path) -> onnx.ModelProto:
    """The bundle's champion, taking its features by name."""
    return by_column(onnx.load(folder / MODEL), manifest["features"])


def example(manifest: dict[str, Any], folder: Path) -> pd.DataFrame:
    """One row of features of nobody in particular: medians, and the most frequent categories."""
    known = json.loads((folder / BACKGROUND).read_text(encoding="utf-8"))
    numbers = dict(zip(manifest["features"][NUMERIC], known["typical"], strict=True))
    labels = zip(*known[CATEGORY], strict=True)
    common = [Counter(values).most_common(1)[0][0] for values in labels]
    row = numbers | dict(zip(manifest["features"][CATEGORY], common, strict=True))
    return pd.DataFrame([row]).astype(dict.fromkeys(numbers, float))
