"""Which columns drive a change, and how much: Evidently's distances, with what moved in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from scoring.explanation import title
from scoring.schema import Column
from scoring.verdict import ColumnChange

SHOWN = 8


def drivers(
    now: pd.DataFrame, before: pd.DataFrame, columns: Sequence[Column]
) -> tuple[ColumnChange, ...]:
    """The columns that moved most from the reference to this month, most first."""
    by_name = {
        column.name: column
        for column in columns
        if not (now[column.name].isna().all() or before[column.name].isna().all())
    }
    found = distances(
        now,
        before,
        numeric=[name for name, column in by_name.items() if column.is_numeric],
        category=[name for name, column in by_name.items() if not column.is_numeric],
    )
    order = sorted(found, key=lambda name: (-found[name]["distance"], name))[:SHOWN]
    return tuple(_change(by_name[name], now[name], before[name], **found[name]) for name in order)


def _change(
    column: Column, now: pd.Series, before: pd.Series, *, method: str, distance: float
) -> ColumnChange:
    value = None
    if column.is_numeric:
        there, here = float(before.mean()), float(now.mean())
    else:
        shares = [side.value_counts(normalize=True).to_dict() for side in (before, now)]
        moved = {v: abs(shares[1].get(v, 0.0) - shares[0].get(v, 0.0)) for v in column.labels}
        value = max(moved, key=lambda label: moved[label])
        there, here = (float(side.get(value, 0.0)) for side in shares)
    return ColumnChange(
        column=column.name,
        title=title(column),
        method=method,
        effect=distance,
        value=value,
        before=there,
        now=here,
    )


def distances(
    now: pd.DataFrame, before: pd.DataFrame, *, numeric: Sequence[str], category: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Method and distance of each column, by Evidently.

    Wasserstein's over the standard deviation for numbers, Jensen-Shannon's for categories.
    """
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    names = [*numeric, *category]
    if not names:
        return {}
    definition = DataDefinition(numerical_columns=list(numeric), categorical_columns=list(category))
    sides = [Dataset.from_pandas(side[names], data_definition=definition) for side in (now, before)]
    preset = DataDriftPreset(num_method="wasserstein", cat_method="jensenshannon")
    found = {
        metric["config"]["column"]: {
            "method": metric["config"]["method"],
            "distance": float(metric["value"]),
        }
        for metric in Report([preset]).run(*sides).dict()["metrics"]
        if "column" in metric["config"]
    }
    return {name: entry for name, entry in found.items() if np.isfinite(entry["distance"])}
