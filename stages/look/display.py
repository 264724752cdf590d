"""What notebooks show: tables, figures, notes. Each returns HTML that is the same at every run."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd
from IPython.display import HTML

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SENTENCE = 50  # characters of a text that would make a column of a phone very long
PAIR = 2  # columns, a name and its value, fit with any sentence
WIDE = 6  # columns that fit on a phone
LONG = 4  # rows, each a block, that a phone shows without being asked
COLORBAR = "<colorbar>"  # matplotlib's label of axes that belong to another panel
FIGURE = re.compile(r"[-+]?[\d,]*\.?\d+ ?%?( [(\[][-+\d.,% to]+[)\]])?|–")
NEGATIVE_ZERO = re.compile(r"^-(0(?:\.0*)?%?)$")
Format = str  # of a number, as in format(): ",", ".3f", ".1%"


def table(
    frame: pd.DataFrame,
    *,
    caption: str = "",
    formats: Mapping[str, Format] | None = None,
    intervals: Mapping[str, tuple[str, str]] | None = None,
    highlight: Any = None,
    index: bool = True,
) -> HTML:
    """A table, numbers right, text left; `highlight` is an index label.

    `intervals` names for a column those of its lower and upper bound: the three are one cell. Rows
    of a table with sentences or many columns become blocks on a phone, many of them folded.
    """
    formats = formats or {}
    frame = _with_intervals(frame, intervals or {}, formats)
    shown = frame.reset_index(names=frame.index.name or "") if index else frame
    words = {name: _heading(str(name)) for name in shown.columns}
    head = "".join(_cell("th", words[name], words[name], shown[name]) for name in shown.columns)
    columns = [
        [_cell("td", words[n], _text(v, formats.get(n)), shown[n]) for v in shown[n].tolist()]
        for n in shown.columns
    ]
    rows = []
    for label, cells in zip(frame.index, zip(*columns, strict=True), strict=True):
        mark = ' class="best"' if highlight is not None and label == highlight else ""
        rows.append(f"<tr{mark}>{''.join(cells)}</tr>")
    title = f"<caption>{html.escape(caption)}</caption>" if caption else ""
    kind = f' class="{_kind(shown)}"' if _kind(shown) else ""
    body = (
        f'<div class="scroll"><table{kind}>{title}<thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )
    return HTML(_folded(body, len(rows)) if "stacked" in kind and len(rows) > LONG else body)


def _with_intervals(
    frame: pd.DataFrame, intervals: Mapping[str, tuple[str, str]], formats: Mapping[str, Format]
) -> pd.DataFrame:
    """The frame with each of these columns and its bounds as one text, `0.84 (0.82 to 0.87)`."""
    shown = frame.copy()
    for name, bounds in intervals.items():
        form = formats.get(name)
        columns = [[_text(v, form) for v in frame[c].tolist()] for c in (name, *bounds)]
        rows = zip(*columns, strict=True)
        shown[name] = [f"{value} ({low} to {high})" for value, low, high in rows]
    return shown.drop(columns=[bound for bounds in intervals.values() for bound in bounds])


def _folded(body: str, rows: int) -> str:
    """A long table that a phone folds (`page.html.j2`); elsewhere, and in print, it is open."""
    return f'<details class="long" open><summary>table of {rows:,} rows</summary>{body}</details>'


def _heading(name: str) -> str:
    """A heading in words; a dotted name is one of a file, and stays as it is copied from there."""
    return name if "." in name else name.replace("_", " ")


def _kind(shown: pd.DataFrame) -> str:
    """What the style sheet has to know of a table: has it sentences, is it wide."""
    texts = (value for name in shown for value in shown[name] if isinstance(value, str))
    if any(len(text) >= SENTENCE for text in texts):
        return "stacked sentences" if shown.shape[1] > PAIR else "sentences"
    return "stacked" if shown.shape[1] > WIDE else ""


def _cell(tag: str, name: str, text: str, column: pd.Series) -> str:
    """A cell; on a phone, where there is no row of headings, `data-label` names its column."""
    is_text = not (pd.api.types.is_numeric_dtype(column) or _are_figures(column))
    label = f' data-label="{html.escape(name)}"' if tag == "td" else ""
    shown = html.escape(text)
    if tag == "td" and FIGURE.fullmatch(text):
        shown = re.sub(r"\(.*\)", r"<span>\g<0></span>", shown)  # broken on a small screen alone
    if tag == "th":
        shown = re.sub(r"(?<=\w)([._])(?=\w)", r"\1<wbr>", shown)  # where a long name may be broken
    return f"<{tag}{' class=text' if is_text else ''}{label}>{shown}</{tag}>"


def _are_figures(column: pd.Series) -> bool:
    """Whether the texts of a column are numbers that came formatted, with an interval maybe."""
    texts = [str(value) for value in column if value is not None]
    return bool(texts) and all(FIGURE.fullmatch(text) for text in texts)


def _text(value: Any, form: Format | None) -> str:
    if value is None or (isinstance(value, float) and value != value):
        return "–"
    if isinstance(value, str | bool) or form is None:
        return f"{value:.4g}" if isinstance(value, float) else str(value)
    return NEGATIVE_ZERO.sub(r"\1", format(value, form))


def figure(drawn: Figure, *, title: str) -> HTML:
    """A figure as SVG inside the page; `title` is read out by screen readers.

    Each panel is a picture of its own, so that they wrap where the page is narrow.
    """
    panels = [axes for axes in drawn.axes if axes.get_visible() and axes.get_label() != COLORBAR]
    if len(panels) == 1:
        body = _svg(drawn)
    else:
        drawn.draw_without_rendering()
        drawn.set_layout_engine("none")  # so that a panel does not take the room of the others
        body = f'<div class="panels">{"".join(_panel(drawn, axes) for axes in panels)}</div>'
    return HTML(f'<figure role="img" aria-label="{html.escape(title)}">{body}</figure>')


def _panel(drawn: Figure, only: Axes) -> str:
    """One panel of a figure as SVG."""
    others = [axes for axes in drawn.axes if axes is not only and axes.get_visible()]
    for axes in others:
        axes.set_visible(False)
    svg = _svg(drawn)
    for axes in others:
        axes.set_visible(True)
    return svg


def _svg(drawn: Figure) -> str:
    buffer = io.StringIO()
    drawn.savefig(buffer, format="svg", bbox_inches="tight", metadata={"Date": None})
    svg = buffer.getvalue()
    return svg[svg.index("<svg") :]


def note(text: str, *, warn: bool = False) -> HTML:
    """A sentence that should not be missed; what is between backticks is code."""
    words = re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))
    return HTML(f'<div class="note{" warn" if warn else ""}">{words}</div>')


def notes(texts: list[str], *, otherwise: str) -> HTML:
    """A warning each, or one calm sentence where there is nothing to warn of."""
    if not texts:
        return note(otherwise)
    return HTML("".join(note(text, warn=True).data for text in texts))
