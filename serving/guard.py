"""Time limits for models, which cannot be asked to stop.

Requests for one customer are answered on the main thread. There a signal interrupts a model that
takes too long; handing each call to another thread would cost a seventh of a request's time.
Batches are answered on threads, which no signal reaches: their models run on threads of their own,
and one that hangs is left behind. A call into ONNX Runtime ends before the signal is heard.
"""

from __future__ import annotations

import math
import signal
import threading
import time
import weakref
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any

THREADS = 4
PAUSE = 5.0  # seconds without a further try once a limit has passed
TICK = 0.05  # seconds between two looks at the clock
SIGNAL = signal.SIGVTALRM


class Overdue(Exception):
    """The work took longer than its limit, or did so a moment ago."""


class Alarm:
    """Interrupts the main thread where it is `due`."""

    def __init__(self) -> None:
        self.due = math.inf
        self._thread: threading.Thread | None = None

    def is_here(self) -> bool:
        """Whether this is the main thread; the first time, the clock starts."""
        if threading.current_thread() is not threading.main_thread():
            return False
        if self._thread is None:
            signal.signal(SIGNAL, self._ring)
            self._thread = threading.Thread(target=self._watch, daemon=True, name="alarm")
            self._thread.start()
        return True

    def _watch(self) -> None:
        main = threading.main_thread().ident
        while True:
            time.sleep(TICK)
            if time.monotonic() > self.due and main is not None:
                signal.pthread_kill(main, SIGNAL)

    def _ring(self, *_: Any) -> None:
        if time.monotonic() > self.due:  # else the work was done just in time
            self.due = math.inf
            raise Overdue


ALARM = Alarm()


class Guard:
    """Runs work that may hang: it costs its limit once, and is left alone for `PAUSE` seconds."""

    def __init__(self, *, threads: int = THREADS) -> None:
        self._jobs: SimpleQueue[Any] = SimpleQueue()
        self._shut_until = 0.0
        for _ in range(threads):
            threading.Thread(target=_serve, args=(self._jobs,), daemon=True, name="model").start()
        weakref.finalize(self, _dismiss, self._jobs, threads)  # with the bundle it belongs to

    def __call__(self, work: Callable[[Any], Any], value: Any, *, seconds: float) -> Any:
        """`work(value)`; `Overdue` where it takes longer, else whatever it raises."""
        if time.monotonic() < self._shut_until:
            raise Overdue
        run = self._here if ALARM.is_here() else self._beside
        try:
            return run(work, value, seconds)
        except Overdue:
            self._shut_until = time.monotonic() + PAUSE
            raise

    def _here(self, work: Callable[[Any], Any], value: Any, seconds: float) -> Any:
        due = ALARM.due = time.monotonic() + seconds
        try:
            result = work(value)
        finally:
            ALARM.due = math.inf
        if time.monotonic() > due:
            raise Overdue
        return result

    def _beside(self, work: Callable[[Any], Any], value: Any, seconds: float) -> Any:
        answer: SimpleQueue[Any] = SimpleQueue()
        self._jobs.put((work, value, answer, time.monotonic() + seconds))
        try:
            result, error = answer.get(timeout=seconds)
        except Empty:
            raise Overdue from None
        if error is not None:
            raise error
        return result


def _serve(jobs: SimpleQueue[Any]) -> None:
    while (job := jobs.get()) is not None:
        work, value, answer, due = job
        if time.monotonic() > due:  # nobody waits for it any more
            continue
        try:
            answer.put((work(value), None))
        except Exception as error:
            answer.put((None, error))


def _dismiss(jobs: SimpleQueue[Any], threads: int) -> None:
    for _ in range(threads):
        jobs.put(None)
