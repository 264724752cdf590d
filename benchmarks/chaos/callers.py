"""Callers that never stop asking, and what they saw."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections import Counter
from typing import Any

from benchmarks.chaos.target import Target
from scoring.bundle import TIERS

HEADERS = {"Content-Type": "application/json"}
TIMEOUT = 20.0
PATIENCE = 15.0  # seconds until requests are no longer waited for


class Callers:
    """So many callers in threads of their own; a request that fails is not sent again.

    `answers` counts tiers of valid answers, else the status or what went wrong; `versions` the
    models that answered; `longest` is the longest wait for an answer, in seconds.
    """

    def __init__(self, target: Target, number: int = 3, body: bytes | None = None) -> None:
        self.answers: Counter[str] = Counter()
        self.versions: Counter[str] = Counter()
        self.longest = 0.0
        self._target, self._body = target, body or target.body
        self._stop, self._lock = threading.Event(), threading.Lock()
        self._threads = [threading.Thread(target=self._call) for _ in range(number)]

    @property
    def whole(self) -> bool:
        """Whether every request was answered by a model of the bundle."""
        return set(self.answers) <= set(TIERS)

    @property
    def valid(self) -> int:
        """Answers with a probability."""
        return sum(self.versions.values())

    @property
    def failed(self) -> int:
        """Requests without one."""
        return sum(self.answers.values()) - self.valid

    def __enter__(self) -> Callers:
        for thread in self._threads:
            thread.start()
        self.wait(20)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ask nothing more; returns once the last answer is there."""
        self._stop.set()
        for thread in self._threads:
            thread.join(TIMEOUT + 5)

    def wait(self, more: int, answer: str | None = None) -> float:
        """Until so many more requests ended, with this answer if one is named; the seconds."""
        began, before = time.monotonic(), self._count(answer)
        while self._count(answer) < before + more and time.monotonic() < began + PATIENCE:
            time.sleep(0.01)
        return time.monotonic() - began

    def _count(self, answer: str | None) -> int:
        return self.answers[answer] if answer else sum(self.answers.values())

    def _call(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._target.port, timeout=TIMEOUT)
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                connection.request("POST", "/predict", self._body, HEADERS)
                answer = connection.getresponse()
                self._note(answer.status, answer.read(), time.monotonic() - began)
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                self._note(type(error).__name__, b"", time.monotonic() - began)
                time.sleep(0.02)
        connection.close()

    def _note(self, status: int | str, content: bytes, seconds: float) -> None:
        found: dict[str, Any] = json.loads(content) if status == 200 else {}
        with self._lock:
            self.longest = max(self.longest, seconds)
            self.answers[str(found.get("tier", status))] += 1
            if found and 0 <= found["churn_probability"] <= 1:
                self.versions[found["model"]["version"]] += 1
