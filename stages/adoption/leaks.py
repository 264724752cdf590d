"""Columns that know too much: filled in after the fact, most likely."""

from __future__ import annotations

from scoring.schema import Schema
from stages.exploration import explore
from stages.exploration.explore_params import Explore
from stages.tables.checks import check_table
from stages.tables.intake import RawTable

SAMPLE = 50_000  # rows; enough to tell an AUC of 0.95 from one of 0.94


def leaking_columns(
    raw_table: RawTable, schema: Schema, explored: Explore, *, origin: str
) -> dict[str, str]:
    """By name, why a column is suspected of a leak; of the part of a date, that date."""
    customers = check_table(raw_table.sample(SAMPLE), schema, origin=origin).customers
    strength = explore.single_column_auc(customers, schema)
    alone = {
        str(name): f"suspected leak: alone separates the classes, ROC AUC {value:.3f}"
        for name, value in strength.items()
        if value >= explored.leak_auc
    }
    afterwards = {
        name: f"suspected leak: {words}"
        for name, words in explore.telling_values(customers, schema).items()
    }
    found = afterwards | alone
    return {schema[name].from_date or name: because for name, because in found.items()}
