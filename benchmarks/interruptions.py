"""Batch scoring killed at random moments: every customer is scored exactly once all the same.

`python -m benchmarks.interruptions` kills it a hundred times and says what came of it.
"""

from __future__ import annotations

import argparse
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

from stages.batch.parts import PARTIAL
from stages.core.paths import Paths
from stages.core.section import read_params
from stages.simulator.generate_params import Generate
from stages.simulator.population import load_population
from stages.simulator.snapshots import snapshot

HERE = Paths.here()

LONGEST = 0.5  # seconds from a run's first part to its end, on average of those that are killed
SIGNALS = (signal.SIGKILL, signal.SIGINT, signal.SIGTERM)
COMMAND = """
import sys
from pathlib import Path
from stages.batch.asked import Asked
from stages.batch.score import score
score(Asked(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), chunk=int(sys.argv[4])))
"""


@dataclass(frozen=True)
class Survival:
    """What was left after so many kills, and how many runs they took."""

    kills: int
    scored: Counter[str]
    is_same: bool


def survive(table: Path, model: Path, folder: Path, *, kills: int, chunk: int) -> Survival:
    """Score a table, killed again and again; compared with a run that nobody disturbs.

    Runs that end before they are killed start over with another output, so that all kills hit.
    """
    # 2026-11-26: when to kill, nothing secret
    rng = random.Random(20)  # nosec B311
    _run(table, folder / "whole.parquet", model, chunk).wait()
    done, out = 0, folder / "killed.parquet"
    with tqdm(total=kills, desc="kills", unit="") as bar:
        while done < kills:
            out.unlink(missing_ok=True)
            for kill in _disturbed(table, out, model, chunk, rng, most=kills - done):
                done += kill
                bar.update(kill)
    if not out.exists():
        _run(table, out, model, chunk).wait()
    ids = Counter(pq.read_table(out, columns=["customer_id"])["customer_id"].to_pylist())
    return Survival(kills, ids, out.read_bytes() == (folder / "whole.parquet").read_bytes())


def _disturbed(
    table: Path, out: Path, model: Path, chunk: int, rng: random.Random, *, most: int
) -> Iterator[int]:
    """Runs of one output until one ends or `most` were killed: 1 for each kill."""
    for _ in range(most):
        run = _run(table, out, model, chunk)
        _wait_for_part(run, Path(f"{out}{PARTIAL}"))
        try:
            code = run.wait(timeout=rng.expovariate(1 / LONGEST))
            assert code == 0, "a run failed by itself: no kill can tell anything"
            return
        except subprocess.TimeoutExpired:
            run.send_signal(rng.choice(SIGNALS))
            run.wait()
            yield 1


def _wait_for_part(run: subprocess.Popen[bytes], partial: Path) -> None:
    """Until there is one more part than there was: before that there is nothing to lose."""
    before = _parts(partial)
    while run.poll() is None and _parts(partial) <= before:
        time.sleep(0.01)


def _parts(partial: Path) -> int:
    """How many there are: none where the run takes the folder away in this moment."""
    try:
        return len(list(partial.glob("*.arrow")))
    except FileNotFoundError:
        return 0


def _run(table: Path, out: Path, model: Path, chunk: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", COMMAND, str(table), str(out), str(model), str(chunk)]
    return subprocess.Popen(command, cwd=HERE.root, stderr=subprocess.DEVNULL)


def simulated(path: Path, *, rows: int) -> None:
    """Write customers of a simulated month, without the target."""
    generate = Generate.of(read_params(HERE.params)["generate"] | {"rows": rows, "seed": 99})
    writer = None
    for month in snapshot(load_population(HERE.population), generate, month=3):
        table = pa.Table.from_pandas(month.customers, preserve_index=False)
        writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
        writer.write_table(table)
    assert writer is not None
    writer.close()


def main() -> int:
    """Kill it so many times; 1 where a customer is lost or scored twice."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--chunk", type=int, default=1_000)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    try:
        simulated(folder / "customers.parquet", rows=options.rows)
        found = survive(
            folder / "customers.parquet",
            HERE.champion,
            folder,
            kills=options.kills,
            chunk=options.chunk,
        )
    finally:
        shutil.rmtree(folder)
    once = len(found.scored) == options.rows and set(found.scored.values()) == {1}
    print(
        f"{found.kills} kills, {options.rows:,} customers: "
        f"{'every one exactly once' if once else 'NOT every one exactly once'}; the file is "
        f"{'the same' if found.is_same else 'NOT the same'} as that of an undisturbed run"
    )
    return 0 if once and found.is_same else 1


if __name__ == "__main__":
    sys.exit(main())
