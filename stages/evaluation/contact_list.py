"""Whom to contact, why, what it costs and what it brings: the list a retention manager works by."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scoring import money
from scoring.explanation import load_explainer, reasons
from stages.core.measures import Floats
from stages.evaluation.evaluation_data import EvaluationData
from stages.features.table import ID

REASONS = 3


def chosen_rows(data: EvaluationData) -> NDArray[np.int64]:
    """Positions of the customers to contact, the most profitable first."""
    order = np.argsort(-data.expected, kind="stable")
    return order[data.affordable[order] == 1]


def reasons_of(data: EvaluationData, bundle: Path) -> list[list[str]]:
    """Why each customer on the list is at risk, in plain words, in the order of `chosen_rows`."""
    chosen, schema = data.features.iloc[chosen_rows(data)], data.schema
    columns: dict[str, Any] = {c.name: chosen[c.name].to_numpy() for c in schema.inputs}
    found = load_explainer(bundle).contributions(columns)
    return reasons(found, columns, schema, count=REASONS)


def contact_list(data: EvaluationData, words: Sequence[Sequence[str]]) -> pd.DataFrame:
    """One row per customer to contact, in the order of `chosen_rows`, as are the reasons `words`.

    Columns: rank, id, churn_probability, expected_cost (of contact and offer), expected_gain (the
    value kept), expected_profit, cumulative_profit, reason_1 to reason_3.
    """
    rows = chosen_rows(data)
    probability = data.probability[rows]
    table = pd.DataFrame(
        {
            "rank": np.arange(1, len(rows) + 1),
            "id": data.features[ID].to_numpy()[rows],
            "churn_probability": probability,
            "expected_cost": money.expected_cost(probability, data.costs),
            "expected_gain": probability * data.costs.accept_rate * data.value[rows],
            "expected_profit": data.expected[rows],
            "cumulative_profit": np.cumsum(data.expected[rows]),
        }
    )
    for place in range(REASONS):
        texts = [given[place] if place < len(given) else "" for given in words]
        table[f"reason_{place + 1}"] = pd.Series(texts, dtype=object)
    return table


def first(contacts: pd.DataFrame, *, count: int = 10) -> pd.DataFrame:
    """The top of the list as a report shows it: no ids, the reasons in one column."""
    words = contacts[[f"reason_{place + 1}" for place in range(REASONS)]].to_numpy()
    names = ["rank", "churn_probability", "expected_cost", "expected_gain", "expected_profit"]
    shown = contacts[names].head(count)
    return shown.assign(why=[" ".join(filter(None, row)) for row in words[:count]])


def totals(data: EvaluationData) -> pd.DataFrame:
    """What the list costs and brings in all: expected value, and the interval of one campaign.

    Columns: value, low, high. The interval is that of campaigns drawn by the model's own
    probabilities: who leaves is chance, and so is the share that accepts, Beta(accept_alpha,
    accept_beta). Outcomes of the test customers are not looked at.
    """
    rows = chosen_rows(data)
    probability, costs = data.probability[rows], data.costs
    gain = float((probability * costs.accept_rate * data.value[rows]).sum())
    cost = float(money.expected_cost(probability, costs).sum())
    values = {"expected_cost": cost, "expected_gain": gain, "expected_profit": gain - cost}
    drawn = dict(zip(values, _campaigns(data, rows), strict=True))
    table = {"customers": [float(len(rows))] * 3} | {
        name: [value, *data.bootstrap.percentiles(drawn[name])] for name, value in values.items()
    }
    return pd.DataFrame.from_dict(table, orient="index", columns=["value", "low", "high"])


def _campaigns(data: EvaluationData, rows: NDArray[np.int64]) -> tuple[Floats, Floats, Floats]:
    """Costs, gains and profits (resamples,) of as many campaigns among these customers."""
    rng, costs = np.random.default_rng(data.params.seed), data.costs
    probability, value = data.probability[rows], data.value[rows]
    cost, gain = np.empty((2, data.params.resamples))
    for draw in range(data.params.resamples):
        rate = rng.beta(costs.accept_alpha, costs.accept_beta)
        leaves = rng.random(len(rows)) < probability
        kept = leaves & (rng.random(len(rows)) < rate)
        taken = kept.sum() + (~leaves).sum()
        cost[draw] = costs.contact_cost * len(rows) + costs.offer_cost * taken
        gain[draw] = value[kept].sum()
    return cost, gain, gain - cost


def summary(table: pd.DataFrame, *, currency: str) -> str:
    """The totals in a few sentences."""
    cost, gain, profit = (
        f"{row['value']:,.0f} {currency} ({row['low']:,.0f} to {row['high']:,.0f})"
        for row in (table.loc[f"expected_{name}"] for name in ("cost", "gain", "profit"))
    )
    return (
        f"{table.loc['customers', 'value']:,.0f} customers to contact. The campaign is expected to "
        f"cost {cost} and to keep a value of {gain}: a profit of {profit}. The intervals are wide "
        "because the share that accepts is not known before the campaign."
    )
