"""What batch scoring costs: against the bare minimum and the usual way, per row, and in memory."""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.baselines import bare_scoring, usual_scoring
from benchmarks.interruptions import simulated
from benchmarks.result import Result, paired_ratio
from scoring.batch import decoded
from scoring.derive import Inputs, RawInputs, with_derived
from scoring.loading import read_manifest
from stages.batch.asked import Asked
from stages.batch.coded import load_batch_scorer
from stages.batch.inputs import Chunk, find_inputs, plan, read_block
from stages.batch.rows import check_rows, wanted
from stages.batch.score import score
from stages.core.files import read_table
from stages.core.paths import Paths
from stages.parameters import read_parameters

HERE = Paths.here()

SOME, MANY, MOST = 100_000, 1_000_000, 10_000_000
SCRIPT = """
import re, sys
from pathlib import Path
from stages.batch.asked import Asked
from stages.batch.score import score
score(Asked(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))
print(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
"""


def benchmarks(*, runs: int, large: bool) -> list[Result]:
    """Ratios to the bare script and to scikit-learn, seconds of a million, time per row."""
    folder = Path(tempfile.mkdtemp())
    try:
        return _measured(folder, runs=runs) + (_large(folder) if large else [])
    finally:
        shutil.rmtree(folder)


def _measured(folder: Path, *, runs: int) -> list[Result]:
    some, many = (_customers(folder, rows) for rows in (SOME, MANY))
    ours = _ours(many, folder)
    ours()  # what is imported once
    bare, shown = paired_ratio(
        lambda: bare_scoring.score(many, folder / "bare.parquet", HERE.champion), ours, runs=runs
    )
    bare_cpu = _cpu(lambda: bare_scoring.score(many, folder / "bare.parquet", HERE.champion))
    cpu = bare_cpu / _cpu(ours)
    per_row, details = paired_ratio(ours, _repeated(some, folder), runs=runs)
    text, code = (_cpu(_graph(some, by_code=by_code)) for by_code in (False, True))
    return [
        Result("scoring, speed against the bare script", bare, ">=", 0.7, shown),
        Result("scoring, CPU of the bare script / ours", cpu, ">=", 0.7),
        *(_against_usual(table, folder, runs) for table in (_as_csv(some), many)),
        Result("scoring, seconds for 1 M rows", _seconds(ours), "<=", 10.0),
        Result("scoring, time per row: 1 M / 10 x 100 k", per_row, "<=", 1.1, details),
        Result("scoring, CPU of the graph with text / with codes", text / code, ">=", 1.3),
    ]


def _large(folder: Path) -> list[Result]:
    """Ten million rows: time per row against a million, and memory."""
    many, most = _customers(folder, MANY), _customers(folder, MOST)
    one, _ = _process(many, folder)
    ten, memory = _process(most, folder)
    details = f"{ten:.0f} s against {one:.0f} s"
    return [
        Result("scoring, time per row: 10 M / 1 M", ten / one / (MOST / MANY), "<=", 1.1, details),
        Result("scoring, peak memory of 10 M rows in MiB", memory, "<=", 1024.0),
    ]


def _customers(folder: Path, rows: int) -> Path:
    path = folder / f"{rows}.parquet"
    if not path.exists():
        simulated(path, rows=rows)
    return path


def _as_csv(table: Path) -> Path:
    path = table.with_suffix(".csv")
    read_table(table).to_csv(path, index=False)
    return path


def _ours(table: Path, folder: Path, *, out: str = "ours") -> Callable[[], None]:
    def run() -> None:
        score(Asked(str(table), folder / out, HERE.champion))

    return run


def _repeated(table: Path, folder: Path) -> Callable[[], None]:
    """As many customers as `MANY`, `SOME` at a time."""

    def run() -> None:
        for _ in range(MANY // SOME):
            score(Asked(str(table), folder / "ours", HERE.champion))

    return run


def _graph(table: Path, *, by_code: bool) -> Callable[[], object]:
    """The champion's graph alone, asked by text or by code."""
    scorer = load_batch_scorer(HERE.champion)
    schema = scorer.bundle.schema
    (chunk,) = read_block(
        next(plan(find_inputs(str(table), table.parent), size=SOME)), wanted(schema)
    )
    assert isinstance(chunk, Chunk)
    rows = check_rows(chunk, schema)
    inputs = with_derived(RawInputs(rows.numbers, np.ascontiguousarray(rows.codes)), schema)
    if by_code:
        return lambda: scorer.models["champion"].probability(inputs)
    text = Inputs(inputs.numeric, decoded(rows.codes, schema))
    return lambda: scorer.bundle.models["champion"].probability(text)


def _against_usual(table: Path, folder: Path, runs: int) -> Result:
    """Speed and CPU against pandas and scikit-learn, from one kind of file to the same."""
    schema, kind = read_manifest(HERE.champion)[1], table.suffix
    parameters = read_parameters(HERE).train.xgboost.model_dump(exclude={"device"})
    model = usual_scoring.fit(read_table(HERE.customers), schema, **parameters)
    own = _ours(table, folder, out=f"ours{kind}")

    def theirs() -> None:
        usual_scoring.score(table, folder / f"usual{kind}", model, schema)

    ratio, words = paired_ratio(theirs, own, runs=runs)
    details = f"{words}; in CPU seconds {_cpu(theirs) / _cpu(own):.1f}"
    return Result(
        f"scoring, speed against pandas and scikit-learn, {kind}", ratio, ">=", 8.0, details
    )


def _cpu(work: Callable[[], object]) -> float:
    """CPU seconds of this process, which neighbours on the machine hardly change."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    work()
    after = resource.getrusage(resource.RUSAGE_SELF)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def _seconds(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _process(table: Path, folder: Path) -> tuple[float, float]:
    """Seconds and peak resident memory in MiB of a process of its own."""
    command = [sys.executable, "-c", SCRIPT, str(table), str(folder / "own"), str(HERE.champion)]
    start = time.perf_counter()
    done = subprocess.run(command, cwd=HERE.root, capture_output=True, text=True, check=True)
    return time.perf_counter() - start, int(done.stdout) / 1024
