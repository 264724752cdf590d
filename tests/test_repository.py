"""The repository itself: notebooks clean, locks hashed, results up to date with the code."""

from __future__ import annotations

import ast
import hashlib
import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from stages.core.paths import Paths
from stages.core.pipeline import executed_notebook
from stages.core.yamlfile import read_yaml
from stages.look.site import navigation
from stages.operations.supply.locks import locks, read_lock
from tests.places import HERE, ROOT

NOTEBOOK_FILES = sorted(HERE.notebooks.glob("*.ipynb"))
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def pinned(lock: str = "dev.lock") -> dict[str, list[str]]:
    """Locked versions by normalised name: several where the lock forks by platform."""
    text = (ROOT / "requirements" / lock).read_text(encoding="utf-8")
    pins: dict[str, list[str]] = {}
    for name, version in re.findall(r"^([a-z0-9._-]+)==([^ ]+)", text, flags=re.MULTILINE):
        pins.setdefault(normal(name), []).append(version)
    return pins


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True,
    )  # fmt: skip
    names = filter(None, listed.stdout.decode().split("\0"))
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def code_cells(path: Path) -> list[str]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


@pytest.mark.parametrize("path", NOTEBOOK_FILES, ids=lambda path: path.name)
def test_a_notebook_tells_and_a_module_does(path: Path) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    assert not [c for c in content["cells"] if c.get("outputs") or c.get("execution_count")]
    for source in code_cells(path):
        forbidden = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
        assert not [n for n in ast.walk(ast.parse(source)) if isinstance(n, forbidden)]
    prose = [c for c in content["cells"] if c["cell_type"] == "markdown"]
    assert "".join(prose[0]["source"]).startswith("# ")
    assert len(prose) >= 3


def test_no_notebook_is_in_git_but_those_that_are_run() -> None:
    assert sorted(path for path in tracked() if path.suffix == ".ipynb") == NOTEBOOK_FILES


def test_every_stage_has_its_notebook_and_the_other_way_round() -> None:
    stages = read_yaml(ROOT / "dvc.yaml")["stages"]
    numbered = [path.stem for path in NOTEBOOK_FILES if path.stem[0].isdigit()]
    with_notebook = [name for name, stage in stages.items() if executed_notebook(stage)]
    assert [name.split("_", 1)[1] for name in numbered] == with_notebook
    # and every notebook's page is in the reports
    assert [page.href for page in navigation(Paths.here())][1:-1] == [
        f"{name}.html" for name in numbered
    ]


def test_the_lock_pins_what_is_asked_for() -> None:
    groups = [PYPROJECT["project"]["dependencies"], *PYPROJECT["dependency-groups"].values()]
    pins = pinned()
    for requirement in (Requirement(text) for group in groups for text in group):
        versions = pins[normal(requirement.name)]
        assert [v for v in versions if Version(v) in requirement.specifier], str(requirement)


def test_nothing_is_locked_that_nobody_asks_for() -> None:
    groups = [PYPROJECT["project"]["dependencies"], *PYPROJECT["dependency-groups"].values()]
    asked = {normal(Requirement(text).name) for group in groups for text in group}
    locked = {
        normal(pin.name) for pin in read_lock(ROOT / "requirements/dev.lock") if not pin.asked_by
    }
    assert sorted(locked - asked) == [], "run make lock"


def test_the_service_has_what_it_asks_for_in_the_versions_that_are_tested() -> None:
    pins = {(pin.name, pin.version) for pin in read_lock(ROOT / "requirements/service.lock")}
    assert pins <= {(pin.name, pin.version) for pin in read_lock(ROOT / "requirements/dev.lock")}
    for text in PYPROJECT["dependency-groups"]["service"]:
        assert normal(Requirement(text).name) in {normal(name) for name, _ in pins}, text


def test_the_lock_of_the_mlflow_client_goes_on_top_of_the_other() -> None:
    below, above = pinned(), pinned("mlflow.lock")
    for requirement in map(Requirement, PYPROJECT["project"]["optional-dependencies"]["mlflow"]):
        assert Version(above[normal(requirement.name)][0]) in requirement.specifier
    shared = above.keys() & below.keys()
    assert {name: above[name] for name in shared} == {name: below[name] for name in shared}


