"""`register`: what becomes a version, and what does not."""

from __future__ import annotations

import copy
import json
import shutil
from pathlib import Path

import gto.api
import pytest

from scoring.errors import UserError
from stages.core.yaml_edit import update_yaml
from stages.core.yamlfile import read_yaml
from stages.operations.registry.evidence import read_record
from stages.operations.registry.register import quality, register
from stages.operations.registry.versions import read_versions
from stages.parameters import read_parameters
from tests.operations.registry.conftest import (
    METRICS,
    another_champion,
    commit,
    git,
    tags,
    write_champion,
    write_evaluation,
)
from tests.places import HERE


def refused(root: Path) -> str:
    """The reason; nothing was registered."""
    before = tags(root)
    with pytest.raises(UserError) as error:
        register(root=root)
    assert tags(root) == before
    return str(error.value)


def with_metric(path: str, value: object) -> dict:
    metrics = copy.deepcopy(METRICS)
    *sections, name = path.split(".")
    place: dict = metrics
    for section in sections:
        place = place[section]
    place[name] = value
    return metrics


def test_champion_becomes_a_version_with_its_evidence(small: Path) -> None:
    # when the champion is registered
    message = register(root=small)
    # then there is one annotated tag on this commit
    assert tags(small) == ["churn@v1.0.0"]
    assert git(small, "cat-file", "-t", "churn@v1.0.0").strip() == "tag"
    assert git(small, "rev-parse", "churn@v1.0.0^{}") == git(small, "rev-parse", "HEAD")
    # and its message holds what the version was registered on
    (version,) = read_versions(small)
    record = read_record(version.message)
    assert record
    manifest = json.loads((small / "models/champion/bundle.json").read_text())
    assert (record.bundle, record.candidate) == (manifest["version"], manifest["candidate"])
    assert record.behaviour == 2
    assert record.metrics["roc_auc"].model_dump() == {"value": 0.84, "low": 0.82, "high": 0.86}
    locked = read_yaml(small / "dvc.lock")["stages"]["evaluate"]["outs"]
    assert record.files == {out["path"]: out["md5"] for out in locked}
    # and the user learns what is left to do
    assert "git push --atomic origin churn@v1.0.0" in message
    assert "dvc remote add" in message
    assert git(small, "status", "--porcelain") == ""


@pytest.mark.parametrize(("bump", "version"), [("patch", "v1.0.1"), ("major", "v2.0.0")])
def test_next_version_counts_up(registered: Path, bump: str, version: str) -> None:
    another_champion(registered)
    assert version in register(bump=bump, root=registered)
    assert [found.name for found in read_versions(registered)] == [version, "v1.0.0"]


@pytest.mark.parametrize("file", ["params.yaml", "new.py"])
def test_dirty_tree_is_refused_by_the_files_name(small: Path, file: str) -> None:
    with (small / file).open("a") as text:
        text.write("# a change\n")
    assert refused(small).startswith(f"{file}: not committed")


def test_outputs_that_the_lock_does_not_name_are_refused(small: Path) -> None:
    write_champion(small, content="another")
    assert "stage evaluate: models/champion: modified" in refused(small)


def test_champion_that_is_not_there_is_refused(small: Path) -> None:
    shutil.rmtree(small / "models" / "champion")
    assert "stage evaluate: models/champion: deleted" in refused(small)


def test_missing_metrics_are_refused(small: Path) -> None:
    git(small, "rm", "--quiet", "reports/metrics.json")
    git(small, "commit", "--quiet", "-m", "no metrics")
    assert refused(small).startswith("reports/metrics.json: not in HEAD")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("test.roc_auc", None),
        ("test.brier", "0.13"),
        ("test.profit_per_customer", True),
        ("test_ci.roc_auc", {"low": 0.82}),
        ("reference", {}),
    ],
)
def test_metric_that_is_no_number_is_refused_by_name(small: Path, path: str, value: object) -> None:
    write_evaluation(small, with_metric(path, value))
    commit(small)
    message = refused(small)
    assert message.startswith(f"reports/metrics.json: field {path}")
    assert "expected a number" in message


