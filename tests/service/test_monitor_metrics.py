"""The verdict of the monitor as metrics: what is shown, and when its file changes or is gone."""

import json
import math
import os

import pytest
from prometheus_client import CollectorRegistry

from serving.monitor_metrics import STATES, MonitorMetrics
from stages.monitoring.verdict_files import LATEST, write_verdict
from tests.verdicts import CLOSED, FAULT, verdict

NOW = 1_800_000_000.0


@pytest.fixture
def file(tmp_path):
    return tmp_path / LATEST


@pytest.fixture
def metrics(file):
    return MonitorMetrics(file, CollectorRegistry())


def value(metrics, name, /, **labels):
    return metrics._registry.get_sample_value(f"churn_monitor_{name}", labels)


def state(metrics):
    return [each for each in STATES if value(metrics, "verdict", state=each)]


def test_all_that_the_monitor_writes_can_be_read_and_shown(file, metrics):
    write_verdict(verdict(**CLOSED), file.parent)
    os.utime(file, (NOW - 60, NOW - 60))
    metrics.refresh(now=NOW)
    assert state(metrics) == ["read"]
    assert value(metrics, "verdict_age_seconds") == pytest.approx(60)
    assert value(metrics, "info", month="2026-10", name="churn", version="v1") == 1
    assert value(metrics, "status", status="quiet") == 1
    assert value(metrics, "status", status="fault") == 0
    assert value(metrics, "customers") == 2000
    assert value(metrics, "departures", kind="predicted") == 88.5
    assert value(metrics, "estimated", metric="roc_auc") == 0.84
    assert value(metrics, "realised", metric="brier") == 0.13
    assert value(metrics, "closed_month_profit", kind="realised") == 280.5
    samples = {s.name for family in metrics._registry.collect() for s in family.samples}
    assert all(name.startswith("churn_monitor_") for name in samples)


def test_what_a_verdict_leaves_open_is_no_number(file, metrics):
    write_verdict(verdict(), file.parent)
    metrics.refresh(now=NOW)
    assert value(metrics, "changed", question="population") == 0
    assert math.isnan(value(metrics, "changed", question="calibration"))
    assert math.isnan(value(metrics, "realised", metric="roc_auc"))


def test_a_new_verdict_takes_the_place_of_the_old_one(file, metrics):
    write_verdict(verdict(), file.parent)
    metrics.refresh(now=NOW)
    write_verdict(verdict("2026-11", "fault", faults=(FAULT,)), file.parent)
    metrics.refresh(now=NOW)
    assert value(metrics, "faulty_columns") == 1
    assert value(metrics, "status", status="fault") == 1
    assert value(metrics, "status", status="quiet") == 0
    assert value(metrics, "info", month="2026-10", name="churn", version="v1") == 0
    assert value(metrics, "info", month="2026-11", name="churn", version="v1") == 1


def test_without_a_verdict_the_metrics_say_so_and_nothing_else(metrics):
    metrics.refresh(now=NOW)
    assert state(metrics) == ["missing"]
    assert math.isnan(value(metrics, "verdict_age_seconds"))
    assert math.isnan(value(metrics, "faulty_columns"))


@pytest.mark.parametrize("damage", ["[]", '{"month": "2026-11"', "", "status"])
def test_a_broken_verdict_is_reported_and_the_last_one_stays(file, metrics, damage, caplog):
    write_verdict(verdict(), file.parent)
    metrics.refresh(now=NOW)
    text = file.read_text()
    file.write_text(text.replace('"quiet"', '"calm"') if damage == "status" else damage)
    metrics.refresh(now=NOW)
    assert state(metrics) == ["invalid"]
    assert value(metrics, "customers") == 2000
    assert "cannot be read" in caplog.text
    file.write_text(text)
    metrics.refresh(now=NOW)
    assert state(metrics) == ["read"]


def test_a_field_of_a_newer_monitor_is_passed_over(file, metrics):
    write_verdict(verdict(), file.parent)
    file.write_text(json.dumps(json.loads(file.read_text()) | {"another": 1}))
    metrics.refresh(now=NOW)
    assert state(metrics) == ["read"]


def test_the_age_grows_while_the_verdict_stays_and_where_it_is_gone(file, metrics):
    write_verdict(verdict(), file.parent)
    os.utime(file, (NOW, NOW))
    metrics.refresh(now=NOW)
    file.unlink()
    metrics.refresh(now=NOW + 86_400)
    assert state(metrics) == ["missing"]
    assert value(metrics, "verdict_age_seconds") == pytest.approx(86_400)


def test_a_worker_shows_the_verdict_and_reads_it_again_with_its_bundles(work, file):
    worker = work(verdict=file)
    registry = worker.metrics.registry
    assert registry.get_sample_value("churn_monitor_verdict", {"state": "missing"}) == 1
    write_verdict(verdict(), file.parent)
    worker.reload()
    assert registry.get_sample_value("churn_monitor_verdict", {"state": "read"}) == 1
