"""How long each stage took where it last ran: kept in DVC's cache folder, apart from the outputs.

Outputs have the same bytes at every run, times have not. A time is found by the content of the
stage's executed notebook, which `dvc.lock` names.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stages.core.paths import Paths
from stages.core.runner import notebook_of

NOTEBOOK = ".ipynb"


def keep(stage: str, seconds: float, paths: Paths) -> None:
    """Note how long a stage took that has just run."""
    content = (paths.reports / "notebooks" / notebook_of(stage, paths).name).read_bytes()
    place = _place(hashlib.md5(content, usedforsecurity=False).hexdigest(), paths)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps({"stage": stage, "seconds": round(seconds, 1)}), encoding="utf-8")


def timed(lock: Mapping[str, Any]) -> list[str]:
    """The stages of a lock whose times are kept: those with an executed notebook."""
    outs = {
        stage: [out["path"] for out in record.get("outs", [])] for stage, record in lock.items()
    }
    return [
        stage for stage, paths in outs.items() if any(path.endswith(NOTEBOOK) for path in paths)
    ]


def of_stages(lock: Mapping[str, Any], paths: Paths) -> dict[str, float]:
    """Seconds of each stage of a lock, of those that are known here."""
    found = {}
    for stage, record in lock.items():
        for out in record.get("outs", []):
            place = _place(out.get("md5", ""), paths)
            if out["path"].endswith(NOTEBOOK) and place.is_file():
                found[stage] = float(json.loads(place.read_text(encoding="utf-8"))["seconds"])
    return found


def _place(digest: str, paths: Paths) -> Path:
    return paths.root / ".dvc" / "cache" / "seconds" / f"{digest}.json"
