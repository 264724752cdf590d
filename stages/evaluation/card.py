"""What the model card (Mitchell et al. 2019) and the overview page say, from the same evidence."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pandas as pd

from stages.core.files import write_json
from stages.core.paths import MODEL_CARD
from stages.evaluation import fairness as inclusion
from stages.evaluation.baselines import currency, in_words
from stages.evaluation.evaluate import WORDS, Evidence
from stages.tables.data_params import Data

HEADLINE = (
    "roc_auc",
    "average_precision",
    "brier",
    "ece",
    "top_decile_lift",
    "precision",
    "recall",
    "profit_per_customer",
)


def write(evidence: Evidence, headline: pd.DataFrame, slices: pd.DataFrame, data: Data) -> None:
    """Write what the stage `pages` makes the model card and the overview from."""
    write_json(MODEL_CARD, content(evidence, headline, slices, data))


def content(
    evidence: Evidence, headline: pd.DataFrame, slices: pd.DataFrame, data: Data
) -> dict[str, Any]:
    """The content of `reports/model_card.json`: what the templates of both pages name."""
    return {
        "manifest": evidence.manifest,
        "data": {
            "is_generated": data.is_generated,
            "source": data.source,
            "sha256": data.sha256,
        },
        "headline": [{"name": WORDS[name], **headline.loc[name].to_dict()} for name in HEADLINE],
        "words": in_words(evidence, headline),
        "test_rows": len(evidence.label),
        "level": evidence.params.level,
        "costs": asdict(evidence.costs) | {"accept_rate": evidence.costs.accept_rate},
        "lifetime": evidence.assumptions.lifetime.model_dump(),
        "currency": currency(evidence),
        "by_profit": evidence.schema.role("monthly_value") is not None,
        **_inclusion(evidence),
        "widest": _widest(slices),
    }


def _inclusion(evidence: Evidence) -> dict[str, Any]:
    """The groups of sensitive columns, and what differs between them by more than chance."""
    table = inclusion.inclusion(evidence)
    rows = inclusion.wide(table).rename_axis("group").reset_index()
    return {"sensitive": rows.to_numpy().tolist(), "findings": inclusion.findings(table)}


def _widest(slices: pd.DataFrame) -> list[dict[str, Any]]:
    """The slices whose calibration gap is surely not zero, largest first."""
    if slices.empty:
        return []
    sure = slices[(slices["gap_low"] > 0) | (slices["gap_high"] < 0)]
    order = sure["gap"].abs().sort_values(ascending=False, kind="stable").index
    return _records(sure.loc[order[:5]])


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]
