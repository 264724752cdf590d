"""Customers that several rows belong to, in a table whose rows have a number of their own.

Of a table of contracts the contract's number is the id. Its customers are then on both sides of the
split, which nobody would see: so the columns that name them are shown, and are no inputs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stages.adoption.identity import (
    CERTAIN,
    FEWEST,
    ID_LIKE,
    MOST_ROWS,
    Identity,
    likeness,
    pair_codes,
)
from stages.adoption.privacy import HARDLY_REPEATS, MOST, SAMPLE, personal
from stages.adoption.profile import Profile
from stages.tables.intake import RawTable


def shared_customers(
    raw_table: RawTable, profiles: Sequence[Profile], identity: Identity, *, target: str
) -> dict[str, str]:
    """By column that names the customers of several rows each, why it is in doubt.

    Such a column is known by its name, by values that lead to a person, or because it goes with
    one of these value by value. Empty where the id is the customer's and may be repeated.
    """
    if identity.repeated:
        return {}
    recurring = [p for p in profiles if p.name not in (identity.id_name, target) and _recurs(p)]
    named = [p for p in recurring if likeness(p) == CERTAIN or _leads_to_a_person(p)]
    numbers = [
        p for p in recurring if p.is_whole and any(_go_together(raw_table, p, q) for q in named)
    ]
    return {p.name: _reason(p, identity) for p in (*named, *numbers)}


def _recurs(column: Profile) -> bool:
    """Whether there are many values, and many of them in several rows."""
    share = column.distinct_share
    enough = len(column.texts) >= FEWEST and column.filled >= MOST * column.rows
    return enough and HARDLY_REPEATS <= share < ID_LIKE and bool(column.counts.max() <= MOST_ROWS)


def _leads_to_a_person(column: Profile) -> bool:
    """Whether the values are numbers or addresses of persons: names may be those of many."""
    marked = [any(char.isdigit() or char == "@" for char in text) for text in column.texts[:SAMPLE]]
    return not column.all_dates and bool(np.mean(marked) >= MOST) and personal(column) is not None


def _go_together(raw_table: RawTable, column: Profile, other: Profile) -> bool:
    """Whether each value of one is found with one value of the other alone."""
    if len(column.texts) != len(other.texts) or column.has_blanks or other.has_blanks:
        return False
    return len(np.unique(pair_codes(raw_table, column, other))) == len(column.texts)


def _reason(column: Profile, identity: Identity) -> str:
    instead = f", in place of {identity.id_name}" if identity.id_name else ""
    return (
        f"{len(column.texts):,} values in {column.filled:,} rows: if these are customers, they may "
        f"be on both sides of the split; to keep each on one, give this the role id{instead}, and "
        "repeated: true"
    )
