"""The champion bundle, as it is read: all that scoring, monitoring and service know of a model.

Needs NumPy and ONNX Runtime alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from scoring.derive import Inputs

if TYPE_CHECKING:
    from onnxruntime import InferenceSession, RunOptions

NAME = "churn"
Tier = Literal["champion", "fallback", "rules", "base_rate"]  # best first
TIERS: tuple[Tier, ...] = get_args(Tier)
FALLBACK = "logistic"
MODEL, FALLBACK_MODEL = "model.onnx", "fallback.onnx"
SCHEMA_FILE, BACKGROUND, REFERENCE = "schema.json", "background.json", "reference.parquet"
RULES = "rules.json"
EFFECT = "effect.onnx"  # only where a campaign was adopted
MANIFEST = "bundle.json"
OUT_OF_FOLD, SCORES, SELECTED = "out_of_fold.parquet", "scores.csv", "selected.csv"
BASELINES = ("base_rate", "one_feature", "hist_boosting")  # what headline figures are compared with
NUMERIC, CATEGORY = "numeric", "category"  # inputs of the graphs


def open_session(content: bytes) -> InferenceSession:
    """ONNX Runtime with a graph, on one thread: sums in one order, so the same last digit."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3  # converters leave unused initialisers behind
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


class Scorer:
    """An exported model that turns model inputs into probabilities of churn."""

    def __init__(self, content: bytes) -> None:
        self._session = open_session(content)
        self._names = {node.name for node in self._session.get_inputs()}

    def probability(self, inputs: Inputs, options: RunOptions | None = None) -> NDArray[np.float64]:
        """Probability of churn (n,) of n customers; `options` of ONNX Runtime can stop the run."""
        feed = {NUMERIC: inputs.numeric, CATEGORY: inputs.category}
        feed = {name: values for name, values in feed.items() if name in self._names}
        return self._session.run(None, feed, options)[1][:, 1].astype(np.float64)
