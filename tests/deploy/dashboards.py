"""The dashboards that Grafana is provisioned with, and their queries."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.places import ROOT

GRAFANA = ROOT / "deploy" / "grafana"
DASHBOARDS: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((GRAFANA / "dashboards").glob("*.json"))
}


@dataclass(frozen=True)
class Panel:
    """A panel of a dashboard."""

    dashboard: str
    content: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.dashboard}: {self.content['title']}"

    @property
    def queries(self) -> list[str]:
        """What it asks Prometheus."""
        return [target["expr"] for target in self.content["targets"]]


def panels() -> list[Panel]:
    """All of them."""
    return [Panel(name, panel) for name, board in DASHBOARDS.items() for panel in board["panels"]]
