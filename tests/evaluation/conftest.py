"""Made-up test customers, evaluated once for all modules that look at the result."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from stages.core.paths import Paths
from stages.evaluation import card
from stages.evaluation.contact_list import totals
from stages.evaluation.evaluation_data import EvaluationData
from stages.evaluation.headline import headline
from stages.evaluation.slices import slices
from stages.look.pages import Page
from stages.look.picture import layout
from stages.look.site import Chapter, write_card, write_overview
from stages.tables.data_params import Data
from tests import builders

GENERATED = {
    "source": "data/population.yaml",
    "schema": "data/schema.yaml",
    "sha256": None,
    "encoding": None,
    "without": [],
}
PAGES = [
    Page("index.html", "Overview"),
    Page("01_ask.html", "Ask"),
    Page("model_card.html", "Model card"),
]
CHAPTERS = [Chapter("01_ask.html", "Ask", "Who asks?")]
STEPS = layout({"ask": {"outs": ["reports/notebooks/01_ask.ipynb"]}})


@pytest.fixture(scope="session")
def data() -> EvaluationData:
    """The customers with their predictions; a module with others has a fixture of its own."""
    return builders.evaluation_data()


@pytest.fixture(scope="session")
def metrics(data: EvaluationData) -> pd.DataFrame:
    """Every metric of the contract, with its interval."""
    return headline(data)


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., tuple[str, ...]]:
    """A function that writes card and overview and returns them: (markdown, page, overview)."""

    def written(
        data: EvaluationData, *, source: Mapping[str, Any] = GENERATED, name: str = "reports"
    ) -> tuple[str, ...]:
        paths = Paths(tmp_path / name)
        folder = paths.reports
        card.write(data, headline(data), slices(data), totals(data), Data.of(source), paths)
        content = json.loads((folder / "model_card.json").read_text(encoding="utf-8"))
        write_card(folder, content, pages=PAGES)
        write_overview(folder, content, pages=PAGES, chapters=CHAPTERS, picture=STEPS)
        files = ("model_card.md", "model_card.html", "index.html")
        return tuple((folder / file).read_text(encoding="utf-8") for file in files)

    return written
