"""The OpenAPI document, made from the request models; BentoML's own leaves too much out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Literal

from pydantic import BaseModel, Field
from pydantic.json_schema import models_json_schema

from scoring.bundle import Tier
from scoring.dates import COUNTED
from scoring.decision import Decision
from scoring.schema import LARGEST_NUMBER, Column, Schema
from serving.date_parts import Row
from serving.request_types import accepted
from serving.requests import SNAPSHOT, Requests
from serving.routes import PREDICT_BATCH, ROUTES, Route

EXAMPLE_DAY = date(2026, 10, 31)
REFERENCE = "#/components/schemas/{model}"


class Model(BaseModel):
    """Which model answered."""

    name: str
    version: str = Field(description="derived from the bundle's content")


class Prediction(BaseModel):
    """What is predicted for a customer."""

    customer_id: str | int | None = Field(description="as it was sent")
    churn_probability: float = Field(ge=0, le=1)
    decision: Decision = Field(
        description="contact: by expected profit, or by threshold where there is no monthly "
        "value; where a campaign was adopted, by its effect; /model-info says which"
    )
    expected_profit: float | None = Field(
        description="of a contact; null where the data has no monthly value"
    )
    tier: Tier
    variant: Literal["champion", "challenger"]
    model: Model


class Predictions(BaseModel):
    """Predictions for customers, in the order in which they were sent."""

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


class ErrorDetail(BaseModel):
    """One thing that was wrong."""

    row: int | None = Field(description="place in the batch, from 0")
    field: str
    problem: str
    allowed: Any = None


class Error(BaseModel):
    """Why a request was refused."""

    error: str
    details: list[ErrorDetail]


class Health(BaseModel):
    """Whether the champion answers, or a tier below it."""

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


def document(requests: Requests, *, name: str, version: str) -> dict[str, Any]:
    """The document, with a runnable example for each route."""
    sent = {"PredictRequest": requests.one, "PredictBatchRequest": requests.many}
    paths = {route.path: _operation(route, requests) for route in ROUTES if route.summary}
    return {
        "openapi": "3.1.0",
        "info": {"title": f"{name} predictions", "version": version},
        "servers": [{"url": "."}],
        "paths": paths,
        "components": {
            "schemas": _schemas(sent),
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-API-Key"}},
        },
        "security": [{}, {"key": []}],
    }


def example(path: str, schema: Schema) -> dict[str, Any]:
    """A body that the route accepts."""
    row: Row = {}
    for column in schema.asked:
        row[column.name] = _example_value(column, row, schema)
    day = {SNAPSHOT: EXAMPLE_DAY.isoformat()} if schema.counts_days else {}
    if path == PREDICT_BATCH:
        return {"features": [row, row], **day, "customer_ids": ["customer-1", "customer-2"]}
    return {"features": row, **day, "customer_id": "customer-1"}


def _example_date(column: Column, schema: Schema) -> str:
    """A date in the middle of what its days to the snapshot may be."""
    for part in schema.date_parts:
        if part.from_date == column.name and part.part in COUNTED:
            low, high = part.bounds
            days = timedelta(int(low + high) // 2 if high < LARGEST_NUMBER else int(max(low, 1)))
            return (EXAMPLE_DAY + (-days if part.part == COUNTED[0] else days)).isoformat()
    return EXAMPLE_DAY.isoformat()


def _example_value(column: Column, row: Row, schema: Schema) -> Any:
    if column.kind == "date":
        return _example_date(column, schema)
    if not column.is_numeric:
        return accepted(column)[0]
    tenure, monthly = schema.role("tenure"), schema.role("monthly_value")
    low, high = column.bounds
    value = (low + high) / 2 if high < LARGEST_NUMBER else max(low, 1.0)
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


def _operation(route: Route, requests: Requests) -> dict[str, Any]:
    if route.request is not None:
        return {"post": _post(route, route.request, requests)}
    return {"get": _probe(route) if route.is_text else _get(route)}


def _post(route: Route, request: str, requests: Requests) -> dict[str, Any]:
    content = {"schema": _reference(request), "example": example(route.path, requests.schema)}
    return {
        "operationId": _name(route),
        "summary": route.summary,
        "requestBody": {"required": True, "content": {"application/json": content}},
        "responses": {"200": _json(route.summary, route.answer), **_refusals(REFUSALS)},
    }


def _get(route: Route) -> dict[str, Any]:
    refusals = {code: REFUSALS[code] for code in (401, 429, 500)}
    responses = {"200": _json(route.summary, route.answer), **_refusals(refusals)}
    return {"operationId": _name(route), "summary": route.summary, "responses": responses}


def _probe(route: Route) -> dict[str, Any]:
    content = {"text/plain": {"schema": {"type": "string"}}}
    refusals = {401: REFUSALS[401], 429: REFUSALS[429], 503: "not ready"}
    text = {"description": route.summary, "content": content}
    responses = {"200": text, **_refusals(refusals)}
    return {"operationId": _name(route), "summary": route.summary, "responses": responses}


def _name(route: Route) -> str:
    return route.path.strip("/").replace("-", "_")


def _refusals(words: Mapping[int, str]) -> dict[str, Any]:
    return {str(code): _json(text, "Error") for code, text in words.items()}


def _json(words: str, name: str | None) -> dict[str, Any]:
    schema = _reference(name) if name else {"type": "object"}
    return {"description": words, "content": {"application/json": {"schema": schema}}}


def _reference(name: str) -> dict[str, str]:
    return {"$ref": REFERENCE.format(model=name)}
