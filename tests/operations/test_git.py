"""Where git does not work, its own words are shown; a folder of a larger repository will do."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from scoring.errors import UserError
from stages.core.paths import Paths
from stages.operations.pull_request import results
from stages.operations.registry.assignments import models
from stages.operations.registry.revision import revision
from tests.places import ROOT


def _register(root: Path) -> None:
    with revision("HEAD", root):
        pass


def _report(root: Path) -> None:
    results.of_revision("HEAD", root / "old", Paths(root))


COMMANDS: dict[str, Callable[[Path], object]] = {
    "models": lambda root: models(root=root),
    "register": _register,
    "report": _report,
}


def git(place: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
    command = ["git", *identity, *arguments]
    return subprocess.run(command, cwd=place, check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_no_clone_is_named(tmp_path: Path, command: str) -> None:
    with pytest.raises(UserError) as caught:
        COMMANDS[command](tmp_path)
    assert caught.value.message.startswith("git: not a git repository")
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("command", COMMANDS)
def test_a_clone_of_another_user_is_named_with_the_cure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    git(tmp_path, "init", "-q")
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "none"))
    with pytest.raises(UserError) as caught:
        COMMANDS[command](tmp_path)
    assert "detected dubious ownership" in caught.value.message
    assert f"git config --global --add safe.directory {tmp_path}" in caught.value.message
    assert "\n" not in caught.value.message


def test_a_folder_of_a_larger_repository_is_compared_and_has_a_registry(tmp_path: Path) -> None:
    # given the project in a folder of a repository that has other things, too
    root = tmp_path / "big" / "churn"
    for name in (".dvc/config", ".dvc/.gitignore", "dvc.yaml", "dvc.lock", "params.yaml"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    (root / "reports").mkdir()
    (root / "reports" / "metrics.json").write_text('{"test": {"roc_auc": 0.8}}')
    git(tmp_path / "big", "init", "-q")
    git(tmp_path / "big", "add", "-A")
    git(tmp_path / "big", "commit", "-qm", "x")
    (root / "reports" / "metrics.json").write_text('{"test": {"roc_auc": 0.7}}')
    (tmp_path / "big" / "others.txt").write_text("not of this project")
    # then the committed results are found next to those of the work tree
    old = results.of_revision("HEAD", tmp_path / "old", Paths(root))
    new = results.of_work_tree(Paths(root))
    assert [r.metrics["test"]["roc_auc"] for r in (old, new)] == [0.8, 0.7]
    assert new.commit.endswith(" and changes")
    # and what others change in theirs is no change of this project
    (root / "reports" / "metrics.json").write_text(json.dumps({"test": {"roc_auc": 0.8}}))
    assert not results.of_work_tree(Paths(root)).commit.endswith(" and changes")
    assert models(root=root).startswith("No version of churn is registered here.")
