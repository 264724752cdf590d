"""A control group and an explored share, drawn at random into the contact list of a month.

Of the customers whom to contact pays, the share `control` is left alone; of those whom it does not
pay, the share `explore` is contacted. Each customer's draw is a hash of month and id: the same list
at every run, another one the next month. The probability with which each was to be contacted is
written down, and with it what became of them tells what a contact does (`stages.campaigns`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

CONTACT_PROBABILITY, MONTH = "contact_probability", "month"
PROBABILITY = "churn_probability"
CONTACT, EXPLORE, CONTROL = range(3)
CALLED = ("contact", "explore")  # on the contact list
KEY = 16  # bytes of a key of pandas' hash
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Design:
    """How a month's customers are assigned.

    control  share, 0 to below 1, of those whom to contact pays that is left alone
    explore  share, 0 to below 1, of the others that is contacted
    month    as in 2026-11: another month draws others
    """

    control: float
    explore: float
    month: str

    def draw(self, ids: pa.ChunkedArray | pa.Array) -> Floats:
        """A number from 0 to below 1 for each id (n,), by hash."""
        key = hashlib.sha256(f"assignment {self.month}".encode()).hexdigest()[:KEY]
        texts = ids.to_numpy(zero_copy_only=False).astype(object)
        return pd.util.hash_array(texts, hash_key=key, categorize=False) / 2.0**64

    def assign(self, ids: pa.ChunkedArray | pa.Array, pays: NDArray[np.bool_]) -> NDArray[np.int8]:
        """`CONTACT`, `EXPLORE` or `CONTROL` for each customer (n,), or -1: not of the list."""
        drawn = self.draw(ids)
        of_list = np.where(drawn < self.control, CONTROL, CONTACT)
        others = np.where(drawn < self.explore, EXPLORE, -1)
        return np.where(pays, of_list, others).astype(np.int8)
