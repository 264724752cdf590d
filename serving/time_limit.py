"""Time limits for models: ONNX Runtime is asked to stop a run that takes too long.

It hears that between two nodes of a graph, those inside a loop included. One thread watches the
clock for all runs; a run costs an entry in a table, whichever thread it is on.
"""

from __future__ import annotations

import threading
import time
from itertools import count
from typing import Any

from onnxruntime import RunOptions

from scoring.bundle import Scorer
from scoring.derive import Inputs

PAUSE = 5.0  # seconds without a further try once a limit has passed
TICK = 0.1  # seconds between two looks at the clock: each takes Python's lock from a request


class ModelTimeout(Exception):
    """The model took longer than its limit, or did so a moment ago."""


class _Clock:
    """Stops the runs whose time is up."""

    def __init__(self) -> None:
        self._runs: dict[int, tuple[float, RunOptions]] = {}
        self._numbers = count()
        self._thread: threading.Thread | None = None

    def start(self, due: float) -> tuple[int, RunOptions]:
        """A run to be stopped when it is `due`: its number and its options."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._watch, daemon=True, name="model clock")
            self._thread.start()
        number, options = next(self._numbers), RunOptions()
        self._runs[number] = due, options
        return number, options

    def end(self, number: int) -> None:
        """The run is over."""
        del self._runs[number]

    def _watch(self) -> None:
        while True:
            time.sleep(TICK)
            now = time.monotonic()
            for due, options in list(self._runs.values()):
                if now > due:
                    options.terminate = True


CLOCK = _Clock()


class TimeLimit:
    """A model that costs its limit once where it hangs, and is left alone for `PAUSE` seconds."""

    def __init__(self, model: Scorer) -> None:
        self._model, self._closed_until = model, 0.0

    def probability(self, inputs: Inputs, *, seconds: float) -> Any:
        """Probability of churn (n,); `ModelTimeout` where it takes longer than `seconds`."""
        began = time.monotonic()
        if began < self._closed_until:
            raise ModelTimeout
        number, options = CLOCK.start(began + seconds)
        try:
            return self._model.probability(inputs, options)
        except Exception:
            if time.monotonic() - began < seconds:
                raise
            self._closed_until = time.monotonic() + PAUSE
            raise ModelTimeout from None
        finally:
            CLOCK.end(number)
