"""The loop of a pull request between real revisions of one repository, case by case."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from stages.core.yaml_edit import update_yaml
from tests.conftest import copy_of, once, stages
from tests.operations.conftest import break_notebook

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

POOR = {"train": {"candidates": ["base_rate", "one_feature"]}}
OTHER = {"generate": {"rows": 2600, "seed": 4}}


def git(place: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=clone", "-c", "user.email=clone@localhost"]
    command = ["git", *identity, *arguments]
    return subprocess.run(command, cwd=place, check=True, capture_output=True, text=True).stdout


def commit(place: Path, name: str) -> None:
    """What stands in the work tree as a commit with a tag of that name."""
    git(place, "add", "--all")
    git(place, "commit", "--allow-empty", "-m", name)
    git(place, "tag", name)


def report(place: Path, base: str) -> tuple[subprocess.CompletedProcess[str], str]:
    """The command as it ended, and the Markdown it wrote."""
    file = place / "reports" / "pull_request.md"
    file.unlink(missing_ok=True)
    done = stages(place, "report", base)
    return done, file.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def revisions(finished: Path, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A repository with the tags `good`, the finished run, and `poor`, of simple candidates."""

    def make(folder: Path) -> None:
        place = copy_of(finished, folder / "clone")
        git(place, "tag", "good")
        update_yaml(place / "params.yaml", POOR)
        done = stages(place, "repro")
        assert done.returncode == 0, done.stderr[-2000:]
        commit(place, "poor")

    return once("revisions", make, tmp_path_factory, worker_id) / "clone"


@pytest.fixture
def place(revisions: Path, tmp_path: Path) -> Path:
    """A copy of that repository, for a test to change."""
    return copy_of(revisions, tmp_path / "clone")


def stand_at(place: Path, name: str) -> None:
    """The work tree of a revision; its outputs come from the cache as the report is made."""
    git(place, "checkout", "--force", "--quiet", name)


def test_a_worse_model_is_reported_and_blocks(place: Path) -> None:
    stand_at(place, "poor")
    done, text = report(place, "good")
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert "ROC AUC" in last
    assert "(params.yaml, report.tolerance.roc_auc)" in last
    assert text.startswith("## worse: -0.")
    assert "**Not to be merged as it is:**" in text
    assert "customers, paired" in text
    assert "one\\_feature" in text
    for picture in ("roc", "calibration", "profit"):
        assert f"(pull_request/{picture}.png)" in text
        png = (place / "reports" / "pull_request" / f"{picture}.png").read_bytes()
        assert png.startswith(b"\x89PNG")
        assert len(png) > 10_000


def test_a_better_model_is_reported_without_a_second_training(place: Path) -> None:
    stand_at(place, "good")
    done, text = report(place, "poor")
    assert done.returncode == 0, done.stderr
    assert "Running stage" not in done.stderr
    assert text.startswith("## better: +0.")
    assert "| train.candidates |" in text
    assert "stage train ran with other inputs: params.yaml: train" in text
    assert "The customers are the same, to the byte." in text


def test_the_same_revision_is_no_change(place: Path) -> None:
    stand_at(place, "good")
    done, text = report(place, "good")
    assert done.returncode == 0
    assert text.startswith("## no change: every output has the same bytes as good")


def test_other_customers_are_reported_with_their_drift(place: Path) -> None:
    stand_at(place, "good")
    update_yaml(place / "params.yaml", OTHER)
    done, text = report(place, "good")
    assert done.returncode in (0, 1), done.stderr  # noise may go either way on other customers
    assert "the customers changed too" in text.splitlines()[0]
    assert "different customers, unpaired" in text
    assert "| customers | 2,000 | 2,600 |" in text
    assert "0 of 20 columns drifted" in text


def test_another_schema_is_reported_by_column(place: Path) -> None:
    stand_at(place, "good")
    schema = place / "data" / "schema.yaml"
    described = schema.read_text(encoding="utf-8")
    bills = "roles: [{}], description: Bills by e-mail only"
    changes = (
        (bills.format("changeable"), bills.format("ignored")),
        ("maximum: 250", "maximum: 260"),
    )
    for old, new in changes:
        assert described.count(old) == 1
        described = described.replace(old, new)
    schema.write_text(described, encoding="utf-8")
    done, text = report(place, "good")
    assert done.returncode in (0, 1), done.stderr  # whether a column is missed is for noise to say
    assert "| PaperlessBilling | one of No, Yes (changeable) | – |" in text
    roles = "(monthly\\_value, changeable)"
    assert f"| MonthlyCharges | a number from 0 to 250 USD per month {roles} |" in text
    assert "from 0 to 260 USD" in text
    assert "customers, paired" in text


def test_other_costs_alone_are_no_better_model(place: Path) -> None:
    stand_at(place, "good")
    update_yaml(place / "params.yaml", {"money": {"offer_cost": 30.0}})
    done, text = report(place, "good")
    assert done.returncode == 0, done.stderr
    assert text.startswith("## no difference beyond noise: +0.0000 ROC AUC")
    assert text.splitlines()[0].endswith("; the costs changed too")


def test_a_broken_pipeline_is_reported_by_stage_and_last_lines(place: Path) -> None:
    stand_at(place, "good")
    break_notebook(place, "04_train.ipynb", "raise ValueError('on purpose')")
    done, text = report(place, "good")
    assert done.returncode == 1
    wrong = "notebooks/04_train.ipynb: cell 3: ValueError: on purpose"
    assert done.stderr.splitlines()[-1] == f"the pipeline failed in stage train: {wrong}"
    assert text.startswith("## the pipeline failed in stage train\n")
    assert wrong in text
    assert "Traceback" in text


def test_an_invalid_table_is_reported(place: Path) -> None:
    stand_at(place, "good")
    update_yaml(place / "params.yaml", {"train": {"folds": 1}})
    done, text = report(place, "good")
    assert done.returncode == 1
    assert text.startswith("## the pipeline failed before any stage ran")
    assert "params.yaml: field train.folds: " in text


def test_a_base_without_results_is_reported(place: Path) -> None:
    stand_at(place, "good")
    git(place, "rm", "--quiet", "reports/metrics.json", "dvc.lock")
    commit(place, "bare")
    stand_at(place, "good")
    done, text = report(place, "bare")
    assert done.returncode == 0, done.stderr
    assert text.startswith("## nothing to compare with, bare has no metrics: 0.8")


def test_without_the_cache_of_the_base_its_committed_metrics_count(place: Path) -> None:
    stand_at(place, "poor")
    lock = YAML(typ="safe").load(git(place, "show", "good:dvc.lock"))["stages"]["evaluate"]
    (lost,) = (out["md5"] for out in lock["outs"] if out["path"] == "reports/predictions.parquet")
    (place / ".dvc/cache/files/md5" / lost[:2] / lost[2:]).unlink()
    done, text = report(place, "good")
    assert done.returncode == 1
    assert "committed metrics of the test customers, unpaired" in text
    assert "Not available of good: reports/predictions.parquet" in text
    assert text.startswith("## worse: -0.")


def test_a_revision_that_git_does_not_know_is_a_mistake(place: Path) -> None:
    done = stages(place, "report", "nowhere")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("BASE: git knows no revision 'nowhere'")
