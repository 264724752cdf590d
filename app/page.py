"""The retention manager's page: `make app`, or `streamlit run app/page.py`."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = str(Path(__file__).resolve().parents[1])
if ROOT not in sys.path:  # streamlit puts the folder of the page there, not the one above it
    sys.path.insert(0, ROOT)

import streamlit as st  # noqa: E402

from app import link  # noqa: E402
from app.cache import scored_month  # noqa: E402
from app.places import places  # noqa: E402
from app.views import customer, months, this_month, what_if  # noqa: E402
from app.wording import Words, language_of, languages, plain  # noqa: E402
from scoring.errors import UserError  # noqa: E402

VIEWS = {
    "month": this_month.show,
    "customer": customer.show,
    "what_if": what_if.show,
    "months": months.show,
}
NAMES = {"en": "English", "de": "Deutsch"}


def main() -> None:
    """One view of the scored month, in the reader's language."""
    tag = st.context.locale
    language = link.text("lang") or language_of(tag)
    language = language if language in languages() else language_of(tag)
    st.set_page_config(page_title=languages()[language]["title"], layout="wide")
    try:
        found = places(sys.argv[1:])
        scored = scored_month(found)
    except UserError as error:
        st.title(languages()[language]["title"])
        st.error(plain(error))
        return
    words = Words.of(language, tag, scored.schema.currency)
    _head(words)
    view = _navigation(words)
    try:
        VIEWS[view](scored, words)
    except UserError as error:
        st.error(plain(error))
    link.write()


def _head(words: Words) -> None:
    title, language = st.columns([5, 1], vertical_alignment="bottom")
    title.title(words("title"))
    language.selectbox(
        words("language"),
        list(languages()),
        index=list(languages()).index(words.language),
        format_func=NAMES.__getitem__,
        key="language",
        on_change=link.take,
        args=("lang", "language"),
    )


def _navigation(words: Words) -> str:
    names = list(VIEWS)
    found = st.radio(
        words("navigation"),
        names,
        index=names.index(link.one_of("view", names)),
        format_func=lambda name: words(f"view_{name}"),
        horizontal=True,
        label_visibility="collapsed",
        key="navigation",
        on_change=link.take,
        args=("view", "navigation"),
        kwargs={"default": names[0]},
    )
    return str(found)


if __name__ == "__main__":
    main()
