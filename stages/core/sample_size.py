"""How large a campaign has to be to find an effect."""

from __future__ import annotations

import math
from statistics import NormalDist

POWER, LEVEL = 0.8, 0.05
Z = NormalDist().inv_cdf(1 - LEVEL / 2) + NormalDist().inv_cdf(POWER)  # two-sided


def customers_per_arm(base_rate: float, reduction: float) -> int:
    """Customers that each arm needs to find a reduction of the churn rate, two-sided.

    Normal approximation for two proportions (Fleiss, Levin & Paik 2003, doi 10.1002/0471445428,
    ch. 4). ValueError where the reduction is not between 0 and the base rate.
    """
    if not 0 < abs(reduction) < 1 or not 0 <= base_rate - reduction <= 1:
        raise ValueError(f"a reduction of {reduction} from {base_rate} is no change of a rate")
    treated = base_rate - reduction
    variance = base_rate * (1 - base_rate) + treated * (1 - treated)
    return math.ceil(Z**2 * variance / reduction**2)


def smallest_effect(base_rate: float, one: int, other: int) -> float:
    """Reduction of the churn rate that two arms of so many customers find with the usual power."""
    return float(Z * math.sqrt(base_rate * (1 - base_rate) * (1 / one + 1 / other)))


def control_share(base_rate: float, reduction: float, customers: int) -> float | None:
    """Share of so many customers that has to be left alone to find a reduction of the churn rate.

    With the usual power; None where not even a half is enough.
    """
    if customers < 2 or reduction == 0:
        return None
    needed = Z**2 * base_rate * (1 - base_rate) / (customers * reduction**2)
    return None if needed > 0.25 else float((1 - math.sqrt(1 - 4 * needed)) / 2)
