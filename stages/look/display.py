"""What notebooks show: tables, figures, notes. Each returns HTML that is the same at every run."""

from __future__ import annotations

import html
import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd
from IPython.display import HTML

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Format = str  # of a number, as in format(): ",", ".3f", ".1%"


def table(
    frame: pd.DataFrame,
    *,
    caption: str = "",
    formats: Mapping[str, Format] | None = None,
    highlight: Any = None,
    index: bool = True,
) -> HTML:
    """A table that scrolls on a phone; numbers right, text left, `highlight` an index label."""
    shown = frame.reset_index(names=frame.index.name or "") if index else frame
    formats = formats or {}
    head = "".join(_cell("th", name, str(name), shown[name]) for name in shown.columns)
    columns = [
        [_cell("td", n, _text(v, formats.get(n)), shown[n]) for v in shown[n].tolist()]
        for n in shown.columns
    ]
    rows = []
    for label, cells in zip(frame.index, zip(*columns, strict=True), strict=True):
        mark = ' class="best"' if highlight is not None and label == highlight else ""
        rows.append(f"<tr{mark}>{''.join(cells)}</tr>")
    title = f"<caption>{html.escape(caption)}</caption>" if caption else ""
    return HTML(
        f'<div class="scroll"><table>{title}<thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _cell(tag: str, name: Any, text: str, column: pd.Series) -> str:
    is_text = not pd.api.types.is_numeric_dtype(column)
    return f"<{tag}{' class=text' if is_text else ''}>{html.escape(text)}</{tag}>"


def _text(value: Any, form: Format | None) -> str:
    if value is None or (isinstance(value, float) and value != value):
        return "–"
    if isinstance(value, str | bool) or form is None:
        return f"{value:.4g}" if isinstance(value, float) else str(value)
    return format(value, form)


def figure(drawn: Figure, *, title: str) -> HTML:
    """A figure as SVG inside the page; `title` is read out by screen readers."""
    buffer = io.StringIO()
    drawn.savefig(buffer, format="svg", bbox_inches="tight", metadata={"Date": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    return HTML(f'<figure role="img" aria-label="{html.escape(title)}">{svg}</figure>')


def note(text: str, *, warn: bool = False) -> HTML:
    """A sentence that should not be missed."""
    return HTML(f'<div class="note{" warn" if warn else ""}">{html.escape(text)}</div>')


def notes(texts: list[str], *, otherwise: str) -> HTML:
    """A warning each, or one calm sentence where there is nothing to warn of."""
    if not texts:
        return note(otherwise)
    return HTML("".join(note(text, warn=True).data for text in texts))
