"""Plots of the customers as they come."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from stages.look.figures import panels
from stages.look.palette import BLUE, GREY, ORANGE


def histograms(numbers: pd.DataFrame, label: Any, *, units: dict[str, str]) -> Figure:
    """Each numeric column for those who stayed and those who left, as densities."""
    figure, all_axes = panels(numbers.shape[1], columns=3, height=2.5)
    for axes, name in zip(all_axes, numbers.columns, strict=True):
        values = numbers[name].to_numpy(float)
        axes.set(title=name, xlabel=units.get(name, ""), yticks=[])
        if not np.isfinite(values).any():
            continue
        edges = np.histogram_bin_edges(values[np.isfinite(values)], bins=30)
        for group, colour, words in ((0, GREY, "stayed"), (1, ORANGE, "left")):
            chosen = values[(label == group) & np.isfinite(values)]
            if len(chosen):
                axes.hist(chosen, bins=edges, density=True, color=colour, alpha=0.65, label=words)
    drawn = [axes for axes in all_axes if axes.get_legend_handles_labels()[0]]
    if drawn:
        drawn[0].legend()
    return figure


def curves(tables: dict[str, pd.DataFrame], *, title: str, xlabel: str, ylabel: str) -> Figure:
    """Two lines with their intervals, by name: columns x, value, low, high."""
    figure, (axes,) = panels(1)
    for colour, (name, table) in zip((BLUE, ORANGE), tables.items(), strict=True):
        axes.fill_between(table["x"], table["low"], table["high"], color=colour, alpha=0.15, lw=0)
        axes.plot(table["x"], table["value"], color=colour, marker="o", ms=3, label=name)
    axes.set(title=title, xlabel=xlabel, ylabel=ylabel, ylim=(0, None))
    axes.legend()
    return figure
