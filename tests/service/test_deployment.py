"""A worker whose bundles a file names: who answers changes as a whole, to what is meant alone."""

from __future__ import annotations

import json
import shutil
import threading
import time
from pathlib import Path

import pytest

from scoring.deployment import Deployed, Deployment, write_deployment
from scoring.errors import UserError
from scoring.loading import read_manifest
from serving.exchange import Call
from stages.core.paths import Paths
from stages.operations.canary.canary_params import Canary
from stages.operations.canary.deploy import CanaryDeployment, deploy, undeploy
from stages.operations.canary.live import Live
from stages.operations.canary.places import Places
from tests.operations.gate.conftest import rewritten
from tests.service.conftest import one, serve, write_club
from tests.waiting import WAIT

IDS = [f"id-{i}" for i in range(40)]
BATCH = json.dumps({"features": [one()["features"]] * 40, "customer_ids": IDS}).encode()


@pytest.fixture(scope="module")
def second(tmp_path_factory) -> Path:
    return write_club(tmp_path_factory.mktemp("second"), winner="xgboost")


def deployed(bundle: Path, **changes) -> Deployed:
    return Deployed(folder=str(bundle), version=str(read_manifest(bundle)[0]["version"]), **changes)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "deployment.json"


def answering(worker) -> dict[str, int]:
    """How many customers each version answers."""
    found = json.loads(worker._predict_batch(Call("request", BATCH)))["predictions"]
    versions = [prediction["model"]["version"] for prediction in found]
    return {version: versions.count(version) for version in versions}


def sample(worker, series, /, **labels):
    return worker.metrics.registry.get_sample_value(series, labels)


def test_the_file_says_who_answers_and_later_who_else(work, club, second, file) -> None:
    old, new = deployed(club), deployed(second)
    write_deployment(Deployment(champion=old), file)
    worker = work(bundle=second, deployment=file)
    assert answering(worker) == {old.version: 40}
    write_deployment(Deployment(champion=old, challenger=new, share=0.5), file)
    worker.reload()
    assert answering(worker).keys() == {old.version, new.version}
    write_deployment(Deployment(champion=new, previous=old), file)
    worker.reload()
    assert answering(worker) == {new.version: 40}
    labels = {"variant": "challenger", "name": "churn", "version": new.version}
    assert sample(worker, "churn_model_info", **labels) == 0
    assert sample(worker, "churn_model_loaded", variant="challenger", tier="champion") == 0
    file.unlink()  # back to the settings
    worker.reload()
    assert answering(worker) == {new.version: 40}


def test_a_shadow_is_counted_with_its_decisions(work, club, second, file) -> None:
    both = {"champion": deployed(club), "challenger": deployed(second)}
    write_deployment(Deployment(**both, share=1.0, shadow=True), file)
    worker = work(deployment=file)
    assert answering(worker) == {both["champion"].version: 40}
    worker.close()
    assert sample(worker, "churn_shadow_predictions_total") == 40
    contacts = sample(worker, "churn_shadow_contacts_total")
    assert 0 <= contacts <= 40
    assert 0 <= sample(worker, "churn_shadow_differences_total") <= 40
    assert sample(worker, "churn_shadow_failures_total") == 0


@pytest.mark.parametrize("how", ["another version", "broken", "no json", "gone"])
def test_what_is_not_meant_does_not_answer(work, club, second, file, tmp_path, how) -> None:
    old, new = deployed(club), deployed(second)
    write_deployment(Deployment(champion=old), file)
    worker = work(deployment=file)
    copy = Path(shutil.copytree(second, tmp_path / "copy"))
    wrong = Deployed(folder=str(copy), version=new.version)
    if how == "another version":
        wrong = Deployed(folder=str(copy), version=old.version)
    elif how == "broken":
        (copy / "bundle.json").write_text("{}")
    elif how == "gone":
        shutil.rmtree(copy)
    write_deployment(Deployment(champion=old, challenger=wrong, share=1.0), file)
    if how == "no json":
        file.write_text("{")
    worker.reload()
    worker.reload()
    assert answering(worker) == {old.version: 40}
    refused = worker.fallback_stats()["refused_bundles"]
    assert refused.keys() == {"deployment" if how == "no json" else "challenger"}
    assert sample(worker, "churn_bundle_reloads_total", outcome="refused") == 1