@pytest.mark.parametrize(
    ("path", "value", "floor"),
    [
        ("test.roc_auc", 0.4999, "roc_auc"),
        ("test.brier", 0.186 * 1.01, "brier_skill"),
        ("test.profit_per_customer", -0.01, "profit_per_customer"),
    ],
)
def test_quality_below_a_floor_is_refused(small: Path, path: str, value: float, floor: str) -> None:
    write_evaluation(small, with_metric(path, value))
    commit(small)
    message = refused(small)
    assert message.startswith(f"reports/metrics.json: {floor}: ")
    assert f"registry.floors.{floor}" in message


def test_no_floor_refuses_a_model_of_few_leavers_that_says_who_they_are() -> None:
    # given 1.5% who leave, whom the true probabilities themselves rank with a ROC AUC of 0.68
    metrics = with_metric("test.roc_auc", 0.68)
    metrics["reference"]["base_rate_brier"], metrics["test"]["brier"] = 0.01516, 0.01492
    floors = read_parameters(HERE).registry.floors
    assert all(value >= getattr(floors, name) for name, value in quality(metrics).items())


def test_every_floor_that_is_missed_is_named(small: Path) -> None:
    floors = {"roc_auc": 0.9, "brier_skill": 0.9, "profit_per_customer": 6.5}
    update_yaml(small / "params.yaml", {"registry": {"floors": floors}})
    commit(small)
    message = refused(small).splitlines()
    assert [line.split(": ")[1] for line in message] == ["roc_auc", "brier_skill"]


def test_brier_skill_is_the_share_of_the_base_rates_score_that_is_gained() -> None:
    metrics = with_metric("test.brier", 0.186)
    assert quality(metrics)["brier_skill"] == pytest.approx(0)
    assert quality(with_metric("test.brier", 0.093))["brier_skill"] == pytest.approx(0.5)
    assert quality(with_metric("test.brier", 0.0))["brier_skill"] == pytest.approx(1)


def test_same_champion_is_refused_by_the_version_it_is(registered: Path) -> None:
    # on its own commit, and on a later one that made no other champion
    assert "already, as v1.0.0" in refused(registered)
    (registered / "README.md").write_text("words")
    commit(registered)
    assert "already, as v1.0.0" in refused(registered)


def test_commit_that_has_a_version_of_another_hand_is_refused_before_the_tests(
    small: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    gto.api.register(small, "churn", "HEAD")
    assert "already, as v0.0.1" in refused(small)
    assert "behaviour" not in capfd.readouterr().err


def test_folder_without_git_is_refused_in_words(small: Path) -> None:
    shutil.rmtree(small / ".git")
    with pytest.raises(UserError, match=r"^git: not a git repository"):
        register(root=small)


def test_champion_that_misbehaves_is_refused_by_the_tests_name(
    small: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write_champion(small, candidate="rebel")
    commit(small)
    message = refused(small)
    assert message.startswith("tests/model/test_behaviour.py::test_it_behaves")
    assert "expected all to pass" in message
    assert "assert 'rebel' != 'rebel'" in capfd.readouterr().err


def test_behaviour_that_cannot_be_tried_is_refused(small: Path) -> None:
    (small / "tests" / "model" / "test_behaviour.py").unlink()
    commit(small)
    assert "could not be run" in refused(small)


def test_adopted_customers_are_asked_what_holds_for_any_schema(small: Path) -> None:
    adopted = {"source": "data/external/club.csv", "sha256": "0" * 64}
    update_yaml(small / "params.yaml", {"data": adopted})
    commit(small)
    assert "1 behaviour tests passed" in register(root=small)


def test_bundle_that_nobody_could_get_is_refused(small: Path) -> None:
    shutil.rmtree(small / ".dvc" / "cache")
    assert "models/champion: not in cache" in refused(small)


def test_bundle_whose_manifest_was_written_by_hand_is_refused(small: Path) -> None:
    path = small / "models" / "champion" / "bundle.json"
    path.write_text(path.read_text().replace("vote", "goat"))
    commit(small)
    assert "content does not belong to version" in refused(small)
