"""A bundle's graphs with codes in place of text: the same trees, the same sums, no strings.

Text is what costs most in an exported graph: every label of every customer is compared with the
known ones. In our exports the text input goes through one `Gather` per column into a one-hot
encoder and nowhere else, so its values can be exchanged for their codes (`scoring.batch`) without
touching anything behind it. Where a graph is built in another way it is asked by text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from scoring.batch import BatchScorer, ByText, code_labels, label_codes
from scoring.bundle import CATEGORY, FALLBACK_MODEL, MODEL, Scorer
from scoring.derive import Inputs, numeric_names
from scoring.loading import Bundle, Model, load_bundle
from scoring.schema import Schema
from scoring.terms import Terms
from stages.batch.trees import FastScorer

GRAPHS = {"champion": MODEL, "fallback": FALLBACK_MODEL}
TRIED = 2_048  # customers made up to compare both forms of a graph

BLANK = 0.05  # of their numbers


def load_batch_scorer(folder: Path) -> BatchScorer:
    """The bundle in a folder, with models that take codes; `UserError` as `load_bundle`."""
    bundle = load_bundle(folder)
    models = {tier: _taking_codes(tier, model, bundle) for tier, model in bundle.models.items()}
    effect = bundle.effect.by_code() if bundle.effect else None
    return BatchScorer(bundle, models, Terms.of(bundle.manifest, bundle.schema, effect))


def _taking_codes(tier: str, model: Model, bundle: Bundle) -> Model:
    by_text = ByText(model, bundle.schema)
    if tier not in GRAPHS:
        return by_text
    content = with_codes((bundle.folder / GRAPHS[tier]).read_bytes(), bundle.schema)
    if content is None:
        return by_text
    inputs = _made_up(bundle.schema)
    expected = by_text.probability(inputs)
    for kind in (FastScorer, Scorer):
        with suppress(ValueError):
            by_code: Model = kind(content)
            if np.array_equal(by_code.probability(inputs), expected, equal_nan=True):
                return by_code
    return by_text


def _made_up(schema: Schema) -> Inputs:
    """Inputs of customers with every label somewhere, and numbers in and out of range."""
    rng = np.random.default_rng(0)
    wide = rng.normal(scale=100, size=(TRIED, len(numeric_names(schema)))).astype(np.float32)
    wide[rng.random(wide.shape) < BLANK] = np.nan
    columns = [rng.integers(len(code_labels(c)), size=TRIED) for c in schema.category_inputs]
    return Inputs(wide, np.column_stack(columns) if columns else np.empty((TRIED, 0), np.int64))


def with_codes(content: bytes, schema: Schema) -> bytes | None:
    """The graph with its text input as int64 codes; None where text goes elsewhere than expected.

    A graph without a text input is returned as it is.
    """
    import onnx

    model = onnx.load_from_string(content)
    inputs = {value.name: value for value in model.graph.input}
    if CATEGORY not in inputs:
        return content
    places = _columns(model.graph)
    readers = [n for n in model.graph.node if places.keys() & set(n.input)]
    if not all(_is_expected(node, places) for node in readers):
        return None
    lookups = [label_codes(column) for column in schema.category_inputs]
    for node in readers:
        place = places[node.input[0]]
        if node.op_type == "OneHotEncoder" and not _takes_codes(node, lookups, place):
            return None
    inputs[CATEGORY].type.tensor_type.elem_type = onnx.TensorProto.INT64
    return bytes(model.SerializeToString(deterministic=True))


def _columns(graph: Any) -> dict[str, int | None]:
    """Names of text in the graph and the column they hold; None for the whole input."""
    from onnx import numpy_helper

    constants = {tensor.name: tensor for tensor in graph.initializer}
    places: dict[str, int | None] = {CATEGORY: None}
    for node in graph.node:
        if node.op_type == "Gather" and node.input[0] == CATEGORY:
            index = numpy_helper.to_array(constants[node.input[1]]).ravel()
            if len(index) == 1:
                places[node.output[0]] = int(index[0])
    return places


def _is_expected(node: Any, places: Mapping[str, int | None]) -> bool:
    return node.op_type == "OneHotEncoder" or (
        node.op_type == "Gather" and node.output[0] in places
    )


def _takes_codes(node: Any, lookups: Sequence[Mapping[str, int]], place: int | None) -> bool:
    """Exchange the texts of a one-hot encoder for codes; whether all of them are known."""
    from onnx import helper

    if place is None and len(lookups) > 1:
        return False
    lookup = lookups[place or 0]
    attributes = {attribute.name: attribute for attribute in node.attribute}
    known = [lookup.get(text.decode()) for text in attributes["cats_strings"].strings]
    zeros = attributes["zeros"].i if "zeros" in attributes else 1
    if None in known:
        return False
    del node.attribute[:]
    node.attribute.append(helper.make_attribute("cats_int64s", known))
    node.attribute.append(helper.make_attribute("zeros", zeros))
    return True
