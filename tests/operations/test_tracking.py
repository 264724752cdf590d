"""Tracking without a server: what would be logged, and that a server that is away does no harm."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

from scoring.bundle import CATEGORY, MANIFEST, MODEL, NUMERIC, Scorer
from scoring.derive import Inputs
from scoring.digest import sha256
from scoring.errors import UserError
from stages.core.files import read_table
from stages.core.yamlfile import load_schema, read_yaml
from stages.operations.tracking import mlflow_model, payload, server
from stages.operations.tracking.server import ADDRESS, check_answers, check_client
from tests.conftest import clean_environment, stages
from tests.network import free_port
from tests.operations.conftest import after_a_run, head, listening


@pytest.mark.parametrize(
    "address",
    ["nonsense", "http://", "ftp://host", "http://host:port", "http://[::1", "postgresql://h/db"],
)
def test_what_is_no_address_of_a_server_is_named(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ADDRESS, address)
    with pytest.raises(UserError, match=f"{ADDRESS}: .*: expected http://HOST:PORT"):
        server.server()


def test_a_sqlite_file_needs_no_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(ADDRESS, "sqlite:///mlflow.db")
    assert server.server() == server.Server(f"sqlite:///{tmp_path}/mlflow.db")
    assert server.server().is_file


@pytest.mark.parametrize("address", ["file:///tmp/mlruns", "./mlruns", "/tmp/mlruns"])
def test_a_folder_is_refused_with_what_to_use_instead(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ADDRESS, address)
    with pytest.raises(UserError, match=r"MLflow no longer logs to folders .*sqlite:///FILE"):
        server.server()


def test_without_an_address_there_is_nothing_to_log_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ADDRESS, raising=False)
    with pytest.raises(UserError, match=f"{ADDRESS}: not set"):
        server.server()


def test_credentials_leave_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ADDRESS, "https://ada:p%40ss:w@host:8443/mlflow/?token=secret")
    found = server.server()
    assert found.url == "https://host:8443/mlflow"
    assert (found.user, found.password) == ("ada", "p@ss:w")


@pytest.mark.parametrize("scheme", ["htp://", "http://", ""])
@pytest.mark.parametrize("password", ["secret", "1#secret", "1/secret", "1?secret", "se://cret"])
def test_no_part_of_a_password_is_shown(
    scheme: str, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ADDRESS, f"{scheme}ada:{password}@host:port")
    with pytest.raises(UserError) as refused:
        server.server()
    assert str(refused.value).startswith(f"{ADDRESS}: host:port: expected")


def test_the_client_is_impatient_unless_the_user_says_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in (ADDRESS, server.USER, server.PASSWORD, *server.TIMEOUT):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "77")
    monkeypatch.setenv(ADDRESS, "http://ada:geheim@host:5000")
    server.prepare_environment(server.server())
    assert os.environ[ADDRESS] == "http://host:5000"
    assert (os.environ[server.USER], os.environ[server.PASSWORD]) == ("ada", "geheim")
    assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "77"
    assert os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "0"
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"


def test_a_refused_connection_is_reported() -> None:
    with pytest.raises(UserError, match="connection refused"):
        check_answers(f"http://127.0.0.1:{free_port()}")


def test_a_server_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "PROBE_SECONDS", 0.2)
    with listening(None) as url, pytest.raises(UserError, match=r"no answer within 0\.2 seconds"):
        check_answers(url)


def test_a_name_that_nobody_knows_is_given_up() -> None:
    with pytest.raises(UserError, match=r"http://no-such-host\.invalid: "):
        check_answers("http://no-such-host.invalid")


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH\r\n\r\n"])
def test_what_does_not_speak_http_is_no_server(answer: bytes) -> None:
    with listening(answer) as url, pytest.raises(UserError, match="no answer in HTTP"):
        check_answers(url)


@pytest.mark.parametrize("status", [200, 401, 404, 500])
def test_any_answer_counts_as_one(status: int) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as there:
        threading.Thread(target=there.serve_forever, args=[0.01]).start()
        check_answers(f"http://127.0.0.1:{there.server_port}")
        there.shutdown()


def test_without_the_extra_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(UserError, match="extra mlflow is not installed; expected it: make track"):
        check_client()


def test_a_run_ends_well_without_a_server(finished: Path) -> None:
    # given an address with a password at which nobody listens
    address = f"http://ada:geheim@127.0.0.1:{free_port()}"
    done = after_a_run(finished, MLFLOW_TRACKING_URI=address)
    # then one line says so, and nothing else happens
    assert done.returncode == 0
    (line,) = done.stderr.splitlines()
    assert line.startswith("MLflow: not logged: ")
    assert line.endswith("The results are kept; `make track` logs them later")
    assert "geheim" not in line
    assert done.stdout == ""


def test_the_last_stage_logs(fresh: Path) -> None:
    # given the pages, which depend on all other stages, when they are made
    last = list(read_yaml(fresh / "dvc.yaml")["stages"])[-1]
    done = stages(fresh, last, MLFLOW_TRACKING_URI="nonsense")
    # then the results are logged, or a line says why not
    assert done.returncode == 0
    assert done.stderr.startswith("MLflow: not logged: ")


def test_by_hand_a_server_that_is_away_is_a_failure(finished: Path) -> None:
    done = stages(finished, "track", MLFLOW_TRACKING_URI="nonsense")
    assert done.returncode == 1
    assert done.stderr.startswith(f"{ADDRESS}: nonsense: expected http://HOST:PORT")


DESCRIBED = """
import json, sys
sys.modules["rfc3987_syntax"] = None  # as `python -m stages run` has it: a second less
from stages.core.paths import Paths
from stages.operations.tracking import payload, provenance
paths = Paths.here()
found = payload.current_results(paths)
files = [str(file) for files in payload.files(paths).values() for file in files]
parameters = payload.parameters(found.sections)
print(json.dumps({"parameters": parameters, "tags": provenance.tags(found, paths), "files": files}))
"""


def described(place: Path, **environment: str) -> Any:
    """What would be logged of the results in that repository, or what is wrong."""
    done = subprocess.run(
        [sys.executable, "-c", DESCRIBED],
        cwd=place, env=clean_environment() | environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    return done.stderr if done.returncode else json.loads(done.stdout)


def test_what_is_logged_is_what_ran(shared: Path) -> None:
    # given results that git does not know yet
    text = (shared / "reports" / "metrics.json").read_text()
    (shared / "reports" / "metrics.json").write_text(text + "\n")
    found = described(shared)
    # then parameters are there by section, those alone that a stage reads
    parameters, tags = found["parameters"], found["tags"]
    assert parameters["train.xgboost.max_depth"] == "3"
    assert parameters["generate.rows"] == "2000"
    assert parameters["data.source"] == "data/population.yaml"
    assert json.loads(parameters["train.vote.members"]) == ["logistic", "xgboost"]
    assert json.loads(parameters["data.sha256"]) is None
    assert not [name for name in parameters if name.startswith(("tune.", "report."))]
    # and versions of code and data: what a run writes is no change of the code
    assert tags["mlflow.source.git.commit"] == head(shared)
    assert tags["mlflow.source.git.branch"] == "main"
    assert tags["git.dirty"] == "false"
    assert tags["data.sha256"] == sha256(shared / "data" / "raw" / "customers.parquet")
    assert f"md5: {tags['dvc.data']}" in (shared / "dvc.lock").read_text()
    assert "dvc.experiment" not in tags
    # and files that say how good the model is, none of them with a row per customer
    files = [Path(name) for name in found["files"]]
    assert {"metrics.json", "data_summary.json", "model_card.md", "roc.csv", "index.html"} <= {
        file.name for file in files
    }
    assert all(file.is_file() for file in files)
    forbidden = ("contact_list.csv", "background.json", ".parquet", ".onnx")
    assert not [file for file in files if file.name.endswith(forbidden)]


def test_a_parameter_changed_after_the_run_is_not_the_runs(shared: Path) -> None:
    before = described(shared)
    text = (shared / "params.yaml").read_text()
    (shared / "params.yaml").write_text(text.replace("max_depth: 3", "max_depth: 9"))
    found = described(shared, DVC_EXP_NAME="older-sale", DVC_EXP_BASELINE_REV="a" * 40)
    (shared / "params.yaml").write_text(text)
    assert found["parameters"] == before["parameters"]
    assert found["tags"]["churn.results"] == before["tags"]["churn.results"]
    # it is a change of what the commit holds, though; and an experiment names its own
    assert found["tags"]["git.dirty"] == "true"
    assert found["tags"]["dvc.experiment"] == "older-sale"
    assert found["tags"]["mlflow.source.git.commit"] == "a" * 40


def test_outside_git_and_dvc_versions_are_left_out(fresh: Path) -> None:
    shutil.rmtree(fresh / ".git")
    (fresh / "dvc.lock").unlink()
    tags = described(fresh, GIT_CEILING_DIRECTORIES=str(fresh.parent))["tags"]
    assert not [name for name in tags if name.startswith(("mlflow.source.git", "git.", "dvc."))]
    assert {"churn.bundle", "data.sha256"} <= set(tags)


def test_results_of_two_runs_are_distinguished(fresh: Path) -> None:
    metrics = json.loads((fresh / "reports" / "metrics.json").read_text())
    metrics["cv"]["roc_auc"]["mean"] += 0.01
    (fresh / "reports" / "metrics.json").write_text(json.dumps(metrics))
    assert "reports/metrics.json and models/champion are of different runs" in described(fresh)
    # and without results there is nothing to log
    (fresh / "data" / "raw" / "customers.parquet").unlink()
    assert "data/raw/customers.parquet: no such file; expected results" in described(fresh)


def test_every_number_is_logged_by_its_name(finished: Path) -> None:
    metrics = json.loads((finished / "reports" / "metrics.json").read_text())
    figures = payload.figures(metrics)
    assert figures["test.roc_auc"] == metrics["test"]["roc_auc"]
    assert figures["test_ci.brier.low"] == metrics["test_ci"]["brier"]["low"]
    assert "winner" not in figures


def test_columns_by_name_give_what_the_bundle_gives(finished: Path) -> None:
    champion = finished / "models" / "champion"
    manifest = json.loads((champion / MANIFEST).read_text())
    features = manifest["features"]
    table = read_table(finished / "data" / "features" / "test.parquet")
    inputs = Inputs(
        table[features[NUMERIC]].to_numpy(np.float32), table[features[CATEGORY]].to_numpy(object)
    )
    wanted = Scorer((champion / MODEL).read_bytes()).probability(inputs)
    graph = mlflow_model.load_by_column(manifest, champion)
    onnx.checker.check_model(graph, full_check=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # as the bundle's are run: sums in the same order
    session = onnxruntime.InferenceSession(graph.SerializeToString(), options)
    feed = {n: table[n].to_numpy(np.float32) for n in features[NUMERIC]}
    feed |= {n: table[n].to_numpy(object) for n in features[CATEGORY]}
    (found,) = session.run([mlflow_model.ANSWER], feed)
    np.testing.assert_array_equal(found, wanted.astype(np.float32))
    assert found.shape == (len(table),)


@pytest.mark.parametrize("kind", [NUMERIC, CATEGORY])
def test_a_single_column_is_taken_as_mlflow_hands_it_over(kind: str) -> None:
    # given a model of one column, which MLflow hands over as a matrix
    text = kind == CATEGORY
    element = onnx.TensorProto.STRING if text else onnx.TensorProto.FLOAT
    one = onnx.helper.make_tensor("one", onnx.TensorProto.FLOAT, [1], [0.25])
    shape = onnx.helper.make_node("Shape", [kind], ["shape"])
    graph = onnx.helper.make_graph(
        [shape, onnx.helper.make_node("ConstantOfShape", ["shape"], ["half"], value=one),
         onnx.helper.make_node("Concat", ["half", "half"], ["both"], axis=1)],
        "flat",
        [onnx.helper.make_tensor_value_info(kind, element, [None, 1])],
        [onnx.helper.make_tensor_value_info("half", onnx.TensorProto.FLOAT, [None, 1]),
         onnx.helper.make_tensor_value_info("both", onnx.TensorProto.FLOAT, [None, 2])],
    )  # fmt: skip
    flat = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)])
    flat.ir_version = 10
    features = {NUMERIC: [], CATEGORY: []} | {kind: ["only"]}
    named = mlflow_model.by_column(flat, features)
    values = np.array([["a"], ["b"]], dtype=object) if text else np.zeros((2, 1), np.float32)
    session = onnxruntime.InferenceSession(named.SerializeToString())
    (found,) = session.run([mlflow_model.ANSWER], {"only": values})
    assert found.tolist() == [0.25, 0.25]


def test_the_example_is_a_row_of_the_models_features(finished: Path) -> None:
    champion = finished / "models" / "champion"
    manifest = json.loads((champion / MANIFEST).read_text())
    row = mlflow_model.example(manifest, champion)
    assert list(row) == manifest["features"][NUMERIC] + manifest["features"][CATEGORY]
    assert len(row) == 1
    schema = load_schema(champion / "schema.json")
    assert all(row[c.name][0] in c.labels for c in schema.category_inputs)
