"""A test that may be looked at after every customer, and still errs as seldom as it says.

The confidence sequence of a rate is Robbins' (1970, Annals of Mathematical Statistics 41(5)): by
Ville's inequality, the likelihood ratio of a mixture of all rates, Beta(1/2, 1/2), to the true rate
is never above 1 / alpha, at any time, but with chance alpha. A fixed interval that is looked at
again and again, until it excludes, excludes the truth in the end.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from scipy.optimize import brentq
from scipy.special import betaln

A = B = 0.5
TINY = 1e-12


class Rate(NamedTuple):
    """How many of n customers: `hits` of them."""

    hits: int
    n: int

    @property
    def value(self) -> float:
        """The share; NaN of nobody."""
        return self.hits / self.n if self.n else math.nan


def bounds(rate: Rate, *, alpha: float) -> tuple[float, float]:
    """What the true rate is between, at every n at once, with chance 1 - alpha."""
    k, n = rate
    if not n:
        return 0.0, 1.0
    mixture = float(betaln(k + A, n - k + B) - betaln(A, B))

    def evidence(p: float) -> float:
        against = (k * math.log(p) if k else 0.0) + ((n - k) * math.log1p(-p) if n > k else 0.0)
        return mixture - against + math.log(alpha)

    best = min(max(k / n, TINY), 1 - TINY)
    low = 0.0 if k == 0 or evidence(TINY) < 0 else float(brentq(evidence, TINY, best))
    high = 1.0 if k == n or evidence(1 - TINY) < 0 else float(brentq(evidence, best, 1 - TINY))
    return low, high


def exceeds(one: Rate, other: Rate | None, *, tolerance: float, alpha: float) -> bool:
    """Whether the first rate is above the second, or above 0, by more than the tolerance."""
    low, _ = bounds(one, alpha=alpha / 2)
    high = bounds(other, alpha=alpha / 2)[1] if other else 0.0
    return low - high > tolerance
