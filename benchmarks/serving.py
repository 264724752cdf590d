"""The prediction service under `wrk`, next to what it is measured against, in one run."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks.result import Result
from scoring.bundle import SCHEMA_FILE
from scoring.errors import UserError
from scoring.schema import parse_schema
from serving.document import example
from stages.core.paths import Paths

HERE = Paths.here()

SECONDS, ROUNDS = 4, 3  # of load each, in turn: a busy moment meets them all
SOAK_SECONDS, WARM_SECONDS = 300, 30
CROWD, BATCH = 16, 1_000
START = 60.0
UVICORN = ("-m", "uvicorn", "--log-level", "warning", "--host", "127.0.0.1", "--port")
BENTO = ("-m", "bentoml", "serve", "--host", "127.0.0.1", "-p")
COMMANDS = {
    "service": (*BENTO, "{port}", "."),
    "no-op": (*BENTO, "{port}", "benchmarks.baselines.noop:Noop"),
    "usual": (*UVICORN, "{port}", "benchmarks.baselines.usual:app"),
    "floor": (*UVICORN, "{port}", "benchmarks.baselines.floor:app"),
}
SCRIPT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local file = io.open("{body}", "rb")
wrk.body = file:read("*a")
done = function(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format('\\n{{"rate": %f, "errors": %d, "median": %f, "slow": %f}}\\n',
    summary.requests / (summary.duration / 1e6),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
"""


@dataclass(frozen=True)
class Load:
    """What `wrk` measured: requests per second, failed ones, median and 99th percentile in ms."""

    rate: float
    errors: int
    median: float
    slow: float


@dataclass(frozen=True)
class Server:
    """A server under test, and how long it took to be ready."""

    url: str
    process: psutil.Process
    seconds: float

    @property
    def resident(self) -> float:
        """Resident memory of its largest process, in MB."""
        family = [self.process, *self.process.children(recursive=True)]
        return max(one.memory_info().rss for one in family) / 1e6

    @property
    def cpu_seconds(self) -> float:
        """Of all its processes, since they started."""
        return cpu_seconds(self.process)


def cpu_seconds(process: psutil.Process) -> float:
    """Of a process and those that it started, since they started."""
    times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    return float(sum(each.user + each.system for each in times))


def benchmarks(*, large: bool) -> list[Result]:
    """Throughput and latency against the others; with `large` a soak of five minutes."""
    if shutil.which("wrk") is None:
        raise UserError("wrk: not installed; expected on the path (apt-get install wrk)")
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        place = Path(folder)
        servers = {name: stack.enter_context(running_server(name, place)) for name in COMMANDS}
        one, many = request_scripts(place)
        alone = _rounds(servers, one, connections=1)
        crowd = _rounds(servers, one, connections=CROWD)
        service = servers["service"]
        batch = wrk_load(f"{service.url}/predict_batch", many, connections=2, seconds=SECONDS)
        results = [*_compared(alone, crowd), *_of_the_service(service, alone, crowd, batch)]
        return results + (_soak(service, one) if large else [])


def _compared(alone: dict[str, list[Load]], crowd: dict[str, list[Load]]) -> list[Result]:
    """Against the usual handler, BentoML doing nothing, and FastAPI with the same graph."""
    results = []
    for loads, words in ((alone, "1 connection"), (crowd, f"{CROWD} connections")):
        rates = ", ".join(f"{name} {_rate(loads[name]):.0f}/s" for name in loads)
        for other, bound in (("usual", 8.0), ("no-op", 1.0), ("floor", 0.7)):
            name = f"service, throughput against {other}, {words}"
            results.append(Result(name, _ratio(loads, other), ">=", bound, rates))
    return results


def _of_the_service(
    service: Server, alone: dict[str, list[Load]], crowd: dict[str, list[Load]], batch: Load
) -> list[Result]:
    every = [*alone["service"], *crowd["service"], batch]
    times = ", ".join(f"{load.slow:.1f} of {load.median:.2f} ms" for load in alone["service"])
    others = ", ".join(f"{name} {_spread(alone[name]):.1f}" for name in ("floor", "no-op"))
    lost = _metric(service, "churn_log_dropped_total")
    return [
        Result(
            "service, 99th percentile / median, 1 connection",
            _spread(alone["service"]),
            "<=",
            2.0,
            f"{times}; {others}",
        ),
        Result(f"service, customers/s in batches of {BATCH:,}", batch.rate * BATCH, ">=", 20_000),
        Result("service, failed requests", sum(load.errors for load in every), "<=", 0),
        Result("service, predictions that the log dropped", lost, "<=", 0),
        Result("service, seconds from start to ready", service.seconds, "<=", 6.0),
        Result("service, resident MB of a worker", service.resident, "<=", 250),
    ]


