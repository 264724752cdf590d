"""Runs logged to a real MLflow server on SQLite, which dies, hangs and refuses as servers do."""

from __future__ import annotations

import base64
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from scoring.digest import sha256
from stages.operations.reproducible import outputs
from tests.conftest import clean_environment, copy_of, dvc, stages
from tests.network import free_port
from tests.operations.conftest import after_a_run, head, listening
from tests.places import ROOT
from tests.waiting import WAIT, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

MLFLOW = ROOT / ".venv-mlflow" / "bin" / "mlflow"
NAME = "frugal"
CHANGED = "evaluate.resamples=150"  # only the last stage runs
PREDICTED = """
import json, mlflow, numpy as np
from stages.core.paths import Paths
from stages.core.files import read_table
from scoring.derive import Inputs
from scoring.bundle import Scorer

paths = Paths.here()
table = read_table(paths.test)
manifest = json.loads((paths.champion / "bundle.json").read_text())
features = manifest["features"]
numeric, category = features["numeric"], features["category"]
columns = table[numeric + category].astype({name: float for name in numeric})
model = mlflow.pyfunc.load_model("models:/churn/1")
found = model.predict(columns)["churn_probability"].to_numpy()
inputs = Inputs(table[numeric].to_numpy(np.float32), table[category].to_numpy(object))
wanted = Scorer((paths.champion / "model.onnx").read_bytes()).probability(inputs)
raw = mlflow.onnx.load_model("models:/churn/1")
print(json.dumps({
    "difference": float(np.abs(found - wanted).max()),
    "rows": len(found),
    "inputs": [[column.name, column.type.name] for column in model.metadata.signature.inputs],
    "outputs": [[column.name, column.type.name] for column in model.metadata.signature.outputs],
    "features": features,
    "version": manifest["version"],
    "bundle": model.metadata.metadata["bundle"],
    "raw": [value.name for value in raw.graph.input],
}))
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an MLflow server of its own environment, with an empty SQLite database."""
    assert MLFLOW.is_file(), "no MLflow server: make test-slow installs it"
    assert find_spec("mlflow"), "no MLflow client: make track installs it"
    place, port = tmp_path_factory.mktemp("mlflow"), free_port()
    command = [
        str(MLFLOW), "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
        "--backend-store-uri", f"sqlite:///{place}/mlflow.db",
        "--artifacts-destination", str(place / "artifacts"),
    ]  # fmt: skip
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with (place / "log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=place, env=clean_environment() | quiet, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
        try:
            url = f"http://127.0.0.1:{port}"
            until(lambda: answers(url), what="the server does not start", seconds=120)
            yield url
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=30)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def ask(url: str, what: str, **query: str) -> Any:
    """What the server's own interface answers."""
    place = f"{url}/api/2.0/mlflow/{what}?{urllib.parse.urlencode(query)}"
    with urllib.request.urlopen(place, timeout=WAIT) as answer:
        return json.loads(answer.read())


def runs(url: str) -> list[Any]:
    """Every run of the experiment that is finished."""
    finished = "attributes.status = 'FINISHED'"
    body = json.dumps({"experiment_ids": ["1"], "filter": finished}).encode()
    kind = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{url}/api/2.0/mlflow/runs/search", data=body, headers=kind)
    with urllib.request.urlopen(request, timeout=WAIT) as answer:
        return list(json.loads(answer.read()).get("runs", []))


def named(entries: list[dict[str, Any]]) -> dict[str, Any]:
    return {entry["key"]: entry["value"] for entry in entries}


