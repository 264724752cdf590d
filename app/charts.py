"""Charts as Vega-Lite specifications: plain data, drawn by the browser.

Colours are of Okabe & Ito's palette, which colour-blind people tell apart; lines also differ by
dashes, and what a chart says is in its text as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.scored import Floats
from app.wording import Words

BLUE, ORANGE, GREY = "#0072b2", "#d55e00", "#8a8a8a"
HEIGHT = 280


def _axis(title: str, words: Words, *, share: bool = False) -> dict[str, Any]:
    """An axis with numbers in the reader's format."""
    group = words.locale.number_symbols["latn"]["group"]
    shown = (
        "format(datum.value, '.0%')"
        if share
        else f"replace(format(datum.value, ',.0f'), /,/g, '{group}')"
    )
    return {"title": title, "labelExpr": shown, "grid": True}


def profit_curve(
    series: Sequence[tuple[str, Floats, Floats]],
    *,
    chosen: tuple[float, float],
    words: Words,
) -> dict[str, Any]:
    """Expected profit by what is spent: a line per (name, cost, profit), a point at `chosen`."""
    points = [
        {"cost": float(x), "profit": float(y), "line": name}
        for name, cost, profit in series
        for x, y in zip(cost, profit, strict=True)
    ]
    names = [name for name, *_ in series]
    x = {
        "field": "cost",
        "type": "quantitative",
        "axis": _axis(words("axis_cost", currency=words.currency), words),
    }
    y = {
        "field": "profit",
        "type": "quantitative",
        "axis": _axis(words("axis_profit", currency=words.currency), words),
    }
    by_line = {"field": "line", "type": "nominal", "sort": names}
    legend = {"orient": "bottom", "title": None} if len(names) > 1 else None
    lines = {
        "mark": {"type": "line", "strokeWidth": 2.5},
        "data": {"values": points},
        "encoding": {
            "x": x,
            "y": y,
            "color": {**by_line, "legend": legend, "scale": {"range": [BLUE, ORANGE]}},
            "strokeDash": {**by_line, "legend": None, "scale": {"range": [[1, 0], [6, 4]]}},
        },
    }
    point = {
        "mark": {"type": "point", "filled": True, "size": 120, "color": BLUE, "opacity": 1},
        "data": {"values": [{"cost": chosen[0], "profit": chosen[1]}]},
        "encoding": {"x": x, "y": y},
    }
    return {"height": HEIGHT, "layer": [lines, point]}


def segments(
    rows: Sequence[dict[str, Any]], *, names: Sequence[str], words: Words
) -> dict[str, Any]:
    """As `shares`, for groups in no order and of long names: a row for each, points by shape."""
    by_line = {"field": "line", "type": "nominal", "sort": list(names)}
    legend = {"orient": "bottom", "title": None}
    return {
        "height": {"step": 32},
        "data": {"values": list(rows)},
        "mark": {"type": "point", "filled": True, "size": 90, "opacity": 1},
        "encoding": {
            "y": {"field": "group", "type": "ordinal", "sort": None, "axis": {"title": None}},
            "x": {"field": "share", "type": "quantitative", "axis": _axis("", words, share=True)},
            "color": {**by_line, "legend": legend, "scale": {"range": [BLUE, ORANGE]}},
            "shape": {**by_line, "legend": legend, "scale": {"range": ["circle", "diamond"]}},
        },
    }


def shares(rows: Sequence[dict[str, Any]], *, names: Sequence[str], words: Words) -> dict[str, Any]:
    """Two shares for each group: rows with `group`, `share` and `line`, one of two `names`."""
    by_line = {"field": "line", "type": "nominal", "sort": list(names)}
    return {
        "height": HEIGHT,
        "data": {"values": list(rows)},
        "mark": {"type": "line", "point": {"size": 60}, "strokeWidth": 2},
        "encoding": {
            "x": {
                "field": "group",
                "type": "ordinal",
                "sort": None,
                "axis": {"title": None, "labelAngle": 0},
            },
            "y": {"field": "share", "type": "quantitative", "axis": _axis("", words, share=True)},
            "color": {
                **by_line,
                "legend": {"orient": "bottom", "title": None},
                "scale": {"range": [BLUE, ORANGE]},
            },
            "strokeDash": {**by_line, "legend": None, "scale": {"range": [[1, 0], [6, 4]]}},
        },
    }
