"""The running service, asked over HTTP."""

import re

import numpy as np
import pytest

from serving.document import ANSWERS, Error, Explanation, Prediction, Predictions, example
from tests import builders
from tests.builders import FEE, MONTHS, PAID, SIZE
from tests.service.conftest import one

CLUB = builders.schema()
JSON = {"content-type": "application/json"}
SECURE = ("x-content-type-options", "content-security-policy", "cache-control", "x-request-id")


def refused(answer, status):
    assert answer.status_code == status, answer.text
    return Error.model_validate_json(answer.content, strict=True)


# --- answers -----------------------------------------------------------------------------------


def test_a_prediction_has_the_shape_of_the_contract(client):
    answer = client.post("/predict", json=one())
    found = answer.json()
    assert list(found) == [
        "customer_id", "churn_probability", "decision", "expected_profit", "tier", "variant",
        "model",
    ]  # fmt: skip
    Prediction.model_validate_json(answer.content)
    assert found["customer_id"] == "customer-1"
    assert (found["decision"] == "contact") == (found["expected_profit"] > 0)
    assert found["tier"] == found["variant"] == "champion"


def test_a_batch_is_answered_in_its_order(client):
    features = [one(**{MONTHS: m})["features"] for m in (0, 5, 50)]
    answer = client.post("/predict_batch", json={"features": features, "customer_ids": [*"abc"]})
    found = Predictions.model_validate_json(answer.content).predictions
    single = [client.post("/predict", json={"features": f}).json() for f in features]
    assert [p.customer_id for p in found] == ["a", "b", "c"]
    np.testing.assert_allclose(
        [p.churn_probability for p in found], [p["churn_probability"] for p in single], atol=1e-7
    )


def test_contributions_add_up_to_the_prediction(client):
    answer = client.post("/explain", json=one())
    found = Explanation.model_validate_json(answer.content)
    odds = np.log(found.churn_probability / (1 - found.churn_probability))
    total = found.base + sum(c.contribution for c in found.contributions)
    assert total == pytest.approx(odds, abs=1e-3)
    assert {c.feature for c in found.contributions} == {c.name for c in CLUB.inputs}


@pytest.mark.parametrize("paid", [0, None])
def test_a_brand_new_customer_is_served(client, paid):
    assert client.post("/predict", json=one(**{MONTHS: 0, PAID: paid})).status_code == 200


def test_whoever_owes_nothing_yet_is_one_customer_however_it_is_sent(client):
    found = [
        client.post("/predict", json=one(**{MONTHS: 0, PAID: paid})).json() for paid in (0, None)
    ]
    assert found[0]["churn_probability"] == found[1]["churn_probability"]


def test_what_is_read(client):
    assert client.get("/health").json() == {"status": "ok", "tier": "champion"}
    info = client.get("/model-info").json()["champion"]
    assert info["version"] == client.post("/predict", json=one()).json()["model"]["version"]
    stats = client.get("/fallback-stats").json()
    assert set(stats["tiers"]["champion"].values()) == {"ok"}
    assert stats["predictions"][0]["customers"] > 0
    for path in ("/livez", "/readyz", "/healthz", "/", "/schema.json"):
        assert client.get(path).status_code == 200


# --- refusals ----------------------------------------------------------------------------------


def test_a_wrong_value_is_named_in_the_shape_of_the_contract(client):
    found = refused(client.post("/predict", json=one(**{SIZE: "riesig"})), 400)
    assert found.model_dump()["details"] == [
        {
            "row": None,
            "field": SIZE,
            "problem": "not an allowed value",
            "allowed": ["klein", "mittel", "groß"],
        }
    ]


@pytest.mark.parametrize(
    "media",
    [
        "multipart/form-data; boundary=x",
        "application/vnd.bentoml+pickle",
        "application/x-www-form-urlencoded",
        "text/plain",
        "application/json; charset=utf-16",
        "",
    ],
)
def test_only_json_is_read(client, media):
    refused(client.post("/predict", content=b"x", headers={"content-type": media}), 415)


def test_a_packed_body_is_not_unpacked(client):
    refused(
        client.post("/predict", content=b"x", headers={**JSON, "content-encoding": "gzip"}), 415
    )


@pytest.mark.parametrize("path", ["/predict", "/predict_batch", "/explain"])
@pytest.mark.parametrize("body", [b"", b"{", b"[" * 50_000, b'{"a":' * 50_000, b"\xff"])
def test_what_is_not_json_is_refused(client, path, body):
    refused(client.post(path, content=body, headers=JSON), 400)


def test_too_large_a_body_is_refused_by_its_declared_and_by_its_true_size(client):
    big = b" " * 16_100_000
    refused(client.post("/predict", content=big, headers=JSON), 413)
    pieces = (big[i : i + 1_000_000] for i in range(0, len(big), 1_000_000))
    refused(client.post("/predict", content=pieces, headers=JSON), 413)


