"""The monitor month by month: the page that leads to those of the months."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

from scoring.verdict import Verdict
from stages.look.display import figure
from stages.monitoring.month_view import history

ROW = (
    "<tr><td class=text>{month}</td><td class=text>{status}</td><td class=text>{summary}</td></tr>"
)


def history_body(verdicts: Sequence[Verdict], *, linked: Callable[[str], bool]) -> str:
    """The body of the page: pictures, and a row per month, newest first.

    `linked` says whether a month has a page of its own.
    """
    drawn = figure(history(list(verdicts)), title="Two-sample test and departures by month")
    rows = "".join(_row(verdict, linked(verdict.month)) for verdict in reversed(verdicts))
    head = "<tr><th class=text>month</th><th class=text>status</th><th class=text>summary</th></tr>"
    return (
        "<h1>Is the model still right, month by month?</h1>\n"
        f"<p>{escape(verdicts[-1].summary)}</p>\n{drawn.data}\n"
        f'<div class="scroll"><table class="stacked sentences"><thead>{head}</thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _row(verdict: Verdict, has_page: bool) -> str:
    month = escape(verdict.month)
    if has_page:
        month = f'<a href="{month}.html">{month}</a>'
    status = verdict.status.replace("_", " ")
    return ROW.format(month=month, status=status, summary=escape(verdict.summary))
