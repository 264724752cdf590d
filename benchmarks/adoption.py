"""What taking a large file in costs, against pandas' bare reading of it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.pipeline import python
from benchmarks.result import Result, paired_ratio
from stages.core.paths import Paths
from stages.operations.reproducible import copy_work_tree
from stages.simulator.generate import simulate
from stages.simulator.population import load_population

HERE = Paths.here()

ROWS = 1_000_000


def benchmarks(*, runs: int) -> list[Result]:
    """`adopt` (read, check, copy, hash, track) of 1 M customers."""
    with tempfile.TemporaryDirectory() as scratch:
        place, csv = Path(scratch) / "adoption", Path(scratch) / "million.csv"
        copy_work_tree(place, HERE.root)
        write_simulated(csv, rows=ROWS)
        ratio, details = paired_ratio(
            lambda: python(["-m", "stages", "adopt", str(csv)], place),
            lambda: python(["-c", f"import pandas; pandas.read_csv({str(csv)!r})"], place),
            runs=runs,
        )
    return [Result("adopt 1 M customers / pandas.read_csv", ratio, "<=", 4.0, details)]


def write_simulated(csv: Path, *, rows: int) -> None:
    """Simulated customers as a CSV, a chunk at a time."""
    with csv.open("w", encoding="utf-8", newline="") as file:
        for number, chunk in enumerate(
            simulate(load_population(HERE.population), rows=rows, seed=1)
        ):
            chunk.customers.to_csv(file, index=False, header=number == 0, na_rep=" ")
