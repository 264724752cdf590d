"""What `dvc.lock` says of the last run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stages.core.yamlfile import read_yaml


def locked_outputs(lock: Path) -> dict[str, dict[str, Any]]:
    """The record of every output by its path, in the order of the stages; empty without a lock.

    `UserError` where the lock is not YAML.
    """
    if not lock.is_file():
        return {}
    stages = (read_yaml(lock) or {}).get("stages", {})
    return {out["path"]: out for stage in stages.values() for out in stage.get("outs", [])}