def test_too_large_a_batch_is_refused(client):
    body = {"features": [one()["features"]] * 10_001}
    assert "10000" in refused(client.post("/predict_batch", json=body), 400).error


def test_paths_and_methods_that_do_not_exist(client):
    refused(client.get("/no/such/path"), 404)
    refused(client.post("/predict/", json=one()), 404)
    answer = client.get("/predict")
    refused(answer, 405)
    assert answer.headers["allow"] == "POST"
    refused(client.request("DELETE", "/health"), 405)


def test_nothing_of_the_stack_is_revealed(client):
    for answer in (client.post("/predict", json=one()), client.get("/nope"), client.get("/health")):
        assert not {"server", "x-bentoml-request-id", "x-shaped"} & set(answer.headers)
        assert all(name in answer.headers for name in SECURE)
        assert "bentoml" not in answer.text.lower()
        assert "traceback" not in answer.text.lower()


def test_a_request_keeps_the_id_it_came_with_if_that_is_one(client):
    for given, kept in (("order-66", True), ("x" * 65, False), ("a\tb", False)):
        answer = client.get("/health", headers={"x-request-id": given})
        assert (answer.headers["x-request-id"] == given) is kept


# --- metrics and log ---------------------------------------------------------------------------


def series(client) -> dict[str, float]:
    text = client.get("/metrics").text
    pairs = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def test_predictions_are_counted_by_variant_tier_and_decision(client):
    before = series(client)
    found = client.post("/predict", json=one()).json()
    client.post("/predict_batch", json=example("/predict_batch", CLUB))
    name = (
        f'churn_predictions_total{{decision="{found["decision"]}",tier="champion",'
        'variant="champion"}'
    )
    after = series(client)
    assert after[name] - before[name] == 3
    counts = 'churn_probability_count{variant="champion"}'
    assert after[counts] - before[counts] == 3
    assert after["churn_batch_size_count"] - before["churn_batch_size_count"] == 2


def test_faults_are_counted_by_field(client):
    before = series(client)
    client.post("/predict", json=one(**{FEE: -1, "Schuhgröße": 4}))
    after = series(client)
    for field in (FEE, "(other)"):
        name = f'churn_validation_failures_total{{field="{field}"}}'
        assert after[name] - before[name] == 1


def test_what_is_loaded_is_shown(client):
    shown = series(client)
    version = client.get("/model-info").json()["champion"]["version"]
    name = f'churn_model_info{{name="churn",variant="champion",version="{version}"}}'
    assert shown[name] == 1
    assert shown['churn_model_age_seconds{variant="champion"}'] >= 0
    assert shown['churn_model_loaded{tier="champion",variant="champion"}'] == 1


def test_callers_cannot_make_new_series(client):
    def ask(i: int) -> None:
        client.get(f"/random-{i}")
        client.get(f"/static_content/{i}")
        client.request(f"VERB{i}", "/predict")
        client.post("/predict", json=one(**{f"field-{i}": 1}))

    ask(0)
    before = set(series(client))
    for i in range(1, 6):
        ask(i)
    assert set(series(client)) == before


def test_bentomls_own_metrics_are_there(client):
    assert any(name.startswith("bentoml_service_request_total") for name in series(client))
    assert any(name.startswith("bentoml_service_request_duration") for name in series(client))


def test_a_denied_request_leaves_a_line_with_its_id(server, client):
    request_id = client.get("/nowhere").headers["x-request-id"]
    lines = [line for line in server.lines() if line.get("request_id") == request_id]
    assert [(line["reason"], line["status"], line["path"]) for line in lines] == [
        ("not_found", 404, "/nowhere")
    ]


def test_every_answer_has_a_place_in_the_document(client):
    schemas = client.get("/docs.json").json()["components"]["schemas"]
    assert {model.__name__ for model in ANSWERS} <= set(schemas)


@pytest.mark.parametrize("path", ["/predict", "/predict_batch", "/explain"])
def test_the_example_of_the_document_runs(client, path):
    operation = client.get("/docs.json").json()["paths"][path]["post"]
    body = operation["requestBody"]["content"]["application/json"]["example"]
    assert client.post(path, json=body).status_code == 200


def test_descriptions_units_ranges_and_values_are_in_the_document(client):
    features = client.get("/docs.json").json()["components"]["schemas"]["Features"]
    assert features["properties"][SIZE]["enum"] == ["klein", "mittel", "groß"]
    months = features["properties"][MONTHS]
    assert (months["type"], months["minimum"], months["maximum"]) == ("integer", 0, 99)
    assert months["unit"] == "Monate"
    assert features["additionalProperties"] is False
    assert set(features["required"]) == {c.name for c in CLUB.inputs}


def test_the_page_loads_nothing_from_elsewhere(client):
    policy = client.get("/").headers["content-security-policy"]
    assert re.search(r"script-src 'self';", policy)
    assert "http" not in policy
