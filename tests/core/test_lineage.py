"""`dvc.yaml` against what the stages really import and read: nothing may go stale unseen."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from stages.core.paths import Paths
from stages.core.pipeline import outs_of
from stages.core.runner import notebook_of
from stages.core.yamlfile import read_yaml
from tests.places import ROOT
from tests.traces import NOTEBOOKS, PIPELINE, opened

DATA = read_yaml(ROOT / "params.yaml")["data"]
RUNNER, SITE = "stages/core/runner.py", "stages/look/site.py"
PACKAGES = ("scoring", "stages")
FOLDERS = ("scoring/", "stages/")
TEMPLATES = "stages/look/templates"  # read, not imported


def imported(source: str) -> set[str]:
    """Modules of the package that a piece of code imports, as files."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGES):
            names |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names if alias.name.startswith(PACKAGES)}
    files = {name.replace(".", "/") + ".py" for name in names}
    return {file for file in files if (ROOT / file).is_file()}


def closure(files: set[str]) -> set[str]:
    """All files that these import, directly or not."""
    seen: set[str] = set()
    waiting = set(files)
    while waiting:
        file = waiting.pop()
        seen.add(file)
        waiting |= imported((ROOT / file).read_text(encoding="utf-8")) - seen
    return seen


def notebook_code(stage: str) -> str:
    cells = json.loads(notebook_of(stage, Paths.here()).read_text(encoding="utf-8"))["cells"]
    return "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")


def dependencies(stage: str) -> set[str]:
    """Declared dependencies."""
    return set(PIPELINE[stage]["deps"])


def outs(stage: str) -> set[str]:
    return set(outs_of(PIPELINE[stage]))


def lies_in(path: str, places: set[str]) -> bool:
    return any(path == place or path.startswith(place + "/") for place in places)


def modules_of(stage: str) -> set[str]:
    """What the notebook and the runner, or what renders the pages, imports, directly or not."""
    return closure(imported(notebook_code(stage)) | {RUNNER} if stage in NOTEBOOKS else {SITE})


@pytest.mark.parametrize("stage", PIPELINE)
def test_dependencies_cover_the_modules_that_a_stage_imports_and_no_others(stage: str) -> None:
    # given the imports of a stage, and what dvc.yaml names
    modules = modules_of(stage)
    declared = {dep for dep in dependencies(stage) if dep.startswith(FOLDERS)} - {TEMPLATES}
    # then every module is named, or its folder, and of a folder every module is imported
    assert {module for module in modules if not lies_in(module, declared)} == set()
    named = {module for dep in declared for module in sources(dep)}
    assert named - modules - packages() == set()


def sources(dep: str) -> set[str]:
    """The modules that a dependency names: itself, or those of a folder."""
    files = (ROOT / dep).rglob("*.py") if (ROOT / dep).is_dir() else [ROOT / dep]
    return {file.relative_to(ROOT).as_posix() for file in files}


@pytest.mark.parametrize("stage", NOTEBOOKS)
def test_a_stage_depends_on_the_parameter_models_of_its_own_sections_alone(stage: str) -> None:
    # otherwise a new parameter of the candidates would run a stage that does not read it
    models = {Path(m).stem for m in modules_of(stage) if m.endswith("_params.py")}
    assert models == {f"{section}_params" for section in PIPELINE[stage]["params"]}


def test_the_source_of_customers_is_a_dependency_of_the_first_stage() -> None:
    assert {DATA["source"], DATA["schema"]} <= dependencies("generate")


@pytest.mark.parametrize("stage", PIPELINE)
def test_a_stage_reads_nothing_that_it_does_not_declare(finished: Path, stage: str) -> None:
    read = opened(finished / ".trace", stage)
    # the command line is wiring; parameters and pipeline are tracked by DVC itself
    wiring = {
        "stages/__main__.py",
        "stages/cli.py",
        "stages/commands",
        "stages/operations/failure.py",
        "stages/operations/parent.py",
        "stages/operations/stage_times.py",
        "params.yaml",
        "dvc.yaml",
    }
    allowed = dependencies(stage) | outs(stage) | wiring
    assert {path for path in read if not lies_in(path, allowed | packages())} == set()


def packages() -> set[str]:
    """The `__init__.py` that hold a docstring alone: an edit of one changes nothing."""
    files = [file for name in PACKAGES for file in (ROOT / name).rglob("__init__.py")]
    alone = [f for f in files if len(ast.parse(f.read_text(encoding="utf-8")).body) == 1]
    return {file.relative_to(ROOT).as_posix() for file in alone}


@pytest.mark.parametrize("stage", PIPELINE)
def test_a_stage_reads_every_file_that_it_declares(finished: Path, stage: str) -> None:
    read = opened(finished / ".trace", stage)
    declared = {d for d in dependencies(stage) if not d.startswith(FOLDERS)}
    assert {dep for dep in declared if not any(lies_in(path, {dep}) for path in read)} == set()


def test_only_evaluate_may_read_test_customers_and_truth() -> None:
    for secret in ("data/features/test.parquet", "data/oracle"):
        assert [s for s in PIPELINE if secret in PIPELINE[s]["deps"]] == ["evaluate"]


def test_no_stage_reads_what_a_later_one_wrote() -> None:
    written: set[str] = set()
    later = {out for stage in PIPELINE for out in outs(stage)}
    for stage in PIPELINE:
        assert not [d for d in dependencies(stage) if lies_in(d, later - written)]
        written |= outs(stage)
