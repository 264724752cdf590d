"""Last months: churn predicted and realised, campaigns, and the state of model and data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import streamlit as st

from app import charts, history
from app.scored import Scored
from app.wording import Words, plain
from scoring.errors import UserError
from scoring.explanation import title
from scoring.verdict import Verdict


def show(scored: Scored, words: Words) -> None:
    """The view: each part stands alone, and says what makes it where it is missing."""
    st.header(words("state_title"))
    st.write(_model(scored, words))
    _report("model_card.html", words)
    _part(lambda: _monitored(history.verdicts(scored.places.reports), words))
    st.header(words("deciles_title"))
    _part(lambda: _deciles(history.deciles(scored.places.reports), words))
    _part(lambda: _segments(history.segments(scored.places.reports), scored, words))
    st.header(words("campaign_title"))
    _part(lambda: _campaign(history.campaign(scored.places.reports), scored, words))


def _part(shown: Callable[[], None]) -> None:
    try:
        shown()
    except UserError as error:
        st.info(plain(error))


def _model(scored: Scored, words: Words) -> str:
    made = history.made_on(scored.places.bundle)
    age = words.number((date.today() - made).days)
    version = scored.places.summary["model"]["version"]
    return words.md("state_model", version=version, day=words.date(made), age=age)


def _monitored(found: Sequence[Verdict], words: Words) -> None:
    """What the monitor says of the newest month, the last alert, and the months that are over."""
    newest = found[-1]
    st.write(words.md(f"state_{newest.status}", month=words.month(newest.month)))
    _report(f"monitor/{newest.month}.html", words)
    alert = history.last_alert(found)
    if alert is None:
        st.write(words("no_alert"))
    else:
        st.write(words.md("last_alert", month=words.month(alert.month), summary=alert.summary))
        _report(f"monitor/{alert.month}.html", words)
    st.header(words("closed_title"))
    _profit(newest, words)
    months = history.closed_months(found)
    if not months:
        st.write(words("none_closed"))
        return
    last = months[-1]
    _compared(
        [history.Compared(words.month(m.group), m.predicted, m.realised) for m in months], words
    )
    st.write(
        words.md(
            "closed_sentence",
            month=words.month(last.group),
            predicted=words.percent(last.predicted, digits=1),
            realised=words.percent(last.realised, digits=1),
        )
    )


def _profit(newest: Verdict, words: Words) -> None:
    """What the decisions of the newest closed month brought."""
    found = newest.profit.realised
    if found is not None:
        st.write(
            words.md(
                "realised_profit",
                month=words.month(found.month),
                n=words.number(found.contacts),
                realised=words.money(found.realised),
                expected=words.money(found.expected),
            )
        )


def _deciles(found: Sequence[history.Compared], words: Words) -> None:
    """Predicted and realised by tenths of the risk, of customers the model has not learned from."""
    _compared(found, words)
    top = found[-1]
    st.write(
        words.md(
            "deciles_sentence",
            realised=words.percent(top.realised),
            predicted=words.percent(top.predicted),
            low=words.percent(found[0].realised),
        )
    )
    _report("05_evaluate.html", words)


def _segments(
    found: Mapping[str, Sequence[history.Compared]], scored: Scored, words: Words
) -> None:
    """Predicted and realised by the values of a column, of the same customers."""
    st.header(words("segments_title"))
    if not found:
        st.write(words("segments_none"))
        return
    titles = {name: _title(name, scored) for name in found}
    column = st.selectbox(
        words("segments_choice"), list(found), format_func=titles.__getitem__, key="segment"
    )
    _compared(found[column], words, drawn=charts.segments)
    far = max(found[column], key=lambda row: abs(row.realised - row.predicted))
    shares = {"predicted": words.percent(far.predicted), "realised": words.percent(far.realised)}
    segment = f"{titles[column]}: {far.group}"
    st.write(words.md("segments_sentence", segment=segment, **shares))
    _report("05_evaluate.html", words)


def _title(name: str, scored: Scored) -> str:
    """What people call a column."""
    known = {column.name: column for column in scored.schema.inputs}
    return title(known[name]) if name in known else name


def _report(file: str, words: Words) -> None:
    st.caption(words.md("report", file=f"reports/{file}"))


def _compared(
    rows: Sequence[history.Compared],
    words: Words,
    *,
    drawn: Callable[..., dict[str, Any]] = charts.shares,
) -> None:
    """What was predicted and what happened in each group, as a chart and as its text."""
    names = words("predicted"), words("realised")
    shares = [(row.predicted, row.realised) for row in rows]
    points = [
        {"group": row.group, "line": name, "share": share}
        for row, of_row in zip(rows, shares, strict=True)
        for name, share in zip(names, of_row, strict=True)
    ]
    summaries = "; ".join(
        f"{row.group}: {words.percent(row.predicted)}, {words.percent(row.realised)}"
        for row in rows
    )
    spec = drawn(points, names=names, words=words)
    st.vega_lite_chart(spec, width="stretch", alt=words("compared_alt", rows=summaries))


def _campaign(found: history.Campaign, scored: Scored, words: Words) -> None:
    """The control group, and what each offer did compared with it."""
    rate = words.percent(found.churn_rate, digits=1)
    st.write(words.md("control_sentence", n=words.number(found.control), rate=rate))
    for offer in found.offers:
        points = [words.number(100 * share, digits=1) for share in offer.reduction]
        known = {"offer": offer.name, "n": words.number(offer.contacts)}
        st.write(words.md("offer_effect", **known, points=points[0], low=points[1], high=points[2]))
        if scored.profit is not None:
            brought = [words.money(amount, digits=2) for amount in offer.profit]
            st.write(words.md("offer_profit", profit=brought[0], low=brought[1], high=brought[2]))
    _report("campaign.html", words)
