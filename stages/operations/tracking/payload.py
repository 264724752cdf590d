"""The results in the work tree, and what is logged of them."""

from __future__ import annotations

import ast
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import nbformat
import pandas as pd

from scoring.bundle import MANIFEST, SCHEMA_FILE, SCORES
from scoring.digest import digest, sha256
from scoring.errors import UserError, shown
from stages.core.paths import Paths
from stages.core.pipeline import executed_notebook
from stages.core.yamlfile import read_yaml
from stages.look.site import navigation
from stages.operations.flatten import flatten

ROUNDING = 1e-5  # the one is a mean of rounded scores, the other a rounded mean


class RunResults(NamedTuple):
    """What the last run of the pipeline left behind."""

    manifest: dict[str, Any]
    metrics: dict[str, Any]
    sections: dict[str, Any]
    data: str  # sha256 of the customers

    @property
    def identity(self) -> str:
        """A hash that two results share only where parameters, data, model and metrics agree."""
        return digest(self)


def current_results(paths: Paths) -> RunResults:
    """The results in the work tree; `UserError` where there are none, or those of two runs."""
    try:
        manifest, metrics = _read(paths.champion / MANIFEST), _read(paths.metrics)
        found = RunResults(manifest, metrics, _sections(paths), sha256(paths.customers))
    except FileNotFoundError as error:
        missing = shown(Path(error.filename))
        raise UserError(f"{missing}: no such file; expected results: make repro") from None
    if not _of_one_run(found):
        raise UserError(
            f"{shown(paths.metrics)} and {shown(paths.champion)} are of different runs; "
            "expected those of one: dvc checkout, or make repro"
        )
    return found


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _of_one_run(found: RunResults) -> bool:
    """Whether metrics, which git keeps, and bundle, which DVC does, tell of the same winner."""
    bundled = found.manifest["metrics"]
    reported = {name: figures["mean"] for name, figures in found.metrics["cv"].items()}
    same = all(math.isclose(reported[name], bundled[name], abs_tol=ROUNDING) for name in reported)
    return found.metrics["winner"] == found.manifest["candidate"] and same


def _sections(paths: Paths) -> dict[str, Any]:
    """The sections of `params.yaml` with which the results were made.

    Taken from the executed notebooks: the file itself may have been changed since, and the lock of
    DVC is not written yet when the last stage ends.
    """
    sections: dict[str, Any] = {}
    for stage in read_yaml(paths.pipeline)["stages"].values():
        executed = executed_notebook(stage)
        for cell in nbformat.read(paths.root / executed, as_version=4).cells if executed else ():
            if "injected-parameters" in cell.metadata.get("tags", []):
                sections |= dict(_assignments(cell.source))
    return sections


def _assignments(source: str) -> Iterator[tuple[str, Any]]:
    for statement in ast.parse(source).body:
        assert isinstance(statement, ast.Assign)
        assert isinstance(statement.targets[0], ast.Name)
        yield statement.targets[0].id, ast.literal_eval(statement.value)


def parameters(sections: dict[str, Any]) -> dict[str, str]:
    """Every parameter by its name in `dvc params diff`; what is no text as JSON."""
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in flatten(sections).items()
    }


def figures(metrics: dict[str, Any]) -> dict[str, float]:
    """Every number by its name in `dvc metrics show`."""
    numbers = ((n, value) for n, value in flatten(metrics).items() if not isinstance(value, str))
    return {name: float(value) for name, value in numbers}


def fold_figures(candidate: str, paths: Paths) -> dict[str, list[float]]:
    """Each metric of a candidate per fold of the cross-validation, in order."""
    scores = pd.read_csv(paths.comparison / SCORES)
    rows = scores[scores["candidate"] == candidate].drop(columns=["candidate", "repeat", "fold"])
    return {f"cv.{name}.by_fold": rows[name].tolist() for name in rows}


def files(paths: Paths) -> dict[str, list[Path]]:
    """What is uploaded, by folder: reports, plots and tables, no row per customer among them."""
    pages = [paths.reports / page.href for page in navigation(paths)]
    data = paths.customers_schema, paths.data_summary, paths.validation
    return {
        "reports": [*pages, *paths.reports.glob("model_card.md"), paths.metrics],
        "plots": sorted(paths.plots.iterdir()),
        "cross_validation": [paths.comparison / SCORES],
        "bundle": [paths.champion / MANIFEST, paths.champion / SCHEMA_FILE],
        "data": [path for path in data if path.is_file()],
    }
