"""Made-up campaigns whose effect is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from stages.campaigns.trial import Terms, Trial

Make = Callable[..., Trial]


@pytest.fixture(scope="session")
def made_up() -> Make:
    """A trial of n customers: `effect` (of inputs and risk) is taken off the risk by each offer."""

    def make(effect, *, n=3000, seed=0, arms=1, called=None) -> Trial:
        rng = np.random.default_rng(seed)
        inputs = rng.normal(size=(n, 3))
        risk = 1 / (1 + np.exp(1 - inputs[:, 0]))
        shares = np.full((n, arms + 1), 1 / (arms + 1))
        chance = shares if called is None else np.column_stack([1 - called(risk), called(risk)])
        arm = (rng.random(n)[:, None] > chance.cumsum(axis=1)).sum(axis=1)
        reduction = np.column_stack(
            [np.zeros(n), *(np.broadcast_to(effect(inputs, risk), n) for _ in range(arms))]
        )
        left = rng.random(n) < np.clip(risk - reduction[np.arange(n), arm], 0, 1)
        terms = Terms(np.full(arms, 1.0), np.full(arms, 10.0))
        value = np.full(n, 300.0)
        return Trial(inputs, ("a", "b", "c"), risk, arm, left.astype(float), value, shares, terms)

    return make
