"""The registry as people type it, on a real pipeline."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from scoring.digest import sha256
from stages.cli import main
from stages.core.yaml_edit import update_yaml
from stages.operations.registry import environments, fetch
from tests.conftest import dvc, stages
from tests.operations.registry.conftest import git, tags


@pytest.mark.parametrize(
    "arguments",
    [
        ["promote"],
        ["promote", "nowhere"],
        ["demote"],
        ["register", "--bump", "giant"],
        ["fetch-model"],
        ["fetch-model", "STAGE=nowhere"],
        ["fetch-model", "STAGE=prod", "--version", "v1.0.0"],
    ],
)
def test_wrong_usage_is_exit_code_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as error:
        main(arguments)
    assert error.value.code == 2


@pytest.mark.parametrize("given", [["prod"], ["STAGE=prod"], ["--stage", "prod"]])
def test_environment_is_understood_however_it_is_given(
    given: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(fetch, "fetch_model", lambda **which: asked.append(which["environment"]))
    monkeypatch.setattr(environments, "promote", lambda environment, **_: asked.append(environment))
    main(["fetch-model", *given])
    if len(given) == 1:
        main(["promote", *given])
    assert set(asked) == {"prod"}


def run(place: Path, *arguments: str) -> str:
    """What a command says; it has to succeed."""
    done = stages(place, *arguments)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def content(folder: Path) -> dict[str, str]:
    return {path.name: sha256(path) for path in folder.iterdir()}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_versions_of_a_real_champion_go_all_the_way(fresh: Path, tmp_path: Path) -> None:
    # given a finished run, shared through a folder
    git(fresh, "config", "user.name", "Ada")
    git(fresh, "config", "user.email", "ada@example.com")
    dvc(fresh, "remote", "add", "--default", "store", str(tmp_path / "store"))
    git(fresh, "commit", "--quiet", "--all", "-m", "a remote")
    results = {name: sha256(fresh / name) for name in ("dvc.lock", "reports/metrics.json")}
    first = content(fresh / "models" / "champion")
    # when its champion is registered and put into prod by way of staging
    assert "behaviour tests passed" in run(fresh, "register")
    run(fresh, "promote", "staging")
    run(fresh, "promote", "prod")
    # then nothing of the pipeline changed
    assert {name: sha256(fresh / name) for name in results} == results
    assert git(fresh, "status", "--porcelain") == ""
    # and another champion, of other costs, follows it
    update_yaml(fresh / "params.yaml", {"money": {"margin": 0.3}})
    run(fresh, "repro")
    git(fresh, "commit", "--quiet", "--all", "-m", "another margin")
    assert "v1.1.0" in run(fresh, "register", "--bump", "minor")
    assert "in place of v1.0.0" in run(fresh, "promote", "prod")
    standing = {
        version["version"]: list(version["environments"])
        for version in json.loads(run(fresh, "models", "--json"))
    }
    assert standing == {"v1.1.0": ["prod"], "v1.0.0": ["staging"]}
    # and is taken back
    assert "rollback from v1.1.0" in run(fresh, "promote", "STAGE=prod", "--version", "v1.0.0")
    table = run(fresh, "models").splitlines()
    assert [line.split()[:2] for line in table[1:]] == [
        ["v1.1.0", "–"],
        ["v1.0.0", "prod"],
        ["v1.0.0", "staging"],
    ]
    assert len(tags(fresh)) == 2 + 2 + 2 + 2
    # and somebody else gets what stands in prod from the remote, without a cache
    assert dvc(fresh, "push", "--all-tags").returncode == 0
    git(tmp_path, "clone", "--quiet", str(fresh), "elsewhere")
    message = run(tmp_path / "elsewhere", "fetch-model", "STAGE=prod")
    assert "CHURN_BUNDLE=models/fetched/prod bentoml serve" in message
    assert content(tmp_path / "elsewhere" / "models" / "fetched" / "prod") == first
    # but not what was tampered with
    for file in (tmp_path / "store").rglob("*"):
        if file.is_file() and sha256(file) == first["rules.json"]:
            file.chmod(0o644)
            file.write_bytes(file.read_bytes() + b"!")
    shutil.rmtree(tmp_path / "elsewhere" / "models" / "fetched")
    done = stages(tmp_path / "elsewhere", "fetch-model", "STAGE=prod")
    assert done.returncode == 1
    assert "rules.json is not what dvc.lock names" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert list((tmp_path / "elsewhere" / "models" / "fetched").iterdir()) == []
