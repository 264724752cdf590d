"""The customers that a gate judges on: those put aside, of the newest month whose window closed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from scoring.digest import sha256
from scoring.schema import Schema
from stages.core import months
from stages.core.files import read_table
from stages.features.features_params import Features
from stages.features.split import split
from stages.features.table import ID, LABEL, feature_table


@dataclass(frozen=True)
class HoldOut:
    """Labelled customers of one month that neither model learned from.

    `customers` is the table of the month in canonical types, `features` what models see of those
    put aside by the pipeline's own hash of the id. `month` is when they were looked at, `as_of`
    when the decision is taken, `window` how many months a label looks ahead, `newest` the newest
    month that there are labels of, `learned` the months that the challenger learned from, and
    `seen` the ids of the customers that either model did.
    """

    month: str
    as_of: str
    newest: str
    window: int
    schema: Schema
    customers: pd.DataFrame
    features: pd.DataFrame
    sha256: str
    learned: tuple[str, ...] = ()
    seen: Collection[str] = field(default_factory=frozenset, repr=False)

    @property
    def churners(self) -> int:
        """How many of them left."""
        return int(self.features[LABEL].sum())

    @property
    def overlap(self) -> int:
        """How many of them a model learned from."""
        return int(self.features[ID].astype(str).isin(list(self.seen)).sum())

    @property
    def closed_in(self) -> str:
        """The month in which the window of these labels has passed."""
        return months.shifted(self.month, self.window)


def hold_out(
    table: Path,
    schema: Schema,
    params: Features,
    *,
    month: str,
    as_of: str,
    window: int,
    newest: str | None = None,
    learned: Collection[str] = (),
    seen: Collection[str] = (),
) -> HoldOut:
    """The customers put aside of a month's table in canonical types, which has the labels."""
    customers = read_table(table)
    features = feature_table(customers, schema)
    kept = split(customers, schema, params) if len(customers) else features[LABEL] > 0
    return HoldOut(
        month=month,
        as_of=as_of,
        newest=newest or month,
        window=window,
        schema=schema,
        customers=customers[kept].reset_index(drop=True),
        features=features[kept].reset_index(drop=True),
        sha256=sha256(table),
        learned=tuple(sorted(learned)),
        seen=frozenset(seen),
    )
