"""Plots of the cross-validation."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from stages.core.metrics import METRICS
from stages.look.figures import panels
from stages.look.palette import BLUE, ORANGE


def fold_scores(scores: pd.DataFrame, *, metric: str, title: str) -> Figure:
    """Each candidate's score on every fold, and its mean."""
    names = list(dict.fromkeys(scores["candidate"]))
    figure, (axes,) = panels(1, height=max(1.8, 0.4 * len(names) + 0.9))
    for place, name in enumerate(reversed(names)):
        values = scores.loc[scores["candidate"] == name, metric].to_numpy()
        spread = np.linspace(-0.18, 0.18, len(values))
        axes.plot(values, place + spread, "o", color=BLUE, alpha=0.35, ms=3.5, mew=0)
        axes.plot([values.mean()] * 2, [place - 0.3, place + 0.3], color=ORANGE, lw=2.2)
    axes.set_yticks(range(len(names)), list(reversed(names)))
    axes.set(title=title, xlabel=METRICS[metric].title)
    axes.grid(axis="y", visible=False)
    return figure