def test_a_challenger_that_is_refused_does_not_leave_its_predecessor_in_place(
    work, club, second, file, tmp_path
) -> None:
    old, new = deployed(club), deployed(second)
    write_deployment(Deployment(champion=old, challenger=new, share=1.0), file)
    worker = work(deployment=file)
    assert answering(worker) == {new.version: 40}
    missing = Deployed(folder=str(tmp_path / "nowhere"), version="0" * 12)
    write_deployment(Deployment(champion=old, challenger=missing, share=1.0), file)
    worker.reload()
    assert answering(worker) == {old.version: 40}


class Load:
    """Customers who ask all the while, and how they were answered."""

    def __init__(self, server, threads: int = 3) -> None:
        self.statuses: dict[int, int] = {}
        self.versions: dict[str, int] = {}
        self._stop, self._server, self._lock = threading.Event(), server, threading.Lock()
        self._threads = [threading.Thread(target=self._ask, args=(i,)) for i in range(threads)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, number: int) -> None:
        with self._server.client() as client:
            count = 0
            while not self._stop.is_set():
                request = one() | {"customer_id": f"{number}-{count}"}
                answer = client.post("/predict", json=request)
                count += 1
                self._note(answer)
                time.sleep(0.002)

    def _note(self, answer) -> None:
        body = answer.json()
        version = body.get("model", {}).get("version", "none")
        with self._lock:
            self.statuses[answer.status_code] = self.statuses.get(answer.status_code, 0) + 1
            self.versions[version] = self.versions.get(version, 0) + 1


@pytest.mark.slow
def test_a_running_service_is_deployed_to_and_back_without_a_failed_request(
    club, second, tmp_path
) -> None:
    """Two workers, all steps on live figures, the way back, then a challenger that contacts nobody.

    It is taken back; the client counts every request.
    """
    never = Path(shutil.copytree(second, tmp_path / "never"))
    costs = json.loads((never / "bundle.json").read_text())["costs"]
    rewritten(never, costs=costs | {"contact_cost": 1000.0})
    paths = Paths(tmp_path)
    shutil.copytree(club, paths.champion)
    params = Canary.of(
        {"steps": ["shadow", 0.3, 1.0], "least": 100, "level": 0.99, "contacts": 1.0,
         "failures": 0.01, "differences": 1.0, "poll_seconds": 0.2, "patience_seconds": 120.0}
    )  # fmt: skip
    places = Places.of(paths)
    options = {"workers": "2", "reload_seconds": "0.2"}
    with serve(tmp_path, paths.champion, **options) as server:
        with Load(server) as load:
            rollout = CanaryDeployment(places, params, Live(server.url))
            deploy(second, rollout, reason="a test", paths=paths)
            _until(server, "champion", deployed(second).version)
            undeploy(places)
            _until(server, "champion", deployed(club).version)
        assert set(load.statuses) == {200}
        assert load.statuses[200] > 500
        assert load.versions.keys() == {deployed(club).version, deployed(second).version}
        with Load(server) as load:  # in real time
            strict = params.model_copy(update={"steps": [0.3, 1.0], "contacts": 0.1})
            rollout = CanaryDeployment(places, strict, Live(server.url))
            with pytest.raises(UserError, match=r"taken back at step 30%.*to be contacted"):
                deploy(never, rollout, reason="a test", paths=paths)
            _until(server, "challenger", None)
        assert set(load.statuses) == {200}
        assert deployed(never).version in load.versions


def _until(server, variant: str, version: str | None) -> None:
    """Wait until every worker has this version, or none, of a variant."""
    due, right = time.monotonic() + WAIT, 0
    while right < 20:
        assert time.monotonic() < due
        found = server.ask("/model-info").get(variant, {"version": None})
        right = right + 1 if found["version"] == version else 0
        time.sleep(0.05)
