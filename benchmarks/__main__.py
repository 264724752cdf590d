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
    "learning",
    "monitoring",
    "serving",
    "proxy",
    "scoring",
    "campaigns",
    "story",
)


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
        "--only",
        choices=KINDS,
        help="leave the others out",
    )
    options = parser.parse_args()
    try:
        return _run(options)
    except UserError as error:
        print(error, file=sys.stderr)
        return 1


def _run(options: argparse.Namespace) -> int:
    results: list[Result] = []
    curve: list[dict[str, Any]] = []
    if options.only in (None, "generation"):
        results += generation.benchmarks(runs=options.runs)
    if options.only in (None, "pipeline"):
        results += pipeline.benchmarks(runs=options.runs)
    if options.only in (None, "adoption"):
        results += adoption.benchmarks(runs=options.runs)
    if options.csv and options.only in (None, "quality"):
        results += quality.benchmarks(options.csv)
    if not options.csv and options.only in (None, "quality"):
        print("quality on a real file: not measured; give it with make bench CSV=path")
    if options.tables and options.only in (None, "tables"):
        results += tables.benchmarks(options.tables, csv=options.csv)
    if options.only in (None, "serving"):
        results += serving.benchmarks(large=options.size == "large")
    if options.size == "large" or options.only == "proxy":
        results += proxy.benchmarks()
    if options.only in (None, "scoring"):
        results += scoring.benchmarks(runs=options.runs, large=options.size == "large")
    if options.size == "large" and options.only in (None, "monitoring"):
        results += monitoring.benchmarks()
    if options.size == "large" and options.only in (None, "learning"):
        learned, curve = learning.benchmarks()
        results += learned
    if options.size == "large" and options.only in (None, "campaigns"):
        results += campaigns.benchmarks()
    if options.size == "large" and options.only in (None, "story"):
        results += story.benchmarks()
    content = {"results": [result.as_dict() for result in results], "learning_curve": curve}
    write_json(HERE.reports / "bench.json", content)
    for result in results:
        print(result)
    return int(any(not result.is_met for result in results))


if __name__ == "__main__":
    sys.exit(main())
