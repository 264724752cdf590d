"""The exploration before anything is learned: segments, associations, suspected leaks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scoring.schema import Column, Schema
from stages.core import measures
from stages.core.association import rate_table
from stages.core.files import write_json
from stages.core.measures import Floats


def strongest(schema: Schema, strength: pd.Series, *, most: int) -> Schema:
    """The schema with those inputs alone that tell most, at most so many, in its order."""
    dropped = set(strength.index[most:])
    return schema.of_columns(c for c in schema.columns if c.name not in dropped)


def coverage(schema: Schema, shown: Schema, customers: pd.DataFrame, everybody: int) -> str:
    """How much of the table is shown, in a sentence."""
    inputs = f"all {len(shown.inputs)} inputs"
    if len(shown.inputs) < len(schema.inputs):
        inputs = (
            f"the {len(shown.inputs)} of {len(schema.inputs)} inputs that alone separate "
            "leavers from retained customers best (explore.max_columns)"
        )
    people = f"all {everybody:,} customers"
    if len(customers) < everybody:
        people = f"{len(customers):,} of {everybody:,} customers (explore.max_customers)"
    return f"What follows shows {inputs}, of {people}."


def segments(
    customers: pd.DataFrame, schema: Schema, *, max_levels: int
) -> dict[str, pd.DataFrame]:
    """Churn rate per value of each categorical input, those with too many values left out."""
    churn = schema.churned(customers)
    tables = {}
    for column in schema.category_inputs:
        values = pd.Categorical(customers[column.name], categories=column.labels)
        if len(column.labels) <= max_levels:
            tables[column.name] = rate_table(values, churn)
    return tables


def tenure_curve(customers: pd.DataFrame, schema: Schema, *, bins: int = 12) -> pd.DataFrame | None:
    """Churn rate along the column with the role tenure (x, value, low, high); None without one."""
    column = schema.role("tenure")
    if column is None:
        return None
    known = customers[customers[column.name].notna()]
    if known.empty:
        return None
    tenure = known[column.name].to_numpy(float)
    place = measures.quantile_bins(tenure, bins)
    table = rate_table(place, schema.churned(known))
    middle = pd.Series(tenure).groupby(place).mean()
    return table.assign(x=middle).rename(columns={"rate": "value"})


def missingness(customers: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """Columns with absent values: how many, and the churn rate with and without them."""
    churn = schema.churned(customers)
    rows = {}
    for name in customers.columns[customers.isna().any()]:
        absent = customers[name].isna().to_numpy()
        rows[name] = {
            "absent": int(absent.sum()),
            "share": absent.mean(),
            "churn rate where absent": churn[absent].mean(),
            "churn rate elsewhere": churn[~absent].mean() if not absent.all() else np.nan,
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def single_column_auc(customers: pd.DataFrame, schema: Schema) -> pd.Series:
    """How well each input alone separates the classes: ROC AUC, 0.5 to 1, strongest first.

    A category is scored by its churn rate in the other half of the customers, so that a column
    with many values gains nothing from its mere number of values.
    """
    churn = schema.churned(customers).astype(float)
    half = np.arange(len(customers)) % 2 == 0
    scores = {c.name: _score(customers[c.name], c.is_numeric, churn, half) for c in schema.inputs}
    values = {
        name: measures.value(measures.roc_auc, churn, score) for name, score in scores.items()
    }
    strength = pd.Series({n: _either_way(v, customers[n], schema[n]) for n, v in values.items()})
    return strength.sort_values(ascending=False, kind="stable")


def _either_way(auc: float, values: pd.Series, column: Column) -> float:
    """A number may separate downwards; a score made of churn rates that fails is just noise."""
    raw_number = column.is_numeric and values.notna().all()
    return max(auc, 1 - auc) if raw_number else max(auc, 0.5)


def _score(values: pd.Series, is_numeric: bool, churn: Floats, half: NDArray[np.bool_]) -> Floats:
    """A score of each customer by the column alone: a number itself, a category by its churn rate.

    A number that some customers lack is cut into bins, absent being one of them: that it is there
    at all may be the leak.
    """
    if is_numeric and values.notna().all():
        return values.to_numpy(float)
    labels = _binned(values) if is_numeric else values.fillna("").to_numpy()
    score = np.full(len(labels), churn.mean())
    for rows, others in ((half, ~half), (~half, half)):
        rates = pd.Series(churn[others]).groupby(labels[others]).mean()
        score[rows] = pd.Series(labels[rows]).map(rates).fillna(churn[others].mean()).to_numpy()
    return score


def _binned(values: pd.Series) -> NDArray[np.int64]:
    numbers = values.to_numpy(float)
    absent = np.isnan(numbers)
    place = np.full(len(numbers), -1)
    if not absent.all():
        place[~absent] = measures.quantile_bins(numbers[~absent], 20)
    return place


SURE_ROWS, SURE_RATE, SURE_CHANCE = 20, 0.98, 1e-6


def telling_values(customers: pd.DataFrame, schema: Schema) -> dict[str, str]:
    """Inputs of which a value, or having one at all, is known of churners only, and what it is.

    Such a column was filled in after the customer had left, even if most fields of it are blank. A
    value counts with 20 customers or more of whom 98% left, where chance would not do that once in
    a million times; a column that is filled for retained customers only counts in the same way.
    """
    churn = schema.churned(customers).astype(bool)
    found = {}
    for column in schema.inputs:
        values = customers[column.name]
        hidden = "sensitive" in column.roles
        groups = [
            (
                "one of its values" if hidden else f"the value {value!r}",
                (values == value).to_numpy(),
            )
            for value in _distinguished(values, column)
        ]
        if values.isna().any():
            groups.append(("a blank", values.isna().to_numpy()))
            groups.append(("a value", values.notna().to_numpy()))
        for words, members in groups:
            if who := _known_of(churn, members, words):
                found[column.name] = f"{words} is only found with {who}"
    return found


def _distinguished(values: pd.Series, column: Column) -> list[Any]:
    return [] if column.is_numeric else list(values.dropna().unique())


def _known_of(churn: NDArray[np.bool_], members: NDArray[np.bool_], words: str) -> str:
    """Of whom a group consists, if of one kind alone and not by chance; else empty."""
    base, size, left = churn.mean(), members.sum(), churn[members].sum()
    if size < SURE_ROWS or size == len(churn):
        return ""
    if left >= SURE_RATE * size and base**left < SURE_CHANCE:
        return "customers who left"
    if words == "a value" and left == 0 and (1 - base) ** size < SURE_CHANCE:
        return "customers who stayed"
    return ""


def known_afterwards(customers: pd.DataFrame, schema: Schema) -> list[str]:
    """A sentence per column that seems to have been filled in after the fact."""
    return [
        f"{name}: {words}. Was it filled in after the customer had left? If so, give it the role "
        "ignored in the schema."
        for name, words in telling_values(customers, schema).items()
    ]


def suspected_leaks(strength: pd.Series, *, leak_auc: float) -> list[str]:
    """A sentence per column that separates the classes too well to be known beforehand."""
    return [
        f"{name} alone separates the classes with a ROC AUC of {value:.3f}: was it filled "
        "after the customer had left? If so, give it the role ignored in the schema."
        for name, value in strength.items()
        if value >= leak_auc
    ]


class Summary(NamedTuple):
    """Evidently's summary: figures of the table, of each numeric and of each categorical column."""

    table: pd.Series
    numbers: pd.DataFrame
    categories: pd.DataFrame


