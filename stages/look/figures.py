"""Figures in the one style of the reports; a plot lies in the room of the stage that draws it."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from stages.look.palette import INK, LINE, SOFT

STYLE: dict[Any, Any] = {
    "svg.hashsalt": "churn",
    "font.size": 9,
    "text.parse_math": False,  # a column may be called `Price $ per $`
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
