"""Versions of code and data, as tags of a run."""

from __future__ import annotations

import json
import os
import subprocess

from stages.core.paths import Paths
from stages.operations.git import git
from stages.operations.lock import locked_outputs
from stages.operations.tracking.payload import RunResults

IDENTITY = "churn.results"


def tags(results: RunResults, paths: Paths) -> dict[str, str]:
    """Tags of a run; what is not known (outside git or DVC, or outside an experiment) is left out.

    MLflow shows the `mlflow.source.…` ones as the version of the code.
    """
    known = {
        IDENTITY: results.identity,
        "churn.bundle": results.manifest["version"],
        "churn.candidate": results.manifest["candidate"],
        "data.source": results.sections["data"]["source"],
        "data.sha256": results.data,
        "dvc.data": data_version(paths),
        "dvc.experiment": os.environ.get("DVC_EXP_NAME"),
        "mlflow.source.name": "dvc.yaml",
        "mlflow.source.type": "PROJECT",
        "mlflow.source.git.commit": commit(paths),
        "mlflow.source.git.branch": _git(paths, "symbolic-ref", "--quiet", "--short", "HEAD"),
        "git.dirty": _dirty(paths),
    }
    return {name: value for name, value in known.items() if value}


def commit(paths: Paths) -> str | None:
    """The commit that the results come from; in an experiment of DVC, the one it started from."""
    return os.environ.get("DVC_EXP_BASELINE_REV") or _git(paths, "rev-parse", "HEAD")


def data_version(paths: Paths) -> str | None:
    """DVC's hash of the customers, as `dvc.lock` has it."""
    folder = paths.relative(paths.customers.parent)
    return locked_outputs(paths.lock).get(folder, {}).get("md5")


def _dirty(paths: Paths) -> str | None:
    """Whether anything differs from the commit but what a run writes; None outside git."""
    written = [f":!{paths.relative(path)}" for path in (paths.lock, paths.metrics)]
    changed = _git(paths, "status", "--porcelain", "--", ".", *written)
    return None if changed is None else json.dumps(changed != "")


def _git(paths: Paths, *arguments: str) -> str | None:
    """What git answers; None where it has none."""
    try:
        return git(paths.root, *arguments)
    except (OSError, subprocess.CalledProcessError):
        return None
