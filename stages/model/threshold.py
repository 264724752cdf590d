"""The probability above which a contact pays, found on predictions that were made out of fold."""

from __future__ import annotations

import numpy as np
from empulse.metrics import mpc_score

from scoring.money import Costs, gain_from_churner, loss_from_retained
from stages.core.measures import Floats


def profit_threshold(label: Floats, score: Floats, *, value: float, costs: Costs) -> float:
    """The threshold with the largest profit on these customers, all of the same value.

    Maximum profit after Verbraken et al. (2013), through empulse, which names the lowest score that
    is still contacted. Half way down to the next lower one, "above" and "at least" choose alike.
    Where contacting nobody is best it is 1.
    """
    gain, loss = gain_from_churner(np.asarray([value]), costs)[0], loss_from_retained(costs)
    if not _pays(label, score, gain=gain, loss=loss):
        return 1.0
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


def _pays(label: Floats, score: Floats, *, gain: float, loss: float) -> bool:
    """Whether contacting some of the best-ranked customers brings anything."""
    order = np.argsort(-score, kind="stable")
    profit = np.cumsum(np.where(label[order] == 1, gain, -loss))
    last_of_score = np.append(np.diff(score[order]) != 0, True)
    return bool(profit[last_of_score].max() > 0)
