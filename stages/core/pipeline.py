"""What `dvc.yaml` says of the stages: their outputs, and which of them needs which."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def outs_of(stage: Mapping[str, Any]) -> list[str]:
    """The paths of a stage's outputs, its metrics among them."""
    outs = [*stage.get("outs", []), *stage.get("metrics", [])]
    return [out if isinstance(out, str) else next(iter(out)) for out in outs]


def upstream(stages: Mapping[str, Any]) -> dict[str, set[str]]:
    """Of each stage those whose outputs, or files in them, it depends on."""
    return {
        name: {
            other
            for other, made in stages.items()
            if other != name and _meet(stage.get("deps", []), outs_of(made))
        }
        for name, stage in stages.items()
    }


def _meet(deps: list[str], outs: list[str]) -> bool:
    return any(dep == out or dep.startswith(f"{out}/") for dep in deps for out in outs)


def executed_notebook(stage: Mapping[str, Any]) -> str | None:
    """The path of the notebook that a stage leaves; None where it leaves none."""
    return next((out for out in outs_of(stage) if out.endswith(".ipynb")), None)
