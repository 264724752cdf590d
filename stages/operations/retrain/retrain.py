"""`retrain`: a challenger out of the newest labelled months, judged by the gate, once per reason.

The newest labelled month is the hold-out; the months before it are learned from, and of both only
the side of the pipeline's split by customer that is theirs. So neither month nor customer of the
hold-out was seen by the challenger, nor the customer by a champion of the same split.
"""

from __future__ import annotations

from pathlib import Path

from scoring.deployment import bundle_in_service
from scoring.digest import sha256
from scoring.errors import UserError
from scoring.schema import Schema
from stages.core import months
from stages.core.files import read_table
from stages.core.paths import Paths
from stages.core.yamlfile import load_schema
from stages.features.table import ID
from stages.monitoring.verdict_files import LATEST, folder_of, read_verdict
from stages.operations.gate.bundles import Side
from stages.operations.gate.gate_decision import Decision, read_decisions, record, write_decision
from stages.operations.gate.hold_out import HoldOut, hold_out
from stages.operations.gate.judge import judge
from stages.operations.retrain import labelled
from stages.operations.retrain.challenger import train_challenger
from stages.operations.retrain.journal import Journal, Reason, not_yet
from stages.operations.retrain.retrain_report import write_report
from stages.parameters import Parameters, read_parameters

ALERTS = ("departures", "decay")


def retrain(reason: Reason, paths: Paths, *, as_of: str | None = None) -> str:
    """Train and judge a challenger, unless that was done or it is not time; the outcome in words.

    As `judged_challenger`; the decision is tagged in git, too.
    """
    found = judged_challenger(reason, paths, as_of=as_of)
    if isinstance(found, str):
        return found
    return f"{found.summary}\n{_next(found, record(found, paths.root))}"


def nothing_new(paths: Paths) -> str:
    """That the newest month was retrained on, whatever the reason; empty where it was not."""
    newest = labelled.labelled_months(paths)[-1]
    for done in Journal.of(paths).finished():
        if done.month == newest:
            return f"Not retrained: nothing new since {newest}, {done.reason}: {done.summary}"
    return ""


def judged_challenger(reason: Reason, paths: Paths, *, as_of: str | None = None) -> Decision | str:
    """The decision on a challenger that is trained now; why none is, where none is.

    `as_of` is the month of the decision, by default the one in which the newest window closed.
    `UserError` where there are not two labelled months, or an alert comes from broken data.
    """
    params, journal = read_parameters(paths), Journal.of(paths)
    known = labelled.labelled_months(paths)
    if reason == "schedule" and not known:
        return "Nothing to retrain on: no labelled months in data/months"
    if len(known) < 2:
        raise UserError("data/months: expected two labelled months, to learn from and to judge on")
    with journal.one_at_a_time():
        done = journal.outcome(known[-1], reason)
        if done is not None:
            return f"Done already for {known[-1]}, {reason}: {done}"
        _check_data_is_whole(reason, paths)
        if why := not_yet(known[-1], reason, journal, params.retrain, paths):
            return f"Not retrained: {why}"
        return _once(reason, known, params, journal, paths, as_of=as_of)


def _check_data_is_whole(reason: Reason, paths: Paths) -> None:
    latest = folder_of(paths) / LATEST
    if reason not in ALERTS or not latest.is_file():
        return
    verdict = read_verdict(latest)
    if verdict.status == "fault":
        raise UserError(f"{verdict.summary}; mend the data: retraining would learn it")


def _once(
    reason: Reason,
    known: list[str],
    params: Parameters,
    journal: Journal,
    paths: Paths,
    *,
    as_of: str | None,
) -> Decision:
    month = known[-1]
    work = journal.begin(month, reason)
    own = Paths(paths.root, results=work)
    schema = load_schema(paths.root / params.data.schema_).without_ignored
    learned = known[-1 - params.retrain.months : -1]
    challenger = train_challenger(labelled.customers_of(learned, paths), schema, params, own)
    champion = bundle_in_service(paths.champion)
    data = _hold_out(month, learned, schema, params, paths, own, champion, as_of=as_of)
    decision = judge(champion, challenger, data, params)
    write_decision(decision, paths)
    write_report(decision, reason, paths)
    journal.end(work, decision)
    return decision


def _hold_out(
    month: str,
    learned: list[str],
    schema: Schema,
    params: Parameters,
    paths: Paths,
    own: Paths,
    champion: Path,
    *,
    as_of: str | None,
) -> HoldOut:
    window = round(params.money.window_months)
    return hold_out(
        labelled.folder_of(paths) / f"{month}.parquet",
        schema,
        params.features,
        month=month,
        as_of=as_of or months.shifted(month, window),
        window=window,
        learned=learned,
        seen=_ids(own.train) | _learned_by(champion, paths),
    )


def _learned_by(champion: Path, paths: Paths) -> set[str]:
    """The customers that the champion learned from, where its table is still there."""
    hashes = Side.read(champion).manifest["hashes"]
    is_there = paths.train.is_file() and sha256(paths.train) == hashes["train"]
    return _ids(paths.train) if is_there else set()


def _ids(features: Path) -> set[str]:
    return set(read_table(features, [ID])[ID].astype(str))


def _next(decision: Decision, tag: str | None) -> str:
    filed = f"reports/decisions/{decision.name}.json" + (f", tag {tag}" if tag else "")
    step = "Next: make deploy" if decision.promoted else "The champion stays"
    return f"{step}. Filed: {filed}"


def challenger_to_deploy(paths: Paths) -> Path:
    """The bundle that a gate promoted last; `UserError` where there is none."""
    promoted = {decision.name for decision in read_decisions(paths) if decision.promoted}
    for done in Journal.of(paths).finished():
        if done.decision in promoted:
            return Paths(done.work).champion
    raise UserError("models/retraining: no promoted challenger; run make retrain, or name a MODEL")
