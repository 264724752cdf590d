"""The alerts that the book names for a failure fire: a real Prometheus reads while it is injected.

Prometheus of Debian, the committed rules with waiting times of seconds.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from benchmarks.chaos import injections
from benchmarks.chaos.callers import Callers
from benchmarks.chaos.injections import FAILURES
from benchmarks.chaos.target import Target, running
from scoring.bundle import MODEL
from tests.deploy.processes import query, start_prometheus
from tests.deploy.tools import program
from tests.service.conftest import club
from tests.waiting import until

__all__ = ["club"]  # a fixture

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
# What lasts, or is counted: the injections end what raises the other alerts.
FIRES = {
    "full_disk": "ChurnLogDrops",
    "cut_bundle": "ChurnBundleRefused",
    "slow_model": "ChurnFallbackInUse",
    "bad_requests": "ChurnInvalidRequestsRising",
}


def fires(prometheus: str, alert: str) -> bool:
    return bool(query(prometheus, f'ALERTS{{alertname="{alert}", alertstate="firing"}}'))


def evaluations(prometheus: str) -> set[str]:
    """When each group of rules was evaluated last."""
    answer = httpx.get(f"{prometheus}/api/v1/rules", trust_env=False).json()
    return {group["lastEvaluation"] for group in answer["data"]["groups"]}


def evaluated(prometheus: str) -> None:
    """Wait until the rules were evaluated with what has been read until now."""
    for _ in range(2):  # the first may have begun before
        before = evaluations(prometheus)
        until(lambda before=before: not before & evaluations(prometheus), what="no evaluation")


@contextlib.contextmanager
def watched(target: Target, place: Path) -> Iterator[str]:
    """Prometheus, once it has read the service."""
    folder = place / "prometheus"
    folder.mkdir()
    process, url = start_prometheus(
        folder, service=f"127.0.0.1:{target.port}", alertmanager="127.0.0.1:9"
    )
    try:
        until(lambda: query(url, 'up{job="churn"} == 1'), what="Prometheus reads no metrics")
        yield url
    finally:
        process.terminate()
        process.wait(30)


def watching(alert: str) -> Callable[..., Any]:
    """The service of an injection, with Prometheus; it ends once the alert fires, not before."""

    @contextlib.contextmanager
    def run(bundle: Path, place: Path, **settings: Any) -> Iterator[Target]:
        with running(bundle, place, **settings) as target, watched(target, place) as prometheus:
            assert not fires(prometheus, alert)
            yield target
            until(lambda: fires(prometheus, alert), what=f"{alert} does not fire")

    return run


@pytest.mark.parametrize("name", FIRES)
def test_the_alert_of_a_failure_fires(
    club: Path, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    program("prometheus")
    (failure,) = [one for one in FAILURES if one.inject.__name__ == name]
    assert FIRES[name] in failure.alert
    monkeypatch.setattr(injections, "running", watching(FIRES[name]))
    kept, row = failure.row(club, tmp_path)
    assert kept, row


def test_workers_that_go_on_dying_without_a_model_raise_their_alerts(
    club: Path, tmp_path: Path
) -> None:
    program("prometheus")
    with (
        running(club, tmp_path, CHURN_WORKERS="2") as target,
        watched(target, tmp_path) as prometheus,
        Callers(target, 1),
    ):
        # given a model that is cut, when a second worker has died no alert fires of it yet
        few = "count_over_time(churn_worker_deaths_total[5m]) >= 5"  # the fewer, the less exact
        until(lambda: query(prometheus, few), what="Prometheus does not go on reading")
        whole = (target.bundle / MODEL).read_bytes()
        (target.bundle / MODEL).write_bytes(whole[: len(whole) // 2])
        for deaths in (1, 2, 3):
            assert not fires(prometheus, "ChurnWorkersDie")
            os.kill(target.workers()[-1].pid, signal.SIGKILL)
            assert target.settled("churn_worker_deaths_total", deaths) == deaths
            until(lambda: len(target.workers()) == 2, what="the worker is not replaced")
            seen = f"sum(churn_worker_deaths_total) == {deaths}"
            until(lambda seen=seen: query(prometheus, seen), what="the death was not read")
            evaluated(prometheus)
        # then at the third it does, and that there is no champion is a ticket
        until(lambda: fires(prometheus, "ChurnWorkersDie"), what="nobody is paged")
        until(lambda: fires(prometheus, "ChurnModelMissing"), what="no ticket of the model")
