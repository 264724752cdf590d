"""Groups of this month's customers: control, explored, persuadable and the others."""

from __future__ import annotations

import pyarrow as pa
import streamlit as st

from app.groups import groups, table_of
from app.listing import as_csv
from app.scored import Scored
from app.wording import Words
from scoring.score_files import ID

SHOWN = 1_000  # rows on the page; the file has all


def show_groups(scored: Scored, words: Words) -> None:
    """A group to choose, its customers and their file; nothing where there are no groups."""
    found = groups(scored)
    if not found:
        return
    st.header(words("groups_title"))
    name = st.selectbox(
        words("groups_choice"),
        list(found),
        format_func=lambda name: f"{words(f'group_{name}')} ({words.number(len(found[name]))})",
        key="group",
    )
    st.write(words(f"group_{name}_help"))
    places = found[name]
    if not len(places):
        return
    st.dataframe(
        _columns(table_of(scored, places[:SHOWN], name), words),
        hide_index=True,
        lazy=False,
        alt=words("groups_title"),
        column_config={words("column_risk"): st.column_config.NumberColumn(format="%.0f %%")},
        key="group list",
    )
    st.download_button(
        words.md("download_csv", n=words.number(len(places))),
        lambda: as_csv(table_of(scored, places, name)),
        f"{name}.csv", "text/csv", on_click="ignore", key="group file",
    )  # fmt: skip


def _columns(shown: pa.Table, words: Words) -> pa.Table:
    """The customers under names in the reader's language."""
    columns = {
        words("column_id"): shown[ID],
        words("column_risk"): pa.array(100 * shown["churn_probability"].to_numpy()),
    }
    if "expected_profit" in shown.column_names:
        columns[words("column_profit")] = shown["expected_profit"]
    return pa.table(columns)
