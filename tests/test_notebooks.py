"""Notebooks call modules as these are: a changed signature is found without a run."""

import ast
import importlib
import inspect
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.places import HERE

NOTEBOOKS = sorted(HERE.notebooks.glob("*.ipynb"))
OURS = ("scoring", "stages")


def code(path: Path) -> ast.Module:
    """The code cells of a notebook, one after another."""
    cells = nbformat.read(path, as_version=4).cells
    return ast.parse("\n".join(cell.source for cell in cells if cell.cell_type == "code"))


def imported(tree: ast.Module) -> dict[str, Any]:
    """What the notebook imports of our rooms, by the name that it has there."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] in OURS:
            module = importlib.import_module(str(node.module))
            for name in node.names:
                if not hasattr(module, name.name):
                    importlib.import_module(f"{node.module}.{name.name}")
                found[name.asname or name.name] = getattr(module, name.name)
    return found


def called(call: ast.Call, known: dict[str, Any]) -> Any:
    """The function that is called, where it is one of ours: `f(…)` or `module.f(…)`."""
    if isinstance(call.func, ast.Name):
        return known.get(call.func.id)
    if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
        return getattr(known.get(call.func.value.id), call.func.attr, None)
    return None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_call_fits_what_is_called(path: Path) -> None:
    tree = code(path)
    known = imported(tree)
    checked = 0
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        function = called(call, known)
        if not inspect.isroutine(function) and not inspect.isclass(function):
            continue
        named = {word.arg: None for word in call.keywords if word.arg}
        try:
            inspect.signature(function).bind(*call.args, **named)
        except TypeError as error:
            pytest.fail(f"{path.name}:{call.lineno}: {ast.unparse(call)}: {error}")
        checked += 1
    assert checked > 0
