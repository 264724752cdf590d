"""What is used of DVC beyond its promises: it has one place, and says so when DVC changes it."""

from __future__ import annotations

import ast
import importlib
import inspect

import pytest

from stages.core.paths import Paths

ROOT = Paths.here().root
ADAPTER = ROOT / "stages" / "operations" / "dvc_parts.py"
PARTS = {
    alias.name: str(node.module)
    for node in ast.walk(ast.parse(ADAPTER.read_text(encoding="utf-8")))
    if isinstance(node, ast.ImportFrom) and str(node.module).startswith("dvc")
    for alias in node.names
}
ARGUMENTS = {
    "build": {"odb", "path", "fs", "name", "dry_run"},
    "file_md5": {"fname", "fs"},
    "transfer": {"src", "dest", "obj_ids", "shallow", "callback"},
    "Repo": {"root_dir", "config"},
}
METHODS = {
    "Repo": {"checkout", "close", "drop_data_index", "fetch", "status", "switch", "dvcfs"},
    "Tree": {"load"},
    "ParallelCoordinatesRenderer": {"partial_html"},
}


@pytest.mark.parametrize("name", PARTS)
def test_dvc_still_has_what_is_used_of_it(name: str) -> None:
    place = f"{PARTS[name]}.{name}, used by stages/operations/dvc_parts.py"
    try:
        part = getattr(importlib.import_module(PARTS[name]), name)
    except (ImportError, AttributeError):
        pytest.fail(f"this version of DVC no longer has {place}")
    taken = set(inspect.signature(part).parameters) if name in ARGUMENTS else set()
    lost = ARGUMENTS.get(name, set()) - taken
    assert not lost, f"this version of DVC takes no {sorted(lost)} in {place}"
    gone = {method for method in METHODS.get(name, set()) if not hasattr(part, method)}
    assert not gone, f"this version of DVC has no {sorted(gone)} on {place}"


def test_no_other_module_names_parts_of_dvc() -> None:
    for path in (ROOT / "stages").rglob("*.py"):
        if path != ADAPTER:
            tree = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            named = {str(n.module) for n in tree if isinstance(n, ast.ImportFrom)}
            private = {name for name in named if name.partition(".")[0].startswith("dvc")}
            assert private <= {"dvc.api"}, f"{path}: import it from {ADAPTER.name}"
