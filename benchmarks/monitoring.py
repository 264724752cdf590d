"""The monitor on simulated histories: false alarms in quiet years, and how soon a change is seen.

    MONITOR_QUIET=20 MONITOR_CHANGED=10 MONITOR_CUSTOMERS=2000 python -m benchmarks.monitoring

`make bench SIZE=large` runs it with the bars of the product. Every history begins with the same six
quiet months; a scenario begins in the seventh. Others' defaults (`benchmarks.column_tests`) judge
the same months, and `benchmarks.estimation` has the performance that is estimated without labels.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from scipy.stats import binomtest

from benchmarks import column_tests, estimation
from benchmarks.result import Result
from scoring.batch import BatchScorer
from scoring.verdict import Status
from stages.batch.coded import load_batch_scorer
from stages.batch.inputs import Chunk, InputFile
from stages.batch.rows import check_rows
from stages.core.paths import Paths
from stages.core.section import read_params
from stages.monitoring import two_sample
from stages.monitoring.monitor import monitor
from stages.monitoring.monitor_params import Monitor
from stages.monitoring.month_table import MonthTable, of_rows, with_problems
from stages.simulator.columns import LABEL
from stages.simulator.generate import simulate
from stages.simulator.population import load_population
from stages.simulator.scenarios import NONE, unfold

HERE = Paths.here()
YEAR, START, STRENGTH, SEED = 12, 7, 0.5, 1_000
# Histories and customers a month; the bars of the product are 200, 100 and 7,043.
QUIET = int(os.environ.get("MONITOR_QUIET", "200"))
CHANGED = int(os.environ.get("MONITOR_CHANGED", "100"))
CUSTOMERS = int(os.environ.get("MONITOR_CUSTOMERS", "7043"))
BY_EVIDENTLY, WIDE = 5, 10  # histories
COLUMNS = 200


@dataclass(frozen=True)
class Bar:
    """In which share of histories a scenario is seen, so many months after its first."""

    months: int
    share: float
    status: str = "change"


BARS = {
    "price_rise": Bar(0, 0.95),
    "competitor_offer": Bar(2, 0.90),
    "unit_change": Bar(0, 1.0, "fault"),
    "all_null": Bar(0, 1.0, "fault"),
    "shifted_categories": Bar(0, 1.0, "fault"),
    "seasonal_wave": Bar(5, 0.0),  # no bar: how little is found is reported
    "new_customer_mix": Bar(5, 0.0),
}


class History:
    """Months of one seed that the monitor judges one after the other, in a folder of its own."""

    def __init__(self, scorer: BatchScorer, *, seed: int, folder: Path) -> None:
        self.scorer, self.seed, self.folder = scorer, seed, folder
        self.params = Monitor.of(read_params(HERE.params)["monitor"])
        self.tables: list[MonthTable] = []

    def judge(self, months: Sequence[int], name: str = NONE) -> list[Status]:
        """The statuses of months to come, in which a scenario unfolds."""
        found: list[Status] = []
        for month in months:
            self.tables.append(table_of(self.scorer, name, month=month, seed=self.seed))
            verdict = monitor(
                self.tables[-1],
                bundle=HERE.champion,
                params=self.params,
                window=6,
                paths=Paths(self.folder),
            )
            found.append(verdict.status)
        return found

    def copy(self, folder: Path) -> History:
        """The same past, for another future."""
        other = History(self.scorer, seed=self.seed, folder=folder)
        shutil.copytree(self.folder, folder)
        other.tables = list(self.tables)
        return other


def benchmarks() -> list[Result]:
    """Quiet years with an alarm, each scenario's share that is seen in time, and the estimate."""
    scorer = load_batch_scorer(HERE.champion)
    found: dict[str, list[bool]] = defaultdict(list)
    aucs: dict[str, list[float]] = defaultdict(list)
    for n in range(max(QUIET, CHANGED)):
        print(f"history {n}", file=sys.stderr)
        with tempfile.TemporaryDirectory() as folder:
            past = History(scorer, seed=SEED + n, folder=Path(folder) / NONE)
            alarms = past.judge(range(1, START))
            for name in BARS if n < CHANGED else ():
                _judge_scenario(past.copy(Path(folder) / name), name, found)
            if n < WIDE:
                _judge_wide(past, aucs)
            if n < QUIET:
                alarms += past.judge(range(START, YEAR + 1))
                found["quiet"].append(any(each in ("change", "fault") for each in alarms))
                _judge_by_columns(past.tables, n, "quiet year", found)
    return [*_results(found), *_wide_results(aucs), *estimation.benchmarks()]


