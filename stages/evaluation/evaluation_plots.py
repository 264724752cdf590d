"""Plots of the evaluation; what they show is computed elsewhere."""

from __future__ import annotations

from textwrap import fill

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from stages.look.figures import panels
from stages.look.palette import BLUE, GREY, INK, ORANGE, SOFT

LETTERS = 44  # of labels that fit below a panel, side by side


def roc_and_precision_recall(
    roc: pd.DataFrame, recall: pd.DataFrame, *, base_rate: float
) -> Figure:
    """ROC (fpr, tpr) and precision-recall (recall, precision) curves against chance."""
    figure, (left, right) = panels(2)
    left.plot([0, 1], [0, 1], color=GREY, ls="--", lw=1, label="chance")
    left.plot(roc["fpr"], roc["tpr"], color=BLUE, label="champion")
    left.set(
        title="ROC",
        xlabel="share of retained customers above the threshold",
        ylabel="share of churners above the threshold",
    )
    right.axhline(base_rate, color=GREY, ls="--", lw=1, label="base rate")
    right.plot(recall["recall"], recall["precision"], color=BLUE, label="champion")
    right.set(title="Precision and recall", xlabel="recall", ylabel="precision", ylim=(0, 1.02))
    for axes in (left, right):
        axes.legend(loc="lower right" if axes is left else "upper right")
    return figure


def gain(lift: pd.DataFrame, profit: pd.DataFrame, *, chosen: float, currency: str) -> Figure:
    """Churners found, and profit per customer with its interval, by share contacted."""
    figure, (left, right) = panels(2)
    left.plot([0, 1], [0, 1], color=GREY, ls="--", lw=1, label="at random")
    left.plot(lift["contacted"], lift["found"], color=BLUE, label="champion")
    left.set(
        title="Churners found",
        xlabel="share of customers contacted",
        ylabel="share of all churners found",
    )
    left.legend(loc="lower right")
    right.axhline(0, color=SOFT, lw=1)
    right.fill_between(
        profit["contacted"],
        profit["low"],
        profit["high"],
        color=BLUE,
        alpha=0.15,
        lw=0,
        label="interval",
    )
    right.plot(profit["contacted"], profit["profit"], color=BLUE, label="champion")
    right.plot(profit["contacted"], profit["random"], color=GREY, ls="--", lw=1, label="at random")
    right.axvline(chosen, color=ORANGE, lw=1.2, label="decision")
    right.set(
        title="Profit per customer",
        xlabel="share of customers contacted, best first",
        ylabel=currency,
    )
    right.legend(loc="lower right", ncols=2, frameon=True, framealpha=0.9, edgecolor="none")
    return figure


def confusion(counts: pd.DataFrame, *, title: str) -> Figure:
    """Counts by decision (columns) and outcome (index)."""
    figure, (axes,) = panels(1, width=6.2, height=2.6)
    axes.imshow(counts.to_numpy(), cmap="Blues", vmin=0, aspect="auto")
    for (row, column), count in np.ndenumerate(counts.to_numpy()):
        dark = count > counts.to_numpy().max() / 2
        axes.text(
            column, row, f"{count:,}", ha="center", va="center", color="white" if dark else INK
        )
    axes.set_xticks(range(2), list(counts.columns))
    axes.set_yticks(range(2), list(counts.index))
    axes.grid(visible=False)
    axes.set_title(title)
    return figure


def tornado(rows: pd.DataFrame, *, baseline: float, xlabel: str) -> Figure:
    """A bar per assumption around the baseline: columns low, high, profit_low, profit_high."""
    figure, (axes,) = panels(1, width=9, height=0.9 + 0.34 * len(rows))
    place = np.arange(len(rows))[::-1]
    for end, colour, words in (
        ("low", ORANGE, "at its low end"),
        ("high", BLUE, "at its high end"),
    ):
        moved = rows[f"profit_{end}"] - baseline
        axes.barh(place, moved, left=baseline, color=colour, height=0.62, label=words)
    axes.axvline(baseline, color=INK, lw=1)
    names = [
        f"{name}\n{low:.3g} to {high:.3g}"
        for name, low, high in zip(rows.index, rows["low"], rows["high"], strict=True)
    ]
    axes.set_yticks(place, names)
    axes.set(title="Profit at both ends of each assumption", xlabel=xlabel)
    axes.grid(axis="y", visible=False)
    axes.legend(loc="lower right")
    return figure


def dependence(tables: dict[str, pd.DataFrame]) -> Figure:
    """Mean probability along each column, between the bounds of most customers.

    Columns x, value, low, high; x numbers (a line) or values of a category (a point each).
    """
    figure, all_axes = panels(len(tables), height=2.7)
    highest = max(float(table["high"].max()) for table in tables.values())
    for axes, (name, table) in zip(all_axes, tables.items(), strict=True):
        if pd.api.types.is_numeric_dtype(table["x"]):
            axes.plot(table["x"], table[["low", "high"]], color=BLUE, lw=0.7, alpha=0.6)
            axes.plot(table["x"], table["value"], color=BLUE)
        else:
            place = np.arange(len(table))
            axes.vlines(place, table["low"], table["high"], color=BLUE, lw=0.9, alpha=0.6)
            axes.plot(place, table["value"], "o", color=BLUE)
            width = max(LETTERS // len(table), 5)
            axes.set_xticks(place, [fill(str(value), width) for value in table["x"]])
            axes.set_xlim(-0.5, len(table) - 0.5)
        axes.set(title=name, ylim=(0, 1.05 * highest), ylabel="probability")
        axes.yaxis.set_major_formatter(mpl.ticker.PercentFormatter(1, decimals=0))
    return figure


def waterfall(rows: pd.DataFrame) -> Figure:
    """From the first row's value (the base) each further row moves on: column value."""
    values = rows["value"].to_numpy()
    ends = np.cumsum(values)
    figure, (axes,) = panels(1, height=0.9 + 0.3 * len(rows))
    place = np.arange(len(rows))[::-1]
    colours = [ORANGE if value > 0 else BLUE for value in values[1:]]
    axes.axvline(ends[0], color=GREY, lw=1, ls="--")
    axes.barh(place[1:], values[1:], left=ends[:-1], color=colours, height=0.62)
    axes.vlines(ends[:-1], place[1:] - 0.31, place[:-1] + 0.31, color=SOFT, lw=0.7)
    axes.plot([ends[0], ends[-1]], [place[0], place[-1]], "o", color=INK, ms=4)
    for end, where in ((ends[0], place[0]), (ends[-1], place[-1])):
        text = f"{end:+.2f}: {1 / (1 + np.exp(-end)):.0%}"
        axes.annotate(text, (end, where), xytext=(7, 0), textcoords="offset points", va="center")
    axes.set_yticks(place, [str(name) for name in rows.index])
    axes.set(title="From the average to one customer", xlabel="log-odds of leaving")
    room = 0.05 * np.ptp(ends)
    axes.set_xlim(ends.min() - room, ends.max() + 5 * room)  # to the right the text
    axes.grid(axis="y", visible=False)
    return figure
