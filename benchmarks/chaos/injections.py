"""Ten failures: each starts a service, has callers ask, breaks something, looks what comes of it.

None takes longer than a minute.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.chaos.callers import Callers
from benchmarks.chaos.target import SETTLES, Target, running
from scoring.bundle import MANIFEST, MODEL
from scoring.digest import digest

DAY = 86_400
CLOCK = """import os, time
_real = time.time
def _shifted():
    with open(os.environ["CHAOS_CLOCK"]) as file:
        return _real() + float(file.read() or 0)
time.time = _shifted
"""
# A model that goes on until it is asked to stop, as ONNX Runtime is where the time is up.
HANGS = """import time
import onnxruntime
class Hanging(onnxruntime.InferenceSession):
    def run(self, names, feed, options=None):
        if options is None:
            return super().run(names, feed)
        while not options.terminate:
            time.sleep(0.01)
        raise RuntimeError("terminated")
onnxruntime.InferenceSession = Hanging
"""
WRONG = (b"{", b'{"features": {}}', b"[" * 5000, b'{"features": {"shoe size": 44}}')
SCRAPE = b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


@dataclass(frozen=True)
class Seen:
    """Whether the promise was kept, what was seen, and the longest wait of a caller in seconds."""

    kept: bool
    words: str
    longest: float


@dataclass(frozen=True)
class Failure:
    """What is injected, what is promised of it, and the alert that it raises where it lasts."""

    name: str
    promised: str
    alert: str
    inject: Callable[[Path, Path], Seen]

    def row(self, bundle: Path, place: Path) -> tuple[bool, str]:
        """Whether the promise was kept, and a row of the table in `docs/operations.md`."""
        folder = place / self.inject.__name__
        folder.mkdir()
        try:
            seen = self.inject(bundle, folder)
        finally:
            shutil.rmtree(folder)
        kept = "kept" if seen.kept else "**broken**"
        cells = (self.name, self.promised, f"{kept}: {seen.words}", f"{seen.longest:.2f} s")
        return seen.kept, f"| {' | '.join(cells)} | {self.alert} |"


def _logged(target: Target, callers: Callers) -> tuple[bool, str]:
    """Whether each answer is in the log, or counted as dropped or lost; how many of each.

    What was lost may have been on its way to a caller whose request failed.
    """
    callers.stop()
    names, found = ("written", "dropped", "lost"), [0.0]
    due = time.monotonic() + SETTLES
    while sum(found) < callers.valid and time.monotonic() < due:
        time.sleep(0.1)
        found = [target.metric(f"churn_log_{name}_total") for name in names]
    words = ", ".join(f"{n:.0f} {name}" for n, name in zip(found, names, strict=True))
    most = callers.valid + callers.failed
    return callers.valid <= sum(found) <= most, f"of {callers.valid} answers {words}"


def kill_a_worker(bundle: Path, place: Path) -> Seen:
    """SIGKILL, with another worker there."""
    with running(bundle, place, CHURN_WORKERS="2") as target, Callers(target) as callers:
        os.kill(target.workers()[-1].pid, signal.SIGKILL)
        deaths = target.settled("churn_worker_deaths_total", 1)
        callers.wait(100)
        back = len(target.workers())
        balanced, words = _logged(target, callers)
    kept = deaths == 1 and back == 2 and balanced and callers.failed <= 3
    return Seen(kept, f"{callers.failed} requests failed, {back} workers; {words}", callers.longest)


def full_disk(bundle: Path, place: Path) -> Seen:
    """The log is written to a device that is always full."""
    (place / "log").mkdir()
    for worker in range(4):
        (place / "log" / f"predictions.{worker}.jsonl").symlink_to("/dev/full")
    with running(bundle, place) as target, Callers(target) as callers:
        callers.wait(200)
        balanced, words = _logged(target, callers)
        dropped = target.metric("churn_log_dropped_total")
    kept = callers.whole and balanced and dropped > 0
    return Seen(kept, f"{callers.failed} failed; {words}", callers.longest)


def log_not_writable(bundle: Path, place: Path) -> Seen:
    """The folder of the log cannot be made, whoever runs the service."""
    (place / "file").write_text("in the way", encoding="utf-8")
    log = str(place / "file" / "log")
    with running(bundle, place, CHURN_LOG_FOLDER=log) as target, Callers(target) as callers:
        callers.wait(200)
        balanced, words = _logged(target, callers)
    return Seen(callers.whole and balanced, f"{callers.failed} failed; {words}", callers.longest)


def cut_bundle(bundle: Path, place: Path) -> Seen:
    """Half of the champion's file is gone, then the worker too; then the file is whole again."""
    with running(bundle, place) as target, Callers(target) as callers:
        whole = (target.bundle / MODEL).read_bytes()
        (target.bundle / MODEL).write_bytes(whole[: len(whole) // 2])
        refused = target.settled('churn_bundle_reloads_total{outcome="refused"', 1)
        kept = refused >= 1 and callers.whole and not callers.answers["fallback"]
        os.kill(target.workers()[0].pid, signal.SIGKILL)
        callers.wait(20, "fallback")
        loaded = target.metric('churn_model_loaded{tier="champion"')
        (target.bundle / MODEL).write_bytes(whole)
        back = callers.wait(20, "champion")
    words = (
        f"champion while it is loaded, {callers.answers['fallback']} answers of the fallback once "
        f"the worker was killed, the champion {back:.1f} s after the file is whole; "
        f"{callers.failed} requests of the killed worker failed"
    )
    kept = kept and callers.answers["fallback"] >= 20 and loaded == 0 and callers.failed <= 3
    return Seen(kept, words, callers.longest)


def swapped_bundle(bundle: Path, place: Path) -> Seen:
    """A bundle of another version takes its place."""
    with running(bundle, place) as target, Callers(target) as callers:
        path = target.bundle / MANIFEST
        other = json.loads(path.read_bytes()) | {"metrics": {}}
        length = len(other.pop("version"))
        version = digest(other)[:length]
        path.write_text(json.dumps(other | {"version": version}), encoding="utf-8")
        due = time.monotonic() + SETTLES
        while callers.versions[version] < 20 and time.monotonic() < due:
            time.sleep(0.01)
    kept = callers.whole and len(callers.versions) == 2 and callers.versions[version] >= 20
    answered = " and ".join(str(n) for n in callers.versions.values())
    words = f"{callers.failed} failed; {answered} answers of the two versions"
    return Seen(kept, words, callers.longest)


def slow_model(bundle: Path, place: Path) -> Seen:
    """Every model hangs until it is stopped."""
    (place / "sitecustomize.py").write_text(HANGS, encoding="utf-8")
    with running(bundle, place, CHURN_MODEL_SECONDS="0.1", PYTHONPATH=str(place)) as target:
        with Callers(target) as callers:
            callers.wait(200)
        timeouts = target.metric('churn_fallbacks_total{reason="timeout"')
    tiers = ", ".join(sorted(callers.answers))
    words = f"{callers.failed} failed, {timeouts:.0f} timeouts; answered by: {tiers}"
    return Seen(callers.whole and timeouts > 0, words, callers.longest)


def no_descriptors(bundle: Path, place: Path) -> Seen:
    """More connections than the process may have open files."""
    with running(bundle, place, files=128) as target:
        with contextlib.ExitStack() as idle:
            for _ in range(200):
                with contextlib.suppress(OSError):
                    address = ("127.0.0.1", target.port)
                    idle.enter_context(socket.create_connection(address, timeout=5))
            time.sleep(1.0)
        with Callers(target) as callers:
            callers.wait(100, "champion")
        deaths = target.metric("churn_worker_deaths_total")
    words = f"{deaths:.0f} workers died, {callers.failed} requests failed after 200 idle ones"
    return Seen(callers.whole and not deaths, words, callers.longest)


def clock_jumps(bundle: Path, place: Path) -> Seen:
    """A day ahead, two back, with a limit per caller that goes by the clock."""
    (place / "sitecustomize.py").write_text(CLOCK, encoding="utf-8")
    clock = place / "clock"
    clock.write_text("0", encoding="utf-8")
    limit = "100000/day"
    with (
        running(
            bundle, place, CHURN_RATE_LIMIT=limit, PYTHONPATH=str(place), CHAOS_CLOCK=str(clock)
        ) as target,
        Callers(target) as callers,
    ):
        ages = []
        for shift in (DAY, -DAY):
            clock.write_text(str(shift), encoding="utf-8")
            time.sleep(1.0)  # several looks at the bundle, which the age is reckoned at
            ages.append(target.metric("churn_model_age_seconds") / DAY)
        balanced, words = _logged(target, callers)
    jumped = ages[0] - ages[1] > 0.9  # else its clock is another; an age is never below 0
    kept = callers.whole and balanced and jumped
    return Seen(kept, f"{callers.failed} failed; {words}", callers.longest)


def bad_requests(bundle: Path, place: Path) -> Seen:
    """Eight callers send what fits no model for four seconds, one asks as it should."""
    with running(bundle, place) as target, Callers(target, 1) as good:
        lines, memory = target.get("/metrics").count(b"\n"), target.memory()
        with contextlib.ExitStack() as storm:
            bad = [storm.enter_context(Callers(target, 2, body)) for body in WRONG]
            time.sleep(4.0)
        grown = target.memory() / memory - 1
        series = target.get("/metrics").count(b"\n") - lines
    refused = sum(one.answers["400"] for one in bad)
    others = sum(one.failed for one in bad) - refused
    words = (
        f"{refused} refused, {others} answered otherwise; {good.valid} right ones answered, "
        f"{good.failed} failed; memory {grown:+.0%}, {series} more series"
    )
    kept = good.whole and refused > 0 and not others and series < 40 and grown < 0.2
    return Seen(kept, words, good.longest)


def no_prometheus(bundle: Path, place: Path) -> Seen:
    """Whoever reads the metrics goes away in the middle of it, and comes back later."""
    with running(bundle, place) as target, Callers(target) as callers:
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", target.port), timeout=5) as reader:
                reader.sendall(SCRAPE)
        callers.wait(100)
        callers.stop()
        counted = target.settled("churn_predictions_total", callers.valid)
    words = f"{callers.failed} failed; {counted:.0f} of {callers.valid} answers counted afterwards"
    return Seen(callers.whole and counted == callers.valid, words, callers.longest)


FAILURES = (
    Failure(
        "a worker of two is killed",
        "at most the requests that it had fail; it is replaced; each answer is logged or counted",
        "`ChurnWorkersDie`, at the third",
        kill_a_worker,
    ),
    Failure(
        "the disk under the log is full",
        "every request is answered; what is not logged is counted",
        "`ChurnLogDrops`",
        full_disk,
    ),
    Failure(
        "the log folder cannot be written to",
        "every request is answered; what is not logged is counted",
        "`ChurnLogDrops`",
        log_not_writable,
    ),
    Failure(
        "the bundle is cut",
        "what is loaded answers on; a new worker answers by the fallback until the file is whole",
        "`ChurnBundleRefused`, `ChurnModelMissing`",
        cut_bundle,
    ),
    Failure(
        "the bundle is swapped under load",
        "no request fails; each answer is of one of the two",
        "none",
        swapped_bundle,
    ),
    Failure(
        "every model is slower than its limit",
        "the next tier answers",
        "`ChurnFallbackInUse`",
        slow_model,
    ),
    Failure(
        "no file descriptors are left",
        "it stays up, and answers once some are free",
        "`ChurnServiceDown`, while it lasts",
        no_descriptors,
    ),
    Failure(
        "the clock jumps a day ahead, two back",
        "every request is answered and logged",
        "none",
        clock_jumps,
    ),
    Failure(
        "a storm of bad requests",
        "all are refused, right ones answered; neither memory nor metrics grow",
        "`ChurnInvalidRequestsRising`",
        bad_requests,
    ),
    Failure(
        "Prometheus goes away while it reads",
        "no request fails; what happened meanwhile is counted",
        "none: somebody has to watch Prometheus",
        no_prometheus,
    ),
)
