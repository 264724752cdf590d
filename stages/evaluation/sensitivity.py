"""What each assumption in `money` is worth: the profit where it turns out otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from scoring.bundle import OUT_OF_FOLD
from scoring.money import Costs, customer_value, expected_profit, realised_profit
from stages.core.files import read_table
from stages.core.metrics import Floats
from stages.core.paths import COMPARISON
from stages.evaluation.evaluate import Evidence
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


# Half to twice where a number is a guess. The discount rate moves by a third, from 8 to 16 % around
# 12 %; the horizon from 2 to 5 years around 3; the risk of a kept customer from that of the average
# one to three times it around twice; the margin from 15 to 40 % around 25 %.
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


def tornado(evidence: Evidence) -> pd.DataFrame:
    """Profit per customer where one assumption takes either end of its range, the widest first.

    Columns: `low`, `high`, the ends; `profit_low`, `profit_high`, the decision made anew under
    them; `held_low`, `held_high`, the decision as it was made, the assumption having been wrong.
    Acceptance takes the tails of its distribution, the odds of churn move by a quarter (customers
    are reweighted), all others by `Range`.
    """
    rows = _acceptance(evidence) | _plain(evidence) | _base_rate(evidence)
    table = pd.DataFrame.from_dict(rows, orient="index")
    width = (table["profit_high"] - table["profit_low"]).abs()
    return table.loc[width.sort_values(ascending=False, kind="stable").index]


def _plain(evidence: Evidence) -> dict[str, dict[str, float]]:
    """The numbers of `money` that enter the decision, each at both ends of its range."""
    rows = {}
    for field, (words, *factors) in _ranges(evidence).items():
        changed = [_changed(evidence.assumptions, field, factor) for factor in factors]
        ends, worlds = zip(*changed, strict=True)
        rows[words] = _row(evidence, ends, worlds)
    return rows


def _ranges(evidence: Evidence) -> dict[str, Range]:
    if evidence.schema.role("monthly_value") is None or evidence.costs.months_kept is None:
        return CONTACT | FLAT
    return CONTACT | MARGIN | (HAZARD if evidence.assumptions.lifetime.rule == "hazard" else MONTHS)


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


def _acceptance(evidence: Evidence) -> dict[str, dict[str, float]]:
    given, tail = evidence.assumptions, (1 - evidence.params.level) / 2
    certainty = given.accept_alpha + given.accept_beta
    beta = stats.beta(given.accept_alpha, given.accept_beta)
    rates = [float(beta.ppf(tail)), float(beta.ppf(1 - tail))]
    worlds = [
        given.model_copy(
            update={"accept_alpha": rate * certainty, "accept_beta": (1 - rate) * certainty}
        )
        for rate in rates
    ]
    return {ACCEPTANCE: _row(evidence, rates, worlds)}


def _base_rate(evidence: Evidence) -> dict[str, dict[str, float]]:
    """Left out where the decision is by threshold: that was found on the churners there were."""
    if evidence.schema.role("monthly_value") is None:
        return {}
    ends = [_shifted(evidence.manifest["base_rate"], odds) for odds in ODDS]
    profits = [_profits(evidence, evidence.assumptions, odds=odds) for odds in ODDS]
    return {BASE_RATE: _named(ends, profits)}


def _row(evidence: Evidence, ends: Sequence[float], worlds: Sequence[Money]) -> dict[str, float]:
    return _named(ends, [_profits(evidence, world) for world in worlds])


def _named(ends: Sequence[float], profits: Sequence[tuple[float, float]]) -> dict[str, float]:
    (anew_low, held_low), (anew_high, held_high) = profits
    return {
        "low": float(ends[0]),
        "high": float(ends[1]),
        "profit_low": anew_low,
        "profit_high": anew_high,
        "held_low": held_low,
        "held_high": held_high,
    }


def _profits(evidence: Evidence, world: Money, *, odds: float = 1.0) -> tuple[float, float]:
    """Profit per customer in that world: decided anew, and as it was decided."""
    costs = costs_of(world, base_rate=_shifted(evidence.manifest["base_rate"], odds))
    fees = monthly_value(evidence.features, evidence.schema)
    value = customer_value(fees, len(evidence.label), costs)
    rate = evidence.label.mean()
    weight = np.where(
        evidence.label == 1, _shifted(rate, odds) / rate, (1 - _shifted(rate, odds)) / (1 - rate)
    )
    profit = weight * realised_profit(evidence.label, value, costs)
    anew = _decided(evidence, _shifted(evidence.probability, odds), value, costs)
    return float((anew * profit).mean()), float((evidence.decision * profit).mean())


def _shifted(probability: Any, odds: float) -> Any:
    """The probability, its odds multiplied."""
    return odds * probability / (1 - probability + odds * probability)


def _decided(evidence: Evidence, probability: Floats, value: Floats, costs: Costs) -> Floats:
    """The rule of `evaluate.decide` under other costs, its threshold found anew."""
    if evidence.schema.role("monthly_value"):
        return (expected_profit(probability, value, costs) > 0).astype(float)
    known = read_table(COMPARISON / OUT_OF_FOLD)
    label, score = known["label"].to_numpy(float), known[evidence.manifest["candidate"]].to_numpy()
    cut = profit_threshold(label, score, value=costs.customer_value, costs=costs)
    return (probability > cut).astype(float)


def in_words(table: pd.DataFrame, *, profit: float, currency: str) -> str:
    """Which assumption matters most, as a person would say it."""
    first, unit = table.iloc[0], f"{currency} per customer"
    return (
        f"The {table.index[0]} matters most: from {first['low']:.3g} to {first['high']:.3g} it "
        f"takes the profit from {first['profit_low']:.2f} to {first['profit_high']:.2f} {unit}, "
        f"against {profit:.2f} as assumed. Next: the {table.index[1]}."
    )
