"""A worker: challenger and shadow, bundles that come and go, what it shows."""

import json
import os
import shutil
import time

import pytest

from scoring.bundle import MODEL
from serving.engine import bucket
from serving.exchange import Call
from tests.service.conftest import one, write_club
from tests.service.damage import flipped, gone, truncated
from tests.waiting import until

IDS = [f"id-{i}" for i in range(40)]
BATCH = json.dumps({"features": [one()["features"]] * 40, "customer_ids": IDS}).encode()


@pytest.fixture(scope="module")
def second(tmp_path_factory):
    """A second bundle of the same schema."""
    return write_club(tmp_path_factory.mktemp("second"), winner="xgboost")


def predictions(worker):
    return json.loads(worker._predict_batch(Call("request", BATCH)))["predictions"]


def sample(worker, series, /, **labels):
    return worker.metrics.registry.get_sample_value(series, labels) or 0.0


def logged(worker):
    worker.close()
    files = sorted(worker.settings.log_folder.glob("predictions.*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def test_a_challenger_answers_its_share_under_its_own_name(work, second):
    worker = work(challenger=second, challenger_share=0.4)
    found = predictions(worker)
    theirs = [p["variant"] == "challenger" for p in found]
    assert theirs == [bucket(i) < 0.4 for i in IDS]
    versions = {p["variant"]: p["model"]["version"] for p in found}
    assert versions["champion"] != versions["challenger"]
    counted = sum(
        sample(worker, "churn_predictions_total", variant="challenger", tier="champion", decision=d)
        for d in ("contact", "no_contact")
    )
    assert counted == sum(theirs)
    lines = logged(worker)
    assert [line["variant"] == "challenger" for line in lines] == theirs
    assert {(line["variant"], line["version"]) for line in lines} == set(versions.items())


def test_a_whole_number_as_id_is_the_customer_of_that_text_and_comes_back_as_sent(work, second):
    # given a challenger with a share, and the same customers by number and by text
    worker = work(challenger=second, challenger_share=0.4, log_ids="plain")
    numbers = list(range(40))
    batch = {"features": [one()["features"]] * 40, "customer_ids": numbers}
    # when they are scored
    found = json.loads(worker._predict_batch(Call("request", json.dumps(batch).encode())))
    # then each comes back as it was sent, meets the model of its text, and is logged as text
    assert [p["customer_id"] for p in found["predictions"]] == numbers
    theirs = [p["variant"] == "challenger" for p in found["predictions"]]
    assert theirs == [bucket(str(number)) < 0.4 for number in numbers]
    assert [line["customer"] for line in logged(worker)] == [str(number) for number in numbers]


def test_a_shadow_is_scored_and_logged_and_not_returned(work, second):
    worker = work(
        challenger=second,
        challenger_share=1.0,
        challenger_mode="shadow",
        log_ids="plain",
    )
    assert {p["variant"] for p in predictions(worker)} == {"champion"}
    lines = logged(worker)
    assert [line["customer"] for line in lines if line["shadow"]] == IDS
    assert {line["variant"] for line in lines if line["shadow"]} == {"challenger"}
    assert sample(worker, "churn_shadow_predictions_total") == len(IDS)


def test_a_challenger_of_another_schema_is_refused_and_shown(work, tmp_path):
    other = write_club(tmp_path / "other", variant="no_value", winner="logistic")
    worker = work(challenger=other, challenger_share=1.0)
    assert {p["variant"] for p in predictions(worker)} == {"champion"}
    assert "another schema" in worker.fallback_stats()["refused_bundles"]["challenger"]
    assert sample(worker, "churn_bundle_reloads_total", outcome="refused") == 1


@pytest.mark.parametrize("how", [gone, truncated, flipped])
def test_a_broken_champion_does_not_replace_a_whole_one(work, own_club, how):
    worker = work(bundle=own_club)
    before = predictions(worker)
    how(own_club / MODEL)
    worker.reload()
    assert predictions(worker) == before
    assert worker.health() == {"status": "ok", "tier": "champion"}
    assert MODEL in worker.fallback_stats()["refused_bundles"]["champion"]


def test_a_mended_champion_comes_back(work, club, own_club):
    gone(own_club / MODEL)
    worker = work(bundle=own_club, ready_tier="champion")
    assert worker.health() == {"status": "degraded", "tier": "fallback"}
    assert not worker.is_ready()
    shutil.copy(club / MODEL, own_club / MODEL)
    worker.reload()
    assert worker.health()["status"] == "ok"
    assert worker.is_ready()
    assert worker.fallback_stats()["refused_bundles"] == {}


def test_a_new_version_takes_over_and_the_old_one_is_no_longer_shown(work, own_club, second):
    worker = work(bundle=own_club)
    old = worker.model_info()["champion"]["version"]
    shutil.copytree(second, own_club, dirs_exist_ok=True)
    worker.reload()
    new = worker.model_info()["champion"]["version"]
    assert new != old
    labels = {"variant": "champion", "name": "churn"}
    assert sample(worker, "churn_model_info", **labels, version=old) == 0
    assert sample(worker, "churn_model_info", **labels, version=new) == 1


def test_the_watch_looks_by_itself(work, own_club, second):
    worker = work(bundle=own_club, reload_seconds=0.05)
    old = worker.model_info()["champion"]["version"]
    shutil.copytree(second, own_club, dirs_exist_ok=True)
    until(lambda: worker.model_info()["champion"]["version"] != old, what="not taken in")


def test_a_failure_of_ours_is_answered_without_its_cause(work, monkeypatch):
    worker = work()
    monkeypatch.setattr(worker.engine, "answer", lambda *_: 1 / 0)
    answer = worker.predict(Call("request", json.dumps(one()).encode()))
    assert answer.status == 500
    assert set(json.loads(answer.body)) == {"error", "details"}
    assert b"ZeroDivision" not in answer.body
    assert sample(worker, "churn_refused_requests_total", reason="failed") == 1


def test_the_age_of_the_bundle_is_shown(work, own_club):
    os.utime(own_club / "bundle.json", (time.time() - 3600,) * 2)
    worker = work(bundle=own_club)
    assert sample(worker, "churn_model_age_seconds", variant="champion") == pytest.approx(
        3600, abs=60
    )


def test_fallbacks_are_counted_by_tier_and_reason(work, own_club):
    gone(own_club / MODEL)
    worker = work(bundle=own_club)
    predictions(worker)
    stats = worker.fallback_stats()
    assert stats["fallbacks"] == [
        {"variant": "champion", "tier": "champion", "reason": "missing", "customers": 40}
    ]
    assert [p["tier"] for p in stats["predictions"]] == ["fallback"]
