"""Customers of several months: the rows of one are no independent observations.

What rows contribute to an estimate is summed by customer before its variance is taken: the
cluster-robust variance (Liang & Zeger 1986, doi 10.1093/biomet/73.1.13).
"""

from __future__ import annotations

import numpy as np

from stages.campaigns.trial import Floats, Integers


def by_customer(contributions: Floats, customer: Integers | None) -> Floats:
    """Sums (c,) or (c, m) of contributions (n,) or (n, m) of each of c customers (n,).

    None where everybody has one row: the contributions as they are.
    """
    if customer is None:
        return contributions
    names, place = np.unique(customer, return_inverse=True)
    sums = np.zeros((len(names), *contributions.shape[1:]))
    np.add.at(sums, place, contributions)
    return sums


def value(gained: Floats, customer: Integers | None = None) -> tuple[float, float]:
    """Mean of (n,) and its standard error, in which the rows of a customer (n,) count together."""
    mean = float(gained.mean())
    sums = by_customer(gained - mean, customer)
    correction = len(sums) / max(len(sums) - 1, 1)
    return mean, float(np.sqrt(correction * (sums @ sums)) / len(gained))
