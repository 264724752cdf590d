"""What is kept in memory between two looks: the scores of a month, and the last rankings."""

from __future__ import annotations

import os
from pathlib import Path

import streamlit as st

from app.economics import Ranking, ranked
from app.places import Places
from app.scored import Scored, read_scored
from scoring.assumptions import Scenario
from scoring.bundle import MANIFEST
from scoring.loading import Bundle, load_bundle
from scoring.score_files import SUMMARY

KEPT = 4  # rankings: of a million customers each takes some 60 MB


def scored_month(places: Places) -> Scored:
    """The scored customers; read again where scores or bundle changed."""
    folders = (places.scores, places.bundle, places.reports)
    return _scored(folders, _stamp(places), _places=places)


@st.cache_resource(max_entries=1, show_spinner=False)
def _scored(folders: tuple[Path, ...], stamp: str, *, _places: Places) -> Scored:
    return read_scored(_places)


def ranking(scored: Scored, scenario: Scenario) -> Ranking:
    """The customers ranked under a scenario."""
    return _ranked(_stamp(scored.places), scenario, _scored=scored)


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def _ranked(stamp: str, scenario: Scenario, *, _scored: Scored) -> Ranking:
    return ranked(_scored, scenario)


def bundle_of(scored: Scored) -> Bundle:
    """The bundle that scored the month, with its models."""
    return _bundle(scored.places.bundle, _stamp(scored.places))


@st.cache_resource(max_entries=1, show_spinner=False)
def _bundle(folder: Path, stamp: str) -> Bundle:
    return load_bundle(folder)


def _stamp(places: Places) -> str:
    """Changes whenever somebody scores again or puts another bundle there."""
    files = (places.scores / SUMMARY, places.bundle / MANIFEST)
    return " ".join(str(os.stat(file).st_mtime_ns) if file.exists() else "-" for file in files)
