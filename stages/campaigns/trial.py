"""A campaign as its analysis needs it: who was contacted at random, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Terms:
    """What a contact costs, by arm (k,), in the currency of the value.

    `offer` is taken, and paid, by all who stay after a contact.
    """

    contact: Floats
    offer: Floats

    def profit(self, value: Floats, untreated: Floats, reduction: Floats) -> Floats:
        """Profit (n, k) of contacting n customers, against leaving them alone.

        `value` (n,) is kept with a customer who stays, `untreated` (n,) the probability of leaving
        if left alone, `reduction` (n, k) what each arm takes off it. The model of a contact is that
        of `scoring.money`, with the reduction in place of acceptance times probability. Linear in
        `untreated` and `reduction`, so that unbiased scores give an unbiased profit.
        """
        staying = 1 - untreated[:, None] + reduction
        return value[:, None] * reduction - self.contact - self.offer * staying


@dataclass(frozen=True)
class Trial:
    """n customers of a campaign with k arms.

    inputs  (n, p): what was known before the contact, float, NaN where absent
    names   (p,) of the inputs
    risk    (n,): probability of leaving if left alone, predicted before the campaign; NaN-free
    arm     (n,): 0 for who was left alone, 1 to k for the offer made
    left    (n,): 1 for who left within the window, else 0
    value   (n,): kept with a customer who stays
    shares  (n, k + 1): probability with which each arm was assigned, rows add up to 1
    terms   what a contact costs
    """

    inputs: Floats
    names: tuple[str, ...]
    risk: Floats
    arm: Integers
    left: Floats
    value: Floats
    shares: Floats
    terms: Terms

    def __len__(self) -> int:
        return len(self.arm)

    @property
    def arms(self) -> int:
        """Number of offers, k."""
        return self.shares.shape[1] - 1

    def rows(self, chosen: NDArray) -> Self:
        """Some of the customers, by mask or index."""
        names = ("inputs", "risk", "arm", "left", "value", "shares")
        return replace(self, **{name: getattr(self, name)[chosen] for name in names})


def folds(trial: Trial, *, number: int, seed: int) -> Integers:
    """The fold (n,) of each customer: drawn at random within arm and outcome."""
    rng = np.random.default_rng(seed)
    place = np.empty(len(trial), dtype=np.int64)
    stratum = 2 * trial.arm + (trial.left > 0)
    for value in np.unique(stratum):
        members = rng.permutation(np.flatnonzero(stratum == value))
        place[members] = (np.arange(len(members)) + rng.integers(number)) % number
    return place
