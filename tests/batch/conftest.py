"""A bundle of the cheese club, and its members of this month in a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from stages.batch.asked import Asked
from stages.batch.score import Outcome, score
from tests import builders
from tests.service.conftest import write_club

CHUNK = 40


@pytest.fixture(scope="session")
def club(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle whose champion is not its fallback; nobody changes it."""
    return write_club(tmp_path_factory.mktemp("club"))


@pytest.fixture
def members() -> pd.DataFrame:
    """The members of this month, as text, without the target."""
    return builders.as_text(builders.members(150, seed=4)).drop(columns=builders.LEFT)


@pytest.fixture
def scored(club: Path, tmp_path: Path) -> Callable[..., Outcome]:
    """A function that scores a table or an address in small chunks."""

    def run(source: pd.DataFrame | str, out: str = "out", **options: Any) -> Outcome:
        if isinstance(source, pd.DataFrame):
            source.to_csv(tmp_path / "members.csv", index=False)
            source = str(tmp_path / "members.csv")
        return score(Asked(source, tmp_path / out, club, **{"chunk": CHUNK, **options}))

    return run
