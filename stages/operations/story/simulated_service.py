"""A service on a simulated clock: what its /metrics would show of a month's customers.

A real service, asked by real clients in real time, is deployed to in `tests/service/`.
"""

from __future__ import annotations

import numpy as np

from scoring.deployment import Deployment
from stages.operations.canary.places import Places
from stages.operations.canary.step import Counts, Figures
from stages.simulator.description import Bools

LOOKS = 20  # at a step until all customers of the month have come by


class SimulatedService:
    """Answers customers one after the other, with the bundles and the share that are deployed.

    `contacts` says whom of the customers (n,) the champion contacts and whom the challenger.
    """

    def __init__(self, places: Places, contacts: tuple[Bools, Bools], *, seed: int) -> None:
        self._places, self._contacts = places, contacts
        self._draws = np.random.default_rng(seed).random(len(contacts[0]))
        self._now, self._looks = 0.0, 0

    def clock(self) -> float:
        """Seconds of the simulated clock."""
        return self._now

    def pause(self, seconds: float) -> None:
        """Time passes where somebody waits."""
        self._now += seconds

    def begin(self) -> None:
        """Count from now on."""
        self._looks = 0

    def figures(self, deployment: Deployment) -> Figures | None:
        """Counts since then; None where something else is deployed."""
        if self._places.read() != deployment:
            return None
        self._looks = min(self._looks + 1, LOOKS)
        come = np.arange(len(self._draws)) < self._looks * len(self._draws) / LOOKS
        old, new = self._contacts
        if deployment.shadow:
            return Figures(_counts(old[come]), _counts(new[come], differing=(old != new)[come]))
        hers = come & (self._draws < deployment.share)
        return Figures(_counts(old[come & ~hers]), _counts(new[hers]))


def _counts(contacts: Bools, *, differing: Bools | None = None) -> Counts:
    others = 0 if differing is None else int(differing.sum())
    return Counts(len(contacts), int(contacts.sum()), differing=others)
