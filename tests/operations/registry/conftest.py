"""A small repository with committed outputs of a pipeline that does nothing: quick to break."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from dvc.repo import Repo
from ruamel.yaml import YAML

from scoring.digest import sha256
from stages.core.files import write_json
from stages.core.yamlfile import read_yaml
from stages.operations.registry.register import register
from stages.operations.registry.revision import BUNDLE, CARD, EVALUATION, NEEDED, REPORT
from tests import builders
from tests.places import ROOT

BEHAVIOUR = '''"""Of the champion in the folder that the registry names."""
import json, os
from pathlib import Path

import pytest

ROOT = Path(os.environ["CHURN_TEST_REPOSITORY"])


@pytest.mark.any_champion
def test_it_has_a_name():
    assert json.loads((ROOT / "models/champion/bundle.json").read_text())["name"]


def test_it_behaves():
    assert json.loads((ROOT / "models/champion/bundle.json").read_text())["candidate"] != "rebel"
'''
QUICK = ("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # of the small repository: it needs no plugin
METRICS = {
    "test": {"roc_auc": 0.84, "brier": 0.13, "profit_per_customer": 6.5},
    "test_ci": {
        "roc_auc": {"low": 0.82, "high": 0.86},
        "brier": {"low": 0.12, "high": 0.14},
        "profit_per_customer": {"low": 5.4, "high": 7.6},
    },
    "reference": {"base_rate_brier": 0.186},
}


def git(root: Path, *arguments: str) -> str:
    """What a git command says."""
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True)
    return done.stdout


def tags(root: Path) -> list[str]:
    return git(root, "tag").split()


def write_champion(root: Path, *, candidate: str = "vote", content: str = "one") -> None:
    """A bundle whose hashes are right, and whose models are words."""
    folder = root / BUNDLE
    shutil.rmtree(folder, ignore_errors=True)
    schema = builders.schema().model_dump(mode="json", exclude_defaults=True)
    write_json(folder / "schema.json", schema)
    (folder / "model.onnx").write_text(f"a model: {content}")
    manifest = {
        "name": "churn",
        "candidate": candidate,
        "files": {path.name: sha256(path) for path in sorted(folder.iterdir())},
    }
    digest = hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()
    write_json(folder / "bundle.json", manifest | {"version": digest[:12]})


def write_evaluation(root: Path, metrics: object = METRICS, *, words: str = "good") -> None:
    """Metrics, report and model card."""
    write_json(root / EVALUATION, metrics)
    for path in (REPORT, CARD):
        (root / path).write_text(f"{path}: {words}")


def commit(root: Path, message: str = "a run") -> None:
    """What is in the work tree as the pipeline's results, in DVC's cache and in git."""
    with Repo(str(root)) as repo:
        repo.commit(force=True)
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--allow-empty", "-m", message)


def another_champion(root: Path, content: str = "two") -> None:
    """A run that made another champion."""
    write_champion(root, content=content)
    write_evaluation(root, words=content)
    commit(root)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("template") / "clone"
    root.mkdir()
    git(root, "init", "--quiet", "--initial-branch=main")
    for key, value in (("name", "Ada"), ("email", "ada@example.com")):
        git(root, "config", f"user.{key}", value)
    Repo.init(str(root)).close()
    shutil.copy(ROOT / ".gto", root)
    shutil.copy(ROOT / "params.yaml", root)
    outs: list[object] = [path for path in NEEDED if path != EVALUATION]
    stage = {"cmd": "echo", "outs": [*outs, {EVALUATION: {"cache": False}}]}
    artifacts = read_yaml(ROOT / "dvc.yaml")["artifacts"]
    YAML().dump({"stages": {"evaluate": stage}, "artifacts": artifacts}, root / "dvc.yaml")
    (root / ".gitignore").write_text("/models/\n/reports/*\n!/reports/metrics.json\n__pycache__/\n")
    (root / "tests" / "model").mkdir(parents=True)
    (root / "tests" / "model" / "test_behaviour.py").write_text(BEHAVIOUR)
    (root / "pytest.ini").write_text("[pytest]\nmarkers = any_champion\n")
    write_champion(root)
    write_evaluation(root)
    commit(root)
    return root


@pytest.fixture(autouse=True)
def _quick(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if not request.node.get_closest_marker("slow"):
        monkeypatch.setenv(*QUICK)


@pytest.fixture
def small(template: Path, tmp_path: Path) -> Path:
    """A copy of the small repository that a test may change."""
    return Path(shutil.copytree(template, tmp_path / "small", symlinks=True))


@pytest.fixture(scope="session")
def one_version(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small repository with its champion registered."""
    root = tmp_path_factory.mktemp("registered") / "clone"
    shutil.copytree(template, root, symlinks=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(*QUICK)
        register(root=root)
    return root


@pytest.fixture
def registered(one_version: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may change."""
    return Path(shutil.copytree(one_version, tmp_path / "registered", symlinks=True))
