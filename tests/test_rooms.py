"""Imports go one way: app, serving and stages import scoring; scoring imports none of them."""

import ast
import subprocess
import sys
from collections import Counter

import pytest

from tests.places import ROOT

FORBIDDEN = {
    "app": {"stages", "serving", "benchmarks", "tests"},
    "serving": {"app", "stages", "benchmarks", "tests"},
    "scoring": {"app", "stages", "serving"},
}


def imported(folder: str) -> dict[str, set[str]]:
    """Packages that each module of a room names, wherever in it the import stands."""
    found = {}
    for path in sorted((ROOT / folder).rglob("*.py")):
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        names = [a.name for n in nodes if isinstance(n, ast.Import) for a in n.names]
        names += [n.module or "" for n in nodes if isinstance(n, ast.ImportFrom)]
        found[path.relative_to(ROOT).as_posix()] = {name.split(".")[0] for name in names}
    return found


@pytest.mark.parametrize(("folder", "forbidden"), FORBIDDEN.items())
def test_imports_go_one_way(folder: str, forbidden: set[str]) -> None:
    modules = imported(folder)
    assert modules
    assert {path: names & forbidden for path, names in modules.items() if names & forbidden} == {}


def test_answering_needs_numpy_pydantic_and_onnx_runtime_alone() -> None:
    code = (
        "import sys; import numpy, pydantic, onnxruntime; before = set(sys.modules);"
        "import scoring.loading, scoring.decision, scoring.money, scoring.explanation;"
        "new = {n.split('.')[0] for n in set(sys.modules) - before};"
        "known = {'scoring', 'numpy', 'pydantic', 'onnxruntime', 'annotated_types'};"  # pydantic's
        "from importlib.metadata import packages_distributions;"
        "print(*sorted((new & set(packages_distributions())) - known))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


def test_no_two_modules_have_a_name_that_a_reader_would_confuse() -> None:
    # a command is named after the module that does its work
    paths = [p for r in ("stages", "scoring", "serving") for p in (ROOT / r).rglob("*.py")]
    names = [p.name for p in paths if p.parent.name != "commands" and p.name != "__init__.py"]
    assert [name for name, count in Counter(names).items() if count > 1] == []
