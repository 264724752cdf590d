"""Quality and profit of two revisions, and whether they differ beyond noise."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from scoring import money
from scoring.bundle import MANIFEST, SCORES
from scoring.errors import UserError
from scoring.schema import Schema
from stages.core import measures
from stages.core.files import read_table
from stages.core.measures import Bootstrap, Floats
from stages.core.metrics import METRICS, Shown, shown_in
from stages.core.yamlfile import load_schema
from stages.evaluation.evaluate_params import Evaluate
from stages.evaluation.evaluation_data import EvaluationData
from stages.features.table import ID, LABEL, monthly_value, row_index
from stages.model.money_params import Money
from stages.operations.lock import mapping
from stages.operations.pull_request.results import Results, number

FEW = 50  # customers: fewer common ones are compared unpaired


@dataclass(frozen=True)
class Difference:
    """One metric of two revisions: `low` and `high` bound new less old; NaN where not known."""

    metric: str
    new: float
    old: float
    low: float
    high: float

    @property
    def value(self) -> float:
        """New less old."""
        return self.new - self.old

    @property
    def is_beyond_noise(self) -> bool:
        """Whether the interval leaves out no difference."""
        return self.low > 0 or self.high < 0

    @property
    def loss(self) -> float:
        """How much worse the new one is, in the metric's unit; negative where it is better."""
        return -METRICS[self.metric].sign * self.value

    @property
    def verdict(self) -> str:
        """`better`, `worse`, or nothing where the difference may be noise."""
        if not self.is_beyond_noise:
            return ""
        return "worse" if self.loss > 0 else "better"


@dataclass(frozen=True)
class Comparison:
    """Two revisions on one kind of customers.

    `how` says on whom and whether paired; `new` and `old` are the data of the common
    customers, where there are any.
    """

    differences: list[Difference]
    how: str
    new: EvaluationData | None = None
    old: EvaluationData | None = None

    def of(self, metric: str) -> Difference:
        """The difference in one metric."""
        return next(found for found in self.differences if found.metric == metric)


def evaluation_data_of(
    results: Results, split: str, params: Evaluate, assumptions: Money
) -> EvaluationData | None:
    """A revision's train customers (with out-of-fold predictions) or test customers.

    None where a file is not available, or was written in a way that is not read any more.
    """
    paths = results.paths
    needed = (paths.predictions, _features(results, split), paths.customers_schema)
    if not all(path.is_file() for path in (*needed, paths.champion / MANIFEST)):
        return None
    try:
        return _evaluation_data(results, split, params, assumptions)
    except (UserError, KeyError, TypeError, ValueError):
        return None


def _features(results: Results, split: str) -> Path:
    return results.paths.train if split == "train" else results.paths.test


def _evaluation_data(
    results: Results, split: str, params: Evaluate, assumptions: Money
) -> EvaluationData:
    schema = load_schema(results.paths.customers_schema)
    features = read_table(_features(results, split))
    predictions = read_table(results.paths.predictions)
    table = predictions[predictions["split"] == split]
    predicted = table.set_index(row_index(table["id"]))["champion"]
    probability = predicted.reindex(row_index(features[ID])).to_numpy(float)
    if len(table) != len(features) or not np.isfinite(probability).all():
        raise ValueError("not one prediction for each row")
    manifest = json.loads((results.paths.champion / MANIFEST).read_text(encoding="utf-8"))
    return predicted_by(manifest, features, probability, schema, params, assumptions)


def predicted_by(
    manifest: Mapping[str, Any],
    features: pd.DataFrame,
    probability: Floats,
    schema: Schema,
    params: Evaluate,
    assumptions: Money,
) -> EvaluationData:
    """Probabilities (n,) by the bundle of that manifest, valued by its costs; no baselines."""
    costs = money.Costs(**manifest["costs"])
    fees = monthly_value(features, schema)
    return EvaluationData(
        features=features,
        schema=schema,
        label=features[LABEL].to_numpy(float),
        probability=probability,
        baselines={},
        oracle=None,
        value=money.customer_value(fees, len(features), costs),
        manifest=manifest,
        assumptions=assumptions,
        params=params,
    )


def compare(new: EvaluationData, old: EvaluationData) -> Comparison:
    """Paired where the same customers are in both, otherwise as two independent samples.

    Both decide by the costs of `new` and are valued by them.
    """
    old = at_costs_of(old, new)
    pair = common(new, old)
    if pair is None:
        found = _differences(new, old, replace(old.bootstrap, seed=new.params.seed + 1))
        how = f"{len(new.label):,} and {len(old.label):,} different customers, unpaired"
        return Comparison(found, how)
    pair = (pair[0], replace(pair[1], value=pair[0].value))
    found = _differences(*pair, new.bootstrap)
    count = len(pair[0].label)
    every = count == len(new.label) == len(old.label)
    of = "" if every else f" (of {len(new.label):,} and {len(old.label):,})"
    return Comparison(found, f"the same {count:,} customers{of}, paired", *pair)


