"""Customers apart from the list: whom chance decided on, and the groups that a campaign showed."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from app.scored import Mask, Scored
from scoring.contact_plan import CENTS, DIGITS
from scoring.effect import GROUPS
from scoring.score_files import ID

CONTROL, EXPLORED = "control", "explored"


def groups(scored: Scored) -> dict[str, NDArray[np.int64]]:
    """Places of the customers of each group, those of the highest risk first."""
    masks = _drawn(scored)
    if scored.groups is not None:
        masks |= {name: pc.equal(scored.groups, name).to_numpy(False) for name in GROUPS}
    found = {name: np.flatnonzero(mask) for name, mask in masks.items()}
    return {name: _riskiest_first(scored, places) for name, places in found.items()}


def _drawn(scored: Scored) -> dict[str, Mask]:
    """Whom chance left alone though a contact pays, and whom it contacts though it does not."""
    if scored.control is None or scored.explored is None:
        return {}
    return {CONTROL: scored.control & scored.contact, EXPLORED: scored.explored}


def _riskiest_first(scored: Scored, places: NDArray[np.int64]) -> NDArray[np.int64]:
    return places[np.argsort(-scored.probability[places], kind="stable")]


def of_customer(scored: Scored, place: int) -> list[str]:
    """The groups that a customer belongs to."""
    names = [] if scored.groups is None else [str(scored.groups[place].as_py())]
    return names + [name for name, mask in _drawn(scored).items() if mask[place]]


def table_of(scored: Scored, places: NDArray[np.int64], group: str) -> pa.Table:
    """The customers at these places, as a file: id, group, probability and profit of a contact."""
    columns = {
        ID: scored.ids.take(pa.array(places)),
        "group": pa.array([group] * len(places), pa.string()),
        "churn_probability": scored.probability[places].round(DIGITS),
    }
    if scored.profit is not None:
        columns["expected_profit"] = scored.profit[places].round(CENTS)
    return pa.table(columns)
