"""Whether the effect differs between customers, and how much is gained by ranking them.

Everything here takes doubly robust scores (n,) and a ranking that was made without them, out of
fold. The test is that of the best linear predictor (Chernozhukov, Demirer, Duflo & Fernández-Val
2018, doi 10.3386/w24678): the slope of the scores on the predicted effect, fold by fold. The curve
is the targeting operator characteristic, and its area the AUTOC; weighted by the share of customers
it is the Qini curve (Yadlowsky et al. 2025, doi 10.1080/01621459.2024.2393466). Bands are uniform
over the curve, by the multiplier bootstrap.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from stages.campaigns.repeated import by_customer
from stages.campaigns.trial import Floats, Integers, of_rows

POINTS = 20
DRAWS = 1000
LEVEL = 0.025


@dataclass(frozen=True)
class Curve:
    """What a ranking gains by the share (POINTS,) of customers ranked first.

    `low` and `high` hold over the whole curve; `area` under it with its standard error.
    """

    share: Floats
    value: Floats
    low: Floats
    high: Floats
    area: float
    error: float


@dataclass(frozen=True)
class Difference:
    """Whether the effect differs: per offer, the p-value of its slope; `found` if any is below.

    The level is divided by the number of offers (Bonferroni).
    """

    p_values: dict[str, float]
    level: float = LEVEL

    @property
    def found(self) -> bool:
        """Whether, by some ranking, the effect is larger for those ranked first."""
        return min(self.p_values.values()) < self.level / len(self.p_values)


def p_text(p_value: float) -> str:
    """A p-value for people; of a small one only that it is: `p = 0.000` would claim certainty."""
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.2g}"


def slope_p_value(
    scores: Floats, predicted: Floats, fold: Integers, customer: Integers | None = None
) -> float:
    """One-sided p-value that the scores (n,) do not rise with the predicted effect (n,).

    Each fold (n,) has a slope of its own, over its standard error. Their sum is no sum of
    independent numbers: what two folds have in common by chance counts twice, since each is
    predicted from the other. Where nothing differs and the prediction is made of many columns, its
    variance is twice that of independent ones, and with few columns less (a degenerate U-statistic
    of the folds): so it is divided by the root of twice the number of folds.
    """
    folds = np.unique(fold)
    slopes = [
        _slope(scores[rows], predicted[rows], of_rows(customer, rows))
        for rows in (fold == held_out for held_out in folds)
    ]
    return float(norm.sf(sum(slopes) / np.sqrt(2 * len(folds)))) if any(slopes) else 1.0


def _slope(scores: Floats, predicted: Floats, customer: Integers | None) -> float:
    """Slope of a regression over its standard error, robust to unequal variances; 0 without one."""
    centred = predicted - predicted.mean()
    spread = float(centred @ centred)
    if spread <= len(predicted) * np.finfo(float).eps:
        return 0.0
    slope = float(centred @ scores) / spread
    residual = scores - scores.mean() - slope * centred
    sums = by_customer(centred * residual, customer)
    return float(slope * spread / np.sqrt(sums @ sums))


def targeting_curve(
    scores: Floats,
    ranking: Floats,
    *,
    level: float,
    seed: int,
    cumulated: bool = False,
    customer: Integers | None = None,
) -> Curve:
    """The curve of ranking (n,), largest first; ties are broken at random by `seed`.

    Its value is the mean effect among those ranked first, less that among all, and its area the
    AUTOC; `cumulated`, it is that times their share: what contacting them gains per customer of all
    over contacting as many at random, and its area the Qini coefficient. The rows of one `customer`
    (n,) count together in its errors.
    """
    rng = np.random.default_rng(seed)
    n = len(scores)
    order = np.lexsort((rng.random(n), -ranking))
    ranked = scores[order]
    share = np.arange(1, POINTS + 1) / POINTS
    counts = np.maximum(np.rint(share * n).astype(int), 1)
    value = np.cumsum(ranked)[counts - 1] / counts - scores.mean()
    influence = _influence(ranked, counts)
    if cumulated:
        value, influence = share * value, share * influence
    value[-1], influence[:, -1] = 0.0, 0.0  # everybody, less everybody
    influence = by_customer(influence, of_rows(customer, order))
    error = _error(influence) / n
    drawn = np.abs(rng.standard_normal((DRAWS, len(influence))) @ influence) / n
    width = np.quantile(np.max(drawn[:, :-1] / error[:-1], axis=1), level) * error
    area = influence[:, :-1].mean(axis=1)
    return Curve(
        share,
        value,
        value - width,
        value + width,
        float(value[:-1].mean()),
        float(_error(area) / n),
    )


def band(contributions: Floats, *, level: float, seed: int) -> float:
    """Critical value of a uniform interval over the means of contributions (n, g), centred."""
    rng = np.random.default_rng(seed)
    drawn = np.abs(rng.standard_normal((DRAWS, len(contributions))) @ contributions)
    return float(np.quantile(np.max(drawn / _error(contributions), axis=1), level))


def _error(contributions: Floats) -> Floats:
    """Standard error of the sum of independent contributions (n, ...) of mean 0."""
    return np.sqrt((contributions**2).sum(axis=0))


def _influence(ranked: Floats, counts: Floats) -> Floats:
    """Contribution (n, POINTS) of each customer, in ranked order, to each point of the curve."""
    n = len(ranked)
    overall = ranked - ranked.mean()
    columns = []
    for count in counts:
        first = np.arange(n) < count
        top = ranked[:count].mean()
        columns.append(first * (ranked - top) * n / count - overall)
    return np.column_stack(columns)
