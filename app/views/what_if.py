"""What happens if: the assumptions as sliders, and what they do to the profit and the list."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app import charts, link
from app.assumptions import scenario, tried
from app.budget import set_budget
from app.cache import ranking
from app.economics import Ranking
from app.scored import Scored
from app.wording import Words, plain
from scoring.assumptions import Assumption, Scenario, assumptions


def show(scored: Scored, words: Words) -> None:
    """The view."""
    if scored.profit is None:
        st.info(words("no_money"))
        return
    st.write(words("what_if_intro"))
    known = assumptions(scored.terms.costs)
    for column, assumption in zip(st.columns(len(known)), known, strict=True):
        with column:
            _slider(assumption, words)
    st.button(words("reset"), on_click=_reset, args=([a.name for a in known],))
    before = ranking(scored, Scenario())
    after = ranking(scored, scenario(scored.terms.costs))
    budget = set_budget(scored, after)
    _compare(before, after, budget, words)
    st.caption(words("link_hint"))


def _slider(assumption: Assumption, words: Words) -> None:
    key = f"assumption {assumption.name}"
    set_to = tried(assumption)
    st.session_state[key] = assumption.assumed if set_to is None else set_to
    st.slider(
        words(f"assume_{assumption.name}", currency=words.currency),
        min_value=assumption.low,
        max_value=assumption.high,
        step=1.0 if assumption.name == "accept" else 0.1,
        format="%.0f %%" if assumption.name == "accept" else "%.1f",
        key=key,
        on_change=link.take,
        args=(assumption.name, key),
        kwargs={"default": assumption.assumed},
    )


def _reset(names: list[str]) -> None:
    for name in names:
        link.put(name, None)


def _compare(before: Ranking, after: Ranking, budget: float, words: Words) -> None:
    """The list of the budget under both: contacts, cost, profit, who comes and who goes."""
    assert before.plan is not None
    assert after.plan is not None
    counts = before.plan.covered(budget), after.plan.covered(budget)
    then, now = before.plan.outlook(counts[0]), after.plan.outlook(counts[1])
    cards = st.columns(3)
    figures = [
        ("contacts", words.number(counts[1]), words.number(counts[0])),
        ("cost", words.money(now.cost), words.money(then.cost)),
        ("profit", words.money(now.profit), words.money(then.profit)),
    ]
    for card, (name, value, usual) in zip(cards, figures, strict=True):
        card.metric(
            words(name), plain(value), border=True, help=words.md("as_assumed", value=usual)
        )
    sums = {
        "profit": words.money(now.profit, digits=2),
        "low": words.money(now.profit_low),
        "high": words.money(now.profit_high),
    }
    st.write(words.md("profit_sentence", **sums))
    lines = [(words("line_assumed"), *before.plan.curve())]
    if after is not before:
        changes = _changes(before, after, counts, words)
        st.write(words.md("compare_sentence", **changes, usual=words.money(then.profit)))
        lines.insert(0, (words("line_tried"), *after.plan.curve()))
    spec = charts.profit_curve(lines, chosen=(now.cost, now.profit), words=words)
    st.vega_lite_chart(spec, width="stretch", alt=words("what_if_alt"))


def _changes(
    before: Ranking, after: Ranking, counts: tuple[int, int], words: Words
) -> dict[str, str]:
    """How many customers come onto the list, and how many leave it."""
    then, now = before.places[: counts[0]], after.places[: counts[1]]
    listed = np.zeros(int(max(before.places.max(initial=-1), now.max(initial=-1))) + 1, bool)
    listed[then] = True
    stay = int(listed[now].sum())
    return {"come": words.number(len(now) - stay), "go": words.number(len(then) - stay)}
