"""Versions of code and data, as tags of a run."""

from __future__ import annotations

import json
import os
import subprocess

from stages.core.paths import CUSTOMERS, LOCK, METRICS, ROOT
from stages.operations.lock import locked_outputs
from stages.operations.tracking.payload import Results

IDENTITY = "churn.results"
WRITTEN_BY_A_RUN = [f":!{path.relative_to(ROOT).as_posix()}" for path in (LOCK, METRICS)]


def tags(results: Results) -> dict[str, str]:
    """Tags of a run; what is not known (outside git or DVC, or outside an experiment) is left out.

    MLflow shows the `mlflow.source.…` ones as the version of the code.
    """
    known = {
        IDENTITY: results.identity,
        "churn.bundle": results.manifest["version"],
        "churn.candidate": results.manifest["candidate"],
        "data.source": results.sections["data"]["source"],
        "data.sha256": results.data,
        "dvc.data": data_version(),
        "dvc.experiment": os.environ.get("DVC_EXP_NAME"),
        "mlflow.source.name": "dvc.yaml",
        "mlflow.source.type": "PROJECT",
        "mlflow.source.git.commit": commit(),
        "mlflow.source.git.branch": _git("symbolic-ref", "--quiet", "--short", "HEAD"),
        "git.dirty": _dirty(),
    }
    return {name: value for name, value in known.items() if value}


def commit() -> str | None:
    """The commit that the results come from; in an experiment of DVC, the one it started from."""
    return os.environ.get("DVC_EXP_BASELINE_REV") or _git("rev-parse", "HEAD")


def data_version() -> str | None:
    """DVC's hash of the customers, as `dvc.lock` has it."""
    folder = CUSTOMERS.parent.relative_to(ROOT).as_posix()
    return locked_outputs(LOCK).get(folder, {}).get("md5")


def _dirty() -> str | None:
    """Whether anything differs from the commit but what a run writes; None outside git."""
    changed = _git("status", "--porcelain", "--", ".", *WRITTEN_BY_A_RUN)
    return None if changed is None else json.dumps(changed != "")


def _git(*arguments: str) -> str | None:
    """What git answers; None where it has none."""
    try:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.decode().strip()
