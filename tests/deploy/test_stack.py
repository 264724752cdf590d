"""Service, Prometheus and Alertmanager as processes of their own, with the files of `deploy/`.

What takes minutes there takes seconds here: intervals and waiting times are shortened, and the
quiet time of Alertmanager is left out, since tests are run at night, too.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from scoring.verdict import EXIT_CODES
from stages.cli import command_line
from stages.core.paths import Paths
from stages.monitoring.verdict_files import LATEST, folder_of, write_verdict
from tests import builders
from tests.deploy.dashboards import Panel, panels
from tests.deploy.processes import DEPLOY, query, start, start_prometheus
from tests.deploy.tools import program
from tests.network import free_port
from tests.places import HERE
from tests.service.conftest import Server, one, series, serve, write_club
from tests.verdicts import CLOSED, verdict
from tests.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


class Webhook:
    """What pages people or opens tickets: keeps what Alertmanager sends."""

    def __init__(self) -> None:
        received: list[tuple[str, dict[str, Any]]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                received.append((self.path, content))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.received = received
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server.server_port}"

    def states(self, alert: str) -> list[tuple[str, str]]:
        """Receiver and status of each message that has the alert, in order."""
        return [
            (path.strip("/"), each["status"])
            for path, content in self.received
            for each in content["alerts"]
            if each["labels"]["alertname"] == alert
        ]


@dataclass
class Stack:
    """What runs, and what it is asked."""

    service: Server
    prometheus: str
    webhook: Webhook
    paths: Paths
    log: Path

    def send(self, members: pd.DataFrame) -> None:
        """Members ask the service under their ids; returns once all are in its log."""
        names = [column.name for column in builders.schema().inputs]
        rows = json.loads(members[names].to_json(orient="records", double_precision=15))
        request = {"features": rows, "customer_ids": members[builders.NUMBER].tolist()}
        due = self._logged() + len(members)
        with self.service.client() as client:
            assert client.post("/predict_batch", json=request).status_code == 200
        until(lambda: self._logged() >= due, what="the log is not complete")

    def monitor(self) -> int:
        """The exit code of `monitor` on the prediction log of this month."""
        month = f"{datetime.now(UTC):%Y-%m}"
        command = ["monitor", str(self.log), "--month", month, "--no-report"]
        options = command_line().parse_args([*command, "--model", str(self.paths.champion)])
        return int(options.command(options, self.paths))

    def _logged(self) -> int:
        files = self.log.glob("predictions.*.jsonl")
        return sum(len(file.read_text().splitlines()) for file in files)

    def query(self, expression: str) -> list[float]:
        """The values of an expression now, those that are numbers."""
        return query(self.prometheus, expression)


def start_alertmanager(place: Path, webhook: Webhook) -> tuple[subprocess.Popen[bytes], str]:
    """Alertmanager with its committed routes, and its address."""
    address = f"127.0.0.1:{free_port()}"
    text = (DEPLOY / "alertmanager" / "alertmanager.yml").read_text(encoding="utf-8")
    text = text.replace("127.0.0.1:5001", webhook.address)
    text = re.sub(r"(group_wait|group_interval): \w+", r"\1: 1s", text)
    text = re.sub(r"mute_time_intervals: .*", "", text)
    (place / "alertmanager.yml").write_text(text)
    process = start(
        "prometheus-alertmanager",
        f"--config.file={place}/alertmanager.yml",
        f"--storage.path={place}/alertmanager",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
        ready=f"http://{address}/-/ready",
        log=place / "alertmanager.log",
    )
    return process, address


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """All of them on free ports of this machine; stopped at the end."""
    for name in ("prometheus", "prometheus-alertmanager"):
        program(name)
    place = tmp_path_factory.mktemp("stack")
    webhook, bundle = Webhook(), write_club(place / "club")
    paths = Paths(place / "club")
    shutil.copy(HERE.params, paths.params)
    write_verdict(verdict(**CLOSED), folder_of(paths))
    latest = str(folder_of(paths) / LATEST)
    with serve(place, bundle, reload_seconds="0.5", verdict=latest) as service:
        alertmanager, address = start_alertmanager(place, webhook)
        target = service.url.removeprefix("http://")
        prometheus, url = start_prometheus(place, service=target, alertmanager=address)
        try:
            yield Stack(service, url, webhook, paths, place / "log")
        finally:
            for process in (prometheus, alertmanager):
                process.terminate()
                process.wait(30)
            webhook.server.shutdown()
            webhook.server.server_close()


@pytest.fixture(scope="module")
def busy(stack: Stack) -> Stack:
    """The stack, once Prometheus has seen traffic of all kinds go by."""
    until(lambda: stack.query('up{job="churn"} == 1'), what="Prometheus reads no metrics")
    for _ in range(4):  # counters have to be seen to grow
        _ask_of_all_kinds(stack.service)
        seen = f"sum(churn_predictions_total) == {series(stack.service, 'churn_predictions_total')}"
        until(lambda seen=seen: stack.query(seen), what="traffic is not read")
    until(lambda: stack.query("job:churn_requests:rate5m > 0"), what="no rule was recorded")
    return stack


def _ask_of_all_kinds(service: Server) -> None:
    with service.client() as client:
        for path in ("/predict", "/explain"):
            assert client.post(path, json=one()).status_code == 200
        batch = {"features": [one()["features"]] * 5}
        assert client.post("/predict_batch", json=batch).status_code == 200
        assert client.post("/predict", json={"features": {}}).status_code == 400


@pytest.mark.parametrize("panel", panels(), ids=str)
def test_every_query_of_a_dashboard_finds_data(busy: Stack, panel: Panel) -> None:
    for asked in panel.queries:
        expression = asked.replace("$__rate_interval", "1m")
        until(lambda asked=expression: busy.query(asked), what=f"no data: {asked}")


def test_drifted_traffic_becomes_an_alert_at_the_webhook_and_is_resolved(busy: Stack) -> None:
    """Asked by others than those learned from, then by the same customers as they should be."""
    alert, webhook = "ChurnCustomersChanged", busy.webhook
    members = builders.members(400, seed=7)
    longer = members.assign(**{builders.DAYS: members[builders.DAYS] + 90})
    busy.send(longer)
    assert busy.monitor() == EXIT_CODES["change"]
    until(lambda: webhook.states(alert) == [("tickets", "firing")], what="no alert")
    busy.send(members)
    assert busy.monitor() == EXIT_CODES["quiet"]
    until(lambda: ("tickets", "resolved") in webhook.states(alert), what="not resolved")


def test_a_service_that_is_gone_is_a_page(busy: Stack) -> None:
    busy.service.stop()
    paged = [("pages", "firing")]
    until(lambda: busy.webhook.states("ChurnServiceDown") == paged, what="nobody is paged")
