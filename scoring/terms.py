"""What a bundle makes of a probability: the expected profit of a contact, and whether it pays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scoring import money
from scoring.decision import Rule, contacts, decision_rule, pays
from scoring.derive import RawInputs
from scoring.effect import Effect
from scoring.schema import Schema

Floats = NDArray[np.float64]


class Decided(NamedTuple):
    """The decision on n customers; `profit` is None without a monthly value.

    With an effect, `reduction` (n,) is what the best offer takes off the probability of leaving,
    and `offer` (n,) its place; without, both are None. `fault` says why an effect did not answer:
    the assumed share has decided, and is the reduction, of the first offer.
    """

    profit: Floats | None
    contact: NDArray[np.bool_]
    reduction: Floats | None = None
    offer: NDArray[np.int64] | None = None
    fault: str | None = None


@dataclass(frozen=True)
class Terms:
    """Costs of a bundle, where the monthly value is among the numeric inputs, the threshold.

    Without a monthly value, `monthly` is None and `threshold` decides; with one it is None. Where
    the bundle has an effect, it decides.
    """

    costs: money.Costs
    monthly: int | None
    threshold: float | None
    effect: Effect | None = None

    @classmethod
    def of(cls, manifest: Mapping[str, Any], schema: Schema, effect: Effect | None = None) -> Terms:
        """The terms of a bundle, from its manifest and its effect."""
        fee = schema.role("monthly_value")
        return cls(
            money.Costs(**manifest["costs"]),
            schema.numeric_inputs.index(fee) if fee else None,
            None if fee else float(manifest["threshold"]),
            effect,
        )

    def rule(self, schema: Schema) -> Rule:
        """The rule that decides."""
        return decision_rule(schema) if self.effect is None else "incremental_profit"

    @property
    def assumed_value(self) -> float | None:
        """What every retained customer is worth; None where each has a value by the monthly one."""
        by_fee = self.monthly is not None and self.costs.months_kept is not None
        return None if by_fee else self.costs.customer_value

    def value(self, known: RawInputs) -> Floats:
        """Value (n,) of keeping each customer."""
        fees = None if self.monthly is None else known.numbers[:, self.monthly]
        return money.customer_value(fees, len(known.numbers), self.costs)

    def decide(self, probability: Floats, known: RawInputs) -> Decided:
        """Whether to contact n customers, by their probability of leaving (n,) and inputs."""
        value = self.value(known)
        if self.effect is None:
            return self._by_share(probability, value)
        try:
            return self._by_effect(self.effect, probability, value, known)
        except Exception as error:  # whatever a runtime raises, the assumed share decides
            first = np.zeros(len(probability), np.int64)
            reduction = self.costs.accept_rate * probability
            fault = f"{type(error).__name__} while scoring"
            return self._by_share(probability, value)._replace(
                reduction=reduction, offer=first, fault=fault
            )

    def _by_share(self, probability: Floats, value: Floats) -> Decided:
        """By the share of leavers that is assumed to accept."""
        if self.monthly is None:
            return Decided(None, contacts(probability, value, self.costs, threshold=self.threshold))
        profit = money.expected_profit(probability, value, self.costs)
        return Decided(profit, pays(profit))

    def _by_effect(
        self, effect: Effect, probability: Floats, value: Floats, known: RawInputs
    ) -> Decided:
        """The offer that brings most, made to whomever it pays for."""
        reduction = effect.reduction(probability, known)
        untreated = effect.untreated(probability)
        profit = self.profit(value[:, None], untreated[:, None], reduction)
        offer = profit.argmax(axis=1)
        rows = np.arange(len(offer))
        best = profit[rows, offer]
        shown = None if self.monthly is None else best
        return Decided(shown, pays(best), reduction[rows, offer], offer)

    def profit(self, value: Floats, untreated: Floats, reduction: Floats) -> Floats:
        """Expected profit of a contact by its effect, shapes as they broadcast."""
        return money.incremental_profit(
            value, untreated, reduction,
            contact_cost=self.costs.contact_cost, offer_cost=self.costs.offer_cost,
        )  # fmt: skip
