"""Things break while requests come in: callers get valid answers, and what is shown is true."""

import json
import shutil
import signal
import threading
from collections import Counter

import pytest

from scoring.bundle import FALLBACK_MODEL, MODEL, RULES
from serving.document import Prediction
from tests.service.conftest import Server, one, serve, write_club
from tests.service.damage import flipped, gone, truncated
from tests.waiting import WAIT, until

FAULTY = "tests.service.faulty:ChurnService"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


class Load:
    """Callers that never stop asking; their answers, by status and tier."""

    def __init__(self, server: Server, callers: int = 3):
        self.answered: Counter = Counter()
        self._server, self._stop = server, threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(callers)]

    def _ask(self):
        with self._server.client() as client:
            while not self._stop.is_set():
                answer = client.post("/predict", json=one())
                if answer.status_code == 200:
                    self.answered[Prediction.model_validate_json(answer.content).tier] += 1
                else:
                    self.answered[answer.status_code] += 1

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join(30)

    def until(self, tier):
        """Wait until somebody is answered by that tier from now on."""
        before = self.answered[tier]
        until(lambda: self.answered[tier] >= before + 5, what=f"no answers by {tier}")


def reported(client, tier):
    """What the service says of itself, once it has noticed."""
    until(lambda: client.get("/health").json()["tier"] == tier, what=f"{tier} does not answer")
    return client.get("/fallback-stats").json()


def version(client):
    return client.get("/model-info").json()["champion"]["version"]


def loaded(client, tier):
    name = f'churn_model_loaded{{tier="{tier}",variant="champion"}} '
    lines = client.get("/metrics").text.splitlines()
    return float(next(line for line in lines if line.startswith(name)).removeprefix(name))


@pytest.mark.parametrize("how", [gone, truncated, flipped])
def test_it_starts_with_a_broken_champion_and_recovers_when_that_is_mended(club, tmp_path, how):
    own = shutil.copytree(club, tmp_path / "champion")
    how(own / MODEL)
    with serve(tmp_path, own, reload_seconds="0.2") as server, server.client() as client:
        with Load(server) as load:
            load.until("fallback")
            stats = reported(client, "fallback")
            assert stats["status"] == "degraded"
            assert MODEL in stats["tiers"]["champion"]["champion"]
            assert client.get("/readyz").status_code == 200
            assert loaded(client, "champion") == 0
            shutil.copy2(club / MODEL, own / MODEL)
            load.until("champion")
            assert reported(client, "champion")["status"] == "ok"
            assert loaded(client, "champion") == 1
        counted = client.get("/fallback-stats").json()["fallbacks"]
        assert {(f["tier"], f["reason"]) for f in counted} == {("champion", "missing")}
        assert sum(f["customers"] for f in counted) == load.answered["fallback"]
        assert set(load.answered) == {"fallback", "champion"}


def test_each_tier_below_answers_in_its_turn_and_readiness_follows_the_setting(club, tmp_path):
    own = shutil.copytree(club, tmp_path / "champion")
    for file in (MODEL, FALLBACK_MODEL):
        gone(own / file)
    options = {"reload_seconds": "0.2", "ready_tier": "fallback"}
    with serve(tmp_path, own, **options) as server, server.client() as client:
        assert client.post("/predict", json=one()).json()["tier"] == "rules"
        assert client.get("/readyz").status_code == 503
        shutil.copy2(club / FALLBACK_MODEL, own / FALLBACK_MODEL)
        reported(client, "fallback")
        assert client.get("/readyz").status_code == 200
    for file in (FALLBACK_MODEL, RULES):
        gone(own / file)
    with serve(tmp_path, own) as server, server.client() as client:
        assert client.post("/predict", json=one()).json()["tier"] == "base_rate"
        assert client.post("/explain", json=one()).status_code == 200


@pytest.mark.parametrize("how", [gone, truncated, flipped])
def test_breaking_the_files_of_a_running_service_changes_no_answer(club, tmp_path, how):
    own = shutil.copytree(club, tmp_path / "champion")
    with serve(tmp_path, own, reload_seconds="0.2") as server, server.client() as client:
        with Load(server) as load:
            load.until("champion")
            how(own / MODEL)
            until(
                lambda: client.get("/fallback-stats").json()["refused_bundles"],
                what="it was not noticed",
            )
            load.until("champion")
            assert client.get("/health").json()["status"] == "ok"
        assert set(load.answered) == {"champion"}


def test_a_model_that_raises_hangs_or_errs_is_passed_over_and_taken_back(club, tmp_path):
    fault = tmp_path / "fault"
    options = {
        "fault": str(fault),
        "model_seconds": "0.2",
        "service": "tests.service.faulty:ChurnService",
    }
    with (
        serve(tmp_path, club, **options) as server,
        server.client() as client,
        Load(server) as load,
    ):
        for word, reason in (("raise", "error"), ("wrong", "error"), ("hang", "timeout")):
            load.until("champion")
            fault.write_text(word)
            load.until("fallback")
            fault.write_text("")
            load.until("champion")
            counted = client.get("/fallback-stats").json()["fallbacks"]
            assert reason in {f["reason"] for f in counted}
        assert set(load.answered) == {"champion", "fallback"}


def test_a_new_version_is_taken_in_and_back_without_a_failed_request(club, tmp_path):
    own = shutil.copytree(club, tmp_path / "champion")
    other = write_club(tmp_path / "next", winner="xgboost")
    with serve(tmp_path, own, reload_seconds="0.2") as server, server.client() as client:
        old = version(client)
        with Load(server) as load:
            for source in (other, club):
                for file in source.iterdir():
                    if file.name != "bundle.json":
                        shutil.copy(file, own / file.name)
                shutil.copy(source / "bundle.json", own / "bundle.json")  # last
                wanted = json.loads((source / "bundle.json").read_text())["version"]
                until(lambda wanted=wanted: version(client) == wanted, what="not taken in")
                load.until("champion")
        assert version(client) == old
        assert set(load.answered) == {"champion"}


def test_two_workers_count_together_and_stop_gracefully(club, tmp_path):
    with serve(tmp_path, club, workers="2") as server:
        for _ in range(40):  # connections of their own, so that both workers get some
            with server.client() as client:
                assert client.post("/predict", json=one()).status_code == 200
        with server.client() as client:
            for _ in range(5):
                stats = client.get("/fallback-stats").json()
                assert sum(p["customers"] for p in stats["predictions"]) == 40
            text = client.get("/metrics").text
            assert 'churn_model_loaded{tier="champion",variant="champion"} 1.0' in text
        server.stop()
    logs = list((tmp_path / "log").glob("predictions.*.jsonl"))
    assert sum(len(log.read_text().splitlines()) for log in logs) == 40


def test_requests_in_flight_finish_when_it_is_asked_to_stop(club, tmp_path):
    fault = tmp_path / "fault"
    options = {
        "fault": str(fault),
        "model_seconds": "30",
        "service": "tests.service.faulty:ChurnService",
    }
    answers = []

    def ask():
        with server.client() as client:
            answers.append(client.post("/predict_batch", json={"features": [one()["features"]]}))

    with serve(tmp_path, club, **options) as server:
        fault.write_text("slow")
        asking = threading.Thread(target=ask)
        asking.start()
        until(fault.with_suffix(".begun").exists, what="the request did not arrive")
        server.process.send_signal(signal.SIGTERM)
        asking.join(WAIT)
    assert [answer.status_code for answer in answers] == [200]
    assert answers[0].json()["predictions"][0]["tier"] == "champion"
