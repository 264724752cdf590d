"""Proof that the pipeline rebuilds to the same bytes: in another place, time zone and locale."""

from __future__ import annotations

import json
import math
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from scoring.digest import sha256
from scoring.errors import UserError
from stages.core.paths import Paths
from stages.core.yaml_edit import update_yaml
from stages.core.yamlfile import read_yaml
from stages.operations.flatten import flatten
from stages.operations.git import git
from stages.operations.lock import locked_outputs
from stages.operations.tracking.server import ADDRESS
from stages.operations.work_tree import copy_files

REFERENCE = ("Linux", "x86_64", "3.11")
TOLERANCE = 0.01  # of metrics.json on another platform than the reference one
CONDITIONS: tuple[dict[str, str], ...] = (
    {"CHURN_THREADS": "1", "TZ": "UTC", "LC_ALL": "C.UTF-8"},
    {"CHURN_THREADS": "2", "TZ": "Asia/Kathmandu", "LC_ALL": "C"},
)


def check_reproducible(paths: Paths, *, rows: int | None = None) -> str:
    """Run the pipeline in two clones and compare; what was compared, in words.

    On the reference platform every output of every stage must have the same bytes, and with all
    rows those that the committed `dvc.lock` names. Elsewhere `metrics.json` must lie within
    `TOLERANCE` of the committed one. `UserError` naming the first file that differs.
    """
    with tempfile.TemporaryDirectory() as scratch:
        places = [Path(scratch) / "one", Path(scratch) / "another folder" / "two"]
        for place, condition in zip(places, CONDITIONS, strict=True):
            copy_work_tree(place, paths.root)
            if rows is not None:
                update_yaml(Paths(place).params, {"generate": {"rows": rows}})
            run_pipeline(place, condition)
        count = _compare_bytes(*places)
        summary = f"{count} files of two runs have the same bytes"
        if rows in (None, read_yaml(paths.params)["generate"]["rows"]):
            summary += "; " + _compare_with_committed(Paths(places[0]), paths)
    return summary


def copy_work_tree(place: Path, root: Path) -> None:
    """A fresh repository with the files of the one at `root` that git knows or would know."""
    copy_files(place, root)
    for arguments in (
        ("init", "--quiet", "--initial-branch=main"),
        ("add", "--all"),
        ("-c", "user.name=clone", "-c", "user.email=clone@localhost", "commit", "-qm", "clone"),
    ):
        git(place, *arguments)


def run_pipeline(place: Path, environment: Mapping[str, str]) -> None:
    """Run `python -m stages repro` there; `UserError` where it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "stages", "repro"],
        cwd=place,
        env={**os.environ, **environment, ADDRESS: ""},  # proofs are no experiments
        check=False,
    )
    if done.returncode:
        raise UserError(f"{place.name}: the pipeline failed with exit code {done.returncode}")


def outputs(place: Path) -> Iterator[str]:
    """Every file that the lock of a repository names as an output, and the lock."""
    yield "dvc.lock"
    for name in locked_outputs(place / "dvc.lock"):
        path = place / name
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        yield from (file.relative_to(place).as_posix() for file in files if file.is_file())


def _compare_bytes(one: Path, other: Path) -> int:
    names, others = list(outputs(one)), list(outputs(other))
    if names != others:
        strange = sorted(set(names) ^ set(others))[0]
        raise UserError(f"{strange}: written by one run only; expected by both")
    differing = [name for name in names if sha256(one / name) != sha256(other / name)]
    if differing:
        raise UserError(
            f"{differing[-1]}: differs between two runs; expected the same bytes",
            details=tuple(f"differs: {name}" for name in differing),
        )
    return len(names)


def _compare_with_committed(new: Paths, committed: Paths) -> str:
    here = (platform.system(), platform.machine(), ".".join(platform.python_version_tuple()[:2]))
    if here == REFERENCE:
        if new.lock.read_bytes() != committed.lock.read_bytes():
            raise UserError("dvc.lock: not what a run gives; run make repro and commit it")
        return "they are those that the committed dvc.lock names"
    worst = max(_differences(_numbers(new.metrics), _numbers(committed.metrics)))
    if worst > TOLERANCE:
        raise UserError(f"reports/metrics.json: off by {worst:.2g}; expected at most {TOLERANCE}")
    return (
        f"this is {' '.join(here)}, not the reference platform {' '.join(REFERENCE)}, so bytes "
        f"are not promised: metrics.json is within {worst:.2g} of the committed one "
        f"(at most {TOLERANCE})"
    )


def _numbers(path: Path) -> dict[str, float]:
    """The numbers of a JSON file under their dotted names."""
    content = flatten(json.loads(path.read_text(encoding="utf-8"))).items()
    return {name: float(value) for name, value in content if isinstance(value, int | float)}


def _differences(one: Mapping[str, float], other: Mapping[str, float]) -> Iterator[float]:
    """Relative beyond 1, absolute below; infinite where a name is missing."""
    for name in one.keys() | other.keys():
        a, b = one.get(name, math.inf), other.get(name, -math.inf)
        yield abs(a - b) / max(1.0, min(abs(a), abs(b)))
