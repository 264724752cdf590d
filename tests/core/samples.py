"""Small samples of labels and scores."""

from __future__ import annotations

import numpy as np


def sample(seed: int, *, rows: int = 60, digits: int = 1):
    """Labels of both classes, scores with many ties, whole weights of which some are 0."""
    rng = np.random.default_rng(seed)
    label = rng.permutation(np.r_[0.0, 1.0, rng.integers(0, 2, rows - 2)])
    score = np.clip(0.4 * rng.random(rows) + 0.4 * label * rng.random(rows) + 0.1, 0, 1)
    weight = rng.integers(0, 4, rows).astype(float)
    weight[[label.argmax(), label.argmin()]] = 1
    return label, score.round(digits), weight
