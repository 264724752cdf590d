"""Customers made of two: what explanations ask a model about. NumPy only.

Changing one column of a customer and leaving the rest can make somebody who cannot exist: one month
with the operator, and the charges of six years. A model was never shown such customers, and what it
says of them explains nothing. So the total value is never mixed as it stands: what is mixed is how
it compares with tenure × monthly value, and the total follows from that.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scoring.derive import RawInputs
from scoring.schema import Column, Role, Schema

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
NOTHING = 1e-6  # an amount that is none, and nothing to divide by


class Bill(NamedTuple):
    """Where tenure, monthly value (None where there is none) and total stand among the numbers."""

    tenure: int
    monthly: int | None
    total: int

    def expected(self, numbers: Floats) -> Floats:
        """What today's monthly value would have made of the total (n,): without one, the tenure."""
        return numbers[:, self.tenure] * (1.0 if self.monthly is None else numbers[:, self.monthly])

    def history(self, numbers: Floats) -> Floats:
        """The total over the expected one (n,).

        Where next to nothing is expected it is 1, as of somebody who has always paid the same;
        without a monthly value to go by it is not known.
        """
        expected = self.expected(numbers)
        history = np.full(len(numbers), np.nan if self.monthly is None else 1.0)
        known = ~(np.abs(expected) < NOTHING)  # unknown stays unknown
        return np.divide(numbers[:, self.total], expected, out=history, where=known)


def bill(schema: Schema) -> Bill | None:
    """The places of the bill's columns; None where the total has no tenure to grow with."""
    tenure, total = _place("tenure", schema), _place("total_value", schema)
    if tenure is None or total is None:
        return None
    return Bill(tenure, _place("monthly_value", schema), total)


def mixed(one: RawInputs, other: RawInputs, taken: Mask, schema: Schema) -> RawInputs:
    """Of n pairs of customers one each, with the columns of the other where `taken` (n, k).

    Columns stand in the order of `schema.inputs`. Taking none gives the one, taking all the other,
    to the last digit.
    """
    numeric = np.array([column.is_numeric for column in schema.inputs])
    numbers = np.where(taken[:, numeric], other.numbers, one.numbers)
    labels = np.where(taken[:, ~numeric], other.labels, one.labels)
    places = bill(schema)
    if places:
        _total_follows(numbers, one.numbers, other.numbers, taken[:, numeric], places)
    return RawInputs(numbers, labels)


def _total_follows(numbers: Floats, one: Floats, other: Floats, taken: Mask, places: Bill) -> None:
    """Set the total of those whose bill is partly the one's and partly the other's."""
    columns = [place for place in places if place is not None]
    same, chosen = one[:, columns] == other[:, columns], taken[:, columns]
    is_part = ~(chosen | same).all(axis=1) & ~(~chosen | same).all(axis=1)
    history = np.where(taken[:, places.total], places.history(other), places.history(one))
    numbers[is_part, places.total] = (history * places.expected(numbers))[is_part]


def with_value(known: RawInputs, column: Column, value: float | str, schema: Schema) -> RawInputs:
    """The customers, had they all that value in the column, all else equal; the total follows."""
    numbers, labels = known.numbers.copy(), known.labels.copy()
    if not column.is_numeric:
        labels[:, schema.category_inputs.index(column)] = value
        return RawInputs(numbers, labels)
    place, places = schema.numeric_inputs.index(column), bill(schema)
    numbers[:, place] = value
    if places and place in (places.tenure, places.monthly):
        numbers[:, places.total] = places.history(known.numbers) * places.expected(numbers)
    return RawInputs(numbers, labels)


def only(column: Column, n: int, schema: Schema) -> Mask:
    """A mask (n, k) that takes one column."""
    return np.tile([each == column for each in schema.inputs], (n, 1))


def _place(role: Role, schema: Schema) -> int | None:
    """Where the column of a role stands among the numeric inputs; None where there is none."""
    holders = [role in column.roles for column in schema.numeric_inputs]
    return holders.index(True) if any(holders) else None
