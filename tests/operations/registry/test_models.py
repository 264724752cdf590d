"""`models`: what stands where, for people and for programs."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stages.operations.registry.approval import promote
from stages.operations.registry.assignments import models, models_json
from stages.operations.registry.evidence import Figure, read_record
from stages.operations.registry.register import register
from stages.operations.registry.versions import read_versions
from tests.operations.registry.conftest import another_champion, git


def test_nothing_registered_is_said_in_words(small: Path) -> None:
    assert "make register" in models(root=small)
    assert json.loads(models_json(root=small)) == []


def test_version_that_stands_nowhere_is_there_with_its_metrics(registered: Path) -> None:
    header, line = models(root=registered).splitlines()
    commit = git(registered, "rev-parse", "HEAD")[:7]
    assert line.split()[:2] == ["v1.0.0", "–"]
    for words in ("Ada", commit, "0.840 (0.820 to 0.860)", "6.50 (5.40 to 7.60)"):
        assert words in line
    assert header.index("ROC AUC") == line.index("0.840")


def test_programs_read_the_same(registered: Path) -> None:
    promote("prod", root=registered)
    another_champion(registered)
    register(root=registered)
    newer, older = json.loads(models_json(root=registered))
    assert (newer["version"], older["version"]) == ("v1.0.1", "v1.0.0")
    assert newer["stages"] == {}
    assert list(older["stages"]) == ["prod"]
    since = datetime.fromisoformat(older["stages"]["prod"]["since"])
    assert timedelta(0) <= datetime.now(UTC) - since < timedelta(minutes=5)
    assert older["record"]["metrics"]["brier"] == {"value": 0.13, "low": 0.12, "high": 0.14}
    assert older["commit"] == git(registered, "rev-parse", "HEAD~1").strip()


@pytest.mark.parametrize(
    ("figure", "words"),
    [
        ((0.8438, 0.822, 0.8669), "0.844 (0.822 to 0.867)"),
        ((6.577, 5.41, 7.64), "6.58 (5.41 to 7.64)"),
        ((0.5, -2.0, 0.9), "0.50 (-2.00 to 0.90)"),
    ],
)
def test_a_figure_is_shown_with_its_interval(figure: tuple[float, ...], words: str) -> None:
    value, low, high = figure
    assert str(Figure(value=value, low=low, high=high)) == words


def test_record_comes_back_from_its_message_as_it_was(registered: Path) -> None:
    (version,) = read_versions(registered)
    record = read_record(version.message)
    assert record
    assert read_record(record.message()) == record


def test_deregistered_version_is_gone(registered: Path) -> None:
    import gto.api

    gto.api.deregister(registered, "churn", version="v1.0.0")
    assert "make register" in models(root=registered)
