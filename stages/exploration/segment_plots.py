"""Plots of the exploration."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from stages.look.figures import panels
from stages.look.palette import BLUE, INK, ORANGE, SOFT


def rates(segments: dict[str, pd.DataFrame], *, base_rate: float) -> Figure:
    """Churn rate per value of each column: columns rate, low, high; index the values."""
    height = max(len(table) for table in segments.values())
    widest = 1.05 * max(float(table["high"].max()) for table in segments.values())
    figure, all_axes = panels(len(segments), columns=3, height=0.75 + 0.24 * height)
    for axes, (name, table) in zip(all_axes, segments.items(), strict=True):
        place = np.arange(len(table))[::-1]
        axes.barh(place, table["rate"], color=BLUE, alpha=0.85, height=0.62)
        axes.hlines(place, table["low"], table["high"], color=INK, lw=1)
        axes.axvline(base_rate, color=ORANGE, lw=1, ls="--")
        axes.set_yticks(place, [str(value) for value in table.index])
        axes.set(title=name, xlim=(0, widest))
        axes.xaxis.set_major_formatter(mpl.ticker.PercentFormatter(1, decimals=0))
        axes.grid(axis="y", visible=False)
    return figure


def curve(table: pd.DataFrame, *, title: str, xlabel: str, ylabel: str) -> Figure:
    """A line with an interval: columns x, value, low, high."""
    figure, (axes,) = panels(1)
    axes.fill_between(table["x"], table["low"], table["high"], color=BLUE, alpha=0.15, lw=0)
    axes.plot(table["x"], table["value"], color=BLUE, marker="o", ms=3)
    axes.set(title=title, xlabel=xlabel, ylabel=ylabel, ylim=(0, None))
    return figure


def heatmap(matrix: pd.DataFrame, *, title: str) -> Figure:
    """Associations from 0 to 1, a square each."""
    figure, (axes,) = panels(1, width=9.6, height=5.2)
    image = axes.imshow(matrix.to_numpy(), cmap="Blues", vmin=0, vmax=1)
    names = list(matrix.columns)
    axes.set_xticks(range(len(names)), names, rotation=60, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.grid(visible=False)
    axes.set_title(title)
    figure.colorbar(image, ax=axes, shrink=0.7)
    return figure


def bars(values: pd.Series, *, title: str, xlabel: str) -> Figure:
    """Horizontal bars, the first on top."""
    figure, (axes,) = panels(1, height=0.9 + 0.26 * len(values))
    place = np.arange(len(values))[::-1]
    axes.barh(place, values.to_numpy(), color=BLUE, height=0.65)
    axes.axvline(0, color=SOFT, lw=1)
    axes.set_yticks(place, [str(name) for name in values.index])
    axes.set(title=title, xlabel=xlabel)
    axes.grid(axis="y", visible=False)
    return figure
