"""What the champion looks at, over all test customers: importance, dependence, direction.

All of it runs the exported model on raw columns that were changed; derived features follow.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scoring.derive import MISSING, RawInputs, raw_inputs, with_derived
from scoring.explanation import Explainer, title
from scoring.mixed import mixed, only, with_value
from scoring.schema import Column, Schema
from stages.core import measures
from stages.core.measures import Floats
from stages.evaluation.evaluation_data import EvaluationData
from stages.model.direction import monotone, sign, values_along

REPEATS = 5  # permutations of a column
SCORED = 150_000  # customers scored for the importance of all columns: bounds its cost
FEWEST, MOST = 200, 3_000  # customers that anything here is measured on
RESAMPLES = 200  # behind the intervals here, at most
POINTS = 25  # of a curve
AGAINST = 1e-6  # a step of the probability that is one: the export computes in float32
DIRECTION = [
    "expected", "effect", "low", "high", "right", "never_against", "worst_step", "mean_against",
]  # fmt: skip


class Sample:
    """Some of the test customers, drawn by the seed, and the champion to ask about them."""

    def __init__(self, data: EvaluationData, explainer: Explainer, *, size: int = MOST) -> None:
        self.schema, self.scorer = data.schema, explainer.scorer
        rng = np.random.default_rng(data.params.seed)
        chosen = np.sort(rng.permutation(len(data.label))[:size])
        table = data.features.iloc[chosen]
        self.known = raw_inputs({c.name: table[c.name] for c in self.schema.inputs}, self.schema)
        self.label = data.label[chosen]
        few = min(data.params.resamples, RESAMPLES)
        self.bootstrap = replace(data.bootstrap.among(chosen), resamples=few)

    def __len__(self) -> int:
        return len(self.label)

    def probability(self, known: RawInputs) -> Floats:
        """The champion's probabilities of raw inputs."""
        return self.scorer.probability(with_derived(known, self.schema))

    def swept(self, column: Column, values: Any) -> Floats:
        """The probabilities (values, n), were everybody at each value of a column."""
        moved = [with_value(self.known, column, value, self.schema) for value in values]
        return np.array([self.probability(known) for known in moved])


def titles(schema: Schema) -> dict[str, str]:
    """What people call each input, by its name; with its name where two share a title."""
    words = {column.name: title(column) for column in schema.inputs}
    twice = [word for word, count in Counter(words.values()).items() if count > 1]
    return {name: f"{word} ({name})" if word in twice else word for name, word in words.items()}


# --- importance --------------------------------------------------------------------------------


