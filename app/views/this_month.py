"""The month that was scored: who is at risk, whom to contact within a budget, and the list."""

from __future__ import annotations

from functools import partial

import numpy as np
import pyarrow as pa
import streamlit as st
from numpy.typing import NDArray

from app import charts, link
from app.assumptions import scenario
from app.budget import contacts_within, top
from app.cache import ranking
from app.economics import Ranking
from app.listing import ORDERS, Filters, as_csv, as_workbook, labels_of, places_of, table, titles
from app.scored import Scored
from app.views.group_list import show_groups
from app.wording import Words, plain, reason_in
from scoring.assumptions import Scenario
from scoring.explanation import title
from scoring.score_files import ID, REASONS

SHOWN = 1_000  # rows of the list on the page; files have all
SLOW, EXCEL_A_SECOND = 100_000, 30_000  # customers


def show(scored: Scored, words: Words) -> None:
    """The view."""
    tried = scenario(scored.terms.costs)
    found = ranking(scored, tried)
    at_risk(scored, found, words)
    if rejected := int(scored.places.summary.get("rejected") or 0):
        counts = {"n": words.number(rejected), "of": words.number(rejected + len(scored))}
        st.warning(words.md("rejected", **counts))
    if tried != Scenario():
        st.info(words.md("assumptions_changed"))
    st.header(words("budget_title" if found.plan else "calls_title"))
    contacts = contacts_within(scored, found, words)
    bought(found, contacts, words)
    st.header(words("list_title"))
    _list(scored, found, contacts, words)
    show_groups(scored, words)


def at_risk(scored: Scored, found: Ranking, words: Words) -> None:
    """How many customers are at risk, and what is at stake."""
    cards = st.columns(3 if found.plan else 2)
    share = words.percent(len(found) / len(scored))
    cards[0].metric(
        words("at_risk"), plain(words.number(len(found))), help=words("at_risk_help"), border=True
    )
    cards[1].metric(
        words("of_all"),
        plain(share),
        help=words.md("of_all_help", n=words.number(len(scored))),
        border=True,
    )
    if found.stake is not None:
        cards[2].metric(
            words("at_stake"),
            plain(words.money(found.stake)),
            help=words("at_stake_help"),
            border=True,
        )


def bought(found: Ranking, contacts: int, words: Words) -> None:
    """What the budget buys, in figures, in a sentence and as a curve."""
    if found.plan is None:
        st.write(words.md("calls_sentence", n=words.number(contacts), of=words.number(len(found))))
        return
    outlook = found.plan.outlook(contacts)
    cards = st.columns(3)
    cards[0].metric(words("contacts"), plain(words.number(contacts)), border=True)
    cards[1].metric(words("cost"), plain(words.money(outlook.cost)), border=True)
    cards[2].metric(words("profit"), plain(words.money(outlook.profit)), border=True)
    st.write(
        words.md(
            "profit_sentence",
            profit=words.money(outlook.profit, digits=2),
            low=words.money(outlook.profit_low),
            high=words.money(outlook.profit_high),
        )
    )
    enough = words.money(top(found))
    st.write(words.md("enough_sentence", enough=enough, n=words.number(len(found))))
    spec = charts.profit_curve(
        [(words("profit"), *found.plan.curve())], chosen=(outlook.cost, outlook.profit), words=words
    )
    st.vega_lite_chart(spec, width="stretch", alt=words("curve_alt", enough=enough))


def _list(scored: Scored, found: Ranking, contacts: int, words: Words) -> None:
    filters, order = _filters(scored, words)
    listed = places_of(scored, found, contacts=contacts, filters=filters, order=order)
    if not len(listed):
        st.write(words("list_empty"))
        return
    whole = words.number(len(listed))
    if len(listed) > SHOWN:
        st.write(words.md("list_first", shown=words.number(SHOWN), n=whole))
    else:
        st.write(words.md("list_all", n=whole))
    _rows(scored, found, listed[:SHOWN], words)
    _downloads(scored, found, listed, words)


