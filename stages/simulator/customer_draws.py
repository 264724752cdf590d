"""Who a customer is: identities without an order, and random draws by them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stages.simulator.description import Floats, Integers

LETTERS, DIGITS = 26**5, 10**4  # a customerID is four digits, a dash and five letters


def customer_ids(number: Integers, *, seed: int) -> NDArray:
    """Identities that look random and differ whenever the numbers do.

    A Feistel network over (letters, digits): every round adds to one part a hash of the other,
    which can be undone, so no two numbers below LETTERS * DIGITS share an identity.
    """
    letters, digits = np.divmod(number.astype(np.uint64), np.uint64(DIGITS))
    keys = np.random.SeedSequence(seed, spawn_key=(0,)).generate_state(4, np.uint64)
    for one, other in keys.reshape(2, 2):
        digits = (digits + _hash(letters, key=one)) % np.uint64(DIGITS)
        letters = (letters + _hash(digits, key=other)) % np.uint64(LETTERS)
    return _spell(letters=letters, digits=digits)


def draws(number: Integers, *, seed: int, purpose: int) -> Floats:
    """A number from 0 to below 1 per customer: the same in every month, another per purpose (1 up).

    Drawn by identity and not from the stream of random numbers, so that a draw moves
    nothing else.
    """
    key = np.random.SeedSequence(seed, spawn_key=(purpose,)).generate_state(1, np.uint64)[0]
    return _hash(number.astype(np.uint64), key=key) / 2**32


def _hash(values: NDArray[np.uint64], *, key: np.uint64) -> NDArray[np.uint64]:
    """Mix 64 bits down to 32, with the constants of splitmix64 (Steele et al., 2014)."""
    mixed = values + key
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed >> np.uint64(32)


def _spell(*, letters: NDArray[np.uint64], digits: NDArray[np.uint64]) -> NDArray:
    """Write text such as 7590-VHVEG."""
    text = np.empty((len(digits), 10), dtype=np.uint32)
    for place in range(4):
        text[:, 3 - place] = ord("0") + digits // np.uint64(10**place) % np.uint64(10)
    text[:, 4] = ord("-")
    for place in range(5):
        text[:, 9 - place] = ord("A") + letters // np.uint64(26**place) % np.uint64(26)
    return text.view("<U10").ravel().astype(object)