def importance(data: EvaluationData, explainer: Explainer) -> pd.DataFrame:
    """Permutation importance (Breiman 2001) of each column, largest first.

    The drop of the ROC AUC when the column's values are shuffled among the customers, mean over a
    few permutations, with its bootstrap interval. Columns: column, value, low, high; index the
    columns' titles. Wide schemas and large test sets are measured on fewer customers and shuffles.
    """
    schema = data.schema
    k = len(schema.inputs)
    size = int(np.clip(SCORED // (k * REPEATS), FEWEST, MOST))
    sample = Sample(data, explainer, size=size)
    permutations = _permutations(len(sample), k, seed=data.params.seed)
    whole = _resampled_auc(sample, sample.known)
    rows = []
    for column in schema.inputs:
        permuted = [
            _resampled_auc(sample, _permuted(sample, column, order)) for order in permutations
        ]
        drop = whole - np.mean(permuted, axis=0)
        low, high = sample.bootstrap.percentiles(drop[1:])
        rows.append({"column": column.name, "value": drop[0], "low": low, "high": high})
    table = pd.DataFrame(rows, index=list(titles(schema).values()))
    return table.sort_values("value", ascending=False, kind="stable")


def _permutations(n: int, k: int, *, seed: int) -> list[NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    count = int(np.clip(SCORED // (k * n), 1, REPEATS))
    return [rng.permutation(n) for _ in range(count)]


def _permuted(sample: Sample, column: Column, order: NDArray[np.int64]) -> RawInputs:
    others = RawInputs(sample.known.numbers[order], sample.known.labels[order])
    return mixed(sample.known, others, only(column, len(order), sample.schema), sample.schema)


def _resampled_auc(sample: Sample, known: RawInputs) -> Floats:
    """The AUC on the sample as it is, and on each resample: (1 + resamples,)."""
    score = sample.probability(known)
    value = measures.value(measures.roc_auc, sample.label, score)
    return np.append(value, sample.bootstrap.distribution(measures.roc_auc, sample.label, score))


# --- dependence --------------------------------------------------------------------------------


def dependence(
    data: EvaluationData, explainer: Explainer, columns: list[str]
) -> dict[str, pd.DataFrame]:
    """Mean probability were everybody's column at each value (Friedman 2001), by title.

    Columns x, value, and low and high, between which the middle 80% of the customers lie. A column
    that nobody has a value in is left out.
    """
    sample = Sample(data, explainer, size=FEWEST)
    named, tables = titles(data.schema), {}
    for name in columns:
        values = _observed(sample, data.schema[name])
        if len(values):
            probability = sample.swept(data.schema[name], values)
            low, high = np.quantile(probability, [0.1, 0.9], axis=1)
            tables[named[name]] = pd.DataFrame(
                {"x": values, "value": probability.mean(axis=1), "low": low, "high": high}
            )
    return tables


def _observed(sample: Sample, column: Column) -> Any:
    """Values of a column that customers have: of a number without the outermost hundredths."""
    if not column.is_numeric:
        return list(column.labels)
    seen = sample.known.numbers[:, sample.schema.numeric_inputs.index(column)]
    if np.isnan(seen).all():
        return []
    low, high = np.nanquantile(seen, [0.01, 0.99])
    return np.linspace(max(low, 1.0) if "tenure" in column.roles else low, high, POINTS)


# --- direction ---------------------------------------------------------------------------------


def directions(data: EvaluationData, explainer: Explainer) -> pd.DataFrame:
    """Whether the risk goes with each monotone column of the schema as the schema says.

    A row per column: `expected`; `effect`, the mean change of probability from its lowest to its
    highest value, with interval; `right`, the share of customers where both ends are as expected;
    `never_against`, the share for whom no single step goes the wrong way; `worst_step`, the
    largest step against, of anybody; `mean_against`, the largest one of the mean.
    """
    sample, named = Sample(data, explainer, size=FEWEST), titles(data.schema)
    rows = {}
    for column in monotone(data.schema):
        values = values_along(column, sample.known, data.schema)
        if values:
            rows[named[column.name]] = _direction(sample, column, values)
    return pd.DataFrame([*rows.values()], index=[*rows], columns=DIRECTION)


def _direction(sample: Sample, column: Column, values: list[Any]) -> dict[str, Any]:
    probability = sample.swept(column, values)
    toward = sign(column) * probability  # ascends where the model agrees
    against = np.maximum(-np.diff(toward, axis=0), 0)
    change = probability[-1] - probability[0]
    low, high = sample.bootstrap.interval(measures.mean, sample.label, change)
    return {
        "expected": "up" if sign(column) > 0 else "down",
        "effect": float(change.mean()),
        "low": low,
        "high": high,
        "right": float((toward[-1] >= toward[0] - AGAINST).mean()),
        "never_against": float((against <= AGAINST).all(axis=0).mean()),
        "worst_step": float(against.max(initial=0)),
        "mean_against": float(np.maximum(-np.diff(toward.mean(axis=1)), 0).max(initial=0)),
    }


def monotonicity_violations(table: pd.DataFrame) -> list[str]:
    """A sentence per column in which, on average, the model contradicts the schema."""
    wrong = np.where(table["expected"] == "up", table["high"] < 0, table["low"] > 0)
    return [
        f"{name}: the schema says that the risk goes {row['expected']} with it; from its lowest to "
        f"its highest value the model's changes by {row['effect']:+.1%}. One of them is wrong."
        for name, row in table[wrong].iterrows()
    ]


# --- one customer ------------------------------------------------------------------------------


def example(data: EvaluationData, explainer: Explainer, *, largest: int = 8) -> pd.DataFrame:
    """Contributions of one customer of high risk: one in twenty is at a higher one.

    The base first, then a row per column, by size, the small ones together: `value` on the
    log-odds; index the column with the customer's value. What a sensitive column holds is not
    shown.
    """
    schema, named = data.schema, titles(data.schema)
    place = int(np.argsort(data.probability, kind="stable")[int(0.95 * len(data.label))])
    row = data.features.iloc[[place]]
    found = explainer.contributions({column.name: row[column.name] for column in schema.inputs})
    order = np.argsort(-np.abs(found.values[0]), kind="stable")
    rows = {"average of the background customers": found.base}
    for i in order[:largest]:
        column = schema.inputs[i]
        rows[f"{named[column.name]}: {_shown(column, row)}"] = found.values[0, i]
    if len(order) > largest:
        rows[f"{len(order) - largest} other columns"] = found.values[0, order[largest:]].sum()
    return pd.DataFrame({"value": rows})


def _shown(column: Column, row: pd.DataFrame) -> str:
    value = row[column.name].iloc[0]
    if "sensitive" in column.roles:
        return "sensitive, not shown"
    if value == MISSING or value != value:
        return "not known"
    return f"{value:g}" if column.is_numeric else str(value)
