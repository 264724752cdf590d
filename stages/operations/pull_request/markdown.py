"""The report as Markdown: what was found, in tables that stay short whatever the change."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from jinja2 import Environment, FileSystemLoader

from stages.core.metrics import METRICS
from stages.core.paths import Paths
from stages.look.pages import environment, markdown_cell
from stages.look.site import navigation
from stages.operations import stage_times
from stages.operations.comment.safe import LIMIT, cut
from stages.operations.lock import mapping
from stages.operations.pull_request import changes
from stages.operations.pull_request.change_verdict import Verdict, is_quality, shorten
from stages.operations.pull_request.compare import Comparison
from stages.operations.pull_request.pictures import Picture
from stages.operations.pull_request.results import Results, number
from stages.operations.pull_request.watched_run import Failure

CUT = "\n\nCut here: the report was too long.\n"
ROWS = 20  # of each table; the number of the others is named


@dataclass
class Content:
    """Everything that the template shows."""

    old: Results
    new: Results
    behind: int
    verdict: Verdict
    failure: Failure | None = None
    comparisons: dict[str, Comparison] = field(default_factory=dict)
    slices: pd.DataFrame | None = None
    data: changes.DataChange | None = None
    pictures: list[Picture] = field(default_factory=list)
    level: float = 0.95


def render(content: Content, paths: Paths) -> str:
    """The report as Markdown, of at most `LIMIT` characters."""
    text = (
        _environment()
        .get_template("report.md.j2")
        .render(
            content=content,
            parameters=changes.parameters(content.new.params, content.old.params),
            stages=changes.stages_that_differ(content.new, content.old),
            winners=_winners(content),
            cost=_cost(content, paths),
            slices=_shown_slices(content.slices),
            pages=navigation(paths),
            run=run_address(os.environ),
        )
    )
    if len(text) > LIMIT:  # every table is cut; this is for what nobody thought of
        text = cut(text, limit=LIMIT - len(CUT)) + CUT
    return text


def _environment() -> Environment:
    found = environment().overlay(loader=FileSystemLoader(Path(__file__).parent / "templates"))
    found.filters["figure"] = _figure
    found.filters["short"] = shorten
    found.filters["sentence"] = _sentence
    found.globals["metrics"] = METRICS
    found.globals["rows"] = ROWS
    return found


def _figure(value: float, metric: str, *, sign: bool = False) -> str:
    """A number with the digits of its metric; a dash where it is not known."""
    return METRICS[metric].text(value, signed=sign)


def _sentence(text: str) -> str:
    """Text that stays text, its brackets and underscores as they are, without becoming a link."""
    escaped = markdown_cell(text)
    for sign in "[]_":
        escaped = escaped.replace("\\" + sign, sign)
    return escaped.replace("](", "]\\(")


class Winner(NamedTuple):
    """The candidates of a revision, by the metric that the winner is chosen by."""

    revision: str
    winner: str
    score: float
    runner_up: str
    runner_up_score: float
    metric: str


def _winners(content: Content) -> list[Winner]:
    sides = [content.old] if content.failure else [content.new, content.old]
    return [found for side in sides if (found := _winner(side))]


def _winner(side: Results) -> Winner | None:
    """The winner and the best of the others in cross-validation."""
    metric = str(mapping(side.params.get("train")).get("metric", "roc_auc"))
    candidates = mapping(side.metrics.get("candidates"))
    scores = {name: number(mapping(found).get(metric)) for name, found in candidates.items()}
    others = {name: score for name, score in scores.items() if np.isfinite(score)}
    winner = str(side.metrics.get("winner"))
    if winner not in others or metric not in METRICS:
        return None
    score, sign = others.pop(winner), METRICS[metric].sign
    second = max(others, key=lambda name: sign * others[name], default="")
    return Winner(side.name, winner, score, second, others.get(second, float("nan")), metric)


class Cost(NamedTuple):
    """Seconds of each stage and bytes of the bundle, new and old; None where not known."""

    stages: list[tuple[str, float | None, float | None]]
    sizes: tuple[int | None, int | None]


def _cost(content: Content, paths: Paths) -> Cost:
    sides = content.new.lock, content.old.lock
    new, old = (stage_times.of_stages(lock, paths) for lock in sides)
    names = stage_times.timed(content.new.lock or content.old.lock)
    stages = [(n, new.get(n), old.get(n)) for n in names if n in new or n in old]
    if stages:
        stages.append(("all", _total(new, names), _total(old, names)))
    return Cost(stages, (_bundle_size(content.new), _bundle_size(content.old)))


def _total(found: Mapping[str, float], names: list[str]) -> float | None:
    return sum(found.values()) if found and set(names) <= set(found) else None


def _bundle_size(side: Results) -> int | None:
    outs = [out for stage in side.lock.values() for out in stage.get("outs", [])]
    sizes = [
        number(out.get("size"))
        for out in outs
        if out["path"] == side.paths.relative(side.paths.champion)
    ]
    return int(sizes[0]) if sizes and np.isfinite(sizes[0]) else None


def _shown_slices(slices: pd.DataFrame | None) -> list[dict[Any, Any]]:
    """Groups that got worse or better: what the verdict looks at before recall, the worse first."""
    if slices is None:
        return []
    seen = slices[(slices["verdict"] != "no difference seen") & (slices["column"] != "everybody")]
    seen = seen.assign(judged=seen["metric"].map(is_quality))
    return seen.sort_values(["judged", "verdict"], ascending=False, kind="stable").to_dict(
        "records"
    )


def run_address(environment: Mapping[str, str]) -> str | None:
    """Where the workflow run and its artifacts are; None outside of GitHub Actions."""
    names = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
    server, repository, run = (environment.get(name) for name in names)
    return f"{server}/{repository}/actions/runs/{run}" if server and repository and run else None
