"""What a bundle makes of a probability: the expected profit of a contact, and whether it pays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring import money
from scoring.decision import contacts
from scoring.schema import Schema

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Terms:
    """Costs of a bundle, where the monthly value is among the numeric inputs, the threshold.

    Without a monthly value, `monthly` is None and `threshold` decides; with one it is None.
    """

    costs: money.Costs
    monthly: int | None
    threshold: float | None

    @classmethod
    def of(cls, manifest: Mapping[str, Any], schema: Schema) -> Terms:
        """The terms of a bundle, from its manifest."""
        fee = schema.role("monthly_value")
        return cls(
            money.Costs(**manifest["costs"]),
            schema.numeric_inputs.index(fee) if fee else None,
            None if fee else float(manifest["threshold"]),
        )

    def decide(
        self, probability: Floats, numbers: Floats
    ) -> tuple[Floats | None, NDArray[np.bool_]]:
        """Expected profit (n,), None without a monthly value, and whether to contact (n,).

        `numbers` (n, k) are the numeric inputs, as `scoring.derive.RawInputs` has them.
        """
        fees = None if self.monthly is None else numbers[:, self.monthly]
        value = money.customer_value(fees, len(probability), self.costs)
        chosen = contacts(probability, value, self.costs, threshold=self.threshold)
        if fees is None:
            return None, chosen
        return money.expected_profit(probability, value, self.costs), chosen
