"""Requests made up from the service's own document: no failure, no answer outside the document."""

import pytest
import schemathesis
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    positive_data_acceptance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
    positive_data_acceptance,
]
MODES = list(schemathesis.GenerationMode)


def fuzz(url: str, path: str, mode: schemathesis.GenerationMode, *, examples: int) -> None:
    """Ask a route with requests that fit, or that do not, and hold answers against the document."""
    document = schemathesis.openapi.from_url(f"{url}/docs.json")
    operation = document[path]["POST"]

    @hypothesis(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: schemathesis.Case) -> None:
        if mode.is_positive and case.body.get("customer_ids") is not None:
            # one id per customer: the one rule that a JSON schema cannot state
            ids = [*case.body["customer_ids"], *[None] * len(case.body["features"])]
            case.body["customer_ids"] = ids[: len(case.body["features"])]
        case.call_and_validate(checks=CHECKS)

    ask()


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.value)
@pytest.mark.parametrize("path", ["/predict", "/predict_batch", "/explain"])
def test_answers_are_as_the_document_says(server, path, mode):
    fuzz(server.url, path, mode, examples=15)


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.value)
@pytest.mark.parametrize("path", ["/predict", "/predict_batch"])
def test_many_answers_are_as_the_document_says(server, path, mode):
    fuzz(server.url, path, mode, examples=150)
