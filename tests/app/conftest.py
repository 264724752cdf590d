"""A scored month of the cheese club, and the page on it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.places import Places, places
from app.scored import Scored, read_scored
from stages.batch.asked import Asked
from stages.batch.score import score
from tests import builders
from tests.places import ROOT
from tests.service.conftest import write_club

FORMULA, TAG = "=cmd|' /C calc'!A0", "<script>alert(1)</script>"
ROWS = 300


def members(rows: int = ROWS, variant: str = "full") -> Any:
    """The members of this month; two of them have numbers that somebody else would run."""
    table = builders.as_text(builders.customers(variant, rows, seed=4))
    table.loc[3, builders.NUMBER], table.loc[4, builders.NUMBER] = FORMULA, TAG
    return table.drop(columns=builders.LEFT)


def score_club(
    folder: Path, bundle: Path | None = None, *, variant: str = "full", **options: Any
) -> Path:
    """Members scored with a bundle, without one of their own; the folder of the scores."""
    bundle = bundle or write_club(folder / "bundle", variant=variant)
    members(variant=variant).to_csv(folder / "members.csv", index=False)
    asked = {"out": "out", "customers": True, "reasons": "list"} | options
    out = folder / asked.pop("out")
    return score(Asked(str(folder / "members.csv"), out, bundle, **asked)).folder


@pytest.fixture(scope="session")
def month(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a scored month; nobody changes it."""
    return score_club(tmp_path_factory.mktemp("month"))


@pytest.fixture(scope="session")
def month_without_money(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same of a club that does not know what its members pay."""
    return score_club(tmp_path_factory.mktemp("free"), variant="no_value")


def places_of(folder: Path, reports: Path | None = None) -> Places:
    """Where the page finds a scored month."""
    return places(["--scores", str(folder), *(["--reports", str(reports)] if reports else [])])


@pytest.fixture(scope="session")
def scored(month: Path) -> Scored:
    """The scored customers of the month."""
    return read_scored(places_of(month))


@pytest.fixture
def page(month: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    """A function that opens the page on a scored month, with values in its address."""

    def opened(folder: Path = month, *more: str, **address: str) -> AppTest:
        monkeypatch.setattr(sys, "argv", ["app/page.py", "--scores", str(folder), *more])
        found = AppTest.from_file(str(ROOT / "app" / "page.py"), default_timeout=120)
        for name, value in address.items():
            found.query_params[name] = value
        return found.run()

    return opened


def figures(page: AppTest) -> dict[str, str]:
    """The cards of the page by their labels, without what keeps them from being Markdown."""
    return {card.label: card.value.replace("\\", "") for card in page.metric}


def texts(page: AppTest) -> str:
    """All sentences of the page."""
    parts = [*page.markdown, *page.caption, *page.info, *page.warning, *page.error, *page.header]
    return "\n".join(part.value for part in parts).replace("\\", "")
