"""The assumptions that a reader tries, each in the link."""

from __future__ import annotations

from app import link
from scoring.assumptions import Assumption, Scenario, assumptions
from scoring.money import Costs


def tried(assumption: Assumption) -> float | None:
    """What the reader has set it to; None where it is as assumed."""
    found = link.number(assumption.name, low=assumption.low, high=assumption.high)
    return None if found == assumption.assumed else found


def scenario(costs: Costs) -> Scenario:
    """The scenario in the link."""
    found = {assumption.name: tried(assumption) for assumption in assumptions(costs)}
    accept = found["accept"]
    return Scenario(
        accept=None if accept is None else accept / 100,
        offer_cost=found["offer"],
        contact_cost=found["contact"],
        months=found.get("months"),
    )
