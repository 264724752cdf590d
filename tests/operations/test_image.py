"""The container images: what is asked of the engine, which a stand-in records."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scoring.errors import UserError
from stages.cli import main
from stages.core.paths import Paths
from stages.operations import image as operation
from stages.operations.image import TRIVY, reference, running_engine
from stages.operations.supply import wheels
from stages.operations.supply.wheels import pins_for
from tests.places import ROOT

DOCKER = """#!/bin/sh
echo "$@" >> "{record}"
case "$1" in
  inspect) echo "ghcr.io/owner/churn@sha256:abc" ;;
  {failing}) echo "broken" >&2; exit 1 ;;
esac
"""


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with the commands that Docker was given; nothing else is on the PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("GITHUB_OUTPUT", raising=False)
    docker(tmp_path)
    return tmp_path / "record"


def docker(folder: Path, *, failing: str = "none") -> None:
    (folder / "docker").write_text(DOCKER.format(record=folder / "record", failing=failing))
    (folder / "docker").chmod(0o755)


def test_the_scanner_is_pinned_by_digest_and_sees_a_copy_alone(record: Path) -> None:
    assert main(["scan-image"]) == 0
    (run,) = [line for line in record.read_text().splitlines() if line.startswith("run")]
    assert TRIVY in run
    assert "@sha256:" in TRIVY
    assert "docker.sock" not in run
    assert "--privileged" not in run
    assert run.count("--mount") == 1
    assert "readonly" in run
    assert "--exit-code=1" in run


def test_what_the_scanner_finds_fails_the_command(
    record: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    docker(record.parent, failing="run")
    assert main(["scan-image"]) == 1
    assert "exit code 1" in capsys.readouterr().err.splitlines()[-1]


def test_a_pushed_image_is_named_with_its_digest_to_later_steps(
    record: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    outputs = record.with_name("outputs")
    monkeypatch.setenv("GITHUB_OUTPUT", str(outputs))
    archive = ["--archive", "image.tar"]
    assert main(["push-image", "ghcr.io/Owner/churn", "churn@v1.0.0", *archive]) == 0
    assert outputs.read_text() == "name=ghcr.io/owner/churn\ndigest=sha256:abc\n"
    assert "push --quiet ghcr.io/owner/churn:v1.0.0" in record.read_text()
    assert "load --quiet --input image.tar" in record.read_text()
    assert "sha256:abc" in capsys.readouterr().out


@pytest.mark.parametrize("command", [["image"], ["scan-image"], ["push-image", "r.io/a/b", "v1"]])
def test_a_docker_that_is_missing_or_does_not_answer_is_reported_in_a_line(
    record: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    docker(record.parent, failing="version")
    assert main(command) == 1
    expected = "expected one of them to make images\n"
    assert capsys.readouterr().err == f"docker: broken; podman: not on the PATH; {expected}"
    (record.parent / "docker").unlink()
    assert main(command) == 1
    assert "docker: not on the PATH" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("kind", "name"), [("service", "churn:latest"), ("pipeline", "churn-pipeline:latest")]
)
def test_an_image_is_built_on_the_base_that_is_named_and_saved(
    record: Path, monkeypatch: pytest.MonkeyPatch, kind: str, name: str
) -> None:
    monkeypatch.setattr(operation, "_fill", lambda *_: None)
    archive = record.parent / "dist" / "churn.tar"
    command = ["image", kind, "--base", "mirror/python:3.11", "--archive", str(archive)]
    assert main(command) == 0
    _, build, save = record.read_text().splitlines()
    given = f"build --build-arg=BASE=mirror/python:3.11 --target={kind} --tag={name} "
    assert build.startswith(given)
    assert save == f"save --output {archive} {name}"
    assert archive.parent.is_dir()


def test_the_pipeline_is_built_of_the_work_tree_and_what_its_locks_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(operation, "download", lambda lock, folder: asked.append((lock, folder)))
    operation._fill(tmp_path, operation.IMAGES["pipeline"], Paths(ROOT))
    assert [(lock.name, folder.name) for lock, folder in asked] == [
        ("build.lock", "wheels"),
        ("pipeline.lock", "wheels"),
    ]
    assert {path.name for path in tmp_path.iterdir()} == {"Dockerfile", "repository", "locks"}
    assert {"dvc.yaml", "params.yaml", "stages"} <= {
        p.name for p in (tmp_path / "repository").iterdir()
    }
    assert not (tmp_path / "repository" / ".git").exists()
    # what is installed first comes first in the folder
    assert sorted(lock.name for lock, _ in asked) == [lock.name for lock, _ in asked]


FORKED = "\n".join(
    f"{name}=={version} ; {marker} \\\n    --hash=sha256:{'a' * 64}"
    for name, version, marker in (
        ("old", "1.0", "python_full_version < '3.11.5'"),
        ("old", "2.0", "python_full_version >= '3.11.5'"),
        ("newer", "1.0", "python_full_version >= '3.12'"),
        ("elsewhere", "1.0", "sys_platform == 'win32'"),
        ("here", "1.0", "sys_platform == 'linux'"),
    )
)


def test_archives_are_those_of_the_images_python_and_not_of_the_one_that_downloads(
    tmp_path: Path,
) -> None:
    lock = tmp_path / "forked.lock"
    lock.write_text(FORKED + "\n")
    found = [
        {(pin.name, pin.version) for pin in pins_for(lock, python)} for python in wheels.PYTHONS
    ]
    assert found == [{("old", "1.0"), ("here", "1.0")}, {("old", "2.0"), ("here", "1.0")}]


def test_podman_is_taken_where_docker_does_not_answer(record: Path) -> None:
    docker(record.parent, failing="version")
    podman = record.with_name("podman")
    podman.write_text(DOCKER.format(record=podman.with_suffix(".record"), failing="none"))
    podman.chmod(0o755)
    assert running_engine() == "podman"


def test_the_base_is_pinned_by_digest() -> None:
    recipe = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    assert re.search(r"^ARG BASE=\S+@sha256:[0-9a-f]{64}$", recipe, flags=re.MULTILINE)
    stages = set(re.findall(r"^FROM \S+ AS (\w+)$", recipe, flags=re.MULTILINE))
    assert set(re.findall(r"^FROM (\S+)", recipe, flags=re.MULTILINE)) - stages == {"${BASE}"}
    assert set(operation.IMAGES) <= stages


@pytest.mark.parametrize(
    ("address", "version"),
    [("", "v1"), ("churn", "v1"), ("ghcr.io/o/churn", ""), ("ghcr.io/o/churn", "churn#prod#1")],
)
def test_what_cannot_name_an_image_is_refused(address: str, version: str) -> None:
    with pytest.raises(UserError, match="expected one such as"):
        reference(address, version)


def test_the_image_of_a_tag_of_the_registry() -> None:
    assert reference("ghcr.io/Owner/Churn", "churn@v1.0.0") == "ghcr.io/owner/churn:v1.0.0"
