"""Plots of the ablation."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from stages.look.figures import panels
from stages.look.palette import BLUE, GREY


def interval_panels(tables: dict[str, pd.DataFrame]) -> Figure:
    """Points with intervals, a panel per table over the same rows: columns value, low, high."""
    names = [str(name) for name in next(iter(tables.values())).index]
    figure, all_axes = panels(len(tables), columns=2, width=11, height=0.24 * len(names) + 0.9)
    place = np.arange(len(names))[::-1]
    for axes, (title, rows) in zip(all_axes, tables.items(), strict=True):
        axes.axvline(0, color=GREY, ls="--", lw=1)
        axes.hlines(place, rows["low"], rows["high"], color=BLUE, lw=2)
        axes.plot(rows["value"], place, "o", color=BLUE, ms=4)
        axes.set(title=title, ylim=(-0.6, len(names) - 0.4))
        axes.set_yticks(place, names)
        axes.grid(axis="y", visible=False)
    return figure
