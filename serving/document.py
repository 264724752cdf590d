"""The OpenAPI document, made from the request models; BentoML's own leaves too much out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, Field
from pydantic.json_schema import models_json_schema

from scoring.bundle import Tier
from scoring.schema import Column, Schema
from serving.requests import LARGEST, Requests, Row, accepted, bounds

REFERENCE = "#/components/schemas/{model}"


class Model(BaseModel):
    """Which model answered."""

    name: str
    version: str = Field(description="derived from the bundle's content")


class Prediction(BaseModel):
    """What is said of a customer."""

    customer_id: str | None
    churn_probability: float = Field(ge=0, le=1)
    decision: Literal["contact", "leave"]
    expected_profit: float | None = Field(
        description="of a contact; null where the data has no monthly value"
    )
    tier: Tier
    variant: Literal["champion", "challenger"]
    model: Model


class Predictions(BaseModel):
    """What is said of customers, in the order in which they were sent."""

    predictions: list[Prediction]


class Contribution(BaseModel):
    """What a column adds to the log-odds."""

    feature: str
    contribution: float


class Explanation(Prediction):
    """A prediction and where it comes from: base and contributions add up to its log-odds."""

    base: float | None = Field(description="mean log-odds of the background customers")
    contributions: list[Contribution]
    reasons: list[str] = Field(description="what raises the risk most, in words")


class Fault(BaseModel):
    """One thing that was wrong."""

    row: int | None = Field(description="place in the batch, from 0")
    field: str
    problem: str
    allowed: Any = None


class Error(BaseModel):
    """Why a request was refused."""

    error: str
    details: list[Fault]


class Health(BaseModel):
    """Whether the champion answers, or something below it."""

    status: Literal["ok", "degraded"]
    tier: Tier


ANSWERS = (Prediction, Predictions, Explanation, Error, Health)
REFUSALS = {
    400: "does not fit the model, or is not JSON",
    401: "no valid key",
    408: "the body did not arrive in time",
    413: "the body is too large",
    415: "not application/json",
    429: "too many requests; Retry-After says how long to wait",
    500: "the service failed",
}
POSTS = {
    "/predict": ("PredictRequest", "Prediction", "One customer's probability of churn"),
    "/predict_batch": ("PredictBatchRequest", "Predictions", "Many customers at once"),
    "/explain": ("PredictRequest", "Explanation", "A prediction and what it rests on"),
}
GETS = {
    "/health": ("Health", "Whether the champion answers"),
    "/model-info": (None, "Which bundle is loaded"),
    "/fallback-stats": (None, "Who answered, and what could not"),
}
PROBES = {"/livez": "Alive", "/readyz": "Ready", "/healthz": "Alive", "/metrics": "For Prometheus"}


def document(requests: Requests, *, name: str, version: str) -> dict[str, Any]:
    """The document, with a runnable example for each route."""
    sent = {"PredictRequest": requests.one, "PredictBatchRequest": requests.many}
    posts = {path: _post(path, *words, requests) for path, words in POSTS.items()}
    gets = {path: _get(path, *words) for path, words in GETS.items()}
    probes = {path: _probe(path, words) for path, words in PROBES.items()}
    return {
        "openapi": "3.1.0",
        "info": {"title": f"{name} predictions", "version": version},
        "servers": [{"url": "."}],
        "paths": {**posts, **gets, **probes},
        "components": {
            "schemas": _schemas(sent),
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-API-Key"}},
        },
        "security": [{}, {"key": []}],
    }


def example(path: str, schema: Schema) -> dict[str, Any]:
    """A body that the route accepts."""
    row: Row = {}
    for column in schema.inputs:
        row[column.name] = _example_value(column, row, schema)
    if path == "/predict_batch":
        return {"features": [row, row], "customer_ids": ["customer-1", "customer-2"]}
    return {"features": row, "customer_id": "customer-1"}


def _example_value(column: Column, row: Row, schema: Schema) -> Any:
    if not column.is_numeric:
        return accepted(column)[0]
    tenure, monthly = schema.role("tenure"), schema.role("monthly_value")
    low, high = bounds(column)
    value = (low + high) / 2 if high < LARGEST else max(low, 1.0)
    if "total_value" in column.roles and tenure and monthly:
        value = min(row.get(tenure.name, 1) * row.get(monthly.name, 1), high)
    return int(value) if column.kind == "integer" else round(value, 2)


def _schemas(sent: Mapping[str, Any]) -> dict[str, Any]:
    _, answers = models_json_schema(
        [(model, "serialization") for model in ANSWERS], ref_template=REFERENCE
    )
    schemas = dict(answers["$defs"])
    for name, adapter in sent.items():
        made = adapter.json_schema(ref_template=REFERENCE)
        schemas |= made.pop("$defs", {})
        schemas[name] = made
    return schemas


def _post(path: str, request: str, answer: str, words: str, requests: Requests) -> dict[str, Any]:
    content = {"schema": _reference(request), "example": example(path, requests.schema)}
    operation = {
        "operationId": path.strip("/"),
        "summary": words,
        "requestBody": {"required": True, "content": {"application/json": content}},
        "responses": {"200": _json(words, answer), **_refusals(REFUSALS)},
    }
    return {"post": operation}


def _get(path: str, answer: str | None, words: str) -> dict[str, Any]:
    refusals = {code: REFUSALS[code] for code in (401, 429, 500)}
    responses = {"200": _json(words, answer), **_refusals(refusals)}
    name = path.strip("/").replace("-", "_")
    return {"get": {"operationId": name, "summary": words, "responses": responses}}


def _probe(path: str, words: str) -> dict[str, Any]:
    text = {"description": words, "content": {"text/plain": {"schema": {"type": "string"}}}}
    refusals = {401: REFUSALS[401], 429: REFUSALS[429], 503: "not ready"}
    responses = {"200": text, **_refusals(refusals)}
    return {"get": {"operationId": path.strip("/"), "summary": words, "responses": responses}}


def _refusals(words: Mapping[int, str]) -> dict[str, Any]:
    return {str(code): _json(text, "Error") for code, text in words.items()}


def _json(words: str, name: str | None) -> dict[str, Any]:
    schema = _reference(name) if name else {"type": "object"}
    return {"description": words, "content": {"application/json": {"schema": schema}}}


def _reference(name: str) -> dict[str, str]:
    return {"$ref": REFERENCE.format(model=name)}
