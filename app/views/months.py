"""Last months: churn predicted and realised, campaigns, and the state of model and data."""

from __future__ import annotations

import streamlit as st

from app.scored import Scored
from app.wording import Words


def show(scored: Scored, words: Words) -> None:
    """The view."""
    st.write(words("months_intro"))
