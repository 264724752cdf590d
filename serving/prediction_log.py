"""What was predicted, for whom and by which model: a line of JSON each, in files that rotate.

A request only puts its rows into a bounded queue; now and then one makes the lines of all that
wait, and a thread writes them. Not the thread makes the lines: it would take Python's lock from
requests again and again, and not each request its own: one line alone costs three times as much.
Rows are kept until they are written only where a challenger shadows: objects that wait make the
slowest percent of requests a third slower, since Python's collector looks at them again and again.
Where the queue is full, a batch waits a moment, and rows that find no room are dropped and counted:
logging fails no request, and slows none for one customer. What was in the queue of a worker that
was killed is counted by its successor.
"""

from __future__ import annotations

import contextlib
import logging
import mmap
import secrets
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, NamedTuple

from pydantic_core import to_json

from scoring.schema import Schema
from serving.log_lines import Entry, Lines, columns, hashed
from serving.settings import Settings
from serving.telemetry import Metrics

ROUND = 0.2  # seconds between two looks at the queue
AT_ONCE = 4  # requests whose lines one of them makes
ROWS_AT_ONCE = 1_000  # of a write
LONGEST_LINE = 1 << 20  # bytes
COLUMNS = "columns.json"
logger = logging.getLogger("bentoml.churn.log")


Shadow = Callable[[Entry], Entry | None]


class Made(NamedTuple):
    """The lines of some requests, one for each row; `entries` wait for the challenger."""

    rows: int
    lines: bytes
    entries: Sequence[Entry]


class Balance:
    """How many rows entered a worker's queue and how many left it, in a file that outlives it."""

    FORM = struct.Struct("<2q")

    def __init__(self, path: Path) -> None:
        with path.open("a+b") as file:
            # Written, not truncated to: into a hole of a full disk the map could not be written.
            file.write(bytes(max(0, self.FORM.size - file.tell())))
            file.flush()
            self._file = mmap.mmap(file.fileno(), self.FORM.size)
        entered, left = self.FORM.unpack(self._file[:])
        self.lost = max(0, entered - left)  # by the worker before this one
        self._entered = self._left = 0
        self._write()

    def enter(self, n: int) -> None:
        """Rows go into the queue."""
        self._entered += n
        self._write()

    def leave(self, n: int) -> None:
        """Rows were written, or dropped and counted."""
        self._left += n
        self._write()

    def _write(self) -> None:
        self.FORM.pack_into(self._file, 0, self._entered, self._left)


class _File(RotatingFileHandler):
    """A file that rotates and always ends with a whole line, written to in one call."""

    def _open(self) -> Any:
        _end_at_a_line(Path(self.baseFilename))
        return open(self.baseFilename, "ab", buffering=0)

    def append(self, lines: bytes) -> None:
        """Write whole lines; where that fails the error, and nothing of them is written later."""
        if self.stream is not None and self.stream.tell() + len(lines) > self.maxBytes:
            self.doRollover()
        if self.stream is None:
            self.stream = self._open()
        stream: Any = self.stream
        try:
            left = memoryview(lines)
            while left:
                left = left[stream.write(left) :]
        except OSError:
            self.stream = None
            with contextlib.suppress(OSError):
                stream.close()
            raise


