"""`models`: which version is in which environment, for people and for programs."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from stages.core.metrics import METRICS
from stages.operations.registry.assignments import models, models_json
from stages.operations.registry.environments import promote
from stages.operations.registry.evidence import Figure, read_record
from stages.operations.registry.register import register
from stages.operations.registry.versions import read_versions
from tests.operations.registry.conftest import another_champion, git


def test_nothing_registered_is_reported_in_words(small: Path) -> None:
    assert "make register" in models(root=small)
    assert json.loads(models_json(root=small)) == []


def test_version_in_no_environment_is_listed_with_its_metrics(registered: Path) -> None:
    header, line = models(root=registered).splitlines()
    commit = git(registered, "rev-parse", "HEAD")[:7]
    assert line.split()[:2] == ["v1.0.0", "–"]
    for words in ("Ada", commit, "0.8400 (0.8200 to 0.8600)", "6.50 (5.40 to 7.60)"):
        assert words in line
    assert header.index("ROC AUC") == line.index("0.840")


def test_programs_read_the_same(registered: Path) -> None:
    promote("prod", root=registered)
    another_champion(registered)
    register(root=registered)
    newer, older = json.loads(models_json(root=registered))
    assert (newer["version"], older["version"]) == ("v1.0.1", "v1.0.0")
    assert newer["environments"] == {}
    assert list(older["environments"]) == ["prod"]
    since = datetime.fromisoformat(older["environments"]["prod"]["since"])
    assert timedelta(0) <= datetime.now(UTC) - since < timedelta(minutes=5)
    assert older["record"]["metrics"]["brier"] == {"value": 0.13, "low": 0.12, "high": 0.14}
    assert older["commit"] == git(registered, "rev-parse", "HEAD~1").strip()


def test_a_figure_is_shown_with_its_interval_in_the_digits_of_its_metric() -> None:
    auc, profit = METRICS["roc_auc"], METRICS["profit_per_customer"]
    assert Figure(value=0.8438, low=0.822, high=0.8669).text(auc) == "0.8438 (0.8220 to 0.8669)"
    assert Figure(value=6.577, low=-5.41, high=7.64).text(profit) == "6.58 (-5.41 to 7.64)"


def test_record_comes_back_from_its_message_as_it_was(registered: Path) -> None:
    (version,) = read_versions(registered)
    record = read_record(version.message)
    assert record
    assert read_record(record.message()) == record


def test_deregistered_version_is_gone(registered: Path) -> None:
    import gto.api

    gto.api.deregister(registered, "churn", version="v1.0.0")
    assert "make register" in models(root=registered)
