"""Time limits for code that cannot be interrupted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any

THREADS = 4
PAUSE = 5.0  # seconds without a further try once a limit has passed


class Overdue(Exception):
    """The work took longer than its limit, or did so a moment ago."""


class Guard:
    """Runs work in threads of its own, so that work that hangs costs its limit once.

    After that it is not tried again for `PAUSE` seconds, nor while every thread still hangs.
    Python's own executor does the same at three times the price of a request.
    """

    def __init__(self, *, threads: int = THREADS) -> None:
        self._jobs: SimpleQueue[Any] = SimpleQueue()
        self._shut_until = 0.0
        for _ in range(threads):
            threading.Thread(target=self._serve, daemon=True, name="model").start()

    def __call__(self, work: Callable[[Any], Any], value: Any, *, seconds: float) -> Any:
        """`work(value)`; `Overdue` where it takes longer, else whatever it raises."""
        if time.monotonic() < self._shut_until:
            raise Overdue
        answer: SimpleQueue[Any] = SimpleQueue()
        self._jobs.put((work, value, answer, time.monotonic() + seconds))
        try:
            result, error = answer.get(timeout=seconds)
        except Empty:
            self._shut_until = time.monotonic() + PAUSE
            raise Overdue from None
        if error is not None:
            raise error
        return result

    def _serve(self) -> None:
        while True:
            work, value, answer, due = self._jobs.get()
            if time.monotonic() > due:  # nobody waits for it any more
                continue
            try:
                answer.put((work(value), None))
            except Exception as error:
                answer.put((None, error))