def at_costs_of(old: EvaluationData, new: EvaluationData) -> EvaluationData:
    """`old` as it decides and is valued by the costs of `new`, and by its threshold.

    Otherwise other assumptions alone would look like a better model: whoever decided by former
    costs decides badly at the new ones.
    """
    if old.costs == new.costs:
        return old
    fees = monthly_value(old.features, old.schema)
    shared = {name: new.manifest[name] for name in ("costs", "threshold")}
    return replace(
        old,
        manifest={**old.manifest, **shared},
        value=money.customer_value(fees, len(old.label), new.costs),
    )


def common(
    new: EvaluationData, old: EvaluationData
) -> tuple[EvaluationData, EvaluationData] | None:
    """Both on the customers that are in both, in one order; None where there are too few.

    Another outcome under the same id means other customers: then none are common.
    """
    left = pd.Series(new.label, row_index(new.features[ID]))
    right = pd.Series(old.label, row_index(old.features[ID]))
    ids = left.index[left.index.isin(right.index)]
    if len(ids) < FEW or (left.loc[ids].to_numpy() != right.loc[ids].to_numpy()).any():
        return None
    if left.loc[ids].nunique() < 2:
        return None
    return _rows(new, left.index.get_indexer(ids)), _rows(old, right.index.get_indexer(ids))


def widened(
    comparison: Comparison, variances: Sequence[Mapping[str, float]], *, level: float
) -> Comparison:
    """The comparison with what other folds add to the difference of each metric.

    Resampling customers says how a difference depends on them, not on the folds and seeds that both
    revisions' models were trained with: without this, two seeds of one model differ `beyond noise`
    up to a third of the time.
    """
    z = float(stats.norm.isf((1 - level) / 2))
    found = []
    for each in comparison.differences:
        half = z * math.sqrt(sum(variance.get(each.metric, 0.0) for variance in variances))
        low = each.value - math.hypot(each.value - each.low, half)
        high = each.value + math.hypot(each.high - each.value, half)
        found.append(replace(each, low=low, high=high))
    return replace(comparison, differences=found)


def redrawing_variance(results: Results) -> dict[str, float]:
    """That of the winner of a revision."""
    return variance_of_redrawing(results.paths.comparison, results.metrics.get("winner"))


def variance_of_redrawing(comparison: Path, candidate: str | None) -> dict[str, float]:
    """Variance of each ranking metric of a candidate from one drawing of the folds to the next.

    `comparison` is the folder that `train` wrote it to. Empty where the folds were drawn once, or
    the scores are not available.
    """
    try:
        scores = pd.read_csv(comparison / SCORES)
        mine = scores[scores["candidate"] == candidate]
        means = mine.groupby("repeat").mean(numeric_only=True)
    except (OSError, ValueError, KeyError):  # none, or in a layout of former times
        return {}
    if len(means) < 2:
        return {}
    known = [m.name for m in shown_in(Shown.CROSS_VALIDATION) if m.name in means]
    variances = {name: float(means[name].var()) for name in known}
    return {name: found for name, found in variances.items() if math.isfinite(found)}


def sampled(
    new: EvaluationData, old: EvaluationData, *, most: int
) -> tuple[EvaluationData, EvaluationData]:
    """Both on an even sample of their common customers, where those are more than `most`."""
    count = len(new.label)
    if count <= most:
        return new, old
    rows = np.unique(np.linspace(0, count - 1, most).astype(np.intp))
    return _rows(new, rows), _rows(old, rows)


def _rows(data: EvaluationData, rows: NDArray[np.intp]) -> EvaluationData:
    """The same data on some of its customers."""
    return replace(
        data,
        features=data.features.iloc[rows].reset_index(drop=True),
        label=data.label[rows],
        probability=data.probability[rows],
        value=data.value[rows],
    )


def _differences(
    new: EvaluationData, old: EvaluationData, resamples_of_old: Bootstrap
) -> list[Difference]:
    """Every metric; resampled alike where both bootstraps are the same."""
    found = []
    for metric in shown_in(Shown.PULL_REQUEST):
        measure = new.measure_of(metric)
        mine, others = ((e.label, e.input_of(metric, e.probability)) for e in (new, old))
        resampled = new.bootstrap.distribution(measure, *mine)
        resampled = resampled - resamples_of_old.distribution(measure, *others)
        values = (measures.value(measure, *mine), measures.value(measure, *others))
        low, high = new.bootstrap.percentiles(resampled)
        found.append(Difference(metric.name, values[0], values[1], low, high))
    return found


def from_metrics(
    new: Mapping[str, Any], old: Mapping[str, Any], *, same_costs: bool = True
) -> Comparison:
    """The committed test metrics of two revisions, as of independent samples.

    Their variances add up, and with them the squares of the half widths of their intervals. Profit
    at other costs is not compared: nothing says what the former decisions are worth at the new.
    """
    found = []
    for name in (metric.name for metric in shown_in(Shown.PULL_REQUEST)):
        value, former = (number(mapping(each.get("test")).get(name)) for each in (new, old))
        if name == "profit_per_customer" and not same_costs:
            former = float("nan")
        half = math.hypot(_half_width(new, name), _half_width(old, name))
        found.append(Difference(name, value, former, value - former - half, value - former + half))
    return Comparison(found, "committed metrics of the test customers, unpaired")


def _half_width(content: Mapping[str, Any], name: str) -> float:
    interval = mapping(mapping(content.get("test_ci")).get(name))
    return (number(interval.get("high")) - number(interval.get("low"))) / 2
