"""The effects in tables and in plain words, all of them derived from the numbers."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from stages.ablation.effects import Measured
from stages.core.metrics import METRICS, Shown, shown_in
from stages.features.table import LABEL

OFF = 0.02  # a mean probability further from the churn rate than that is worth a word


def levels(measured: Sequence[Measured]) -> pd.DataFrame:
    """The mean of every measure, a row per way to model."""
    rows = {
        one.variant.name: {
            METRICS[name].title: by_fold.mean() for name, by_fold in one.by_fold.items()
        }
        | {"mean probability": one.mean_probability}
        for one in measured
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def table(effects: pd.DataFrame) -> pd.DataFrame:
    """A row per variant, a cell per measure: the difference and its interval."""
    rows = {
        variant: {METRICS[name].title: cell for name, cell in _cells(own).items()}
        | {"against": own["against"].iloc[0]}
        for variant, own in effects.groupby("variant", sort=False)
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def _cells(own: pd.DataFrame) -> dict[str, str]:
    """The difference and its interval as text, by measure, for one variant."""
    return {
        name: "{} ({} to {})".format(*(METRICS[name].text(n, signed=True) for n in numbers))
        for name, *numbers in own[["measure", "effect", "low", "high"]].itertuples(index=False)
    }


def verdicts(
    measured: Sequence[Measured], effects: pd.DataFrame, features: pd.DataFrame
) -> pd.DataFrame:
    """Helps, hurts or neither, and why, a row per variant; and what became of its export."""
    rate = float(features[LABEL].mean())
    rows = {}
    for one in measured:
        own = effects[effects["variant"] == one.variant.name]
        if len(own):
            better = dict(zip(own["measure"], own["better"], strict=True))
            rows[one.variant.name] = {
                "verdict": _verdict(better),
                "because": _reason(better, _cells(own), one.mean_probability, rate),
                "ONNX export": one.export,
            }
    return pd.DataFrame.from_dict(rows, orient="index")


def _verdict(better: dict[str, int]) -> str:
    good, bad = 1 in better.values(), -1 in better.values()
    if good and bad:
        return "helps here, hurts there"
    if good or bad:
        return "helps" if good else "hurts"
    return "no effect beyond noise"


def _reason(better: dict[str, int], cells: dict[str, str], mean: float, rate: float) -> str:
    """What moved, in words, with the figures that say so."""
    ranks = {1: "it ranks better", -1: "it ranks worse", 0: "it ranks no better and no worse"}
    parts = [f"{ranks[better['roc_auc']]}: ROC AUC {cells['roc_auc']}"]
    for name in ("brier", "ece"):
        if better[name]:
            way = "better" if better[name] > 0 else "worse"
            parts.append(f"the {METRICS[name].title} is {way}: {cells[name]}")
    if abs(mean - rate) > OFF:
        parts.append(f"its mean probability is {mean:.0%} where {rate:.0%} leave")
    if better["profit_per_customer"]:
        way = "brings" if better["profit_per_customer"] > 0 else "costs"
        parts.append(f"it {way} money: {cells['profit_per_customer']} per customer")
    return "; ".join(parts)


def panels(effects: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """For each measure the rows of a plot of intervals: value, low, high by variant."""
    return {
        metric.title: effects[effects["measure"] == metric.name]
        .set_index("variant")[["effect", "low", "high"]]
        .rename(columns={"effect": "value"})
        for metric in shown_in(Shown.ABLATION)
    }
