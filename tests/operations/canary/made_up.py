"""A service that is made up: two models, and customers who come by."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from scoring.deployment import Deployment
from stages.operations.canary.step import Counts, Figures


class Service:
    """Counts as a running service would, `rate` customers between two looks, as many in all.

    `contacts` and `failures` are the shares of champion and challenger, `differing` that of the
    customers on whom the shadow decides otherwise. `missing` looks come first in which the service
    cannot be asked.
    """

    def __init__(
        self,
        *,
        contacts: tuple[float, float] = (0.4, 0.4),
        failures: tuple[float, float] = (0.0, 0.0),
        differing: float = 0.05,
        rate: int = 100,
        missing: int = 0,
        seed: int = 0,
    ) -> None:
        self._shares = list(zip(contacts, failures, strict=True))
        self._rate, self._missing, self._differing = rate, missing, differing
        self._rng = np.random.default_rng(seed)
        self.begin()

    def begin(self) -> None:
        """Count from now on."""
        self._counts = [Counts(), Counts()]

    def figures(self, deployment: Deployment) -> Figures | None:
        """The counts after the next customers."""
        if self._missing:
            self._missing -= 1
            return None
        self._counts = [
            self._more(c, *shares) for c, shares in zip(self._counts, self._shares, strict=True)
        ]
        champion, challenger = self._counts
        if deployment.shadow:
            differing = round(self._differing * challenger.answered)
            challenger = replace(challenger, differing=differing)
        return Figures(champion, challenger)

    def _more(self, counts: Counts, contacts: float, failures: float) -> Counts:
        failed = int(self._rng.binomial(self._rate, failures))
        contacted = int(self._rng.binomial(self._rate - failed, contacts))
        return Counts(
            counts.answered + self._rate - failed,
            counts.contacts + contacted,
            counts.failures + failed,
        )
