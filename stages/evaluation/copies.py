"""The headline without test rows that equal a train row, where no id tells copies from twins."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stages.core.metrics import METRICS
from stages.evaluation.evaluation_data import EvaluationData
from stages.evaluation.headline import headline
from stages.features.table import OFTEN_REPEATED

LEAST = 20  # who left, and who stayed, among the rows that are left
VALUE = ["value", "low", "high"]
BOTH = ("all test rows", "rows not in train")
BOUNDS = {name: (f"{name}, low", f"{name}, high") for name in BOTH}


def without_copies(data: EvaluationData, found: pd.DataFrame) -> pd.DataFrame:
    """Every metric of all test rows, and of those that equal no train row (`BOTH`).

    Each with the bounds of its interval (`BOUNDS`). `found` is the headline. Empty where few rows
    are repeated, or too few are not.
    """
    new = _new(data)
    if new is None or min(np.bincount(data.label[new].astype(int), minlength=2)) < LEAST:
        return pd.DataFrame()
    rest = headline(_only(data, new))
    table = pd.concat([found[VALUE], rest[VALUE]], axis=1).loc[list(METRICS)]
    return table.set_axis([part for name in BOTH for part in (name, *BOUNDS[name])], axis=1)


def note_on(data: EvaluationData, table: pd.DataFrame) -> str:
    """How many test rows are repeated, and what follows; empty where few are."""
    new = _new(data)
    if new is None:
        return ""
    found = (
        f"{int((~new).sum()):,} of {len(new):,} test rows ({np.mean(~new):.0%}) have inputs and "
        "outcome of a train row, and no id tells customers apart. "
    )
    if table.empty:
        return found + "Without them, too few are left to measure anything."
    return found + (
        "Where the file holds customers twice, the figures without them count; in a table of few "
        "different rows what is left are its rare ones, which are harder to predict."
    )


def _new(data: EvaluationData) -> NDArray[np.bool_] | None:
    """Which rows (n,) equal no train row; None where next to all do not, or an id tells twins."""
    repeated = data.repeated
    if data.schema.id_name or repeated is None or repeated.mean() <= OFTEN_REPEATED:
        return None
    return ~repeated


def _only(data: EvaluationData, chosen: NDArray[np.bool_]) -> EvaluationData:
    """Some of the test rows: a mask (n,)."""
    return replace(
        data,
        features=data.features[chosen].reset_index(drop=True),
        label=data.label[chosen],
        probability=data.probability[chosen],
        baselines={name: scores[chosen] for name, scores in data.baselines.items()},
        oracle=None,
        value=data.value[chosen],
        repeated=None,
    )