TABLE_FIGURES = {
    "RowCount": "rows",
    "DuplicatedRowCount": "duplicate rows, ignoring the id",
    "EmptyRowsCount": "empty rows",
    "ConstantColumnsCount": "constant columns",
    "AlmostConstantColumnsCount": "almost constant columns",
    "DuplicatedColumnsCount": "columns equal to another",
    "EmptyColumnsCount": "empty columns",
}
COLUMN_FIGURES = {
    "MinValue": "minimum",
    "quantile 0.25": "lower quartile",
    "quantile 0.5": "median",
    "quantile 0.75": "upper quartile",
    "MaxValue": "maximum",
    "MeanValue": "mean",
    "StdValue": "standard deviation",
}


def data_summary(customers: pd.DataFrame, schema: Schema) -> Summary:
    """Evidently's data summary, taken from its JSON.

    Its own page is 3.7 MB and differs at every run; its figures do not. The smallest and the
    largest of a sensitive number are somebody's own: they are left out.
    """
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataSummaryPreset

    numeric = [c.name for c in schema.numeric_inputs]
    category = [c.name for c in [*schema.category_inputs, schema.target]]
    definition = DataDefinition(numerical_columns=numeric, categorical_columns=category)
    dataset = Dataset.from_pandas(customers[numeric + category], data_definition=definition)
    metrics_found = json.loads(Report([DataSummaryPreset()]).run(dataset, None).json())["metrics"]
    return Summary(
        _table_figures(metrics_found),
        pd.DataFrame({n: _number_figures(metrics_found, schema[n]) for n in numeric}).T,
        pd.DataFrame.from_dict(
            {n: _category_figures(metrics_found, n, schema[n].labels) for n in category}, "index"
        ),
    )


def write_summary(summary: Summary, path: Path) -> None:
    """Write the figures as JSON, what a column has not as null."""
    texts = {
        part: figures.to_json(orient="index", double_precision=10)
        for part, figures in summary._asdict().items()
    }
    write_json(path, {part: json.loads(text) for part, text in texts.items()})


def _table_figures(found: list[dict[str, Any]]) -> pd.Series:
    values = {_kind(metric): metric["value"] for metric in found if len(metric["config"]) == 1}
    return pd.Series({words: int(values[kind]) for kind, words in TABLE_FIGURES.items()})


def _number_figures(found: list[dict[str, Any]], column: Column) -> dict[str, float]:
    values = {_kind(m): m["value"] for m in found if m["config"].get("column") == column.name}
    if "sensitive" in column.roles:
        values |= dict.fromkeys(("MinValue", "MaxValue"), np.nan)
    return {words: values[kind] for kind, words in COLUMN_FIGURES.items()}


def _category_figures(
    found: list[dict[str, Any]], column: str, labels: Sequence[str]
) -> dict[str, Any]:
    """Of one column, among its allowed values: a blank is none."""
    values = {_kind(m): m["value"] for m in found if m["config"].get("column") == column}
    shares = {v: s for v, s in values["UniqueValueCount"]["shares"].items() if v in labels}
    most = max(shares, key=lambda value: (shares[value], value), default="")
    return {
        "values": len(shares),
        "most frequent": most,
        "its share": shares.get(most, 0.0),
        "rarest share": min(shares.values(), default=0.0),
        "absent": int(values["MissingValueCount"]["count"]),
    }


def _kind(metric: dict[str, Any]) -> str:
    kind = metric["config"]["type"].rsplit(":", 1)[-1]
    return f"quantile {metric['config']['quantile']:g}" if kind == "QuantileValue" else kind
