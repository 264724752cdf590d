"""What a contact costs and a retained customer brings: section `money` of `params.yaml`."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from stages.core.section import Group, NonNegative, Positive, Section, Share


class Lifetime(Group):
    """How long a kept customer stays."""

    rule: Literal["hazard", "months", "value"]
    months: Positive
    kept_risk: Positive
    discount_rate: Annotated[float, Field(ge=0, le=1)]
    horizon_months: Annotated[int, Field(ge=1, le=600)]


class Money(Section):
    """What a contact costs and what a kept customer brings."""

    section: ClassVar[str] = "money"

    contact_cost: NonNegative
    offer_cost: NonNegative
    accept_alpha: Positive
    accept_beta: Positive
    customer_value: Positive
    margin: Share
    window_months: Positive
    lifetime: Lifetime
    budget: Positive | None