def table_of(scorer: BatchScorer, name: str, *, month: int, seed: int) -> MonthTable:
    """The customers of a month in which a scenario unfolds, as the monitor reads them."""
    world = load_population(HERE.population)
    drawn = simulate(
        world,
        rows=CUSTOMERS,
        seed=seed,
        snapshot_month=month,
        chunk_rows=CUSTOMERS,
        scenario=unfold(world.scenarios, name=name, strength=STRENGTH, start_month=START),
    )
    customers = next(drawn).customers.drop(columns=LABEL)
    chunk = Chunk(
        "",
        InputFile(Path(), "simulated"),
        pa.Table.from_pandas(customers, preserve_index=False),
        np.arange(len(customers)),
    )
    rows = check_rows(chunk, scorer.bundle.schema)
    return with_problems(of_rows(rows, scorer, month=f"{month:03d}"), rows, total=len(customers))


def _judge_scenario(history: History, name: str, found: dict[str, list[bool]]) -> None:
    bar = BARS[name]
    statuses = history.judge(range(START, START + bar.months + 1), name)
    found[name].append(bar.status in statuses)
    if name == "price_rise":
        _judge_by_columns(history.tables[START - 2 :], len(found[name]) - 1, name, found)


def _judge_by_columns(
    tables: Sequence[MonthTable], n: int, name: str, found: dict[str, list[bool]]
) -> None:
    """What others' defaults say of months: whether any of them is an alarm."""
    found[f"tests per column: {name}"].append(column_tests.any_alarm(tables))
    if n < BY_EVIDENTLY:
        schema = load_batch_scorer(HERE.champion).bundle.schema
        column, table = column_tests.evidently_alarms(tables, schema)
        found[f"Evidently, any column: {name}"].append(column)
        found[f"Evidently, half of the columns: {name}"].append(table)


def _judge_wide(past: History, aucs: dict[str, list[float]]) -> None:
    """The two-sample test of a table that has as many columns, most of which say nothing."""
    schema, seed = past.scorer.bundle.schema, past.params.seed
    before = _widened(two_sample.side_of(past.tables[-3:], schema, seed=seed))
    for name in (NONE, "price_rise"):
        table = table_of(past.scorer, name, month=START, seed=past.seed)
        now = _widened(two_sample.side_of([table], schema, seed=seed))
        aucs[name].append(two_sample.two_sample(now, before).auc)


def _widened(side: two_sample.Side) -> two_sample.Side:
    """With columns of noise that stay with a customer."""
    factors = np.random.default_rng(SEED).integers(1, 2**62, COLUMNS - side.inputs.shape[1]) * 2 + 1
    noise = (side.key[:, None] * factors) >> 40
    return side._replace(inputs=np.hstack([side.inputs, noise.astype(np.float32)]))


def _results(found: dict[str, list[bool]]) -> list[Result]:
    results = [_share("quiet years with an alarm", found.pop("quiet"), "<=", 0.05)]
    for name, bar in BARS.items():
        if name in found:
            words = f"{name}: seen {bar.months} months on"
            results.append(_share(words, found.pop(name), ">=", bar.share))
    return results + [_share(name, seen, ">=", 0.0) for name, seen in found.items()]


def _wide_results(aucs: dict[str, list[float]]) -> list[Result]:
    details = f"{COLUMNS} columns, {len(aucs[NONE])} histories at {CUSTOMERS:,} customers"
    least = Monitor.of(read_params(HERE.params)["monitor"]).least_auc
    return [
        Result("two-sample AUC of a quiet month, at most", max(aucs[NONE]), "<=", least, details),
        Result("the same of a price rise, at least", min(aucs["price_rise"]), ">=", least, details),
    ]


def _share(name: str, seen: Sequence[bool], relation: str, bound: float) -> Result:
    interval = binomtest(sum(seen), len(seen)).proportion_ci(method="wilson")
    details = (
        f"{sum(seen)} of {len(seen)} at {CUSTOMERS:,} customers, "
        f"{interval.low:.3f} to {interval.high:.3f}"
    )
    return Result(name, sum(seen) / len(seen), relation, bound, details)


if __name__ == "__main__":
    for result in benchmarks():
        print(result, flush=True)