def _filters(scored: Scored, words: Words) -> tuple[Filters, str]:
    """What the reader wants to see of the list, and in which order."""
    left, right = st.columns(2)
    search = left.text_input(words("search"), key="search")
    orders = [order for order in ORDERS if order != "value" or scored.value is not None]
    order = right.selectbox(
        words("sort"), orders, format_func=lambda name: words(f"sort_{name}"), key="sort"
    )
    with st.expander(words("filter")):
        risk = st.slider(words("least_risk"), 0, 100, key="least risk", format="%d %%")
        value = 0.0
        if scored.value is not None:
            label = words("least_value", currency=words.currency)
            value = st.number_input(label, min_value=0.0, step=10.0, key="least value")
        reasons = _choice(words("filter_reason"), titles(scored), "reasons")
        segments = _segments(scored, words)
    return Filters(search, risk / 100, value, segments, reasons), str(order)


def _segments(scored: Scored, words: Words) -> dict[str, list[str]]:
    """The segments that are let in, by column."""
    if not scored.segments:
        st.caption(words("no_segments"))
        return {}
    names = {title(column): column for column in scored.segments}
    chosen = _choice(words("filter_segment"), list(names), "segments")
    found = {}
    for name in chosen:
        labels = _choice(plain(name), labels_of(names[name]), f"segment {name}")
        if labels:
            found[names[name].name] = labels
    return found


def _choice(label: str, options: list[str], key: str) -> list[str]:
    return list(st.multiselect(label, options, key=key)) if options else []


def _rows(scored: Scored, found: Ranking, listed: NDArray[np.int64], words: Words) -> None:
    """The rows of the list; a row that is chosen leads to its customer."""
    shown = table(scored, found, listed)
    columns = _columns(scored, shown, words)
    chosen = st.dataframe(
        columns,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        lazy=False,
        placeholder="",
        alt=words("list_title"),
        column_config=_formats(words),
        key="list",
    )
    rows = chosen["selection"]["rows"]
    if rows and rows[0] < len(shown):
        customer = shown[ID][rows[0]].as_py()
        st.button(
            words.md("explain", customer=customer),
            on_click=_explain,
            args=(customer,),
            type="primary",
        )
    else:
        st.caption(words("explain_hint"))


def _explain(customer: str) -> None:
    link.put("customer", customer)
    link.put("view", "customer")
    st.session_state["navigation"] = "customer"
    st.session_state.pop("customer", None)


def _columns(scored: Scored, shown: pa.Table, words: Words) -> pa.Table:
    """The columns of the list under their names in the reader's language."""
    columns = {
        words("column_rank"): shown["rank"],
        words("column_id"): shown[ID],
        words("column_risk"): pa.array(100 * shown["churn_probability"].to_numpy()),
    }
    if "expected_profit" in shown.column_names:
        columns[words("column_profit")] = shown["expected_profit"]
        columns[words("column_cost")] = shown["expected_cost"]
    if REASONS[0] in shown.column_names:
        texts = [reason_in(text, words) for text in shown[REASONS[0]].to_pylist()]
        columns[words("column_reason")] = pa.array(texts, pa.string())
    return pa.table(columns)


def _formats(words: Words) -> dict[str, object]:
    number = st.column_config.NumberColumn
    return {
        words("column_risk"): number(format="%.0f %%"),
        words("column_profit"): number(format="localized", step=0.01),
        words("column_cost"): number(format="localized", step=0.01),
        words("column_rank"): number(format="%d", width="small"),
        words("column_reason"): st.column_config.TextColumn(width="large"),
    }


def _downloads(scored: Scored, found: Ranking, listed: NDArray[np.int64], words: Words) -> None:
    """The list as files, made when they are asked for."""
    whole = partial(table, scored, found, listed)
    left, right = st.columns(2)
    n = words.number(len(listed))
    left.download_button(
        words.md("download_csv", n=n), lambda: as_csv(whole()), "contact_list.csv", "text/csv",
        on_click="ignore", width="stretch",
    )  # fmt: skip
    if len(listed) > SLOW:
        st.caption(words.md("excel_takes", seconds=words.number(len(listed) / EXCEL_A_SECOND)))
    right.download_button(
        words.md("download_excel", n=n), lambda: as_workbook(whole()), "contact_list.xlsx",
        on_click="ignore", width="stretch",
    )  # fmt: skip