@pytest.mark.parametrize("path", locks(Paths.here()), ids=lambda path: path.stem)
def test_every_locked_package_carries_its_hash_and_no_address(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    entries = re.split(r"\n(?=[a-z0-9])", text.strip())
    assert all("--hash=sha256:" in entry for entry in entries if not entry.startswith("#"))
    assert "://" not in text


def is_code(path: Path) -> bool:
    """Whether a dependency is in git: what stages write is not."""
    return path.is_file() or path.is_relative_to(ROOT / "stages")


def content_hash(path: Path) -> str:
    """DVC's hash of a file, or of a folder: that of the list of what is in it."""
    if path.is_file():
        return hashlib.md5(path.read_bytes()).hexdigest()
    files = sorted(p for p in path.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    named = [
        {"md5": content_hash(file), "relpath": file.relative_to(path).as_posix()} for file in files
    ]
    listed = json.dumps(sorted(named, key=lambda entry: entry["relpath"]), sort_keys=True)
    return hashlib.md5(listed.encode()).hexdigest() + ".dir"


def test_the_committed_results_are_those_of_the_committed_code() -> None:
    """`dvc.lock` names the content of every dependency: what is not current was not rerun."""
    stages = read_yaml(ROOT / "dvc.lock")["stages"].values()
    written = {out["path"] for stage in stages for out in stage["outs"]}
    read = [dep for stage in stages for dep in stage["deps"] if dep["path"] not in written]
    stale = [
        dep["path"]
        for dep in read
        if is_code(ROOT / dep["path"]) and content_hash(ROOT / dep["path"]) != dep["md5"]
    ]
    assert sorted(set(stale)) == [], "run make repro and commit dvc.lock and reports/metrics.json"


def test_committed_parameters_are_those_of_the_lock() -> None:
    params = read_yaml(ROOT / "params.yaml")
    for stage in read_yaml(ROOT / "dvc.lock")["stages"].values():
        for section, values in stage.get("params", {}).get("params.yaml", {}).items():
            assert params[section] == values, section


def test_no_file_carries_a_secret_an_index_address_or_a_path_of_one_machine() -> None:
    hosts = ("py" + "pi.org", "python" + "hosted.org", "npm" + "js.org", "npm" + "js.com")
    patterns = [re.escape(host) for host in hosts]
    patterns += [
        re.escape(str(ROOT)),
        r"AKIA[0-9A-Z]{16}",
        r"ghp_\w{36}",
        "BEGIN [A-Z ]*PRIVATE KEY",
    ]
    wanted = re.compile("|".join(patterns))
    found = [path for path in tracked() if wanted.search(path.read_text(errors="replace"))]
    assert found == []


def test_the_root_stays_small_enough_to_read() -> None:
    assert len([path for path in tracked() if path.parent == ROOT and path.name[0] != "."]) < 13


def test_usage_reporting_of_dvc_is_off() -> None:
    config = (ROOT / ".dvc" / "config").read_text(encoding="utf-8")
    assert "analytics = false" in config


def test_what_a_scanner_accepts_is_dated_and_explained() -> None:
    accepted = re.compile("# " + "nosec|pragma: " + "allowlist")
    for path in (path for path in tracked() if path.suffix == ".py"):
        lines = path.read_text(encoding="utf-8").splitlines()
        for above, line in zip(["", *lines], lines, strict=False):
            if accepted.search(line):
                assert re.match(r" *# 20\d\d-\d\d-\d\d: \w+", above), f"{path}: {line}"


def test_checks_cannot_be_silenced() -> None:
    for path in (*(ROOT / ".ci").iterdir(), ROOT / "Makefile", *(ROOT / ".github").rglob("*.yml")):
        text = path.read_text(encoding="utf-8")
        assert "|| " + "true" not in text, path
        assert "continue-on-" + "error" not in text, path


def test_tests_import_no_tests() -> None:
    imports = re.compile(r"^(?:from|import) tests(?:\.\w+)*\.test_\w+", re.MULTILINE)
    files = [path for path in (ROOT / "tests").rglob("*.py") if path.name != "test_repository.py"]
    assert [str(path) for path in files if imports.search(path.read_text("utf-8"))] == []
