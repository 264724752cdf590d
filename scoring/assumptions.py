"""What somebody may assume instead of what a bundle does, and how far that goes. NumPy only.

The retention manager's page and the overview of the reports offer the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from scoring.money import Costs

Floats = NDArray[np.float64]
TIMES, LEAST_COST, LEAST_MONTHS = 5.0, 20.0, 36.0  # how far the sliders go


@dataclass(frozen=True)
class Assumption:
    """A number that a reader may change: its value in the bundle, and how far it goes."""

    name: str
    assumed: float
    low: float
    high: float


def assumptions(costs: Costs) -> list[Assumption]:
    """What may be tried: shares in percent, costs up to five times what is assumed."""
    found = [
        Assumption("accept", round(100 * costs.accept_rate, 6), 1.0, 99.0),
        Assumption("offer", costs.offer_cost, 0.0, max(TIMES * costs.offer_cost, LEAST_COST)),
        Assumption("contact", costs.contact_cost, 0.0, max(TIMES * costs.contact_cost, LEAST_COST)),
    ]
    months = costs.months_kept
    if months is not None:
        found.append(Assumption("months", months, 1.0, max(TIMES * months, LEAST_MONTHS)))
    return found


@dataclass(frozen=True)
class Scenario:
    """Assumptions that differ from those of the bundle; None where they do not.

    `accept` is the mean share of contacted leavers that accept; `months` those that a kept customer
    stays.
    """

    accept: float | None = None
    offer_cost: float | None = None
    contact_cost: float | None = None
    months: float | None = None

    def costs(self, assumed: Costs) -> Costs:
        """The costs under this scenario; how sure the share that accepts is stays as assumed."""
        changes = {
            "offer_cost": self.offer_cost,
            "contact_cost": self.contact_cost,
            "months_kept": self.months,
        }
        if self.accept is not None:
            sure = assumed.accept_alpha + assumed.accept_beta
            changes["accept_alpha"] = self.accept * sure
            changes["accept_beta"] = (1 - self.accept) * sure
        return replace(assumed, **{name: v for name, v in changes.items() if v is not None})


def worth(value: Floats, assumed: Costs, costs: Costs) -> Floats:
    """Values (n,) of customers if they stay as many months as the second costs say."""
    if assumed.months_kept is None or costs.months_kept is None:
        return value
    return value * (costs.months_kept / assumed.months_kept)
