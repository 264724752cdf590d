"""What drift tools do by default, a test per column, on months that the monitor judges too."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from scipy.stats import chi2_contingency, ks_2samp

from scoring.schema import Schema
from stages.monitoring.month_table import MonthTable, as_frame

LEVEL = 0.05


def any_alarm(tables: Sequence[MonthTable]) -> bool:
    """Whether any column of any month differs from the month before: KS and chi-squared tests."""
    return any(
        _differs(now, before) for before, now in pairwise(tables) if len(now) and len(before)
    )


def _differs(now: MonthTable, before: MonthTable) -> bool:
    numbers = range(now.numbers.shape[1])
    codes = range(now.codes.shape[1])
    return any(_ks(now.numbers[:, n], before.numbers[:, n]) < LEVEL for n in numbers) or any(
        _chi2(now.codes[:, n], before.codes[:, n]) < LEVEL for n in codes
    )


def _ks(now: np.ndarray, before: np.ndarray) -> float:
    sides = [values[~np.isnan(values)] for values in (now, before)]
    return float(ks_2samp(*sides, method="asymp").pvalue)


def _chi2(now: np.ndarray, before: np.ndarray) -> float:
    size = int(max(now.max(), before.max())) + 1
    counts = np.array([np.bincount(codes, minlength=size) for codes in (now, before)])
    counts = counts[:, counts.sum(axis=0) > 0]
    return float(chi2_contingency(counts).pvalue) if counts.shape[1] > 1 else 1.0


def evidently_alarms(tables: Sequence[MonthTable], schema: Schema) -> tuple[bool, bool]:
    """Evidently's `DataDriftPreset` as it comes, on months against the month before.

    Whether any column drifted in any month, and whether so many as make the table drift.
    """
    counts = [_drifted(now, before, schema) for before, now in pairwise(tables)]
    columns = len(schema.inputs)
    return any(count > 0 for count in counts), any(count >= columns / 2 for count in counts)


def _drifted(now: MonthTable, before: MonthTable, schema: Schema) -> int:
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    definition = DataDefinition(
        numerical_columns=[column.name for column in schema.numeric_inputs],
        categorical_columns=[column.name for column in schema.category_inputs],
    )
    sides = [
        Dataset.from_pandas(as_frame(table, schema), data_definition=definition)
        for table in (now, before)
    ]
    metrics = Report([DataDriftPreset()]).run(*sides).dict()["metrics"]
    return int(
        next(m["value"]["count"] for m in metrics if "DriftedColumnsCount" in m["metric_name"])
    )
