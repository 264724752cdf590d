"""Probabilities on the scale of the log-odds. NumPy only."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

EDGE = 1e-6  # the export computes in float32: it cannot tell probabilities nearer to 0 or 1


def log_odds(probability: Any, *, edge: float = EDGE) -> NDArray[np.float64]:
    """log(p / (1 - p)), elementwise; what is nearer to 0 or 1 than `edge` counts as that far."""
    p = np.clip(np.asarray(probability, dtype=np.float64), edge, 1 - edge)
    return np.log(p / (1 - p))
