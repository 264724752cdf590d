"""The model card (Mitchell et al. 2019) and the overview page, from the same evidence."""

from __future__ import annotations

from typing import Any

import pandas as pd

from stages.core.paths import INDEX, REPORTS
from stages.evaluation import fairness as inclusion
from stages.evaluation.baselines import currency, in_words
from stages.evaluation.evaluate import WORDS, Evidence
from stages.look.pages import environment, write_index, write_markdown_page
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
    """Write the model card, as Markdown and as a page, and the overview."""
    content = _content(evidence, headline, slices, data)
    text = environment().get_template("model_card.md.j2").render(**content)
    (REPORTS / "model_card.md").write_text(text, encoding="utf-8")
    write_markdown_page(REPORTS / "model_card.html", text=text)
    write_index(INDEX, **content)


def _content(
    evidence: Evidence, headline: pd.DataFrame, slices: pd.DataFrame, data: Data
) -> dict[str, Any]:
    schema = evidence.schema
    return {
        "manifest": evidence.manifest,
        "data": data,
        "schema": schema,
        "headline": [{"name": WORDS[name], **headline.loc[name].to_dict()} for name in HEADLINE],
        "words": in_words(evidence, headline),
        "test_rows": len(evidence.label),
        "level": evidence.params.level,
        "costs": evidence.costs,
        "lifetime": evidence.assumptions.lifetime,
        "currency": currency(evidence),
        "by_profit": schema.role("monthly_value") is not None,
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
