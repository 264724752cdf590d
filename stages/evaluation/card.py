"""What the model card (Mitchell et al. 2019) and the overview page say, from one evaluation."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pandas as pd

from scoring.decision import decision_rule
from stages.core.files import write_json
from stages.core.metrics import Shown, shown_in
from stages.core.paths import Paths
from stages.evaluation import fairness
from stages.evaluation.baselines import summary
from stages.evaluation.contact_figures import campaign
from stages.evaluation.evaluation_data import EvaluationData
from stages.evaluation.what_if import what_if
from stages.tables.data_params import Data


def write(
    data: EvaluationData,
    headline: pd.DataFrame,
    slices: pd.DataFrame,
    totals: pd.DataFrame,
    source: Data,
    paths: Paths,
) -> None:
    """Write what the stage `pages` makes the model card and the overview from."""
    write_json(paths.model_card, content(data, headline, slices, totals, source))


def content(
    data: EvaluationData,
    headline: pd.DataFrame,
    slices: pd.DataFrame,
    totals: pd.DataFrame,
    source: Data,
) -> dict[str, Any]:
    """The content of `reports/model_card.json`: what the templates of both pages name."""
    return {
        "manifest": data.manifest,
        "data": {
            "is_generated": source.is_generated,
            "source": source.source,
            "sha256": source.sha256,
        },
        "headline": _headline(headline),
        "words": summary(data, headline),
        "test_rows": len(data.label),
        "level": data.params.level,
        "costs": asdict(data.costs) | {"accept_rate": data.costs.accept_rate},
        "lifetime": data.assumptions.lifetime.model_dump(),
        "currency": data.schema.currency,
        "by_profit": decision_rule(data.schema) == "expected_profit",
        "campaign": campaign(data, totals),
        "what_if": what_if(data),
        **_fairness(data),
        "segments": _segments(slices),
        "widest": _widest(slices),
    }


def _headline(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The metrics of the card, as text in the digits of each."""
    rows = {str(name): row for name, row in table.iterrows()}
    return [
        {"name": metric.heading_with_direction}
        | {name: metric.text(rows[metric.name][name]) for name in table.columns}
        for metric in shown_in(Shown.CARD)
    ]


def _fairness(data: EvaluationData) -> dict[str, Any]:
    """The groups of sensitive columns, and what differs between them by more than chance."""
    table = fairness.by_group(data)
    rows = fairness.wide(table).rename_axis("group").reset_index()
    return {"sensitive": rows.to_numpy().tolist(), "findings": fairness.findings(table)}


def _segments(slices: pd.DataFrame) -> list[dict[str, Any]]:
    """Churn predicted and realised by segment of the test customers; nothing sensitive."""
    shown = slices[~slices["sensitive"].astype(bool)]
    return _records(shown[["column", "value", "customers", "probability", "churn_rate"]])


def _widest(slices: pd.DataFrame) -> list[dict[str, Any]]:
    """The slices whose predicted churn differs from the actual one beyond noise, largest first."""
    if slices.empty:
        return []
    sure = slices[
        (slices["calibration_in_the_large_low"] > 0) | (slices["calibration_in_the_large_high"] < 0)
    ]
    order = sure["calibration_in_the_large"].abs().sort_values(ascending=False, kind="stable").index
    return _records(sure.loc[order[:5]])


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]
