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
from stages.core.metrics import Floats
from stages.core.paths import CHAMPION
from stages.evaluation.evaluate import Evidence
from stages.features.table import ID

REASONS = 3


def chosen_rows(evidence: Evidence) -> NDArray[np.int64]:
    """Positions of the customers to contact, the most profitable first."""
    order = np.argsort(-evidence.expected, kind="stable")
    return order[evidence.affordable[order] == 1]


def reasons_of(evidence: Evidence, *, bundle: Path = CHAMPION) -> list[list[str]]:
    """Why each customer on the list is at risk, in plain words, in the order of `chosen_rows`."""
    chosen, schema = evidence.features.iloc[chosen_rows(evidence)], evidence.schema
    columns: dict[str, Any] = {c.name: chosen[c.name].to_numpy() for c in schema.inputs}
    found = load_explainer(bundle).contributions(columns)
    return reasons(found, columns, schema, count=REASONS)


def contact_list(evidence: Evidence, words: Sequence[Sequence[str]]) -> pd.DataFrame:
    """One row per customer to contact, in the order of `chosen_rows`; `words` say why, likewise.

    Columns: rank, id, churn_probability, expected_cost (of contact and offer), expected_gain (the
    value kept), expected_profit, cumulated_profit, reason_1 to reason_3.
    """
    rows = chosen_rows(evidence)
    probability = evidence.probability[rows]
    table = pd.DataFrame(
        {
            "rank": np.arange(1, len(rows) + 1),
            "id": evidence.features[ID].to_numpy()[rows],
            "churn_probability": probability,
            "expected_cost": money.expected_cost(probability, evidence.costs),
            "expected_gain": probability * evidence.costs.accept_rate * evidence.value[rows],
            "expected_profit": evidence.expected[rows],
            "cumulated_profit": np.cumsum(evidence.expected[rows]),
        }
    )
    for place in range(REASONS):
        texts = [given[place] if place < len(given) else "" for given in words]
        table[f"reason_{place + 1}"] = pd.Series(texts, dtype=object)
    return table


def first(contacts: pd.DataFrame, *, count: int = 10) -> pd.DataFrame:
    """The top of the list as a report shows it: no ids, the reasons in one column."""
    words = contacts[[f"reason_{place + 1}" for place in range(REASONS)]].to_numpy()
    shown = contacts[["rank", "churn_probability", "expected_cost", "expected_gain"]].head(count)
    return shown.assign(why=["; ".join(filter(None, row)) for row in words[:count]])


def totals(evidence: Evidence) -> pd.DataFrame:
    """What the list costs and brings in all: expected value, and the interval of one campaign.

    Columns: value, low, high. The interval is that of campaigns drawn by the model's own
    probabilities: who leaves is chance, and so is the share that accepts, Beta(accept_alpha,
    accept_beta). Outcomes of the test customers are not looked at.
    """
    rows = chosen_rows(evidence)
    probability, costs = evidence.probability[rows], evidence.costs
    gain = float((probability * costs.accept_rate * evidence.value[rows]).sum())
    cost = float(money.expected_cost(probability, costs).sum())
    values = {"expected_cost": cost, "expected_gain": gain, "expected_profit": gain - cost}
    drawn = dict(zip(values, _campaigns(evidence, rows), strict=True))
    table = {"customers": [float(len(rows))] * 3} | {
        name: [value, *evidence.bootstrap.percentiles(drawn[name])]
        for name, value in values.items()
    }
    return pd.DataFrame.from_dict(table, orient="index", columns=["value", "low", "high"])


def _campaigns(evidence: Evidence, rows: NDArray[np.int64]) -> tuple[Floats, Floats, Floats]:
    """Costs, gains and profits (resamples,) of as many campaigns among these customers."""
    rng, costs = np.random.default_rng(evidence.params.seed), evidence.costs
    probability, value = evidence.probability[rows], evidence.value[rows]
    cost, gain = np.empty((2, evidence.params.resamples))
    for draw in range(evidence.params.resamples):
        rate = rng.beta(costs.accept_alpha, costs.accept_beta)
        leaves = rng.random(len(rows)) < probability
        kept = leaves & (rng.random(len(rows)) < rate)
        taken = kept.sum() + (~leaves).sum()
        cost[draw] = costs.contact_cost * len(rows) + costs.offer_cost * taken
        gain[draw] = value[kept].sum()
    return cost, gain, gain - cost


def in_words(table: pd.DataFrame, *, currency: str) -> str:
    """The totals as a person would say them."""
    cost, gain, profit = (
        f"{row['value']:,.0f} {currency} ({row['low']:,.0f} to {row['high']:,.0f})"
        for row in (table.loc[f"expected_{name}"] for name in ("cost", "gain", "profit"))
    )
    return (
        f"{table.loc['customers', 'value']:,.0f} customers to contact. The campaign is expected to "
        f"cost {cost} and to keep a value of {gain}: a profit of {profit}. The intervals are wide "
        "because the share that accepts is not known before the campaign."
    )
