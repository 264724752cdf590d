"""A bundle of the cheese club, and its members of this month in a file."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from scoring.bundle import MANIFEST, SCHEMA_FILE
from scoring.digest import digest, sha256
from stages.batch.asked import Asked
from stages.batch.score import score
from stages.batch.score_summary import Outcome
from tests import builders
from tests.service.conftest import write_club

CHUNK = 40


@pytest.fixture(scope="session")
def club(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle whose champion is not its fallback; nobody changes it."""
    return write_club(tmp_path_factory.mktemp("club"))


@pytest.fixture
def contracts(club: Path, tmp_path: Path) -> Path:
    """The same bundle, of a club whose members may have several rows."""
    return changed_schema(club, tmp_path / "contracts", builders.NUMBER, repeated=True)


def changed_schema(bundle: Path, copy: Path, name: str, **changes: Any) -> Path:
    """A copy of a bundle with a column of its schema changed."""
    shutil.copytree(bundle, copy)
    schema = json.loads((copy / SCHEMA_FILE).read_bytes())
    next(column for column in schema["columns"] if column["name"] == name).update(changes)
    (copy / SCHEMA_FILE).write_text(json.dumps(schema), encoding="utf-8")
    manifest = json.loads((copy / MANIFEST).read_bytes())
    version = manifest.pop("version")
    manifest["files"][SCHEMA_FILE] = sha256(copy / SCHEMA_FILE)
    manifest["version"] = digest(manifest)[: len(version)]
    (copy / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    return copy


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
        asked = {"model": club, "chunk": CHUNK, **options}
        return score(Asked(source, tmp_path / out, **asked))

    return run


def scores_of(outcome: Outcome) -> pd.DataFrame:
    """The scores that a run wrote."""
    is_parquet = outcome.scores.suffix == ".parquet"
    return (pd.read_parquet if is_parquet else pd.read_csv)(outcome.scores)
