"""The assumptions that a reader may try, each with its range; what is tried is in the link."""

from __future__ import annotations

from dataclasses import dataclass

from app import link
from app.economics import Scenario
from scoring.money import Costs

TIMES, LEAST_COST, LEAST_MONTHS = 5.0, 20.0, 36.0  # how far the sliders go


@dataclass(frozen=True)
class Assumption:
    """A number that a reader may change: its value in the bundle, and how far it goes."""

    name: str
    assumed: float
    low: float
    high: float

    @property
    def tried(self) -> float | None:
        """What the reader has set it to; None where it is as assumed."""
        found = link.number(self.name, low=self.low, high=self.high)
        return None if found == self.assumed else found


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


def scenario(costs: Costs) -> Scenario:
    """The scenario in the link."""
    tried = {found.name: found.tried for found in assumptions(costs)}
    accept = tried["accept"]
    return Scenario(
        accept=None if accept is None else accept / 100,
        offer_cost=tried["offer"],
        contact_cost=tried["contact"],
        months=tried.get("months"),
    )
