"""How columns are related: churn rate by group, and strength of association."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from scoring.schema import Column, Schema
from stages.core import measures


def rate_table(groups: Any, churn: Any) -> pd.DataFrame:
    """Customers, churn rate and its interval per group, in the groups' order."""
    grouped = pd.Series(churn).groupby(groups, observed=True, sort=True)
    table = pd.DataFrame({"customers": grouped.size(), "rate": grouped.mean()})
    table["low"], table["high"] = measures.wilson(grouped.sum(), grouped.size())
    return table


def associations(customers: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """Strength of association, 0 to 1, between all inputs and the target.

    Cramér's V between categories, the correlation ratio between a category and a number, the
    absolute Pearson correlation between numbers.
    """
    columns = [*schema.inputs, schema.target]
    names = [column.name for column in columns]
    matrix = pd.DataFrame(np.eye(len(names)), index=names, columns=names)
    for i, first in enumerate(columns):
        for second in columns[:i]:
            strength = _association(customers, first.name, second.name, schema)
            matrix.loc[first.name, second.name] = matrix.loc[second.name, first.name] = strength
    return matrix


def _association(customers: pd.DataFrame, first: str, second: str, schema: Schema) -> float:
    numeric = [name for name in (first, second) if schema[name].is_numeric]
    pair = customers[[first, second]].dropna()
    if pair.nunique().min() < 2:
        return 0.0  # nothing varies, so nothing is related
    if len(numeric) == 2:
        return float(abs(pair[first].corr(pair[second])))
    if len(numeric) == 1:
        other = second if numeric[0] == first else first
        return correlation_ratio(pair[other], pair[numeric[0]])
    return cramers_v(pair[first], pair[second])


def cramers_v(first: pd.Series, second: pd.Series) -> float:
    """Cramér's V of two categorical columns, 0 to 1."""
    counts = pd.crosstab(first, second).to_numpy(float)
    total, smaller = counts.sum(), min(counts.shape) - 1
    if smaller < 1:
        return 0.0
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / total
    return float(np.sqrt(((counts - expected) ** 2 / expected).sum() / (total * smaller)))


def correlation_ratio(groups: pd.Series, values: pd.Series) -> float:
    """Square root of the share of the values' variance that lies between the groups, 0 to 1."""
    total = ((values - values.mean()) ** 2).sum()
    between = (values.groupby(groups).transform("mean") - values.mean()) ** 2
    return float(np.sqrt(between.sum() / total)) if total else 0.0


def direction(customers: pd.DataFrame, first: Column, second: Column) -> int:
    """-1 where one column falls as the other rises, else 1.

    Numbers, ordered categories and those of two values (in the schema's order) can rise; where one
    of the columns cannot, there is no direction, and the answer is 1.
    """
    if not (_can_rise(first) and _can_rise(second)):
        return 1
    one, other = (ranks(customers[column.name], column) for column in (first, second))
    return -1 if one.cov(other) < 0 else 1


def _can_rise(column: Column) -> bool:
    return column.is_numeric or "ordered" in column.roles or len(column.labels) == 2


def ranks(values: pd.Series, column: Column) -> pd.Series:
    """Numbers as they are, categories as places among their allowed values; NaN where absent."""
    if column.is_numeric:
        return values.astype(float)
    places = {label: place for place, label in enumerate(column.labels)}
    return values.map(places).astype(float)
