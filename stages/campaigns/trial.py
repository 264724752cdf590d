"""A campaign as its analysis needs it: who was contacted at random, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from scoring.money import incremental_profit

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Days = NDArray[np.datetime64]


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
        if left alone, `reduction` (n, k) what each arm takes off it (`scoring.money`).
        """
        return incremental_profit(
            value[:, None], untreated[:, None], reduction,
            contact_cost=self.contact, offer_cost=self.offer,
        )  # fmt: skip


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
    stratum (n,): the month that the arm was assigned in; None where there is one
    customer (n,): a number of whom the row is about; None where everybody has one row
    """

    inputs: Floats
    names: tuple[str, ...]
    risk: Floats
    arm: Integers
    left: Floats
    value: Floats
    shares: Floats
    terms: Terms
    stratum: Integers | None = None
    customer: Integers | None = None

    def __len__(self) -> int:
        return len(self.arm)

    @property
    def arms(self) -> int:
        """Number of offers, k."""
        return self.shares.shape[1] - 1

    def rows(self, chosen: NDArray) -> Self:
        """Some of the customers, by mask or index."""
        names = ("inputs", "risk", "arm", "left", "value", "shares")
        some = {name: getattr(self, name)[chosen] for name in names}
        stratum, customer = of_rows(self.stratum, chosen), of_rows(self.customer, chosen)
        return replace(self, **some, stratum=stratum, customer=customer)


def of_rows(numbers: Integers | None, chosen: NDArray) -> Integers | None:
    """Those of some rows, by mask or index, where there are any."""
    return None if numbers is None else numbers[chosen]


def folds(trial: Trial, *, number: int, seed: int) -> Integers:
    """The fold (n,) of each customer: drawn at random within arm, outcome and month.

    Whoever has several rows is in the fold of the first of them with all.
    """
    if trial.customer is None:
        return _drawn_folds(trial, number=number, seed=seed)
    _, first, row_of = np.unique(trial.customer, return_index=True, return_inverse=True)
    return _drawn_folds(trial.rows(first), number=number, seed=seed)[row_of]


def _drawn_folds(trial: Trial, *, number: int, seed: int) -> Integers:
    rng = np.random.default_rng(seed)
    place = np.empty(len(trial), dtype=np.int64)
    stratum = 2 * trial.arm + (trial.left > 0)
    if trial.stratum is not None:
        stratum = stratum + 2 * (trial.arms + 1) * trial.stratum
    for value in np.unique(stratum):
        members = rng.permutation(np.flatnonzero(stratum == value))
        place[members] = (np.arange(len(members)) + rng.integers(number)) % number
    return place
