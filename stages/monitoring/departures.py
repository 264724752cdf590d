"""Do they leave otherwise than predicted? Departures since, before windows close.

Who is in one month's table and not in the next has left. How many of those predicted to leave
within the window do so in the first month is learned from earlier months, for customers of about
the same risk and tenure, so that a base that ages is not taken for one that behaves otherwise. Then
one-sided tests of the newest month, the newest two and the newest three together: what began with
them is compared with months before it only. They share a month's chance of a false alarm in equal
parts.

Departures of a band are binomial: newcomers leave so often that a Poisson variance would be half as
much again as the true one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

from scoring.schema import Schema
from scoring.verdict import Departures
from stages.core.months import number
from stages.monitoring.month_table import Floats, MonthTable
from stages.monitoring.two_sample import PRIOR_MONTHS

RISKS = np.array([0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])  # between bands
TENURES = np.array([1.5, 6.5])  # months, likewise: of the same risk, newcomers leave sooner
SPANS = (1, 2, 3)  # months that are judged together
MEMORY = 12  # quiet months that are learned from
PRIOR = 5.0  # predicted departures by which a band is drawn to the mean of all
SAME = 0.5  # share of customers that two months of one base have in common at the least


@dataclass(frozen=True)
class Step:
    """From one month to the next that is known: customers, predicted and observed, by band (b,).

    `predicted` is the sum of the probabilities to leave within the window, `observed` how many
    were gone after `months` months.
    """

    month: str
    months: int
    customers: Floats
    predicted: Floats
    observed: Floats


def step(before: MonthTable, now: MonthTable, schema: Schema) -> Step | None:
    """Who left from one month to the next; None where that cannot be known."""
    before = before.thinner(now.thinned)
    gone = absent(before, now)
    if gone is None or gone.mean() > SAME:
        return None
    band = _bands(before, schema)
    size = (len(RISKS) + 1) * (len(TENURES) + 1)
    sums = [np.bincount(band, each, minlength=size).astype(float)
            for each in (np.ones(len(before)), before.probability, gone)]  # fmt: skip
    return Step(now.month, number(now.month) - number(before.month), *sums)


def absent(before: MonthTable, now: MonthTable) -> NDArray[np.bool_] | None:
    """Who of a month, thinned as the later one, is not in it (n,); None if nobody can be followed.

    Nobody can without ids, from an empty month, or in a log, which does not have everybody.
    """
    if not (before.has_ids and now.has_ids and now.is_complete and len(before)):
        return None
    before = before.thinner(now.thinned)
    return ~np.isin(before.key, now.thinner(before.thinned).key)


def _bands(table: MonthTable, schema: Schema) -> NDArray[np.int64]:
    """The band of risk, and of tenure where it is known, of each customer (n,)."""
    risk = np.digitize(table.probability, RISKS)
    tenure = schema.role("tenure")
    if tenure is None or tenure not in schema.numeric_inputs:
        return risk
    months = table.numbers[:, schema.numeric_inputs.index(tenure)]
    return risk + (len(RISKS) + 1) * np.digitize(months, TENURES)


def judge(
    steps: Sequence[Step], changed: Sequence[bool], *, level: float, window: int
) -> Departures:
    """The answer for the last step; `changed` says of each before it whether it was an alarm."""
    if not steps:
        return Departures(changed=None, reason="no earlier month whose customers can be followed")
    followed = steps[-1].months
    closed = min(1.0, followed / window)
    found = list(_by_span(steps, changed, level=level / len(SPANS)))
    if not found:
        reason = "no earlier month to learn from how soon those leave who are predicted to"
        return Departures(changed=None, reason=reason, months=followed, closed=closed)
    worst = max(found, key=lambda one: (one.observed - one.high) / np.sqrt(one.predicted + 1))
    return Departures(
        changed=worst.observed > worst.high,
        observed=round(worst.observed),
        predicted=worst.predicted,
        low=worst.low,
        high=worst.high,
        months=followed * worst.span,
        closed=closed,
    )


def _by_span(steps: Sequence[Step], changed: Sequence[bool], *, level: float) -> Iterator[_Judged]:
    """The newest steps, one, two and three together, against quiet ones before them."""
    months = steps[-1].months
    for span in SPANS:
        newest, earlier = steps[-span:], zip(steps[:-span], changed, strict=False)
        before = [one for one, alarm in earlier if not alarm and one.months == months][-MEMORY:]
        if len(newest) == span and before and all(one.months == months for one in newest):
            yield _judged(newest, before, level=level)


@dataclass(frozen=True)
class _Judged:
    observed: float
    predicted: float
    low: float
    high: float
    span: int


def _judged(newest: Sequence[Step], before: Sequence[Step], *, level: float) -> _Judged:
    """Departures of the newest steps together against what earlier ones let expect."""
    share = _share_by_band(before)
    observed = sum(float(one.observed.sum()) for one in newest)
    predicted = sum(float(one.predicted @ share) for one in newest)
    # of the count itself, and of the shares that were learned from as few months
    variance = sum(_variance(one, share) for one in newest) * (1 + len(newest) / len(before))
    margin = _margin(variance * _dispersion(before, share), level=level, months=len(before))
    low, high = max(0.0, predicted - margin), predicted + margin
    return _Judged(observed, predicted, low, high, len(newest))


def _margin(variance: float, *, level: float, months: int) -> float:
    """How far a count of that variance strays with a chance of `level`, learned from `months`.

    A count is skewed and whole: the second term (Cornish-Fisher for a Poisson count, and one half)
    matters where few leave.
    """
    quantile = float(t.isf(level, PRIOR_MONTHS + months))
    return quantile * float(np.sqrt(variance + 1)) + (quantile**2 - 1) / 6 + 0.5


def _share_by_band(before: Sequence[Step]) -> Floats:
    """Share of those predicted to leave within the window who are gone after a step (b,)."""
    observed = np.sum([one.observed for one in before], axis=0)
    predicted = np.sum([one.predicted for one in before], axis=0)
    mean = observed.sum() / max(predicted.sum(), 1e-9)
    return (observed + PRIOR * mean) / (predicted + PRIOR)


def _variance(one: Step, share: Floats) -> float:
    """Variance of a step's departures: those of a band are binomial."""
    rate = np.minimum(one.predicted * share / np.maximum(one.customers, 1), 1)
    return float(one.customers @ (rate * (1 - rate)))


def _dispersion(before: Sequence[Step], share: Floats) -> float:
    """How much more than chance departures vary from month to month: 1 or more.

    Taken to be 1 on `PRIOR_MONTHS` months before the first, for which the margin counts them too:
    of few months the variance is known too badly to go by it alone.
    """
    expected = np.array([float(one.predicted @ share) for one in before])
    observed = np.array([float(one.observed.sum()) for one in before])
    chance = np.array([_variance(one, share) for one in before])
    squared = float(np.sum((observed - expected) ** 2 / np.maximum(chance, 1)))
    return max(1.0, (PRIOR_MONTHS + squared) / (PRIOR_MONTHS + len(before) - 1))
