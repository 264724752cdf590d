"""The costs of a bundle, from the section `money` of `params.yaml`."""

from __future__ import annotations

from dataclasses import fields

from scoring.money import Costs, expected_months
from stages.model.money_params import Money


def costs_of(money: Money, *, base_rate: float) -> Costs:
    """The costs under the section `money`, its rule of the lifetime applied to that churn rate."""
    shared = {field.name for field in fields(Costs)} & set(Money.model_fields)
    return Costs(**money.model_dump(include=shared), months_kept=_months_kept(money, base_rate))


def _months_kept(money: Money, base_rate: float) -> float | None:
    rule = money.lifetime
    if rule.rule == "value":
        return None
    if rule.rule == "months":
        return rule.months
    return expected_months(
        base_rate,
        window=money.window_months,
        risk=rule.kept_risk,
        discount_rate=rule.discount_rate,
        horizon=rule.horizon_months,
    )
