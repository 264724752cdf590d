"""The curves of two revisions in one picture each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from stages.look.figures import panels
from stages.look.palette import BLUE, GREY, ORANGE
from stages.operations.pull_request.results import Results

DOTS = 160  # per inch: sharp where a screen shows two per point


class Picture(NamedTuple):
    """A picture: its file, relative to the report's Markdown, and what it shows."""

    file: str
    title: str


def draw(new: Results, old: Results | None, folder: Path) -> list[Picture]:
    """ROC, calibration and profit on the test customers, as PNG; of those that are available."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = []
    for name, (title, axes_of) in CURVES.items():
        file = folder / f"{name}.png"
        file.unlink(missing_ok=True)
        sides = [(old, ORANGE), (new, BLUE)] if old else [(new, BLUE)]
        tables = [(r.name, _table(r, name), colour) for r, colour in sides]
        if tables[-1][1] is not None:
            _draw(axes_of, tables, title, file)
            drawn.append(Picture(f"{folder.name}/{file.name}", title))
    return drawn


def _table(results: Results, name: str) -> pd.DataFrame | None:
    """The points of a curve; None where they are not available, or are others than are drawn."""
    try:
        return pd.read_csv(results.paths.plots / f"{name}.csv")[list(POINTS[name])].astype(float)
    except (OSError, ValueError, KeyError):
        return None


def _draw(axes_of: Callable[..., None], tables: list[Any], title: str, file: Path) -> None:
    figure, (axes,) = panels(1, width=6.5, height=3.4)
    for name, table, colour in tables:
        if table is not None:
            axes_of(axes, table, color=colour, label=name)
    axes.set(title=title)
    axes.legend(loc="best")
    figure.savefig(file, dpi=DOTS, metadata={"Software": None})


def _roc(axes: Any, table: pd.DataFrame, **style: Any) -> None:
    axes.plot([0, 1], [0, 1], color=GREY, ls="--", lw=1)
    axes.plot(table["fpr"], table["tpr"], **style)
    axes.set(xlabel="retained customers above the threshold", ylabel="churners above the threshold")


def _calibration(axes: Any, table: pd.DataFrame, **style: Any) -> None:
    axes.plot([0, 1], [0, 1], color=GREY, ls="--", lw=1)
    axes.plot(table["probability"], table["rate"], marker="o", ms=4, lw=1, **style)
    axes.vlines(table["probability"], table["low"], table["high"], color=style["color"], lw=1)
    axes.set(xlabel="mean predicted probability", ylabel="churn rate")


def _profit(axes: Any, table: pd.DataFrame, **style: Any) -> None:
    axes.axhline(0, color=GREY, lw=1)
    axes.fill_between(
        table["contacted"], table["low"], table["high"], color=style["color"], alpha=0.12, lw=0
    )
    axes.plot(table["contacted"], table["profit"], **style)
    axes.set(xlabel="share of customers contacted", ylabel="profit per customer")


POINTS = {
    "roc": ("fpr", "tpr"),
    "calibration": ("probability", "rate", "low", "high"),
    "profit": ("contacted", "profit", "low", "high"),
}
CURVES: dict[str, tuple[str, Callable[..., None]]] = {
    "roc": ("ROC", _roc),
    "calibration": ("Calibration", _calibration),
    "profit": ("Profit", _profit),
}
