"""LightGBM whose export agrees. Importing this module needs the extra `lightgbm`."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from lightgbm import Booster, LGBMClassifier
from sklearn.utils import check_array

from stages.model.hist_boosting import rounded_down


class ExportableLGBM(LGBMClassifier):
    """LightGBM that sees float32 numbers, and whose thresholds are rounded down to float32.

    ONNX compares in float32. For a number that float32 holds, being at most t and being at most t
    rounded down is the same; for t rounded to the nearest, as the converter does, it is not.
    """

    def fit(self, X: Any, y: Any, **options: Any) -> ExportableLGBM:
        """Fit, then round the thresholds."""
        super().fit(_narrow(X), y, **options)
        self._Booster = Booster(model_str=_with_rounded(self.booster_.model_to_string()))
        return self

    def predict_proba(self, X: Any, **options: Any) -> Any:
        """Probabilities (n, 2)."""
        return super().predict_proba(_narrow(X), **options)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        return tags


def _narrow(X: Any) -> Any:
    """The numbers as float32; blanks stay blank."""
    return check_array(X, dtype=np.float32, ensure_all_finite=False)


def _with_rounded(model: str) -> str:
    """The text of a LightGBM model with its thresholds as float32 from below."""
    model = re.sub(r"^tree_sizes=.*\n", "", model, flags=re.MULTILINE)  # they would not fit
    return re.sub(r"^threshold=(.*)$", _round_line, model, flags=re.MULTILINE)


def _round_line(line: re.Match[str]) -> str:
    exact = np.array(line[1].split(), dtype=np.float64)
    down = rounded_down(exact).astype(np.float64)
    return "threshold=" + " ".join(f"{value:.17g}" for value in down)
