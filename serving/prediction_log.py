"""What was predicted, for whom and by which model: through BentoML's monitoring, into files.

A request only puts its rows into a bounded queue; a thread writes them. Where the queue is full,
rows are dropped and counted: logging neither slows nor fails a request.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

import bentoml
from bentoml.monitoring import MonitorBase
from pydantic_core import to_json

from scoring.decision import DECISIONS
from scoring.schema import OTHER, Column, Schema
from serving.engine import Answers
from serving.requests import Row
from serving.settings import Settings

NAME = "predictions"
ROUND = 0.2  # seconds between two looks at the queue
ROWS_AT_ONCE = 1_000
LOGGED = ("time", "request_id", "customer", "variant", "shadow", "tier", "name", "version")
logger = logging.getLogger("bentoml.churn.log")


@dataclass(frozen=True)
class Entry:
    """The rows of one request, as they go into the log."""

    at: float
    request_id: str
    rows: Sequence[Row]
    ids: Sequence[str | None]
    answers: Answers
    shadow: bool = False


class FileMonitor(MonitorBase[Any]):
    """BentoML's monitoring with a line of JSON per prediction, in files that rotate by size.

    BentoML's own monitor takes a value at a time and stamps its own time and request; this one
    takes tables of rows, each with the time and request that it belongs to.
    """

    def __init__(self, name: str, *, folder: Path, worker: int, mb: float, files: int) -> None:
        super().__init__(name)
        folder.mkdir(parents=True, exist_ok=True)
        self._schema_file = folder / "columns.json"
        self._handler = RotatingFileHandler(
            folder / f"{name}.{worker}.jsonl",
            maxBytes=int(mb * 1e6),
            backupCount=files,
            encoding="utf-8",
            delay=True,
        )

    def start_record(self) -> None:
        """Nothing to prepare: a table is written as it comes."""

    def stop_record(self) -> None:
        """Nothing is left over."""

    def export_schema(self, columns_schema: dict[str, dict[str, str]]) -> None:
        """Write the columns with their roles and types, once."""
        self.columns_schema = columns_schema
        self._schema_file.write_bytes(to_json(list(columns_schema.values()), indent=2))

    def log_table(self, data: Iterable[Iterable[Any]], schema: dict[str, str]) -> None:
        """Append a line per row; `schema` maps each column to its role and type, `role/type`."""
        if self.columns_schema is None:
            parts = {name: kind.split("/") for name, kind in schema.items()}
            self.export_schema(
                {n: {"name": n, "role": role, "type": kind} for n, (role, kind) in parts.items()}
            )
        names = list(schema)
        lines = [to_json(dict(zip(names, row, strict=True))).decode() for row in data]
        text = "\n".join(lines)
        self._handler.handle(logging.LogRecord(self.name, logging.INFO, "", 0, text, None, None))

    def close(self) -> None:
        """Close the file; another line opens it again."""
        self._handler.close()


class PredictionLog:
    """The queue and the thread that empties it."""

    def __init__(
        self,
        settings: Settings,
        schema: Schema,
        *,
        worker: int,
        written: Callable[[int], None],
        dropped: Callable[[int], None],
        shadow: Callable[[Entry], Entry | None],
    ) -> None:
        self._settings, self._worker = settings, worker
        self._written, self._dropped, self._shadow = written, dropped, shadow
        self._key = (settings.log_key or secrets.token_hex(32)).encode()
        self._columns = _columns(schema)
        self._inputs = schema.inputs
        self._queue: deque[Entry] = deque()
        self._room, self._lock = settings.log_queue, threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="prediction log")
        self._thread.start()

    def put(self, entry: Entry) -> None:
        """Leave the rows of a request to be written, or drop and count them."""
        n = len(entry.rows)
        with self._lock:
            if has_room := n <= self._room:
                self._room -= n
        if has_room:
            self._queue.append(entry)
        else:
            self._dropped(n)

    def close(self, *, seconds: float = 5.0) -> None:
        """Write what is left, and end."""
        self._stop.set()
        self._thread.join(seconds)

    def _run(self) -> None:
        while not self._stop.wait(ROUND):
            self._empty()
        self._empty()
        with self._monitor() as monitor:
            monitor.close()

    def _empty(self) -> None:
        while entries := self._taken():
            n = sum(len(entry.rows) for entry in entries)
            try:
                self._write(entries)
            except Exception:
                logger.exception("the prediction log could not be written")
                self._dropped(n)
            else:
                self._written(n)
            with self._lock:
                self._room += n

    def _taken(self) -> list[Entry]:
        """Entries to be written at once: each write gives way to requests, and waits its turn."""
        entries, rows = [], 0
        while self._queue and rows < ROWS_AT_ONCE:
            entries.append(self._queue.popleft())
            rows += len(entries[-1].rows)
        return entries

    def _write(self, entries: Sequence[Entry]) -> None:
        shadows = [shadow for entry in entries if (shadow := self._shadow(entry))]
        lines = (line for entry in (*entries, *shadows) for line in self._lines(entry))
        with self._monitor() as monitor:
            monitor.log_table(lines, self._columns)

    def _monitor(self) -> AbstractContextManager[Any]:
        settings = self._settings
        options = {
            "folder": settings.log_folder,
            "worker": self._worker,
            "mb": settings.log_mb,
            "files": settings.log_files,
        }
        kind: Any = FileMonitor  # BentoML's annotation knows its own monitor alone
        return bentoml.monitor(NAME, monitor_class=kind, monitor_options=options)

    def _lines(self, entry: Entry) -> Iterable[list[Any]]:
        at = datetime.fromtimestamp(entry.at, UTC).isoformat(timespec="milliseconds")
        answers = entry.answers
        profit = [None] * len(entry.rows) if answers.profit is None else answers.profit.tolist()
        for i, row in enumerate(entry.rows):
            variant = answers.variants[i]
            yield [
                at,
                entry.request_id,
                self._shown(entry.ids[i]),
                variant,
                entry.shadow,
                answers.tiers[i],
                *answers.models[variant],
                *(_value(row[column.name], column) for column in self._inputs),
                float(answers.probability[i]),
                DECISIONS[0] if answers.contact[i] else DECISIONS[1],
                profit[i],
            ]
        time.sleep(0)  # requests first

    def _shown(self, customer_id: str | None) -> str | None:
        if customer_id is None or self._settings.log_ids == "none":
            return None
        if self._settings.log_ids == "plain":
            return customer_id
        digest = hmac.new(self._key, customer_id.strip().encode(), hashlib.sha256)
        return digest.hexdigest()[:32]


def _value(value: Any, column: Column) -> Any:
    """A value as training knows it: labels are text, and what no label names is not kept."""
    if value is None or column.is_numeric:
        return value
    label = str(value)
    return OTHER if column.other and label not in column.labels else label


def _columns(schema: Schema) -> dict[str, str]:
    """Column of the log: role and type, in BentoML's words."""
    inputs = {
        column.name: "feature/" + ("numerical" if column.is_numeric else "categorical")
        for column in schema.inputs
    }
    taken = dict.fromkeys(LOGGED, "metadata/categorical")
    return {
        **taken,
        **inputs,
        "churn_probability": "prediction/numerical",
        "decision": "prediction/categorical",
        "expected_profit": "prediction/numerical",
    }
