"""`score`: this month's customers with a bundle, from wherever they are to a list of whom to call.

What is written, in the folder of the output (docs/scoring.md):

    scores            customer_id, churn_probability, decision, expected_profit, tier, model_version
    contact_list.csv  whom to contact, best first, within the budget
    rejects.csv       rows that cannot be scored: file, row, reason
    customers.parquet what the model was asked about each customer, where that is asked for
    campaign.csv      with a design: whom chance decided on, to which the outcome is added later
    summary.json      how many of each, what the campaign is to bring, how the customers differ
"""

from __future__ import annotations

import errno
import json
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from tqdm import tqdm

from scoring.bundle import MANIFEST
from scoring.digest import sha256
from scoring.errors import UserError, shown
from scoring.schema import Schema
from scoring.score_files import CAMPAIGN, CONTACTS, CUSTOMERS, REJECTS, SUMMARY
from stages.batch.asked import (
    Asked,
    check_columns,
    check_id,
    check_overwrites,
    check_snapshot,
    check_target,
)
from stages.batch.assignment import CONTROL
from stages.batch.campaign_list import campaign_rows, design_figures
from stages.batch.contacts import Chosen, choose, contact_list, of_parts, reasons_for
from stages.batch.customer_table import CustomerWriter
from stages.batch.duplicate_ids import FurtherRows, repeated_customers
from stages.batch.inputs import Block, InputFile, find_inputs, plan
from stages.batch.outputs import Merge, sync, synced_meanwhile, write_contacts
from stages.batch.parts import Work
from stages.batch.rows import wanted
from stages.batch.score_part import PartScorer
from stages.batch.score_summary import Outcome, most_frequent, summary_of, warnings_of
from stages.core.files import write_json
from stages.core.quantity import quantity


def score(asked: Asked) -> Outcome:
    """Score the customers; `UserError` where something does not fit, with nothing half written."""
    start = time.monotonic()
    check_target(asked)
    work = Work(asked.scores)
    with _kept(work):
        task = PartScorer(
            asked.model, work.folder, asked.reasons == "all", asked.snapshot, asked.customers
        )
        bundle = task.scorer.bundle
        check_snapshot(asked.source, asked.snapshot, bundle.schema)
        check_id(asked, bundle.schema)
        files = find_inputs(asked.source, work.scratch("fetched"), encoding=asked.encoding)
        check_overwrites(asked, files)
        extra = check_columns(files, bundle.schema)
        stamps = [file.stamp for file in files]
        _tell(work.resume(_manifest(asked, files)))
        run = _Run(asked, work, task, list(plan(files, size=asked.chunk)))
        merge = run.merged()
        _check_unchanged(stamps, files)
        with synced_meanwhile(work.folder / asked.scores.name):
            chosen, design = run.write_lists(merge)
        summary = summary_of(asked, task, files, merge, chosen) | design
        summary |= {"warnings": [*extra, *warnings_of(merge.totals, bundle)]}
        summary |= _speed(merge.totals.rows, time.monotonic() - start)
        write_json(work.folder / SUMMARY, summary)
        _publish(asked, work)
    work.end()
    return Outcome(asked.scores.parent, asked.scores, summary)


@dataclass(frozen=True)
class _Run:
    """A run over the blocks of the input."""

    asked: Asked
    work: Work
    task: PartScorer
    blocks: Sequence[Block]

    def merged(self) -> Merge:
        """All parts, scored and put together."""
        names = self.asked.engine(
            self.blocks, wanted(self._schema), self.task, frozenset(self.work.finished())
        )
        merge = self._merge(names, {})
        column = self._schema.role("id")
        if column is not None:
            again = repeated_customers(merge.names, merge.keys, self.work, column)
            merge = self._merge(merge.names, again) if again else merge
        merge.keys.clear()  # 8 bytes a customer
        pa.default_memory_pool().release_unused()  # a fifth of what a large table takes
        _check_enough(self.asked, self.work, merge)
        return merge

    def _merge(self, names: Iterable[str], repeated: Mapping[str, FurtherRows]) -> Merge:
        merge = Merge(
            self.work,
            self.work.folder / self.asked.scores.name,
            self.work.folder / REJECTS,
            version=self.task.scorer.bundle.version,
            with_reasons=self.task.with_reasons,
            id_column=self._schema.role("id"),
            customers=CustomerWriter(self.work.folder / CUSTOMERS, self._schema)
            if self.asked.customers
            else None,
            effect=self.task.scorer.terms.effect,
            design=self.asked.design,
            repeated=repeated,
        )
        rows = sum(block.rows for block in self.blocks)
        with merge, tqdm(total=rows or None, desc="customers", unit="", unit_scale=True) as bar:
            for name in names:
                bar.update(merge.add(name))
                if not self.asked.is_share:
                    _check_rejects(self.asked, self.work, merge)
        return merge

    def write_lists(self, merge: Merge) -> tuple[Chosen, dict[str, Any]]:
        """Write whom to contact, and on whom chance decided: the contacts, figures of the draw."""
        design, terms = self.asked.design, self.task.scorer.terms
        drawn = choose(merge.candidates, terms, budget=self.asked.budget)
        merge.candidates.release()
        if design is None:
            self._write_contacts(drawn, merge)
            return drawn, {}
        chosen = drawn.rows(drawn.assignment != CONTROL)
        self._write_contacts(chosen, merge)
        write_contacts(self.work.folder / CAMPAIGN, campaign_rows(design, drawn, merge))
        return chosen, {"design": design_figures(design, drawn, terms.effect)}

    def _write_contacts(self, chosen: Chosen, merge: Merge) -> None:
        reasons = None
        if self.asked.reasons == "list":
            reasons = reasons_for(chosen, merge.names, self.work, self.blocks, self.task)
        elif self.asked.reasons == "all":
            reasons = of_parts(chosen, merge.names, self.work, "reasons")
        effect = self.task.scorer.terms.effect
        contacts = contact_list(
            chosen, merge.names, self.work, reasons, effect=effect, design=self.asked.design
        )
        write_contacts(self.work.folder / CONTACTS, contacts)

    @property
    def _schema(self) -> Schema:
        return self.task.scorer.bundle.schema


