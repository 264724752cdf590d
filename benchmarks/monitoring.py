"""The monitor on simulated histories: false alarms in quiet years, and how soon a change is seen.

Next to it, in the same months, Kolmogorov-Smirnov and chi-squared tests per column at 0.05 against
the month before, as drift tools do by default.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from scipy.stats import chi2_contingency, ks_2samp

from benchmarks.result import Result
from scoring.batch import BatchScorer
from scoring.verdict import Verdict
from stages.batch.coded import load_batch_scorer
from stages.batch.inputs import Chunk, InputFile
from stages.batch.rows import check_rows
from stages.core.paths import Paths
from stages.core.section import read_params
from stages.monitoring.monitor import monitor
from stages.monitoring.monitor_params import Monitor
from stages.monitoring.month_table import MonthTable, of_rows, with_problems
from stages.simulator.columns import LABEL
from stages.simulator.generate import simulate
from stages.simulator.population import load_population
from stages.simulator.scenarios import unfold

HERE = Paths.here()
YEAR, START, STRENGTH, SEED = 12, 7, 0.5, 1_000
# Histories and customers a month; the bars of the product are 200, 100 and 7,043.
QUIET = int(os.environ.get("MONITOR_QUIET", "200"))
CHANGED = int(os.environ.get("MONITOR_CHANGED", "100"))
CUSTOMERS = int(os.environ.get("MONITOR_CUSTOMERS", "7043"))
BARS = {  # scenario: seen so many months after its first, and in which share of histories
    "price_rise": (0, 0.95),
    "competitor_offer": (2, 0.90),
    "unit_change": (0, 1.0),
    "all_null": (0, 1.0),
    "shifted_categories": (0, 1.0),
}
FAULTS = ("unit_change", "all_null", "shifted_categories")
ALARMS = ("change", "fault")


def benchmarks() -> list[Result]:
    """Quiet years with an alarm, and each scenario's share that is seen in time."""
    scorer = load_batch_scorer(HERE.champion)
    quiet = [year(scorer, "none", seed=SEED + n) for n in range(QUIET)]
    alarmed = sum(any(v.status in ALARMS for v in verdicts) for verdicts, _ in quiet)
    naive = sum(any(alarms) for _, alarms in quiet)
    results = [
        _share("quiet years with an alarm", alarmed, QUIET, "<=", 0.05),
        _share("the same by tests per column", naive, QUIET, "<=", 1.0),
        _estimate([verdict for verdicts, _ in quiet for verdict in verdicts]),
    ]
    for name, (months, bar) in BARS.items():
        years = [year(scorer, name, seed=SEED + n, until=START + months) for n in range(CHANGED)]
        seen = sum(_is_seen(verdicts, name) for verdicts, _ in years)
        results.append(_share(f"{name}: seen {months} months on", seen, CHANGED, ">=", bar))
    return results


def year(
    scorer: BatchScorer, name: str, *, seed: int, until: int = YEAR
) -> tuple[list[Verdict], list[bool]]:
    """The verdicts of the months of a history, and whether a test per column alarmed in each."""
    params = Monitor.of(read_params(HERE.params)["monitor"])
    verdicts, naive, before = [], [], None
    with tempfile.TemporaryDirectory() as folder:
        for table in _months(scorer, name, seed=seed, until=until):
            verdicts.append(
                monitor(
                    table, bundle=HERE.champion, params=params, window=6, paths=Paths(Path(folder))
                )
            )
            if before is not None and len(table):
                naive.append(_any_column(table, before))
            before = table if len(table) else before
    return verdicts, naive


def _months(scorer: BatchScorer, name: str, *, seed: int, until: int) -> Iterator[MonthTable]:
    population = load_population(HERE.population)
    scenario = unfold(population.scenarios, name=name, strength=STRENGTH, start_month=START)
    for month in range(1, until + 1):
        drawn = simulate(
            population,
            rows=CUSTOMERS,
            seed=seed,
            snapshot_month=month,
            chunk_rows=CUSTOMERS,
            scenario=scenario,
        )
        customers = next(drawn).customers.drop(columns=LABEL)
        table = pa.Table.from_pandas(customers, preserve_index=False)
        places = np.arange(len(customers))
        rows = check_rows(
            Chunk("", InputFile(Path(), "simulated"), table, places), scorer.bundle.schema
        )
        found = of_rows(rows, scorer, month=f"{month:03d}")
        yield with_problems(found, rows, total=len(customers))


def _any_column(now: MonthTable, before: MonthTable) -> bool:
    """Whether any column differs at 0.05: what tests per column do."""
    for place in range(now.numbers.shape[1]):
        sides = [t.numbers[:, place][~np.isnan(t.numbers[:, place])] for t in (now, before)]
        if ks_2samp(*sides).pvalue < 0.05:
            return True
    for place in range(now.codes.shape[1]):
        size = int(max(now.codes[:, place].max(), before.codes[:, place].max())) + 1
        counts = np.array([np.bincount(t.codes[:, place], minlength=size) for t in (now, before)])
        counts = counts[:, counts.sum(axis=0) > 0]
        if counts.shape[1] > 1 and chi2_contingency(counts).pvalue < 0.05:
            return True
    return False


def _is_seen(verdicts: list[Verdict], name: str) -> bool:
    """Seen from the start on and not before it; a broken column as a fault only."""
    wanted = ("fault",) if name in FAULTS else ("change",)
    return any(v.status in wanted for v in verdicts[START - 1 :])


def _estimate(verdicts: list[Verdict]) -> Result:
    """Mean difference of estimated and realised ROC AUC where behaviour does not change."""
    pairs = [
        (realised.estimated.roc_auc, realised.metrics.roc_auc)
        for v in verdicts
        if (realised := v.performance.realised) is not None and realised.estimated is not None
    ]
    errors = [e - r for e, r in pairs if e is not None and r is not None]
    value = abs(float(np.mean(errors))) if errors else float("nan")
    return Result(
        "estimated less realised ROC AUC, mean", value, "<=", 0.003, f"{len(errors)} closed months"
    )


def _share(name: str, count: int, of: int, relation: str, bound: float) -> Result:
    from scipy.stats import binomtest

    interval = binomtest(count, of).proportion_ci(method="wilson")
    details = (
        f"{count} of {of} at {CUSTOMERS:,} customers, {interval.low:.3f} to {interval.high:.3f}"
    )
    return Result(name, count / of, relation, bound, details)