class PredictionLog:
    """The queue and the thread that empties it.

    `shadow` gives what predicts for the challenger, or None while none shadows: a function of an
    entry that gives the challenger's, or None where it cannot.
    """

    def __init__(
        self,
        settings: Settings,
        schema: Schema,
        metrics: Metrics,
        *,
        worker: int,
        shadow: Callable[[], Shadow | None],
    ) -> None:
        folder = settings.log_folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / COLUMNS).write_bytes(to_json(columns(schema), indent=2))
        self._file = _File(
            folder / f"predictions.{worker}.jsonl",
            maxBytes=int(settings.log_mb * 1e6),
            backupCount=settings.log_files,
            delay=True,
        )
        self._metrics, self._shadow = metrics, shadow
        self._lines = Lines(schema, _shown(settings))
        self._balance = Balance(folder / f"predictions.{worker}.balance")
        self._count_lost()
        self._queue: deque[Entry] = deque()
        self._made: deque[Made] = deque()
        self._most = self._room = settings.log_queue
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="prediction log")
        self._thread.start()

    def put(self, entry: Entry, *, timeout: float = 0.0) -> None:
        """Leave the rows of a request to be written, or drop and count them.

        Where there is no room it waits for it, `timeout` seconds at most.
        """
        n = len(entry.rows)
        if not self._enter(n, timeout=timeout):
            self._metrics.log_dropped.inc(n)
            return
        self._queue.append(entry)
        if n >= AT_ONCE or len(self._queue) >= AT_ONCE:
            self._make_waiting()

    def _enter(self, n: int, *, timeout: float) -> bool:
        """Take room for n rows, where there is room in time."""
        with self._changed:
            if timeout and self._room < n <= self._most:
                self._changed.wait_for(lambda: n <= self._room, timeout)
            if has_room := n <= self._room:
                self._room -= n
                self._balance.enter(n)
        return has_room

    def _leave(self, n: int) -> None:
        """Give room for n rows back."""
        with self._changed:
            self._room += n
            self._balance.leave(n)
            self._changed.notify_all()

    def close(self, *, seconds: float = 5.0) -> None:
        """Write what is left, and end."""
        self._stop.set()
        self._thread.join(seconds)

    def _count_lost(self) -> None:
        if lost := self._balance.lost:
            self._metrics.log_lost.inc(lost)
            logger.error(
                "predictions of a worker that died are not in the log", extra={"lost": lost}
            )

    def _run(self) -> None:
        while not self._stop.wait(ROUND):
            self._empty()
        self._empty()
        self._file.close()

    def _make_waiting(self) -> None:
        """Make the lines of all that waits, on whichever thread."""
        made: list[tuple[Entry, bytes]] = []
        with contextlib.suppress(IndexError):  # another thread may take the last one
            while True:
                entry = self._queue.popleft()
                try:
                    made.append((entry, self._lines.of(entry)))
                except Exception:
                    logger.exception("a prediction could not be logged")
                    self._drop(len(entry.rows))
        if made:
            entries, texts = zip(*made, strict=True)
            rows = sum(len(entry.rows) for entry in entries)
            self._made.append(Made(rows, b"".join(texts), entries if self._shadow() else ()))

    def _empty(self) -> None:
        self._make_waiting()
        while made := self._taken():
            n = sum(each.rows for each in made)
            try:
                self._write(made)
            except Exception:
                logger.exception("the prediction log could not be written")
                self._drop(n)
            else:
                self._metrics.log_written.inc(n)
                self._leave(n)
            if self._made:
                time.sleep(0)  # requests first

    def _drop(self, n: int) -> None:
        self._metrics.log_dropped.inc(n)
        self._leave(n)

    def _taken(self) -> list[Made]:
        """What is to be written at once: each write gives way to requests, and waits its turn."""
        taken, rows = list[Made](), 0
        while self._made and rows < ROWS_AT_ONCE:
            taken.append(self._made.popleft())
            rows += taken[-1].rows
        return taken

    def _write(self, made: Sequence[Made]) -> None:
        lines = [each.lines for each in made]
        if shadow := self._shadow():
            lines += self._shadow_lines(shadow, chain.from_iterable(each.entries for each in made))
        self._file.append(b"".join(lines))

    def _shadow_lines(self, shadow: Shadow, entries: Iterable[Entry]) -> Iterator[bytes]:
        """The challenger's lines; where it fails, the champion's are written all the same."""
        for entry in entries:
            try:
                if found := shadow(entry):
                    yield self._lines.of(found)
            except Exception:
                logger.exception("what the challenger predicts could not be logged")


class NoLog:
    """Stands in for a log that cannot be opened: answers go out, each row is counted as dropped."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def put(self, entry: Entry, *, timeout: float = 0.0) -> None:
        """Count the rows of a request."""
        self._metrics.log_dropped.inc(len(entry.rows))

    def close(self) -> None:
        """Nothing is left to be written."""


def open_log(
    settings: Settings,
    schema: Schema,
    metrics: Metrics,
    *,
    worker: int,
    shadow: Callable[[], Shadow | None],
) -> PredictionLog | NoLog:
    """The log; a full disk or a missing right keeps nobody from an answer."""
    try:
        return PredictionLog(settings, schema, metrics, worker=worker, shadow=shadow)
    except OSError as error:
        place = {"folder": str(settings.log_folder), "problem": error.strerror}
        logger.error("the prediction log cannot be opened", extra=place)
        return NoLog(metrics)


def _shown(settings: Settings) -> Callable[[str | None], str | None]:
    if settings.log_ids == "none":
        return lambda customer_id: None
    if settings.log_ids == "plain":
        return lambda customer_id: customer_id
    return hashed((settings.log_key or secrets.token_hex(32)).encode())


def _end_at_a_line(path: Path) -> None:
    """Cut off the half line that a killed worker or a full disk left."""
    if not path.is_file():
        return
    with path.open("r+b") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - LONGEST_LINE))
        tail = file.read()
        if tail and not tail.endswith(b"\n"):
            file.truncate(size - len(tail) + tail.rfind(b"\n") + 1)
