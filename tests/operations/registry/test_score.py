"""Scoring with what the registry names: an environment or a version."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from stages.cli import main
from stages.core.paths import Paths
from stages.operations.registry.environments import promote
from stages.operations.registry.register import register
from tests import builders
from tests.operations.registry.conftest import commit
from tests.service.conftest import write_club


def _put_champion(root: Path, club: Path) -> str:
    """The champion of the small repository is now that of the club; its version."""
    shutil.rmtree(root / "models" / "champion")
    shutil.copytree(club, root / "models" / "champion")
    commit(root)
    return str(json.loads((club / "bundle.json").read_text())["version"])


@pytest.fixture
def score(tmp_path: Path, small: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """A function that scores the club's members as people type it; its exit code."""
    members = builders.as_text(builders.members(60, seed=4)).drop(columns=builders.LEFT)
    members.to_csv(tmp_path / "members.csv", index=False)
    monkeypatch.setattr(Paths, "here", classmethod(lambda cls: cls(small)))

    def run(*model: str) -> int:
        source, out = str(tmp_path / "members.csv"), str(tmp_path / "out")
        return main(["score", source, out, "--no-report", *model])

    return run


def test_an_environment_and_a_version_score_with_their_own_bundle(
    small: Path, score: Callable[..., int], tmp_path: Path
) -> None:
    # given two versions, the first in prod, the second in staging, and a third champion at work
    versions = []
    for place, winner in enumerate(("logistic", "xgboost")):
        versions.append(_put_champion(small, write_club(tmp_path / winner, winner=winner)))
        register(root=small)
        promote(("prod", "staging")[place], root=small)
    newest = _put_champion(small, write_club(tmp_path / "vote"))
    asked = {
        "prod": versions[0],
        "staging": versions[1],
        "v1.0.0": versions[0],
        "v1.0.1": versions[1],
        str(small / "models" / "champion"): newest,
    }
    for model, version in asked.items():
        # when the members are scored with one of them
        assert score("--model", model) == 0
        # then its bundle did it
        summary = json.loads((tmp_path / "out" / "summary.json").read_text())
        assert (summary["model"]["version"], summary["tiers"]) == (version, {"champion": 60})


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("prod", "prod: nothing is deployed there"),
        ("v9.0.0", "no version of churn is registered here"),
        ("nowhere", "--model nowhere: no bundle.json there"),
    ],
)
def test_a_model_that_is_not_there_is_named_and_nothing_written(
    model: str, words: str, score: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert score("--model", model) == 1
    assert words in capsys.readouterr().err
    assert not (tmp_path / "out" / "scores.parquet").exists()
