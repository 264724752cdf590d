"""Programs of Debian started with the files of `deploy/`, and what they are asked."""

from __future__ import annotations

import contextlib
import math
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import httpx

from benchmarks.proxy import configure, nginx
from tests.deploy.tools import program
from tests.network import free_port
from tests.places import ROOT
from tests.waiting import until

DEPLOY = ROOT / "deploy"


def query(prometheus: str, expression: str) -> list[float]:
    """The values of an expression now, those that are numbers."""
    answer = httpx.get(f"{prometheus}/api/v1/query", params={"query": expression}, trust_env=False)
    assert answer.status_code == 200, answer.text
    values = [float(each["value"][1]) for each in answer.json()["data"]["result"]]
    return [value for value in values if math.isfinite(value)]


def start(name: str, *options: str, ready: str, log: Path) -> subprocess.Popen[bytes]:
    """A program of Debian, once it answers."""
    return started([program(name), *options], ready=ready, log=log)


def started(command: Sequence[str], *, ready: str, log: Path) -> subprocess.Popen[bytes]:
    """A program, run in the repository, once it answers."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)

    def is_ready() -> bool:
        assert process.poll() is None, log.read_text()[-3000:]
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(ready, trust_env=False).status_code == 200
        return False

    until(is_ready, what=f"{command[0]} does not start")
    return process


def start_prometheus(
    place: Path, *, service: str, alertmanager: str
) -> tuple[subprocess.Popen[bytes], str]:
    """Prometheus with its committed configuration, and its address."""
    address = f"127.0.0.1:{free_port()}"
    folder = Path(shutil.copytree(DEPLOY / "prometheus", place / "prometheus"))
    for name, target in (("service", service), ("alertmanager", alertmanager)):
        (folder / "targets" / f"{name}.yml").write_text(f'- targets: ["{target}"]\n')
    for name, pattern in (("prometheus.yml", r"_interval: \w+"), ("alerts.yml", r" for: \w+")):
        text = (folder / name).read_text(encoding="utf-8")
        short = re.sub(pattern, lambda found: found[0].partition(":")[0] + ": 1s", text)
        (folder / name).write_text(short)
    process = start(
        "prometheus",
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={place}/data",
        f"--web.listen-address={address}",
        ready=f"http://{address}/-/ready",
        log=place / "prometheus.log",
    )
    return process, f"http://{address}"


def start_proxy(
    folder: Path, *, to: str, port: int, secrets: Path, page: str | None = None
) -> subprocess.Popen[bytes]:
    """nginx with the committed configuration, between a port of this machine and the service.

    With `page`, the address of the retention page, also in front of that.
    """
    program("nginx")
    place = folder / "proxy"
    configure(place, to=to, port=port, own=secrets)
    if page:
        text = (DEPLOY / "page" / "page.conf").read_text(encoding="utf-8")
        text = text.replace("/run/secrets/", f"{secrets}/").replace("app:8501", page)
        (place / "page" / "page.conf").write_text(text)
    with (folder / "proxy.log").open("wb") as log:
        return subprocess.Popen(nginx(place), stdout=log, stderr=log)
