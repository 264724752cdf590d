"""The story on a page: profit month by month, what was seen, what was decided."""

from __future__ import annotations

from html import escape
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from stages.core.paths import Paths
from stages.look.display import figure, note, table
from stages.look.figures import panels
from stages.look.pages import write_page
from stages.look.palette import BLUE, GREY, INK, ORANGE, SOFT
from stages.operations.loop_pages import pages_from
from stages.operations.story.play import Played
from stages.operations.story.script import Script
from stages.operations.story.turning_points import WAYS, frame, in_words, totals, turning_points

TITLE = "Two years of the loop"
STYLES = {
    "loop": (BLUE, "-"), "never": (GREY, "--"), "every": (ORANGE, ":"), "oracle": (SOFT, "-"),
}  # fmt: skip
MONEY = ".2f"


def write_story(played: list[Played], script: Script, paths: Paths) -> Path:
    """Write `reports/story.html`; its path."""
    path, months = paths.reports / "story.html", frame(played)
    found = turning_points(played, script)
    parts = [
        f"<h1>{TITLE}</h1>",
        f"<p>{escape(_plot(script))}</p>",
        *(note(words).data for words in in_words(found, script)),
        figure(_drawn(months, script), title="Profit per customer, month by month").data,
        "<h2>What each way earns</h2>",
        table(_totals(months, script)).data,
        "<h2>What was seen, and what was decided</h2>",
        table(_diary(months)).data,
        "<h2>Month by month</h2>",
        table(
            _monthly(months), formats={"customers": ","}, caption="Profit per customer, of each way"
        ).data,
    ]
    write_page(path, body="\n".join(parts), title=TITLE, pages=pages_from(path, paths))
    return path


def _plot(script: Script) -> str:
    return (
        f"{script.customers:,} simulated customers a month, from month {script.first} on. In month "
        f"{script.offer} a competitor begins to buy customers out of their contracts; in month "
        f"{script.broken} a column arrives blank for half of the customers; after month "
        f"{script.bad} somebody deploys a model that learned from inverted labels. Monitor, "
        "retraining, gate and canary are those of this repository, on a simulated clock. Profit is "
        "per customer and month, expected under the true probabilities for whom each way contacts; "
        "the oracle decides by these, and knows of the offer six months before it comes."
    )


def _totals(months: pd.DataFrame, script: Script) -> pd.DataFrame:
    """Means of each way, with and without the month in which nobody takes the bad model back."""
    columns = {
        "all months": totals(months),
        f"without month {script.bad + 1}": totals(months, without=script.bad + 1),
    }
    means = pd.DataFrame(columns).map(lambda value: format(value, MONEY))
    return means.rename_axis("profit per customer and month")


def _diary(months: pd.DataFrame) -> pd.DataFrame:
    """The months with an alert or a decision."""
    shown = months.assign(verdict=months["verdict"].str.partition("; ")[2])
    happened = (months["alert"] != "") | (months["decision"] != "")
    return shown.loc[happened, ["verdict", "alert", "decision"]]


def _monthly(months: pd.DataFrame) -> pd.DataFrame:
    """The profit of each way under its short name."""
    profits = months[list(WAYS)].rename(columns={"every": "every month"}).dropna(axis="columns")
    shown = months[["customers", "status", "champion"]]
    return shown.join(profits.map(lambda value: format(value, MONEY)))


def _drawn(months: pd.DataFrame, script: Script) -> Figure:
    """What was earned, and what was missed against the oracle, the events marked."""
    drawn, (left, right) = panels(2)
    for way, (colour, style) in STYLES.items():
        values = months[way]
        if values.notna().all():
            left.plot(months.index, values, color=colour, ls=style, label=WAYS[way])
            if way != "oracle":
                missed = months["oracle"] - values
                right.plot(months.index, missed, color=colour, ls=style, label=WAYS[way])
    top = (months["oracle"] - months["never"]).max()
    left.set(title="Profit per customer", xlabel="month", ylim=(months["never"].min() * 0.95, None))
    right.set(title="Missed against the oracle", xlabel="month", ylim=(0, 1.2 * max(top, 0.01)))
    for axes in (left, right):
        _mark_events(axes, script)
    left.legend(loc="lower right", frameon=True, framealpha=1, edgecolor="none")
    return drawn


def _mark_events(axes: Axes, script: Script) -> None:
    for words, month in (
        ("offer", script.offer), ("broken column", script.broken), ("bad model", script.bad),
    ):  # fmt: skip
        axes.axvline(month, color=INK, lw=0.6, ls=(0, (2, 3)))
        axes.annotate(
            words, (month, 1), xycoords=("data", "axes fraction"), xytext=(-3, -2),
            textcoords="offset points", rotation=90, ha="right", va="top", fontsize=7,
        )  # fmt: skip
