"""A few requests to a running service, to see that it answers as it should."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from typing import Any

from scoring.errors import UserError

KEY = "CHURN_API_KEY"
SECONDS = 10.0


def smoke(url: str) -> str:
    """Ask every route of the service at `url`; what was found. `UserError` where it is not right.

    Routes and their examples are those of the service's own document. The key, where one is
    needed, comes from `CHURN_API_KEY`. The standard library alone, for a workflow's machine.
    """
    url = url.rstrip("/")
    _expect(url, "/readyz", 200)
    document = _expect(url, "/docs.json", 200)
    paths, decisions = document["paths"], _decisions(document)
    bodies = {path: _example(paths[path]["post"]) for path in paths if "post" in paths[path]}
    answers = {path: _expect(url, path, 200, body) for path, body in bodies.items()}
    for answer in answers.values():
        for prediction in answer.get("predictions", [answer]):
            _check(url, prediction, decisions)
    refused = _expect(url, "/predict", 400, {"features": {}})
    if set(refused) != {"error", "details"} or not refused["details"]:
        raise UserError(f"{url}/predict: a wrong request was not explained")
    health = _expect(url, "/health", 200)
    version = _expect(url, "/model-info", 200)["champion"]["version"]
    return f"{url}: {health['status']}, {health['tier']} of version {version} answers"


def _example(operation: Any) -> Any:
    return operation["requestBody"]["content"]["application/json"]["example"]


def _decisions(document: Any) -> list[str]:
    return list(document["components"]["schemas"]["Prediction"]["properties"]["decision"]["enum"])


def _check(url: str, answer: Any, decisions: list[str]) -> None:
    probability = answer.get("churn_probability")
    if not isinstance(probability, float | int) or not 0 <= probability <= 1:
        raise UserError(f"{url}: field churn_probability is no probability")
    if answer.get("decision") not in decisions:
        raise UserError(f"{url}: field decision is none of {', '.join(decisions)}")


def _expect(url: str, path: str, status: int, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"} if data else {}
    if key := os.environ.get(KEY):
        headers["X-API-Key"] = key
    request = urllib.request.Request(url + path, data=data, headers=headers)
    try:
        # 2026-11-21: whoever runs the test names the service
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # nosec B310
            found, content = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        found, content = error.code, error.read()
    except (OSError, ValueError) as error:
        raise UserError(f"{url}{path}: no answer ({error}); expected status {status}") from None
    if found != status:
        raise UserError(f"{url}{path}: status {found}; expected {status}")
    return json.loads(content) if content.strip() else None