def _soak(service: Server, script: Path) -> list[Result]:
    wrk_load(f"{service.url}/predict", script, connections=CROWD, seconds=WARM_SECONDS)
    before = service.resident
    load = wrk_load(f"{service.url}/predict", script, connections=CROWD, seconds=SOAK_SECONDS)
    growth = service.resident / before - 1
    details = f"{before:.0f} to {service.resident:.0f} MB in {SOAK_SECONDS} s, {load.rate:.0f}/s"
    return [
        Result("service, soak: failed requests", load.errors, "<=", 0),
        Result("service, soak: growth of memory", growth, "<=", 0.05, details),
    ]


def _spread(loads: list[Load]) -> float:
    """How much longer the slowest hundredth of the requests takes than half of them."""
    return statistics.median(load.slow / load.median for load in loads)


def _rate(loads: list[Load]) -> float:
    return statistics.median(load.rate for load in loads)


def _ratio(loads: dict[str, list[Load]], other: str) -> float:
    """Median over the rounds of the service's throughput over that of another server."""
    pairs = zip(loads["service"], loads[other], strict=True)
    return statistics.median(ours.rate / theirs.rate for ours, theirs in pairs)


def _rounds(servers: dict[str, Server], script: Path, *, connections: int) -> dict[str, list[Load]]:
    found: dict[str, list[Load]] = {name: [] for name in servers}
    for _ in range(ROUNDS):
        for name, server in servers.items():
            url = f"{server.url}/predict"
            found[name].append(wrk_load(url, script, connections=connections, seconds=SECONDS))
    return found


def wrk_load(url: str, script: Path, *, connections: int, seconds: int) -> Load:
    """What `wrk` measures with one thread."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--timeout", "10s"]
    command += ["-s", str(script), url]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return Load(**json.loads(done.stdout.strip().splitlines()[-1]))


def request_scripts(folder: Path) -> tuple[Path, Path]:
    """Scripts for `wrk` that send the document's example once, and a batch of it."""
    schema = parse_schema(
        json.loads((HERE.champion / SCHEMA_FILE).read_bytes()), origin=SCHEMA_FILE
    )
    one = example("/predict", schema)
    many = {"features": [one["features"]] * BATCH}
    return _script(folder / "one", one), _script(folder / "many", many)


def _script(path: Path, body: Any) -> Path:
    path.with_suffix(".json").write_text(json.dumps(body), encoding="utf-8")
    script = path.with_suffix(".lua")
    script.write_text(SCRIPT.format(body=path.with_suffix(".json")), encoding="utf-8")
    return script


@contextlib.contextmanager
def running_server(name: str, folder: Path, **settings: str) -> Iterator[Server]:
    """A server in processes of its own, stopped at the end."""
    port, began = free_port(), time.monotonic()
    environment = {
        **os.environ,
        "BENTOML_DO_NOT_TRACK": "True",
        "BENTOML_HOME": str(folder / f"bentoml-{name}"),  # nothing of the home of whoever measures
        "CHURN_LOG_FOLDER": str(folder / "log"),
        "CHURN_RATE_LIMIT": "1000000/second",
        **settings,
    }
    command = [sys.executable, *(part.format(port=port) for part in COMMANDS[name])]
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=HERE.root, env=environment, stdout=log, stderr=log)
    try:
        _wait(f"http://127.0.0.1:{port}/readyz", process, folder / f"{name}.log")
        seconds = time.monotonic() - began
        yield Server(f"http://127.0.0.1:{port}", psutil.Process(process.pid), seconds)
    finally:
        process.terminate()
        process.wait(30)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    due = time.monotonic() + START
    while time.monotonic() < due and process.poll() is None:
        try:
            # 2026-11-21: the address is made here, of a server started above
            urllib.request.urlopen(url, timeout=2).close()  # nosec B310
        except urllib.error.HTTPError:
            return  # the plain ones have no such path, but answer
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise UserError(f"a server to measure did not start: {log.read_text()[-500:]}")


def _metric(server: Server, name: str) -> float:
    # 2026-11-21: likewise
    with urllib.request.urlopen(f"{server.url}/metrics", timeout=10) as answer:  # nosec B310
        lines = answer.read().decode().splitlines()
    return float(next(line for line in lines if line.startswith(f"{name} ")).split()[-1])


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
