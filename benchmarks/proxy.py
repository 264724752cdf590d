"""The service behind the stack's proxy with TLS, next to the service without, in one run."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.result import Result
from benchmarks.serving import (
    BATCH,
    CROWD,
    HERE,
    Load,
    Server,
    cpu_seconds,
    free_port,
    request_scripts,
    running_server,
    wrk_load,
)
from scoring.errors import UserError
from stages.operations.stack import CERTIFICATE, KEY, make_secrets

SECONDS, ROUNDS = 6, 3


@dataclass(frozen=True)
class Measured:
    """What `wrk` saw, and the processor time of service and proxy for each request."""

    load: Load
    cpu_ms: float


def benchmarks() -> list[Result]:
    """Throughput through TLS against plain, and what a request costs either way."""
    for name in ("wrk", "nginx"):
        if shutil.which(name) is None:
            raise UserError(f"{name}: not installed; expected on the path (apt-get install {name})")
    key = secrets.token_urlsafe(32)
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        place = Path(folder)
        service = stack.enter_context(running_server("service", place, CHURN_API_KEYS=key))
        proxy, url = stack.enter_context(_proxy(place, to=service.url))
        one, many = (_with_key(script, key) for script in request_scripts(place))
        plain, tls = [], []
        for _ in range(ROUNDS):
            plain.append(_measured(f"{service.url}/predict", one, service, None))
            tls.append(_measured(f"{url}/predict", one, service, proxy))
        batch = _measured(f"{url}/predict_batch", many, service, proxy, connections=2)
    return _results(plain, tls, batch)


def _results(plain: list[Measured], tls: list[Measured], batch: Measured) -> list[Result]:
    paired = list(zip(tls, plain, strict=True))
    ratio = statistics.median(a.load.rate / b.load.rate for a, b in paired)
    cost = statistics.median(a.cpu_ms / b.cpu_ms for a, b in paired)
    rates = _words(tls, plain, lambda one: one.load.rate, "requests/s")
    costs = _words(tls, plain, lambda one: one.cpu_ms, "CPU ms")
    failed = sum(one.load.errors for one in (*plain, *tls, batch))
    per_million = batch.cpu_ms / BATCH * 1_000
    rows = f"{batch.load.rate * BATCH:.0f} customers/s"
    return [
        Result("proxy, throughput through TLS against plain", ratio, ">=", 0.5, rates),
        Result("proxy, CPU time of a request through TLS against plain", cost, "<=", 2.0, costs),
        Result("proxy, CPU seconds per million in batches", per_million, "<=", 100, rows),
        Result("proxy, failed requests", failed, "<=", 0),
    ]


def _words(
    tls: list[Measured], plain: list[Measured], figure: Callable[[Measured], float], unit: str
) -> str:
    ours, theirs = (statistics.median(map(figure, each)) for each in (tls, plain))
    return f"{ours:.3g} against {theirs:.3g} {unit}"


def _measured(
    url: str,
    script: Path,
    service: Server,
    proxy: psutil.Process | None,
    *,
    connections: int = CROWD,
) -> Measured:
    def used() -> float:
        return service.cpu_seconds + (cpu_seconds(proxy) if proxy else 0.0)

    before = used()
    load = wrk_load(url, script, connections=connections, seconds=SECONDS)
    return Measured(load, (used() - before) / (load.rate * SECONDS) * 1_000)


def _with_key(script: Path, key: str) -> Path:
    header = f'wrk.headers["X-API-Key"] = "{key}"\n'
    script.write_text(header + script.read_text(encoding="utf-8"), encoding="utf-8")
    return script


def configure(place: Path, *, to: str, port: int, own: Path) -> None:
    """The stack's configuration in a new folder, with addresses of here and secrets in `own`."""
    shutil.copytree(HERE.root / "deploy" / "proxy", place)
    (place / "place" / "upstream.conf").write_text(
        f"upstream churn {{ server {to}; keepalive 16; }}\n", encoding="utf-8"
    )
    (place / "place" / "server.conf").write_text(
        f"listen 127.0.0.1:{port} ssl;\n"
        f"ssl_certificate {own / CERTIFICATE};\nssl_certificate_key {own / KEY};\n",
        encoding="utf-8",
    )


def nginx(place: Path) -> list[str]:
    """The command that runs nginx with the configuration in a folder."""
    # Started by root, its workers would be of a user who cannot write larger bodies to this folder.
    user = " user root;" if os.getuid() == 0 else ""
    own = ["nginx", "-p", f"{place}/", "-c", f"{place}/nginx.conf", "-e", "stderr"]
    return [*own, "-g", f"daemon off;{user}"]


@contextlib.contextmanager
def _proxy(folder: Path, *, to: str) -> Iterator[tuple[psutil.Process, str]]:
    """The stack's nginx, without the limits of an address, which is the same for all here."""
    own, place, port = folder / "secrets", folder / "proxy", free_port()
    make_secrets(own)
    configure(place, to=to.removeprefix("http://"), port=port, own=own)
    text = (place / "nginx.conf").read_text(encoding="utf-8")
    text = re.sub(r"rate=\d+r/s", "rate=1000000r/s", text).replace("burst=100", "burst=100000")
    (place / "nginx.conf").write_text(text, encoding="utf-8")
    with (folder / "proxy.log").open("wb") as log:
        process = subprocess.Popen(nginx(place), stdout=log, stderr=log)
    try:
        time.sleep(1.0)
        if process.poll() is not None:
            raise UserError(f"nginx did not start: {(folder / 'proxy.log').read_text()[-500:]}")
        yield psutil.Process(process.pid), f"https://localhost:{port}"
    finally:
        process.terminate()
        process.wait(30)
