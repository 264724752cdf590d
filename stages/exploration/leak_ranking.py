"""Columns that may know the future a little: what a quick model loses without each of them.

A column that was filled in after a customer had left separates the classes well, and no other
column makes up for it. So the strongest columns are left out in turn, each with those that say much
the same, and all strong ones together.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from scoring.schema import Column, Schema
from stages.core import measures
from stages.core.association import associations
from stages.core.measures import Floats

CANDIDATES = 6  # columns that are left out in turn
ROWS = 10_000  # of more customers, an even sample
FEWEST = 200  # customers below which the figures are noise
RELATED = 0.6  # strength of association from which on two columns say much the same
STRONG = 0.8  # ROC AUC of a column alone from which on it may be suspected
MUCH = 0.15  # share of what a model gains over chance that is lost without a suspect
MOST_CODES = 250  # values that histogram boosting takes for categories


@dataclass(frozen=True)
class LeakRanking:
    """What is lost without columns: `table` by column, most lost first.

    `suspects` are columns that should be looked at, in groups that fall together.
    """

    table: pd.DataFrame
    full: float
    suspects: tuple[tuple[str, ...], ...]


def rank(customers: pd.DataFrame, schema: Schema, strength: pd.Series) -> LeakRanking | None:
    """The strongest columns by what is lost without them; None where there is too little to say.

    `strength` is the ROC AUC of each column alone, strongest first.
    """
    names = list(strength.index[:CANDIDATES])
    if len(customers) < FEWEST or len(schema.inputs) < 2:
        return None
    size = min(ROWS, len(customers))
    sample = customers.iloc[np.linspace(0, len(customers) - 1, size).astype(int)]
    model = _QuickModel(sample, schema)
    related = _related(sample, schema, names)
    full = model.auc_without(())
    table = pd.DataFrame(
        {
            "alone": strength[names],
            "all inputs without it": [model.auc_without(related[name]) for name in names],
            "left out with it": [
                ", ".join(n for n in related[name] if n != name) for name in names
            ],
        },
        index=names,
    )
    table["share lost"] = _share_lost(full, table["all inputs without it"])
    strong = [name for name in names if strength[name] >= STRONG]
    table = table.sort_values("share lost", ascending=False, kind="stable")
    return LeakRanking(table, full, tuple(_suspects(table, related, strong, full, model)))


def _suspects(
    table: pd.DataFrame,
    related: Mapping[str, tuple[str, ...]],
    strong: Sequence[str],
    full: float,
    model: _QuickModel,
) -> Iterable[tuple[str, ...]]:
    """Strong columns without which much is lost, alone or, where that says nothing, together."""
    lost = table.index[table["share lost"] >= MUCH]
    found = dict.fromkeys(tuple(sorted(related[name])) for name in lost if name in strong)
    if not found and len(strong) > 1 and _share_lost(full, model.auc_without(strong)) >= MUCH:
        found = {tuple(strong): None}
    return found


def _share_lost(full: float, without: Any) -> Any:
    """How much of what a model gains over chance is lost: 1 where all of it is."""
    return (full - without) / max(full - 0.5, 0.01)


def _related(
    customers: pd.DataFrame, schema: Schema, names: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """Each column with those that say much the same."""
    others = {column.name for column in schema.inputs} - set(names)
    shown = schema.of_columns(column for column in schema.columns if column.name not in others)
    close = associations(customers, shown).loc[list(names), list(names)] >= RELATED
    return {name: tuple(close.columns[close.loc[name].to_numpy()]) for name in names}


class _QuickModel:
    """Histogram boosting in two halves of the customers, each predicted by a fit to the other."""

    def __init__(self, customers: pd.DataFrame, schema: Schema) -> None:
        self._columns = {column.name: column for column in schema.inputs}
        self._table = pd.DataFrame({n: _codes(customers[n], c) for n, c in self._columns.items()})
        self._churn = schema.churned(customers).astype(float)
        self._half = np.random.default_rng(0).permutation(len(customers)) % 2 == 0
        self._known: dict[frozenset[str], float] = {}

    def auc_without(self, names: Iterable[str]) -> float:
        """ROC AUC of a model that learns from all columns but these."""
        left_out = frozenset(names)
        if left_out not in self._known:
            self._known[left_out] = self._auc([n for n in self._columns if n not in left_out])
        return self._known[left_out]

    def _auc(self, names: Sequence[str]) -> float:
        from sklearn.ensemble import HistGradientBoostingClassifier

        if not names:
            return 0.5
        table = self._table[list(names)].to_numpy()
        categories = [_is_category(self._columns[name]) for name in names]
        score = np.empty(len(table))
        for rows in (self._half, ~self._half):
            model = HistGradientBoostingClassifier(
                max_iter=60, max_leaf_nodes=8, learning_rate=0.15, early_stopping=False,
                categorical_features=categories, random_state=0,
            )  # fmt: skip
            model.fit(table[rows], self._churn[rows])
            score[~rows] = model.predict_proba(table[~rows])[:, 1]
        return float(measures.value(measures.roc_auc, self._churn, score))


def _is_category(column: Column) -> bool:
    return not column.is_numeric and len(column.labels) <= MOST_CODES


def _codes(values: pd.Series, column: Column) -> Floats:
    """A column as numbers, NaN where absent: a category by the place of its value."""
    if column.is_numeric:
        numbers = values.to_numpy(float)
    else:
        codes = pd.Categorical(values, categories=list(column.labels)).codes.astype(float)
        numbers = np.where(codes < 0, np.nan, codes)
    return np.zeros(len(numbers)) if np.isnan(numbers).all() else numbers


def advice(ranking: LeakRanking) -> list[str]:
    """A sentence per suspect, with how to see the model without it."""
    return [
        f"{' and '.join(names)}: without {'it' if len(names) == 1 else 'them'} a quick model "
        f"loses {MUCH:.0%} or more of what it gains over chance. Was it known on the day that the "
        "table describes, or filled in after the customer had left? The model without: "
        f"{command(names)}"
        for names in ranking.suspects
    ]


def command(names: Sequence[str]) -> str:
    """What trains without these columns and shows the difference."""
    setting = shlex.quote(f"data.without={json.dumps(list(names), ensure_ascii=False)}")
    return f"dvc exp run -S {setting}, then dvc metrics diff"
