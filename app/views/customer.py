"""A customer: how likely they are to leave, why, and what the model would say of a change."""

from __future__ import annotations

import math
from typing import Any

import streamlit as st

from app import link
from app.assumptions import scenario
from app.cache import bundle_of, ranking
from app.explained import Reason, answer, rank_among, reasons
from app.groups import of_customer
from app.places import SCORE
from app.scored import Scored
from app.wording import Words, plain
from scoring.explanation import title, unit_of
from scoring.loading import Bundle
from scoring.schema import Column

NEARLY_ALL = 0.99  # share from which a decimal is shown
LEVELS = ((0.6, "very_high"), (0.4, "high"), (0.2, "middle"), (0.0, "low"))


def show(scored: Scored, words: Words) -> None:
    """The view."""
    customer = _asked(scored, words)
    place = scored.place_of(customer)
    if place is None:
        st.warning(words.md("unknown_customer", customer=customer))
        return
    st.header(words.md("customer_title", customer=customer))
    _figures(scored, place, words)
    for name in of_customer(scored, place):
        st.write(f"**{words(f'group_{name}')}**: {words(f'group_{name}_help')}")
    if scored.customers is None:
        st.info(words.md("no_customers", command=SCORE))
        return
    bundle, inputs = bundle_of(scored), scored.customer(place)
    _reasons(bundle, inputs, words)
    _what_if(bundle, inputs, words)
    _known(bundle, inputs, words)


def _asked(scored: Scored, words: Words) -> str:
    """The customer that the reader asked for, or the first of the list."""
    found = link.text("customer")
    if not found:
        first = ranking(scored, scenario(scored.terms.costs)).places[:1]
        found = scored.ids[int(first[0]) if len(first) else 0].as_py()
    return str(
        st.text_input(
            words("customer_number"), value=found, key="customer",
            on_change=link.take, args=("customer", "customer"),
        )
    ).strip()  # fmt: skip


def _figures(scored: Scored, place: int, words: Words) -> None:
    """Probability in words and number, and the comparison with the others."""
    probability = float(scored.probability[place])
    level = next(name for least, name in LEVELS if probability >= least)
    cards = st.columns(3 if scored.profit is not None else 2)
    cards[0].metric(words("risk"), plain(words.percent(probability)), border=True)
    cards[1].metric(words("risk_in_words"), words(f"level_{level}"), border=True)
    riskier, dearer = rank_among(scored, place)
    st.write(words.md("riskier", share=_below(riskier, words)))
    if scored.profit is None or dearer is None or scored.value is None:
        return
    profit = float(scored.profit[place])
    cards[2].metric(words("profit_of_one"), plain(words.money(profit, digits=2)), border=True)
    st.write(
        words.md(
            "dearer", share=_below(dearer, words), value=words.money(float(scored.value[place]))
        )
    )
    st.write(words("worth_it" if scored.contact[place] else "not_worth_it"))


def _below(share: float, words: Words) -> str:
    """A share of customers, rounded down: nobody is above all others."""
    digits = 1 if share > NEARLY_ALL else 0
    return words.percent(math.floor(share * 10 ** (2 + digits)) / 10 ** (2 + digits), digits=digits)


def _reasons(bundle: Bundle, inputs: dict[str, list[Any]], words: Words) -> None:
    """What speaks for leaving, and what against."""
    raising, lowering = reasons(bundle, inputs)
    if not raising and not lowering:
        st.write(words("no_reasons"))
        return
    for column, name, found in zip(
        st.columns(2), ("raises", "lowers"), (raising, lowering), strict=True
    ):
        lines = [f"- {_sentence(reason, words)}" for reason in found] or [words("nothing_notable")]
        column.markdown(f"### {words(name)}\n" + "\n".join(lines))
    st.caption(words("reasons_note"))


def _sentence(reason: Reason, words: Words) -> str:
    """A reason in the reader's language; what is usual where it differs."""
    value = _shown(reason.value, reason.column, words)
    parts = {"title": title(reason.column), "value": value, "strength": words(reason.strength)}
    usual = None if "total_value" in reason.column.roles else reason.usual
    if usual is None or _shown(usual, reason.column, words) == value:
        return words.md("reason", **parts)
    return words.md("reason_usual", **parts, usual=_shown(usual, reason.column, words))


def _shown(value: Any, column: Column, words: Words) -> str:
    """A value as people read it, with its unit."""
    if value is None or value != value:
        return words("not_known")
    if not column.is_numeric:
        return str(value)
    number = words.number(value, digits=0 if float(value).is_integer() else 2)
    return f"{number} {unit_of(number, column)}".strip()


def _what_if(bundle: Bundle, inputs: dict[str, list[Any]], words: Words) -> None:
    """The columns that the business can change, and what the model would say then."""
    st.markdown(f"### {words('what_if_customer')}")
    columns = bundle.schema.changeable
    if not columns:
        st.write(words("nothing_changeable"))
        return
    changed = dict(inputs)
    for place, column in zip(_places(len(columns)), columns, strict=False):
        with place:
            changed[column.name] = [_changed(column, inputs[column.name][0])]
    before, after = answer(bundle, inputs), answer(bundle, changed)
    shown = {"before": words.percent(before.probability), "after": words.percent(after.probability)}
    st.write(words.md("what_if_answer", **shown))
    st.warning(words("no_promise"))


def _places(count: int) -> list[Any]:
    """Two columns of widgets, row by row."""
    return [place for _ in range(0, count, 2) for place in st.columns(2)]


def _changed(column: Column, value: Any) -> Any:
    """A widget for a column that can be changed, starting at the customer's own value."""
    label, key = plain(title(column)), f"change {column.name}"
    if column.is_numeric:
        return st.number_input(
            label if not column.unit else f"{label}, {plain(column.unit)}",
            value=None if value is None else float(value),
            min_value=column.minimum,
            max_value=column.maximum,
            key=f"{key} {value}",
        )
    options = list(column.labels)
    return st.selectbox(
        label,
        options,
        index=options.index(value) if value in options else None,
        key=f"{key} {value}",
    )


def _known(bundle: Bundle, inputs: dict[str, list[Any]], words: Words) -> None:
    """What is known of the customer; sensitive columns are not shown."""
    with st.expander(words("known")):
        shown = [column for column in bundle.schema.inputs if "sensitive" not in column.roles]
        rows = [
            f"- {plain(title(c))}: **{plain(_shown(inputs[c.name][0], c, words))}**" for c in shown
        ]
        st.markdown("\n".join(rows))
        if len(shown) < len(bundle.schema.inputs):
            st.caption(words.md("sensitive_hidden", n=len(bundle.schema.inputs) - len(shown)))
