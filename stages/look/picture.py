"""The stages as boxes and arrows, placed by what they depend on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from stages.core.pipeline import executed_notebook, upstream


class Step(NamedTuple):
    """A stage in the picture: column and row from 0, and those that an arrow comes from."""

    name: str
    href: str
    column: int
    row: int
    after: tuple[Step, ...]


def layout(stages: Mapping[str, Any]) -> list[Step]:
    """A step for each stage: to the right of all that it needs, the longest way in the first row.

    An arrow is left out where a longer way leads there, too.
    """
    needs = upstream(stages)
    depth = {name: _longest(name, needs) for name in stages}
    follows = {name: {s for s in stages if name in needs[s]} for name in stages}
    height = {name: _longest(name, follows) for name in stages}
    steps: dict[str, Step] = {}
    for name in sorted(stages, key=lambda name: (depth[name], -height[name])):
        row = sum(step.column == depth[name] for step in steps.values())
        direct = needs[name] - {far for near in needs[name] for far in _all(near, needs)}
        after = tuple(steps[before] for before in steps if before in direct)
        steps[name] = Step(name, _page(stages[name]), depth[name], row, after)
    return list(steps.values())


def _longest(name: str, needs: Mapping[str, set[str]]) -> int:
    return max((1 + _longest(before, needs) for before in needs[name]), default=0)


def _all(name: str, needs: Mapping[str, set[str]]) -> set[str]:
    return needs[name].union(*(_all(before, needs) for before in needs[name]))


def _page(stage: Mapping[str, Any]) -> str:
    """The page of the notebook that a stage leaves; empty where it leaves none."""
    notebook = executed_notebook(stage)
    return f"{Path(notebook).stem}.html" if notebook else ""
