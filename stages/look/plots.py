"""Every picture of the reports, in one style; what they show is computed elsewhere."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

INK, SOFT, LINE = "#1c2733", "#7b8794", "#dde3ea"
BLUE, ORANGE, GREY, GREEN = "#1f5f8b", "#d9822b", "#a9b4bf", "#3f8f5f"
STYLE: dict[Any, Any] = {
    "svg.hashsalt": "churn",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": SOFT,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.labelcolor": INK,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": LINE,
    "grid.linewidth": 0.7,
    "text.color": INK,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
}


def panels(count: int, *, columns: int = 2, width: float = 8.4, height: float = 3.2) -> Any:
    """A figure with `count` axes in the common style: (figure, list of axes)."""
    mpl.rcParams.update(STYLE)
    columns = min(columns, count)
    rows = -(-count // columns)
    figure = Figure(
        figsize=(width if columns > 1 else width * 0.62, height * rows), layout="constrained"
    )
    axes = list(np.atleast_1d(figure.subplots(rows, columns)).ravel())
    for extra in axes[count:]:
        extra.set_visible(False)
    return figure, axes[:count]


def roc_and_precision_recall(
    roc: pd.DataFrame, recall: pd.DataFrame, *, base_rate: float
) -> Figure:
    """ROC (fpr, tpr) and precision-recall (recall, precision) curves beside chance."""
    figure, (left, right) = panels(2)
    left.plot([0, 1], [0, 1], color=GREY, ls="--", lw=1, label="chance")
    left.plot(roc["fpr"], roc["tpr"], color=BLUE, label="champion")
    left.set(
        title="ROC",
        xlabel="share of stayers above the threshold",
        ylabel="share of churners above the threshold",
    )
    right.axhline(base_rate, color=GREY, ls="--", lw=1, label="base rate")
    right.plot(recall["recall"], recall["precision"], color=BLUE, label="champion")
    right.set(title="Precision and recall", xlabel="recall", ylabel="precision", ylim=(0, 1.02))
    for axes in (left, right):
        axes.legend(loc="lower right" if axes is left else "upper right")
    return figure


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
        title="Probability less churn rate",
        xlabel="group of customers, from low to high risk",
        ylabel="difference",
    )
    return figure


def gain(lift: pd.DataFrame, profit: pd.DataFrame, *, chosen: float) -> Figure:
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
        ylabel="currency units",
    )
    right.legend(loc="lower right", ncols=2, frameon=True, framealpha=0.9, edgecolor="none")
    return figure


def intervals(
    rows: pd.DataFrame, *, title: str, xlabel: str, reference: float | None = None
) -> Figure:
    """Points with intervals, one line each: columns value, low, high; index the names."""
    figure, (axes,) = panels(1, height=max(1.6, 0.3 * len(rows) + 0.9), width=11)
    place = np.arange(len(rows))[::-1]
    if reference is not None:
        axes.axvline(reference, color=GREY, ls="--", lw=1)
    axes.hlines(place, rows["low"], rows["high"], color=BLUE, lw=2)
    axes.plot(rows["value"], place, "o", color=BLUE, ms=5)
    axes.set(title=title, xlabel=xlabel, ylim=(-0.6, len(rows) - 0.4))
    axes.set_yticks(place, [str(name) for name in rows.index])
    axes.grid(axis="y", visible=False)
    return figure


def fold_scores(scores: pd.DataFrame, *, metric: str, title: str) -> Figure:
    """Each candidate's score on every fold, and its mean."""
    names = list(dict.fromkeys(scores["candidate"]))
    figure, (axes,) = panels(1, width=11, height=max(1.8, 0.4 * len(names) + 0.9))
    for place, name in enumerate(reversed(names)):
        values = scores.loc[scores["candidate"] == name, metric].to_numpy()
        spread = np.linspace(-0.18, 0.18, len(values))
        axes.plot(values, place + spread, "o", color=BLUE, alpha=0.35, ms=3.5, mew=0)
        axes.plot([values.mean()] * 2, [place - 0.3, place + 0.3], color=ORANGE, lw=2.2)
    axes.set_yticks(range(len(names)), list(reversed(names)))
    axes.set(title=title, xlabel=metric.replace("_", " "))
    axes.grid(axis="y", visible=False)
    return figure


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


def histograms(numbers: pd.DataFrame, label: Any, *, units: dict[str, str]) -> Figure:
    """Each numeric column for stayers and churners, as densities."""
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


def curve(table: pd.DataFrame, *, title: str, xlabel: str, ylabel: str) -> Figure:
    """A line with an interval: columns x, value, low, high."""
    figure, (axes,) = panels(1, width=11)
    axes.fill_between(table["x"], table["low"], table["high"], color=BLUE, alpha=0.15, lw=0)
    axes.plot(table["x"], table["value"], color=BLUE, marker="o", ms=3)
    axes.set(title=title, xlabel=xlabel, ylabel=ylabel, ylim=(0, None))
    return figure


def curves(tables: dict[str, pd.DataFrame], *, title: str, xlabel: str, ylabel: str) -> Figure:
    """Two lines with their intervals, by name: columns x, value, low, high."""
    figure, (axes,) = panels(1, width=11)
    for colour, (name, table) in zip((BLUE, ORANGE), tables.items(), strict=True):
        axes.fill_between(table["x"], table["low"], table["high"], color=colour, alpha=0.15, lw=0)
        axes.plot(table["x"], table["value"], color=colour, marker="o", ms=3, label=name)
    axes.set(title=title, xlabel=xlabel, ylabel=ylabel, ylim=(0, None))
    axes.legend()
    return figure


def heatmap(matrix: pd.DataFrame, *, title: str) -> Figure:
    """Associations from 0 to 1, a square each."""
    figure, (axes,) = panels(1, width=12, height=6.4)
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
    figure, (axes,) = panels(1, width=11, height=0.9 + 0.26 * len(values))
    place = np.arange(len(values))[::-1]
    axes.barh(place, values.to_numpy(), color=BLUE, height=0.65)
    axes.axvline(0, color=SOFT, lw=1)
    axes.set_yticks(place, [str(name) for name in values.index])
    axes.set(title=title, xlabel=xlabel)
    axes.grid(axis="y", visible=False)
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
    figure, (axes,) = panels(1, width=12.5, height=0.9 + 0.34 * len(rows))
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
    axes.set(title="Profit where an assumption turns out otherwise", xlabel=xlabel)
    axes.grid(axis="y", visible=False)
    axes.legend(loc="lower right")
    return figure
