"""Names of the metrics that the service shows, and those that an expression of PromQL asks for."""

from __future__ import annotations

import re
from pathlib import Path

from prometheus_client import CollectorRegistry

from serving.monitor_metrics import MonitorMetrics
from serving.telemetry import Metrics

SUFFIX = re.compile(r"_(total|created|sum|count|bucket)$")
FROM_ELSEWHERE = {
    "up",
    "churn_worker_deaths",  # of the parent process
    "bentoml_service_request",
    "bentoml_service_request_duration_seconds",
    "bentoml_service_request_in_progress",
}


def shown() -> set[str]:
    """Names of the metrics, without the suffixes of their series."""
    registry = CollectorRegistry()
    Metrics(["field"], registry)
    MonitorMetrics(Path("latest.json"), registry)
    return FROM_ELSEWHERE | {family.name for family in registry.collect()}


def asked_for(expression: str) -> set[str]:
    """The names in an expression, without suffixes; not those of recording rules."""
    without_labels = re.sub(r"\{[^}]*\}|\b(by|on) \([^)]*\)", "", expression)
    names = re.findall(r"(?<![\w:])(?:up\b|(?:churn|bentoml)_\w+)(?!:)", without_labels)
    return {SUFFIX.sub("", name) for name in names}
