"""Alerts: cases that fire and that do not, a section that says what to do, metrics that exist."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from stages.core.yamlfile import read_yaml
from tests.deploy.metrics import asked_for, shown
from tests.deploy.tools import program
from tests.places import ROOT

PROMETHEUS, ALERTMANAGER = ROOT / "deploy" / "prometheus", ROOT / "deploy" / "alertmanager"
BOOK = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
SEVERITIES = {"page", "ticket"}


def rules(name: str) -> list[dict[str, Any]]:
    return [rule for group in read_yaml(PROMETHEUS / name)["groups"] for rule in group["rules"]]


ALERTS = {rule["alert"]: rule for rule in rules("alerts.yml")}
RECORDED = {rule["record"] for rule in rules("recording.yml")}


def cases(prefix: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Expectations of the groups of tests whose name has a prefix, by alert."""
    for group in read_yaml(PROMETHEUS / "alerts.test.yml")["tests"]:
        if group["name"].startswith(prefix):
            yield from ((case["alertname"], case) for case in group["alert_rule_test"])


def section(alert: str) -> str:
    return BOOK.partition(f"\n### {alert}\n")[2].partition("\n#")[0]


@pytest.mark.parametrize(
    "command",
    [
        ("promtool", "check", "config", "deploy/prometheus/prometheus.yml"),
        ("promtool", "test", "rules", "deploy/prometheus/alerts.test.yml"),
        ("amtool", "check-config", "deploy/alertmanager/alertmanager.yml"),
    ],
    ids=lambda command: " ".join(command[:3]),
)
def test_rules_and_configuration_pass_the_tools_of_prometheus(command: tuple[str, ...]) -> None:
    done = subprocess.run(
        [program(command[0]), *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("alert", ALERTS)
def test_every_alert_has_series_on_which_it_fires_some_on_which_it_does_not_and_none(
    alert: str,
) -> None:
    assert any(case["exp_alerts"] for name, case in cases(f"{alert} fires") if name == alert)
    quiet = list(cases(f"{alert} does not fire"))
    assert [name for name, case in quiet if not case["exp_alerts"]] == [alert]
    assert alert in {name for name, _ in cases("No data: nothing is known")}


@pytest.mark.parametrize("alert", ALERTS)
def test_every_alert_has_a_section_that_says_what_to_do(alert: str) -> None:
    rule = ALERTS[alert]
    assert rule["annotations"]["runbook_url"] == f"docs/operations.md#{alert.lower()}"
    assert rule["labels"]["severity"] in SEVERITIES
    text = section(alert)
    severity = rule["labels"]["severity"]
    assert text.strip().startswith(f"*{severity.capitalize()}")
    for part in ("**See:**", "**Do:**", "**Wake "):
        assert part in text, part
    assert ("**Wake somebody**" in text) == (severity == "page")


def test_the_book_has_sections_of_alerts_that_exist() -> None:
    assert set(re.findall(r"^### (Churn\w+)$", BOOK, flags=re.MULTILINE)) == set(ALERTS)


def test_the_page_of_the_monitor_has_what_to_do_about_each_of_its_alerts() -> None:
    page = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
    for alert, rule in ALERTS.items():
        is_there = f"| [`{alert}`](operations.md#{alert.lower()}) |" in page
        assert is_there == ("churn_monitor_" in rule["expr"]), alert


@pytest.mark.parametrize(
    "rule",
    [*rules("recording.yml"), *rules("alerts.yml")],
    ids=lambda rule: rule.get("alert") or rule["record"],
)
def test_rules_ask_for_what_the_service_shows_or_another_rule_records(rule: dict[str, Any]) -> None:
    assert asked_for(rule["expr"]) <= shown()
    assert set(re.findall(r"\bjob\w*:[\w:]+", rule["expr"])) <= RECORDED


def test_alertmanager_names_alerts_that_exist() -> None:
    text = (ALERTMANAGER / "alertmanager.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"\bChurn[A-Z]\w+", text)) <= set(ALERTS)
    assert set(re.findall(r"severity = (\w+)", text)) == SEVERITIES
