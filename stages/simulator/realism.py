"""Generated customers compared with real ones: how alike they look, and whether a model is fooled.

Shown where the adopted file has the simulator's columns. Everything is reported by group: no row is
shown, and no id is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scoring.schema import Column, Schema
from stages.core import measures
from stages.core.association import associations, direction, ranks, rate_table
from stages.core.paths import Paths
from stages.simulator.columns import COLUMNS, NUMBERS, TENURE
from stages.simulator.generate import simulate
from stages.simulator.generate_params import Generate
from stages.simulator.population import load_population

FOLDS = 5
AT_MOST = 20_000  # customers of each kind that models learn from: enough for a figure, and quick
QUANTILES = (0.1, 0.5, 0.9)
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Pair:
    """Real customers, and as many generated ones."""

    real: pd.DataFrame
    generated: pd.DataFrame
    schema: Schema

    @property
    def both(self) -> dict[str, pd.DataFrame]:
        """The two tables under the names by which they are shown."""
        return {"real": self.real, "generated": self.generated}


def with_reference(
    customers: pd.DataFrame, schema: Schema, generate: Generate, paths: Paths
) -> Pair | None:
    """The customers next to those of `data/population.yaml`; None where the columns are others."""
    numbers = {column.name for column in schema.columns if column.is_numeric}
    if set(schema.names) != set(COLUMNS) or numbers != set(NUMBERS):
        return None
    chunks = simulate(load_population(paths.population), rows=len(customers), seed=generate.seed)
    generated = pd.concat([chunk.customers for chunk in chunks], ignore_index=True)
    return Pair(customers, generated[list(customers.columns)], schema)


def numbers(pair: Pair) -> pd.DataFrame:
    """Mean and quantiles of each numeric column, real and generated one below the other."""
    rows = {
        f"{column.name}, {who}": _facts(table[column.name])
        for column in pair.schema.numeric_inputs
        for who, table in pair.both.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def shares(pair: Pair) -> pd.DataFrame:
    """Share of each value of each category, the target last: real, generated, difference."""
    return _with_difference(
        pd.DataFrame({who: _shares(table, pair.schema) for who, table in pair.both.items()})
    )


def strongest(pair: Pair, *, count: int = 10) -> pd.DataFrame:
    """The strongest associations among the real customers: real, generated, difference.

    Measures as in `stages.core.association`; negative where one column falls as the other rises.
    """
    table = pd.DataFrame({who: _signed(table, pair.schema) for who, table in pair.both.items()})
    order = table["real"].abs().sort_values(ascending=False, kind="stable").index
    return _with_difference(table.loc[order[:count]])


def churn_by_tenure(pair: Pair, *, bins: int = 12) -> dict[str, pd.DataFrame]:
    """Churn rate with interval in the same groups of tenure: x, value, low, high of each kind."""
    edges = measures.quantile_edges(pair.real[TENURE].to_numpy(float), bins)
    curves = {}
    for who, table in pair.both.items():
        tenure = table[TENURE].to_numpy(float)
        place = np.searchsorted(edges, tenure, side="left")
        rates = rate_table(place, pair.schema.churned(table))
        middle = pd.Series(tenure).groupby(place).mean()
        curves[who] = rates.assign(x=middle).rename(columns={"rate": "value"})
    return curves


def models(pair: Pair) -> pd.DataFrame | None:
    """What boosted trees make of both (ROC AUC); None where a class is too small for the folds.

    Real or generated: 5-fold, one against the other, target included; 0.5 is chance. Churn of the
    real customers: predicted by a model that learned from generated ones, and 5-fold by their own.
    """
    schema = pair.schema
    tables = {who: _sample(table) for who, table in pair.both.items()}
    inputs = {who: _matrix(table, schema.inputs) for who, table in tables.items()}
    churn = {who: schema.churned(table) for who, table in tables.items()}
    if min(np.bincount(label, minlength=2).min() for label in churn.values()) < FOLDS:
        return None
    every = np.vstack([np.column_stack([inputs[who], churn[who]]) for who in tables])
    kind = np.repeat([0, 1], [len(table) for table in tables.values()])
    learned = _trees().fit(inputs["generated"], churn["generated"])
    figures = {
        "real or generated": _auc(kind, _out_of_fold(every, kind)),
        "churn, learned from generated": _auc(churn["real"], _scores(learned, inputs["real"])),
        "churn, learned from real": _auc(
            churn["real"], _out_of_fold(inputs["real"], churn["real"])
        ),
    }
    return pd.Series(figures).to_frame("ROC AUC")


def _facts(values: pd.Series) -> dict[str, float]:
    quantiles = {f"{share:.0%} are below": values.quantile(share) for share in QUANTILES}
    return {"mean": values.mean()} | quantiles


def _shares(table: pd.DataFrame, schema: Schema) -> pd.Series:
    parts: dict[str, float] = {}
    for column in [*schema.category_inputs, schema.target]:
        found = table[column.name].value_counts(normalize=True)
        parts |= {f"{column.name}: {label}": found.get(label, 0.0) for label in column.labels}
    return pd.Series(parts)


def _signed(table: pd.DataFrame, schema: Schema) -> pd.Series:
    """Every pair of columns once, with its strength of association and direction."""
    columns = [*schema.inputs, schema.target]
    strength = associations(table, schema).to_numpy()
    return pd.Series(
        {
            f"{one.name}, {other.name}": strength[i, j] * direction(table, one, other)
            for i, one in enumerate(columns)
            for j, other in enumerate(columns[:i])
        }
    )


def _with_difference(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(difference=table["generated"] - table["real"])


def _sample(table: pd.DataFrame) -> pd.DataFrame:
    return table.sample(AT_MOST, random_state=0) if len(table) > AT_MOST else table


def _matrix(table: pd.DataFrame, columns: list[Column]) -> Floats:
    return np.column_stack([ranks(table[column.name], column) for column in columns])


def _trees() -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        max_iter=60, learning_rate=0.1, max_leaf_nodes=15, early_stopping=False, random_state=0
    )


def _out_of_fold(inputs: Floats, label: NDArray) -> Floats:
    from sklearn.model_selection import StratifiedKFold

    scores = np.empty(len(label))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    for learn, rest in folds.split(inputs, label):
        scores[rest] = _scores(_trees().fit(inputs[learn], label[learn]), inputs[rest])
    return scores


def _scores(model: Any, inputs: Floats) -> Floats:
    scores: Floats = model.predict_proba(inputs)[:, 1]
    return scores


def _auc(label: NDArray, scores: Floats) -> float:
    return measures.value(measures.roc_auc, label.astype(float), scores)
