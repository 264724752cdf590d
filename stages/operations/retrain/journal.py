"""What was retrained, and whether it is time again.

models/retraining/
  007-departures/    the work of one retraining, named by the newest labelled month and reason
    models/champion/ the challenger
    done.json        the decision; without it the retraining was cut off, and is begun again
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from filelock import FileLock

from stages.core import months
from stages.core.files import write_json
from stages.core.paths import Paths
from stages.core.quantity import quantity
from stages.operations.gate.gate_decision import Decision
from stages.operations.retrain import labelled
from stages.operations.retrain.retrain_params import Retrain

Reason = Literal["departures", "decay", "schedule", "hand"]
REASONS: tuple[Reason, ...] = get_args(Reason)
DONE = "done.json"


class Done(NamedTuple):
    """A finished retraining: its folder, the name and words of its decision, its place in turn."""

    work: Path
    decision: str
    summary: str
    number: int

    @property
    def month(self) -> str:
        """The newest labelled month at that time."""
        return self.work.name.rpartition("-")[0]

    @property
    def reason(self) -> str:
        """What asked for it."""
        return self.work.name.rpartition("-")[2]

    def order(self) -> tuple[int, int, str]:
        """Rises from one to the next; those from before they were numbered come first."""
        return self.number, months.number(self.month), self.work.name


def _done(path: Path) -> Done:
    noted = json.loads(path.read_bytes())
    return Done(path.parent, noted["decision"], noted["summary"], noted.get("number", 0))


@dataclass(frozen=True)
class Journal:
    """The retrainings of a repository."""

    folder: Path

    @classmethod
    def of(cls, paths: Paths) -> Journal:
        """Those of a repository."""
        return cls(paths.champion.parent / "retraining")

    @contextmanager
    def one_at_a_time(self) -> Iterator[None]:
        """Whoever comes meanwhile waits, and then finds it done."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder / ".lock"):
            yield

    def work(self, month: str, reason: Reason) -> Path:
        """The folder of one retraining."""
        return self.folder / f"{month}-{reason}"

    def begin(self, month: str, reason: Reason) -> Path:
        """An empty folder for it."""
        work = self.work(month, reason)
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        return work

    def end(self, work: Path, decision: Decision) -> None:
        """Note that it is done, and as which; customers are not kept twice."""
        shutil.rmtree(work / "data", ignore_errors=True)
        number = max((done.number for done in self.finished()), default=0) + 1
        noted = {"decision": decision.name, "summary": decision.summary, "number": number}
        write_json(work / DONE, noted)

    def finished(self) -> list[Done]:
        """All that are done, the last one first."""
        found = [_done(path) for path in self.folder.glob(f"*/{DONE}")]
        return sorted(found, key=Done.order, reverse=True)

    def outcome(self, month: str, reason: Reason) -> str | None:
        """The summary of the decision, where it is done."""
        path = self.work(month, reason) / DONE
        return _done(path).summary if path.is_file() else None

    def newest(self) -> str | None:
        """The newest month that a finished retraining is named by."""
        return max((done.month for done in self.finished()), key=months.number, default=None)


def not_yet(month: str, reason: Reason, journal: Journal, params: Retrain, paths: Paths) -> str:
    """Why there is nothing to do, in words; empty where there is. By hand it is always time."""
    last = journal.newest()
    if reason == "hand":
        return ""
    known = labelled.labelled_months(paths)
    since = [name for name in known if last is None or months.between(last, name) > 0]
    if last is not None:
        passed = months.between(last, month)
        wait = params.every if reason == "schedule" else params.cool_down
        if passed < wait:
            field = "every" if reason == "schedule" else "cool_down"
            since_then = f"{quantity(passed, 'month')} since that of {last}"
            return f"{since_then}; expected {wait} (retrain.{field})"
    new = labelled.count(since, paths)
    if new < params.labels:
        many = quantity(new, "new labelled customer")
        return f"{many}; expected {params.labels:,} (retrain.labels)"
    return ""
