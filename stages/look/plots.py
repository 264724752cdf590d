"""Plots that several stages draw; what they show is computed elsewhere."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from stages.look.figures import panels
from stages.look.palette import BLUE, GREY, SOFT


def calibration(bins: pd.DataFrame) -> Figure:
    """Observed churn rate with interval against mean probability, and the difference."""
    figure, (left, right) = panels(2)
    left.plot([0, 1], [0, 1], color=GREY, ls="--", lw=1, label="perfect")
    error = [bins["rate"] - bins["low"], bins["high"] - bins["rate"]]
    left.errorbar(
        bins["probability"],
        bins["rate"],
        yerr=error,
        fmt="o",
        color=BLUE,
        ms=4,
        lw=1.2,
        label="equal groups of customers",
    )
    left.set(title="Calibration", xlabel="mean predicted probability", ylabel="churn rate")
    left.legend(loc="upper left")
    right.bar(np.arange(1, len(bins) + 1), bins["probability"] - bins["rate"], color=BLUE)
    right.axhline(0, color=SOFT, lw=1)
    right.set(
        title="Predicted minus actual churn",
        xlabel="group of customers, from low to high risk",
        ylabel="difference",
    )
    return figure


def intervals(
    rows: pd.DataFrame, *, title: str, xlabel: str, reference: float | None = None
) -> Figure:
    """Points with intervals, one line each: columns value, low, high; index the names."""
    figure, (axes,) = panels(1, height=max(1.6, 0.3 * len(rows) + 0.9))
    place = np.arange(len(rows))[::-1]
    if reference is not None:
        axes.axvline(reference, color=GREY, ls="--", lw=1)
    axes.hlines(place, rows["low"], rows["high"], color=BLUE, lw=2)
    axes.plot(rows["value"], place, "o", color=BLUE, ms=5)
    axes.set(title=title, xlabel=xlabel, ylim=(-0.6, len(rows) - 0.4))
    axes.set_yticks(place, [str(name) for name in rows.index])
    axes.grid(axis="y", visible=False)
    return figure
