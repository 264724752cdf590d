"""How much may be spent, or without money how many may be called: a slider and a field."""

from __future__ import annotations

import math

import streamlit as st

from app import link
from app.economics import Ranking
from app.scored import Scored
from app.wording import Words


def contacts_within(scored: Scored, ranking: Ranking, words: Words) -> int:
    """The number of contacts that the reader's budget covers; without money, that of calls."""
    if ranking.plan is None:
        return int(_chosen("calls", float(len(ranking)), None, words))
    most = top(ranking)
    asked = scored.places.summary.get("budget")
    return ranking.plan.covered(_chosen("budget", most, asked, words))


def top(ranking: Ranking) -> float:
    """What all contacts that pay cost: beyond it more money brings nothing."""
    assert ranking.plan is not None
    return float(math.ceil(ranking.plan.outlook(len(ranking)).cost))


def set_budget(scored: Scored, ranking: Ranking) -> float:
    """The budget in the link, or that of `make score`, at most what all contacts cost."""
    most = top(ranking)
    default = scored.places.summary.get("budget")
    found = link.number("budget", low=0.0, high=most)
    return min(most, most if default is None else default) if found is None else found


def _chosen(name: str, most: float, asked: float | None, words: Words) -> float:
    """Slider and field of the same number from 0 to `most`, each following the other."""
    default = min(most, most if asked is None else asked)
    found = link.number(name, low=0.0, high=most)
    value = default if found is None else found
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    step = 1.0 if name == "calls" else _step(most)
    bounds = {"min_value": 0.0, "max_value": max(most, 1.0), "step": step}
    kinds = (
        (left.slider, f"{name} slider", words(name, currency=words.currency), "localized"),
        (right.number_input, f"{name} field", words(f"{name}_exactly", currency=words.currency),
         "%.0f" if name == "calls" else "%.2f"),
    )  # fmt: skip
    for widget, key, label, shown in kinds:
        st.session_state[key] = value
        widget(
            label, key=key, format=shown, **bounds,
            on_change=link.take, args=(name, key), kwargs={"default": default},
        )  # fmt: skip
    return value


def _step(most: float) -> float:
    """A round step of about a two hundredth."""
    return float(max(10 ** math.floor(math.log10(max(most, 1.0) / 100)), 0.01))
