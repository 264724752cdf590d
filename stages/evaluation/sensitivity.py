"""Sensitivity of the profit to each assumption in `money`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from scoring.decision import contacts, decision_rule
from scoring.money import Costs, customer_value, realised_profit
from stages.core.measures import Floats
from stages.evaluation.evaluation_data import EvaluationData
from stages.features.table import monthly_value
from stages.model.costs import costs_of
from stages.model.money_params import Money
from stages.model.threshold import profit_threshold

ACCEPTANCE, BASE_RATE = "chance that a churner accepts", "base rate of churn"


class Range(NamedTuple):
    """How far a number of `money` may plausibly be off: factors of its value."""

    words: str
    low: float
    high: float


# Half to twice where a number is a guess. The discount rate moves by a third, from 8 to 16% around
# 12%; the horizon from 2 to 5 years around 3; the risk of a kept customer from that of the average
# one to three times it around twice; the margin from 15 to 40% around 25%.
CONTACT = {
    "contact_cost": Range("cost of a contact", 0.5, 2),
    "offer_cost": Range("cost of the offer", 0.5, 2),
}
FLAT = {"customer_value": Range("value of a kept customer", 0.5, 2)}
MONTHS = {"lifetime.months": Range("months that a kept customer stays", 0.5, 2)}
HAZARD = {
    "window_months": Range("months that churn looks ahead", 0.5, 2),
    "lifetime.kept_risk": Range("risk of a kept customer", 0.5, 1.5),
    "lifetime.discount_rate": Range("discount rate", 2 / 3, 4 / 3),
    "lifetime.horizon_months": Range("months looked ahead for value", 2 / 3, 5 / 3),
}
MARGIN = {"margin": Range("margin", 0.6, 1.6)}
ODDS = (0.75, 1.25)  # of churn


def tornado(data: EvaluationData) -> pd.DataFrame:
    """Profit per customer where one assumption takes either end of its range, the widest first.

    Columns: `low`, `high`, the ends; `profit_low`, `profit_high`, the list made under
    them; `same_list_low`, `same_list_high`, the list as it was, the assumption having been wrong.
    Acceptance takes the tails of its distribution, the odds of churn move by a quarter (customers
    are reweighted), all others by `Range`.
    """
    rows = _acceptance(data) | _plain(data) | _base_rate(data)
    table = pd.DataFrame.from_dict(rows, orient="index")
    width = (table["profit_high"] - table["profit_low"]).abs()
    return table.loc[width.sort_values(ascending=False, kind="stable").index]


def _plain(data: EvaluationData) -> dict[str, dict[str, float]]:
    """The numbers of `money` that enter the decision, each at both ends of its range."""
    rows = {}
    for field, (words, *factors) in _ranges(data).items():
        changed = [_changed(data.assumptions, field, factor) for factor in factors]
        ends, worlds = zip(*changed, strict=True)
        rows[words] = _row(data, ends, worlds)
    return rows


def _ranges(data: EvaluationData) -> dict[str, Range]:
    if data.schema.role("monthly_value") is None or data.costs.months_kept is None:
        return CONTACT | FLAT
    return CONTACT | MARGIN | (HAZARD if data.assumptions.lifetime.rule == "hazard" else MONTHS)


def _changed(given: Money, field: str, factor: float) -> tuple[float, Money]:
    """The number of that name times the factor, and the section with it."""
    *above, name = field.split(".")
    value = getattr(given.lifetime if above else given, name) * factor
    if name == "margin":
        value = min(value, 1.0)
    if name == "horizon_months":
        value = round(value)
    if not above:
        return value, given.model_copy(update={name: value})
    lifetime = given.lifetime.model_copy(update={name: value})
    return value, given.model_copy(update={"lifetime": lifetime})


def _acceptance(data: EvaluationData) -> dict[str, dict[str, float]]:
    given, tail = data.assumptions, (1 - data.params.level) / 2
    certainty = given.accept_alpha + given.accept_beta
    beta = stats.beta(given.accept_alpha, given.accept_beta)
    rates = [float(beta.ppf(tail)), float(beta.ppf(1 - tail))]
    worlds = [
        given.model_copy(
            update={"accept_alpha": rate * certainty, "accept_beta": (1 - rate) * certainty}
        )
        for rate in rates
    ]
    return {ACCEPTANCE: _row(data, rates, worlds)}


def _base_rate(data: EvaluationData) -> dict[str, dict[str, float]]:
    """Left out where the decision is by threshold: that was found on the churners there were."""
    if decision_rule(data.schema) == "threshold":
        return {}
    ends = [_shifted(data.manifest["base_rate"], odds) for odds in ODDS]
    profits = [_profits(data, data.assumptions, odds=odds) for odds in ODDS]
    return {BASE_RATE: _named(ends, profits)}


def _row(data: EvaluationData, ends: Sequence[float], worlds: Sequence[Money]) -> dict[str, float]:
    return _named(ends, [_profits(data, world) for world in worlds])


def _named(ends: Sequence[float], profits: Sequence[tuple[float, float]]) -> dict[str, float]:
    (new_list_low, same_list_low), (new_list_high, same_list_high) = profits
    return {
        "low": float(ends[0]),
        "high": float(ends[1]),
        "profit_low": new_list_low,
        "profit_high": new_list_high,
        "same_list_low": same_list_low,
        "same_list_high": same_list_high,
    }


def _profits(data: EvaluationData, world: Money, *, odds: float = 1.0) -> tuple[float, float]:
    """Profit per customer in that world: with a new list, and with the same list."""
    costs = costs_of(world, base_rate=_shifted(data.manifest["base_rate"], odds))
    fees = monthly_value(data.features, data.schema)
    value = customer_value(fees, len(data.label), costs)
    rate = data.label.mean()
    weight = np.where(
        data.label == 1, _shifted(rate, odds) / rate, (1 - _shifted(rate, odds)) / (1 - rate)
    )
    profit = weight * realised_profit(data.label, value, costs)
    new_list = _decided(data, _shifted(data.probability, odds), value, costs)
    return float((new_list * profit).mean()), float((data.decision * profit).mean())


def _shifted(probability: Any, odds: float) -> Any:
    """The probability, its odds multiplied."""
    return odds * probability / (1 - probability + odds * probability)


def _decided(data: EvaluationData, probability: Floats, value: Floats, costs: Costs) -> Floats:
    """Whom to contact (n,) under other costs, a threshold being found again under them."""
    threshold = None
    if decision_rule(data.schema) == "threshold":
        threshold = profit_threshold(
            *data.out_of_fold_champion, value=costs.customer_value, costs=costs
        )
    return contacts(probability, value, costs, threshold=threshold).astype(float)


def summary(table: pd.DataFrame, *, profit: float, currency: str) -> str:
    """Which assumption matters most, in two sentences."""
    first, unit = table.iloc[0], f"{currency} per customer"
    return (
        f"The {table.index[0]} matters most: from {first['low']:.3g} to {first['high']:.3g} it "
        f"takes the profit from {first['profit_low']:.2f} to {first['profit_high']:.2f} {unit}, "
        f"against {profit:.2f} as assumed. Next: the {table.index[1]}."
    )