def _manifest(asked: Asked, files: Sequence[InputFile]) -> dict[str, Any]:
    """What a part depends on, in the words of the message when it changed."""
    options: dict[str, Any] = {"reasons": asked.reasons == "all", "chunk": asked.chunk}
    if asked.customers:
        options["customers"] = True
    if asked.snapshot is not None:
        options["snapshot"] = asked.snapshot.isoformat()
    if asked.encoding is not None:
        options["encoding"] = asked.encoding
    return {
        "the input": [[file.origin, file.digest()] for file in files],
        "the model": sha256(asked.model / MANIFEST),
        "the options": options,
    }


def _check_unchanged(before: list[tuple[int, int]], files: Sequence[InputFile]) -> None:
    for file, stamp in zip(files, before, strict=True):
        if file.stamp != stamp:
            raise UserError(
                f"{file.origin}: changed while it was scored; expected a table that stays as it "
                "is. Run the same command again: it starts over with the table as it is then"
            )


def _check_rejects(asked: Asked, work: Work, merge: Merge) -> None:
    """`UserError` where more rows are rejected than allowed."""
    totals, limit, rows = merge.totals, asked.max_rejects, merge.totals.rows
    if limit is None or totals.rejected <= (limit * rows if asked.is_share else limit):
        return
    allowed = f"{limit:.2%}" if asked.is_share else f"{limit:,.0f}"
    raise UserError(
        f"{asked.source}: {totals.rejected:,} of {rows:,} rows rejected, at most {allowed} "
        f"allowed: {_why(merge, work)}"
    )


def _check_enough(asked: Asked, work: Work, merge: Merge) -> None:
    totals = merge.totals
    if not totals.scored and not totals.rejected:
        raise UserError(f"{asked.source}: no rows; expected customers")
    if not totals.scored:
        raise UserError(
            f"{asked.source}: all {quantity(totals.rejected, 'row')} rejected: {_why(merge, work)}"
        )
    _check_rejects(asked, work, merge)


def _why(merge: Merge, work: Work) -> str:
    """The problems of the rejected rows, and where all of them are."""
    problems = most_frequent(merge.totals.problems, merge.totals.examples)
    return f"{problems}; rows and reasons are in {shown(work.folder / REJECTS)}"


def _speed(rows: int, seconds: float) -> dict[str, Any]:
    return {"seconds": round(seconds, 2), "rows_per_second": round(rows / max(seconds, 1e-9))}


def _publish(asked: Asked, work: Work) -> None:
    """Give every file its name; the scores last, so that whoever sees them finds the rest."""
    sync([work.folder / path.name for path in asked.outputs])
    if not asked.customers and (left := _kept_by_an_earlier_run(asked)) is not None:
        left.unlink(missing_ok=True)
    for path in asked.outputs:
        (work.folder / path.name).replace(path)


def _kept_by_an_earlier_run(asked: Asked) -> Path | None:
    """The table of customers next to earlier scores; not one that the user has there."""
    table, summary = (asked.scores.with_name(name) for name in (CUSTOMERS, SUMMARY))
    with suppress(OSError, ValueError, AttributeError):
        kept = json.loads(summary.read_bytes()).get("customers") == CUSTOMERS
        if kept and table.resolve() != Path(asked.source).resolve():
            return table
    return None


@contextmanager
def _kept(work: Work) -> Iterator[None]:
    """Whatever stops a run, finished parts stay and the message says how to go on."""
    work.take()
    try:
        yield
    except BaseException as error:
        parts = len(work.finished())
        work.leave()
        again = (
            f"kept {quantity(parts, 'finished part')} in {shown(work.folder)}: run the same "
            "command again to go on, or delete that folder"
            if parts
            else "nothing was written"
        )
        if isinstance(error, KeyboardInterrupt):
            raise UserError(f"interrupted; {again}") from None
        if isinstance(error, OSError):
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            why = "no space left: free some" if full else f"{type(error).__name__}: {error}"
            raise UserError(f"{shown(work.folder)}: {why}; {again}") from None
        raise


def _tell(words: str) -> None:
    if words:
        print(words, file=sys.stderr)
