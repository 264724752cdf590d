"""The monitor: questions about a month, an answer to each, and one line."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from scoring.batch import BatchScorer
from scoring.schema import Schema
from scoring.verdict import (
    Calibration,
    ColumnChange,
    Departures,
    Input,
    Model,
    Performance,
    Population,
    Question,
    Realised,
    RealisedProfit,
    Verdict,
    changed,
    status_of,
)
from stages.batch.coded import load_batch_scorer
from stages.core.months import is_closed, number
from stages.core.paths import Paths
from stages.core.quantity import quantity
from stages.monitoring import archive, calibration, departures, performance, two_sample
from stages.monitoring.drivers import drivers
from stages.monitoring.faults import faults, without_accepted
from stages.monitoring.monitor_params import Monitor
from stages.monitoring.month_table import MonthTable, as_frame, learned_from
from stages.monitoring.outcomes import COVERED, Outcomes, absent_at_the_end, labelled
from stages.monitoring.summary import summary_of
from stages.monitoring.verdict_files import folder_of, read_verdict, write_verdict

BROKEN = "the data is broken"
CONTRADICTED = (
    "more customers leave than predicted: they no longer behave as those learned from",
    "the churn rate of a closed window is not the predicted one",
)


@dataclass(frozen=True)
class History:
    """What is known before a month: which months are kept, their verdicts, labels."""

    folder: Path
    months: Sequence[str]
    verdicts: Mapping[str, Verdict]
    outcomes: Mapping[str, Outcomes] = field(default_factory=dict)

    @classmethod
    def before(
        cls, month: str, schema: Schema, paths: Paths, outcomes: Mapping[str, Outcomes]
    ) -> History:
        """The months kept, with the inputs of this schema, and judged before this one."""
        folder, judged = archive.archive_of(paths), folder_of(paths)
        kept = archive.kept_before(month, schema, folder)
        verdicts = {name: read_verdict(judged / f"{name}.json") for name in kept
                    if (judged / f"{name}.json").is_file()}  # fmt: skip
        return cls(folder, [name for name in kept if name in verdicts], verdicts, outcomes)

    def table(self, month: str) -> MonthTable:
        """A month that is kept."""
        return archive.kept(month, self.folder)


def monitor(
    now: MonthTable,
    *,
    bundle: Path,
    params: Monitor,
    window: int,
    paths: Paths,
    outcomes: Mapping[str, Outcomes] | None = None,
    as_of: str | None = None,
    accept: Collection[str] = (),
) -> Verdict:
    """Judge a month, write its verdict, and keep its customers for the months to come.

    `window` are the months that churn looks ahead, `outcomes` the labels of months whose window has
    closed in the month `as_of`, by default that of the customers. Columns to `accept` are right
    as they are, though they differ from the months before: `UserError` where that cannot be.
    """
    scorer = load_batch_scorer(bundle)
    schema = scorer.bundle.schema
    history = History.before(now.month, schema, paths, outcomes or {})
    verdict = judge(
        now, history, scorer,
        params=params, window=window, as_of=as_of or now.month, accept=accept,
    )  # fmt: skip
    write_verdict(verdict, folder_of(paths))
    if verdict.faults or not len(now):
        archive.forget(now.month, history.folder)
    else:
        archive.keep(now, schema, history.folder)
    return verdict


def judge(
    now: MonthTable,
    history: History,
    scorer: BatchScorer,
    *,
    params: Monitor,
    window: int,
    as_of: str,
    accept: Collection[str] = (),
) -> Verdict:
    """The verdict on a month."""
    schema = scorer.bundle.schema
    reference = learned_from(scorer)
    earlier = [history.table(month) for month in history.months[-departures.MEMORY :]]
    whole = earlier or [each for each in (reference,) if each is not None]
    found, accepted = without_accepted(
        faults(now, whole, schema, share=params.fault_share), accept, now
    )
    if found:
        answers = _Answers.none(BROKEN)
    else:
        answers = _Answers(
            _population(now, history, reference, schema, params),
            _departures(now, history, schema, params, window),
            *_closed(history, now, scorer, params, window, as_of),
        )
    changes = answers.changes
    draft = Verdict(
        month=now.month,
        as_of=as_of,
        status=status_of(found, changes, answers.population),
        summary="",
        model=Model(name=now.model[0], version=now.model[1]),
        customers=now.rows,
        input=Input(name=now.name, sha256=now.sha256),
        faults=found,
        accepted=accepted,
        population=answers.population,
        departures=answers.departures,
        calibration=answers.calibration,
        performance=_performance(now, scorer, answers, broken=bool(found)),
        profit=performance.profit(now, scorer.terms, realised=answers.profit),
    )
    return draft.model_copy(update={"summary": summary_of(draft)})


class _Answers(NamedTuple):
    population: Population
    departures: Departures
    calibration: Calibration
    realised: Realised | None
    profit: RealisedProfit | None

    @classmethod
    def none(cls, reason: str) -> _Answers:
        """No question is answered, for a reason."""
        return cls(
            Population(changed=None, reason=reason),
            Departures(changed=None, reason=reason),
            Calibration(changed=None, reason=reason),
            None,
            None,
        )

    @property
    def changes(self) -> tuple[Question, ...]:
        """The questions that are answered with a change."""
        return changed(self.population, self.departures, self.calibration)


def _population(
    now: MonthTable,
    history: History,
    reference: MonthTable | None,
    schema: Schema,
    params: Monitor,
) -> Population:
    months = tuple(history.months[-params.reference_months :])
    tables = [history.table(month) for month in months]
    if not tables and reference is not None:
        tables = [reference]
    if len(now) < params.least_customers:
        return Population(
            changed=None,
            reason=f"{quantity(len(now), 'customer')}; {params.least_customers:,} are needed",
            reference=months,
            needed=params.least_customers,
        )
    if sum(map(len, tables)) < params.least_customers:
        return Population(changed=None, reason="too few earlier customers", reference=months)
    sides = [two_sample.side_of(each, schema, seed=params.seed) for each in ([now], tables)]
    found = two_sample.two_sample(*sides)
    bound = two_sample.threshold(
        _quiet_aucs(history), found.error, level=params.level, least=params.least_auc
    )
    return Population(
        changed=found.auc > bound,
        auc=found.auc,
        threshold=bound,
        reference=months,
        columns=_drivers(now, tables, schema) if found.auc > bound else (),
    )


def _drivers(
    now: MonthTable, reference: Sequence[MonthTable], schema: Schema
) -> tuple[ColumnChange, ...]:
    """The columns behind a change since the reference, without those that grow by themselves."""
    before = pd.concat([as_frame(each, schema) for each in reference], ignore_index=True)
    return drivers(as_frame(now, schema), before, two_sample.tested_columns(schema))


def _quiet_aucs(history: History) -> list[float]:
    """The statistic of earlier months that were like those before them."""
    earlier = (history.verdicts[month].population for month in history.months)
    return [
        each.auc for each in earlier if each.auc is not None and each.reference and not each.changed
    ]


def _departures(
    now: MonthTable, history: History, schema: Schema, params: Monitor, window: int
) -> Departures:
    if not now.is_complete:
        return Departures(changed=None, reason="a prediction log does not have all customers")
    if not now.has_ids:
        return Departures(changed=None, reason="without ids nobody can be followed")
    tables = [history.table(month) for month in history.months] + [now]
    steps = [departures.step(*pair, schema) for pair in pairwise(tables)]
    alarms = [bool(history.verdicts[month].departures.changed) for month in history.months[1:]]
    known = [(one, alarm) for one, alarm in zip(steps, [*alarms, False], strict=False) if one]
    if not steps or steps[-1] is None:
        known = []
    followed = [one for one, _ in known]
    return departures.judge(
        followed, [alarm for _, alarm in known[:-1]], level=params.level, window=window
    )


def _closed(
    history: History,
    now: MonthTable,
    scorer: BatchScorer,
    params: Monitor,
    window: int,
    as_of: str,
) -> tuple[Calibration, Realised | None, RealisedProfit | None]:
    """What the newest month with labels says: calibration, realised metrics, realised profit."""
    for month in reversed(history.months):
        if not is_closed(month, window=window, as_of=as_of):
            continue
        table = history.table(month)
        outcomes = history.outcomes.get(month) or _absent(
            table, history, now, window, scorer.bundle.schema
        )
        if outcomes is None:
            continue
        customers = len(table)
        table, left = labelled(table, outcomes)
        if 0 < len(left) < COVERED * customers:
            reason = (
                f"outcomes of {len(left):,} of {customers:,} customers of {month}; expected all"
            )
            return Calibration(changed=None, reason=reason), None, None
        trained_on = int(scorer.bundle.manifest["rows"])
        return (
            calibration.judge(table, left, level=params.level, trained_on=trained_on),
            performance.realised(table, left, history.verdicts[month].performance.estimated),
            performance.realised_profit_of(table, left, scorer.terms.costs),
        )
    reason = "no earlier month whose window has closed and whose outcomes are known"
    return Calibration(changed=None, reason=reason), None, None


def _absent(
    table: MonthTable, history: History, now: MonthTable, window: int, schema: Schema
) -> Outcomes | None:
    """Labels of a month from who is absent when its window ends, where that month is at hand."""
    end = number(table.month) + window
    known = [month for month in history.months if number(month) <= end]
    if number(now.month) == end:
        before, at_end = history.table(known[-1]), now
    elif number(known[-1]) == end:
        before, at_end = map(history.table, known[-2:])
    else:
        return None
    if departures.step(before, at_end, schema) is None:
        return None
    return absent_at_the_end(table, at_end)


def _performance(
    now: MonthTable, scorer: BatchScorer, answers: _Answers, *, broken: bool
) -> Performance:
    """The estimate, withdrawn where departures or labels contradict it, and what was realised."""
    if broken:
        return Performance(reason=BROKEN)
    sigmoid = performance.sigmoid_of(scorer.bundle.folder)
    found = performance.estimated(now, sigmoid)
    update: dict[str, object] = {"realised": answers.realised}
    if found.estimated is not None:
        contradicts = answers.departures.changed, answers.calibration.changed
        reasons = [why for is_so, why in zip(contradicts, CONTRADICTED, strict=True) if is_so]
        if reasons:
            update |= {"withdrawn": True, "reason": reasons[0]}
    return found.model_copy(update=update)