@pytest.fixture(scope="module")
def logged(finished: Path, server: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone in which an experiment was run while the server was there."""
    place = copy_of(finished, tmp_path_factory.mktemp("logged") / "clone")
    done = dvc(place, "exp", "run", "--name", NAME, "-S", CHANGED, MLFLOW_TRACKING_URI=server)
    assert done.returncode == 0, done.stderr[-2000:]
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("MLflow:")]
    assert line.startswith(f"MLflow: logged: {server}/#/experiments/1/runs/")
    assert re.search(r"; registered as churn version \d+$", line)
    return place


def test_a_run_is_logged_with_all_that_belongs_to_it(logged: Path, server: str) -> None:
    (run,) = [run for run in runs(server) if run["info"]["run_name"] == NAME]
    data, info = run["data"], run["info"]
    # parameters and metrics
    assert named(data["params"])["evaluate.resamples"] == "150"
    metrics = json.loads((logged / "reports" / "metrics.json").read_text())
    found = named(data["metrics"])
    assert found["test.roc_auc"] == metrics["test"]["roc_auc"]
    key = {"run_id": info["run_id"], "metric_key": "cv.roc_auc.by_fold"}
    folds = [entry["value"] for entry in ask(server, "metrics/get-history", **key)["metrics"]]
    assert len(folds) == metrics["cv"]["roc_auc"]["folds"]
    assert sum(folds) / len(folds) == pytest.approx(metrics["cv"]["roc_auc"]["mean"], abs=1e-6)
    # versions of code and data
    tags, lock = named(data["tags"]), (logged / "dvc.lock").read_text()
    assert tags["mlflow.source.git.commit"] == head(logged)
    assert tags["dvc.experiment"] == NAME
    assert f"md5: {tags['dvc.data']}" in lock
    (dataset,) = run["inputs"]["dataset_inputs"]
    assert dataset["dataset"]["digest"] == tags["dvc.data"]
    # reports, plots and Evidently's summary
    assert files(server, info["run_id"]) >= {
        "reports/05_evaluate.html", "reports/model_card.md", "plots/roc.csv", "bundle/bundle.json",
        "data/data_summary.json", "cross_validation/scores.csv",
    }  # fmt: skip
    # and the model, registered
    versions = ask(server, "model-versions/search")["model_versions"]
    (name,) = [v["name"] for v in versions if v["run_id"] == info["run_id"]]
    assert name == "churn"


def files(url: str, run: str) -> set[str]:
    """The artifacts of a run, two levels deep."""
    top = ask(url, "artifacts/list", run_id=run)["files"]
    listed = [ask(url, "artifacts/list", run_id=run, path=folder["path"]) for folder in top]
    return {file["path"] for answer in listed for file in answer["files"]}


def test_the_model_on_the_server_is_the_champion(logged: Path, server: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PREDICTED], cwd=logged, capture_output=True, text=True, check=False,
        env=clean_environment() | {"MLFLOW_TRACKING_URI": server},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    features = found["features"]
    assert found["rows"] > 300
    assert found["difference"] < 1e-7  # single precision on the way
    doubles = [[name, "double"] for name in features["numeric"]]
    assert found["inputs"] == doubles + [[name, "string"] for name in features["category"]]
    assert found["outputs"] == [["churn_probability", "float"]]
    assert found["raw"] == features["numeric"] + features["category"]
    assert found["bundle"] == found["version"]


class Relay(ThreadingHTTPServer):
    """Hands requests on to a server until so many have passed; then it dies, or answers nothing."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, target: str, *, most: int, hangs: bool) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.target, self.left, self.hangs = target.removeprefix("http://"), most, hangs
        self.released = threading.Event()

    def handle_error(self, *_: object) -> None:
        """Keep quiet when a client goes away."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Relay

    def relay(self) -> None:
        self.server.left -= 1
        if self.server.left < 0:
            self.end()
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        there = http.client.HTTPConnection(self.server.target, timeout=20)
        there.request(self.command, self.path, body, dict(self.headers))
        with there.getresponse() as answer:
            content = answer.read()
        there.close()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.headers.get("Content-Type", "text/plain"))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = relay

    def end(self) -> None:
        self.close_connection = True
        if self.server.hangs:
            self.server.released.wait()
        else:
            self.server.socket.close()
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@contextmanager
def relay(target: str, *, most: int, hangs: bool) -> Iterator[str]:
    with Relay(target, most=most, hangs=hangs) as there:
        thread = threading.Thread(target=there.serve_forever, args=[0.01])
        thread.start()
        yield f"http://127.0.0.1:{there.server_address[1]}"
        there.released.set()
        there.shutdown()
        thread.join()


@pytest.mark.parametrize("hangs", [False, True], ids=["dies", "hangs"])
def test_a_server_that_is_lost_half_way_does_no_harm(
    shared: Path, server: str, hangs: bool
) -> None:
    with relay(server, most=12, hangs=hangs) as url:
        done = after_a_run(shared, MLFLOW_TRACKING_URI=url)
    assert done.returncode == 0
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"MLflow: not logged: {url}: ")


def test_what_was_lost_is_logged_later_and_once(shared: Path, server: str) -> None:
    before = state(shared)
    first = stages(shared, "track", MLFLOW_TRACKING_URI=server)
    again = stages(shared, "track", MLFLOW_TRACKING_URI=server)
    assert (first.returncode, again.returncode) == (0, 0), first.stderr + again.stderr
    assert first.stdout.startswith(f"logged: {server}/#/experiments/1/runs/")
    place = first.stdout.removeprefix("logged: ").split(";")[0]
    assert again.stdout == f"already logged: {place}\n"
    names = [run["info"]["run_id"] for run in runs(server)]
    assert names.count(place.rpartition("/")[2]) == 1
    identities = [named(run["data"]["tags"])["churn.results"] for run in runs(server)]
    assert len(identities) == len(set(identities))
    # and nothing of it shows in the work tree
    assert state(shared) == before


def state(place: Path) -> tuple[dict[str, str], str]:
    """The content of every output, and what git sees."""
    git = ["git", "status", "--porcelain"]
    seen = subprocess.run(git, cwd=place, capture_output=True, text=True, check=True).stdout
    return {name: sha256(place / name) for name in outputs(place)}, seen


def test_a_log_that_takes_too_long_is_given_up(finished: Path) -> None:
    with listening(None) as url:
        done = after_a_run(finished, first="track.SECONDS = 1; ", MLFLOW_TRACKING_URI=url)
    assert done.returncode == 0
    assert done.stderr.startswith("MLflow: not logged: not done within 1 seconds. The results")


@pytest.mark.parametrize("status", [401, 500])
def test_a_server_that_refuses_does_no_harm(finished: Path, status: int) -> None:
    sent = []

    class Refusing(BaseHTTPRequestHandler):
        def refuse(self) -> None:
            sent.append(self.headers.get("Authorization"))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST = refuse

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as there:
        threading.Thread(target=there.serve_forever, args=[0.01]).start()
        place = f"127.0.0.1:{there.server_port}"
        done = after_a_run(finished, MLFLOW_TRACKING_URI=f"http://ada:secret@{place}")
        there.shutdown()
    assert done.returncode == 0
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"MLflow: not logged: http://{place}: ")
    assert str(status) in line
    # the password was sent, to the client's questions alone, and not shown
    assert sent[0] is None
    assert sent[-1] == "Basic " + base64.b64encode(b"ada:secret").decode()
    assert "secret" not in line


def test_a_sqlite_file_takes_the_results_without_a_server(fresh: Path, tmp_path: Path) -> None:
    # given the address of a file that is not there yet
    address = f"sqlite:///{tmp_path}/mlflow.db"
    done = stages(fresh, "track", MLFLOW_TRACKING_URI=address)
    # then the results are in it, its artifacts next to it, and nothing in the repository
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.startswith(f"logged: {address}, experiment ")
    assert list((tmp_path / "mlruns").rglob("05_evaluate.html"))
    git = ["git", "status", "--porcelain"]
    assert not subprocess.run(git, cwd=fresh, capture_output=True, check=True).stdout
    # and they are logged once
    again = stages(fresh, "track", MLFLOW_TRACKING_URI=address)
    assert again.stdout.startswith(f"already logged: {address}, experiment ")
