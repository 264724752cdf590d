"""What simulated customers cost: time and memory of many, against those of few in the same run."""

from __future__ import annotations

import subprocess
import sys
import time

from benchmarks.result import Result, paired_ratio
from stages.core.paths import Paths
from stages.simulator.generate import simulate
from stages.simulator.population import load_population

HERE = Paths.here()

MANY, FEW = 1_000_000, 10_000
SOME = 300_000  # three chunks: memory is that of the chunk drawn and the one before it
# Not getrusage: its peak is that of the parent at the fork, where that was higher.
SCRIPT = """
import re
from pathlib import Path
from benchmarks.generation import draw
draw({rows})
print(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
"""
CROWD = load_population(HERE.population)


def benchmarks(*, runs: int) -> list[Result]:
    """Time per row from 10 k to 1 M, seconds and memory of 1 M, and whether memory grows."""
    ratio, details = paired_ratio(lambda: draw(MANY), _many_times_few, runs=runs)
    start = time.perf_counter()
    draw(MANY)
    seconds = time.perf_counter() - start
    many, few = (_peak_memory(rows) for rows in (MANY, SOME))
    peaks = f"{many:.0f} MiB against {few:.0f} MiB"
    return [
        Result("generation, time per row: 1 M / 10 k", ratio, "<=", 1.0, details),
        Result("generation, seconds for 1 M rows", seconds, "<=", 15.0),
        Result("generation, peak memory: 1 M / 300 k", many / few, "<=", 1.1, peaks),
        Result("generation, peak memory of 1 M rows in MiB", many, "<=", 1024.0),
    ]


def draw(rows: int) -> None:
    """Simulate customers and let go of each chunk."""
    for _ in simulate(CROWD, rows=rows, seed=20):
        pass


def _many_times_few() -> None:
    """As many rows as `MANY`, in simulations of `FEW`."""
    for _ in range(MANY // FEW):
        draw(FEW)


def _peak_memory(rows: int) -> float:
    """Resident memory of a process of its own at its peak, in MiB; Linux alone tells it."""
    command = [sys.executable, "-c", SCRIPT.format(rows=rows)]
    done = subprocess.run(command, cwd=HERE.root, capture_output=True, text=True, check=True)
    return int(done.stdout) / 1024
