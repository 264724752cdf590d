"""`python -m benchmarks`: run them, print them, write `reports/bench.json`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from benchmarks import (
    adoption,
    campaigns,
    generation,
    learning,
    monitoring,
    pipeline,
    proxy,
    quality,
    scoring,
    serving,
    story,
    tables,
)
from benchmarks.result import Result
from scoring.errors import UserError
from stages.core.files import write_json
from stages.core.paths import Paths

HERE = Paths.here()

KINDS = (
    "generation",
    "pipeline",
    "adoption",
    "quality",
    "tables",
    "serving",
    "proxy",
    "scoring",
    "monitoring",
    "learning",
    "campaigns",
    "story",
)
LONG = ("proxy", "monitoring", "learning", "campaigns", "story")  # of SIZE=large, or by name


def main() -> int:
    """Run the chosen benchmarks; 1 where a bound is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--csv", type=Path, help="also measure quality on this file (IBM columns)")
    parser.add_argument("--tables", type=Path, help="also compare models on its CSVs")
    parser.add_argument("--runs", type=int, default=3, help="pairs of runs per timing (default 3)")
    parser.add_argument(
        "--size", choices=["small", "large"], default="small", help="large: the long ones too"
    )
    parser.add_argument(
        "--only", choices=KINDS, help="leave the others out; a long one is measured at any size"
    )
    options = parser.parse_args()
    try:
        return _run(options)
    except UserError as error:
        print(error, file=sys.stderr)
        return 1


def _is_wanted(kind: str, options: argparse.Namespace) -> bool:
    """Whether it is the only one asked for, or among all of this size."""
    if options.only:
        return kind == options.only
    return options.size == "large" or kind not in LONG


def _run(options: argparse.Namespace) -> int:
    results: list[Result] = []
    curve: list[dict[str, Any]] = []
    if _is_wanted("generation", options):
        results += generation.benchmarks(runs=options.runs)
    if _is_wanted("pipeline", options):
        results += pipeline.benchmarks(runs=options.runs)
    if _is_wanted("adoption", options):
        results += adoption.benchmarks(runs=options.runs)
    if _is_wanted("quality", options) and options.csv:
        results += quality.benchmarks(options.csv)
    elif _is_wanted("quality", options):
        print("quality on a real file: not measured; give it with make bench CSV=path")
    if _is_wanted("tables", options) and options.tables:
        results += tables.benchmarks(options.tables, csv=options.csv)
    if _is_wanted("serving", options):
        results += serving.benchmarks(large=options.size == "large")
    if _is_wanted("proxy", options):
        results += proxy.benchmarks()
    if _is_wanted("scoring", options):
        results += scoring.benchmarks(runs=options.runs, large=options.size == "large")
    if _is_wanted("monitoring", options):
        results += monitoring.benchmarks()
    if _is_wanted("learning", options):
        learned, curve = learning.benchmarks()
        results += learned
    if _is_wanted("campaigns", options):
        results += campaigns.benchmarks()
    if _is_wanted("story", options):
        results += story.benchmarks()
    content = {"results": [result.as_dict() for result in results], "learning_curve": curve}
    write_json(HERE.reports / "bench.json", content)
    for result in results:
        print(result)
    return int(any(not result.is_met for result in results))


if __name__ == "__main__":
    sys.exit(main())
