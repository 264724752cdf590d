"""The probability above which a contact pays, found on predictions that were made out of fold."""

from __future__ import annotations

from empulse.metrics import mpc_score

from stages.core.metrics import Floats
from stages.core.params import Money


def profit_threshold(label: Floats, score: Floats, *, value: float, costs: Money) -> float:
    """The threshold with the largest profit on these customers, all of the same value.

    Maximum profit after Verbraken et al. (2013), through empulse, which names the lowest score that
    is still contacted. Half way down to the next lower one, "above" and "at least" choose alike.
    """
    lowest = float(
        mpc_score.optimal_threshold(
            label,
            score,
            clv=value,
            incentive_cost=costs.offer_cost,
            contact_cost=costs.contact_cost,
            accept_rate=costs.accept_rate,
        )
    )
    return (lowest + float(score[score < lowest].max(initial=0.0))) / 2
