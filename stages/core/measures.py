"""Measures of quality, weighted so that a bootstrap is one pass over sorted scores.

Every measure takes labels (n,), scores (n,) and resampling weights (b, n), and returns (b,): one
value per resample. Definitions follow scikit-learn's (tested to agree).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Measure = Callable[[Floats, Floats, Floats], Floats]
BATCH_CELLS = 20_000_000  # weights in memory at a time: 160 MB
EPSILON = 1e-15
Z_95 = 1.959964  # normal quantile of a 95% interval


def mean(label: Floats, values: Floats, weight: Floats) -> Floats:
    """Weighted mean of values (n,), whatever the label: of profits, or of differences."""
    return (weight @ values) / weight.sum(axis=1)


def roc_auc(label: Floats, score: Floats, weight: Floats) -> Floats:
    """Area under the ROC curve: chance that a churner ranks above another, ties counting half."""
    positive, negative = _by_score(label, score, weight)
    # scores ascend: the retained customers below, and half of those with the same score
    above = np.cumsum(negative, axis=1) - negative / 2
    return (positive * above).sum(axis=1) / (positive.sum(axis=1) * negative.sum(axis=1))


def average_precision(label: Floats, score: Floats, weight: Floats) -> Floats:
    """Area under the precision-recall curve as a step function."""
    positive, negative = _by_score(label, score, weight)
    found = np.cumsum(positive[:, ::-1], axis=1)
    contacted = found + np.cumsum(negative[:, ::-1], axis=1)
    precision = np.divide(found, contacted, out=np.zeros_like(found), where=contacted > 0)
    return (precision * positive[:, ::-1]).sum(axis=1) / positive.sum(axis=1)


def brier(label: Floats, score: Floats, weight: Floats) -> Floats:
    """Mean squared difference of probability and outcome."""
    return mean(label, (score - label) ** 2, weight)


def log_loss(label: Floats, score: Floats, weight: Floats) -> Floats:
    """Mean negative log-likelihood, in nats."""
    p = np.clip(score, EPSILON, 1 - EPSILON)
    return mean(label, -np.log(np.where(label == 1, p, 1 - p)), weight)


def calibration_error(label: Floats, score: Floats, weight: Floats, *, bins: int = 10) -> Floats:
    """Expected calibration error: mean distance of probability and churn rate over equal bins."""
    place = quantile_bins(score, bins)
    order = np.argsort(place, kind="stable")
    starts = np.unique(place[order], return_index=True)[1]
    excess = np.add.reduceat((weight * (score - label))[:, order], starts, axis=1)
    return np.abs(excess).sum(axis=1) / weight.sum(axis=1)


def quantile_bins(score: Floats, bins: int) -> NDArray[np.int64]:
    """The bin (n,) of each score, bins filled as equally as ties allow."""
    return np.searchsorted(quantile_edges(score, bins), score, side="left")


def quantile_edges(values: Floats, bins: int) -> Floats:
    """Where equally filled bins meet, ascending: `bins - 1` edges, fewer where values are tied."""
    return np.unique(np.quantile(values, np.linspace(0, 1, bins + 1)[1:-1]))


def top_decile_lift(label: Floats, score: Floats, weight: Floats) -> Floats:
    """Churn rate among the tenth with the highest scores, over that of all; ties in part."""
    positive, negative = _by_score(label, score, weight)
    total = (positive + negative)[:, ::-1]
    tenth = total.sum(axis=1, keepdims=True) / 10
    before = np.cumsum(total, axis=1) - total
    taken = np.clip((tenth - before) / np.maximum(total, EPSILON), 0, 1)
    found = (positive[:, ::-1] * taken).sum(axis=1) / tenth[:, 0]
    return found / (positive.sum(axis=1) / total.sum(axis=1))


def accuracy(label: Floats, chosen: Floats, weight: Floats) -> Floats:
    """Share of customers whose decision was right; `chosen` (n,) is 1 where contacted."""
    return mean(label, (chosen == label).astype(float), weight)


def precision(label: Floats, chosen: Floats, weight: Floats) -> Floats:
    """Share of churners among the contacted; 0 where nobody is contacted."""
    return _ratio(weight @ (chosen * label), weight @ chosen)


def recall(label: Floats, chosen: Floats, weight: Floats) -> Floats:
    """Share of the churners that are contacted; NaN where nobody left."""
    churners = weight @ label
    return np.where(churners > 0, _ratio(weight @ (chosen * label), churners), np.nan)


def f1(label: Floats, chosen: Floats, weight: Floats) -> Floats:
    """Harmonic mean of precision and recall."""
    return _ratio(2 * (weight @ (chosen * label)), weight @ chosen + weight @ label)


def _ratio(top: Floats, bottom: Floats) -> Floats:
    return np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 0)


def value(measure: Measure, label: Floats, score: Floats) -> float:
    """The measure on the sample as it is."""
    return float(measure(label, score, np.ones((1, len(label))))[0])


def wilson(churners: Any, customers: Any) -> tuple[Any, Any]:
    """95% score interval of a rate (Wilson 1927), element by element."""
    n, k = np.asarray(customers, float), np.asarray(churners, float)
    z2 = Z_95**2
    centre = (k + z2 / 2) / (n + z2)
    half = Z_95 / (n + z2) * np.sqrt(k * (n - k) / n + z2 / 4)
    # Where nobody or everybody left, the bound is the rate itself, and rounding must not cross it.
    low, high = np.minimum(centre - half, k / n), np.maximum(centre + half, k / n)
    return np.clip(low, 0, 1), np.clip(high, 0, 1)


@dataclass(frozen=True)
class Bootstrap:
    """Resamples of customers, drawn with replacement from one seed, and the interval's coverage.

    `groups` (n,) names the customer of each row: one who has several is drawn with all of them.
    """

    seed: int
    resamples: int
    level: float
    groups: NDArray[Any] | None = field(default=None, compare=False)

    def weights(self, n: int) -> Iterator[Floats]:
        """How often each of n customers is drawn, (b, n) at a time; the same at every call."""
        rng = np.random.default_rng(self.seed)
        place = self._places(n)
        customers = n if place is None else int(place.max()) + 1
        batch = max(1, BATCH_CELLS // n)
        for start in range(0, self.resamples, batch):
            size = min(batch, self.resamples - start)
            draws = rng.integers(0, customers, size=(size, customers))
            drawn = np.stack([np.bincount(row, minlength=customers) for row in draws]).astype(float)
            yield drawn if place is None else drawn[:, place]

    def among(self, members: NDArray[Any]) -> Bootstrap:
        """The same for some of the rows: a mask (n,) of them, or their places."""
        return self if self.groups is None else replace(self, groups=self.groups[members])

    def _places(self, n: int) -> NDArray[np.int64] | None:
        """The number of each row's customer (n,); None where each row is one."""
        if self.groups is None:
            return None
        customers, place = np.unique(self.groups, return_inverse=True)
        return place if len(customers) < n else None

    def distribution(self, measure: Measure, label: Floats, score: Floats) -> Floats:
        """The measure on every resample; NaN where a resample lacks a class."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.concatenate([measure(label, score, w) for w in self.weights(len(label))])

    def interval(self, measure: Measure, label: Floats, score: Floats) -> tuple[float, float]:
        """Percentile interval of the measure; NaN where every resample lacks a class."""
        return self.percentiles(self.distribution(measure, label, score))

    def percentiles(self, values: Floats) -> tuple[float, float]:
        """The central share `level` of the values that are defined."""
        known = values[np.isfinite(values)]
        if not len(known):
            return float("nan"), float("nan")
        tail = (1 - self.level) / 2
        low, high = np.quantile(known, [tail, 1 - tail])
        return float(low), float(high)


def _by_score(label: Floats, score: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Weight of churners, and of the others, at each distinct score, ascending: (b, distinct)."""
    order = np.argsort(score, kind="stable")
    starts = np.unique(score[order], return_index=True)[1]
    churned = label[order]
    sorted_weight = weight[:, order]
    return (
        np.add.reduceat(sorted_weight * churned, starts, axis=1),
        np.add.reduceat(sorted_weight * (1 - churned), starts, axis=1),
    )
