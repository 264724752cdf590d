"""What the reader has set, as a link: the same address shows the same page to somebody else.

Values live in the session under `SET`, are read from the address once, when a session begins, and
written back to it after each run; what is as it was assumed is not in the address.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import streamlit as st

SET = "set by the reader"
LONGEST = 200  # characters of a text in an address


def values() -> dict[str, Any]:
    """What is set, by name; from the address where the session begins."""
    if SET not in st.session_state:
        st.session_state[SET] = {name: st.query_params[name] for name in st.query_params}
    found: dict[str, Any] = st.session_state[SET]
    return found


def text(name: str) -> str:
    """A text that is set, "" where none is."""
    return str(values().get(name, ""))[:LONGEST]


def one_of(name: str, options: Sequence[str]) -> str:
    """The option that is set, the first where none is."""
    found = text(name)
    return found if found in options else options[0]


def number(name: str, *, low: float, high: float) -> float | None:
    """A number that is set, within bounds; None where none is."""
    try:
        found = float(values().get(name, ""))
    except ValueError:
        return None
    return min(max(found, low), high) if math.isfinite(found) else None


def put(name: str, value: Any) -> None:
    """Set a value; None takes it away."""
    if value is None or value == "":
        values().pop(name, None)
    else:
        values()[name] = value


def take(name: str, widget: str, *, default: Any = None) -> None:
    """Set what a widget has; its default takes the value away. For `on_change`."""
    found = st.session_state[widget]
    put(name, None if found == default else found)


def write() -> None:
    """Bring the address up to date."""
    wanted = {name: _shown(value) for name, value in values().items()}
    if dict(st.query_params) != wanted:
        st.query_params.from_dict(wanted)


def _shown(value: Any) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value)
