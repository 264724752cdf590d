"""Verdicts as files: `reports/monitor/<month>.json`, and `latest.json`, which the service reads."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from scoring.errors import UserError, first_problem, shown
from scoring.verdict import Verdict
from stages.core.files import write_json
from stages.core.paths import Paths

LATEST = "latest.json"


def folder_of(paths: Paths) -> Path:
    """Where verdicts and pages of the monitor are."""
    return paths.reports / "monitor"


def write_verdict(verdict: Verdict, folder: Path) -> Path:
    """Write `<month>.json`, and `latest.json` where no later month is known; the path."""
    path = folder / f"{verdict.month}.json"
    write_json(path, verdict.model_dump(mode="json"))
    if verdict_files(folder)[-1] == path:
        write_json(folder / "new.json", verdict.model_dump(mode="json"))
        (folder / "new.json").replace(folder / LATEST)  # the service reads it at any time
    return path


def verdict_files(folder: Path) -> list[Path]:
    """The verdicts of a folder, oldest month first."""
    names = (path for path in folder.glob("*.json") if path.stem[:1].isdigit())
    return sorted(names, key=lambda path: path.stem)


def read_verdict(path: Path) -> Verdict:
    """The verdict in a file; `UserError` naming the field that is not as expected."""
    try:
        return Verdict.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise UserError(f"{shown(path)}: no such file; run make monitor") from None
    except ValidationError as error:
        raise UserError(f"{shown(path)}: {first_problem(error)}") from None
