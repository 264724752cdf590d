"""The live figures of a running service, from its /metrics."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TypeAlias
from urllib.error import URLError
from urllib.request import ProxyHandler, Request, build_opener

from prometheus_client.parser import text_string_to_metric_families

from scoring.decision import CONTACT
from scoring.deployment import Deployment
from stages.operations.canary.step import Counts, Figures

TIMEOUT = 5.0  # seconds for an answer
Series: TypeAlias = dict[tuple[str, tuple[tuple[str, str], ...]], float]
FIGURES = ("churn_predictions_total", "churn_fallbacks_total", "churn_model_info")
SHADOW = tuple(
    f"churn_shadow_{name}_total" for name in ("predictions", "contacts", "failures", "differences")
)


class Live:
    """What happened to customers since `begin`, of champion and challenger of a deployment.

    The series tell the two apart, not versions, and a worker goes on with the bundles of before
    until it reads the deployment: what is counted begins when every worker has these two.
    """

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/") + "/metrics"
        self._start: Series | None = None

    def begin(self) -> None:
        """Count from the next look on at which no other bundle answers."""
        self._start = None

    def figures(self, deployment: Deployment) -> Figures | None:
        """The counts, None where the service, a bundle or one of the series is missing."""
        now = self._read()
        if now is None or not _is_loaded(now, deployment):
            return None
        start = now if self._start is None else self._start
        if any(value < start.get(key, 0.0) for key, value in now.items() if _counts(key)):
            start = {}  # the service was started again
        self._start = start
        since = {key: value - start.get(key, 0.0) for key, value in now.items()}
        if not _has_all(since, SHADOW if deployment.shadow else FIGURES[:2]):
            return None
        challenger = _shadow(since) if deployment.shadow else _answered(since, "challenger")
        return Figures(_answered(since, "champion"), challenger)

    def _read(self) -> Series | None:
        key = os.environ.get("CHURN_API_KEY")
        request = Request(self._url, headers={"X-API-Key": key} if key else {})
        try:
            with build_opener(ProxyHandler({})).open(request, timeout=TIMEOUT) as answer:
                text = answer.read().decode()
                return _parsed(text)
        except (URLError, OSError, ValueError):
            return None


def _parsed(text: str) -> Series:
    wanted = (*FIGURES, *SHADOW)
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name in wanted
    }


def _counts(key: tuple[str, tuple[tuple[str, str], ...]]) -> bool:
    return key[0].endswith("_total")


def _is_loaded(series: Series, deployment: Deployment) -> bool:
    """Whether its bundles are champion and challenger, and no other is, in any worker."""
    assert deployment.challenger is not None
    shown = {
        (dict(labels)["variant"], dict(labels)["version"])
        for (name, labels), value in series.items()
        if name == "churn_model_info" and value
    }
    return shown == {
        ("champion", deployment.champion.version),
        ("challenger", deployment.challenger.version),
    }


def _has_all(series: Series, names: tuple[str, ...]) -> bool:
    known = {name for name, _ in series}
    return all(name in known for name in names)


def _answered(series: Series, variant: str) -> Counts:
    """Customers that the model of a variant answered, or could not."""
    mine = [
        (name, dict(labels), int(value))
        for (name, labels), value in series.items()
        if dict(labels).get("variant") == variant and dict(labels).get("tier") == "champion"
    ]
    return Counts(
        sum(v for n, _, v in mine if n == FIGURES[0]),
        sum(v for n, at, v in mine if n == FIGURES[0] and at["decision"] == CONTACT),
        sum(v for n, at, v in mine if n == FIGURES[1] and at["reason"] != "low_confidence"),
    )


def _shadow(series: Mapping[tuple[str, tuple[tuple[str, str], ...]], float]) -> Counts:
    return Counts(*(int(series[name, ()]) for name in SHADOW))
