"""LightGBM whose export agrees. Importing this module needs the extra `lightgbm`."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from lightgbm import Booster, LGBMClassifier


class ExportableLGBM(LGBMClassifier):
    """LightGBM that sees float32 numbers, and whose thresholds are rounded down to float32.

    ONNX compares in float32. For a number that float32 holds, being at most t and being at most t
    rounded down is the same; for t rounded to the nearest, as the converter does, it is not.
    """

    def fit(self, X: Any, y: Any, **options: Any) -> ExportableLGBM:
        """Fit, then round the thresholds."""
        super().fit(np.asarray(X, dtype=np.float32), y, **options)
        self._Booster = Booster(model_str=_rounded_down(self.booster_.model_to_string()))
        return self

    def predict_proba(self, X: Any, **options: Any) -> Any:
        """Probabilities (n, 2)."""
        return super().predict_proba(np.asarray(X, dtype=np.float32), **options)


def _rounded_down(model: str) -> str:
    """The text of a LightGBM model with its thresholds as float32 from below."""
    model = re.sub(r"^tree_sizes=.*\n", "", model, flags=re.MULTILINE)  # they would not fit
    return re.sub(r"^threshold=(.*)$", _round_line, model, flags=re.MULTILINE)


def _round_line(line: re.Match[str]) -> str:
    exact = np.array(line[1].split(), dtype=np.float64)
    near = exact.astype(np.float32)
    down = np.where(near > exact, np.nextafter(near, np.float32(-np.inf)), near)
    return "threshold=" + " ".join(f"{value:.17g}" for value in down.astype(np.float64))
