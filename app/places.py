"""Where the page finds what it shows: the run of `make score`, its bundle, the reports."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scoring.errors import UserError, shown
from scoring.score_files import SUMMARY

ROOT = Path(__file__).resolve().parents[1]
SCORE = "make score IN=july.csv OUT=out/july CUSTOMERS=1 REASONS=list"


@dataclass(frozen=True)
class Places:
    """The folder of a scored month, the bundle that scored it, and the reports."""

    scores: Path
    bundle: Path
    reports: Path
    summary: Mapping[str, Any]


def places(arguments: Sequence[str]) -> Places:
    """The places that the command line names; without any, those of the last `make score`.

    `UserError` where nothing was scored yet.
    """
    parser = argparse.ArgumentParser(prog="streamlit run app/page.py --")
    parser.add_argument("--scores", type=Path, help="the folder that make score wrote")
    parser.add_argument("--bundle", type=Path, help="the bundle that scored it")
    parser.add_argument("--reports", type=Path, default=ROOT / "reports")
    found = parser.parse_args(arguments)
    folder = found.scores or _last(found.reports / "score.json")
    summary = read_json(folder / SUMMARY, otherwise=f"run {SCORE}")
    bundle = found.bundle or ROOT / str(summary.get("bundle", ""))
    return Places(folder, bundle, found.reports, summary)


def _last(path: Path) -> Path:
    noted = read_json(path, otherwise=f"run {SCORE}")
    return Path(str(noted.get("folder", "")))


def read_json(path: Path, *, otherwise: str) -> Mapping[str, Any]:
    """The content of a JSON file; `UserError` with what to do where it is missing or broken."""
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise UserError(f"{shown(path)}: no such file; {otherwise}") from None
    except (OSError, ValueError):
        raise UserError(f"{shown(path)}: cannot be read; {otherwise}") from None
    if not isinstance(content, dict):
        raise UserError(f"{shown(path)}: expected an object; {otherwise}")
    return content
