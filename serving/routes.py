"""Every path of the service, once: the middleware, the document and the service read it here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

PREDICT, PREDICT_BATCH, EXPLAIN = "/predict", "/predict_batch", "/explain"
HEALTH, MODEL_INFO, FALLBACK_STATS = "/health", "/model-info", "/fallback-stats"
METRICS = "/metrics"
READS = ("GET", "HEAD")


@dataclass(frozen=True)
class Route:
    """A path, its methods, and what the document says of it.

    `request` and `answer` name schemas of the document. An open route needs no key; a page may load
    scripts of its own. Without a summary the document leaves it out.
    """

    path: str
    methods: tuple[str, ...] = READS
    summary: str = ""
    request: str | None = None
    answer: str | None = None
    is_open: bool = False
    is_page: bool = False
    is_text: bool = False


def _post(path: str, request: str, answer: str, summary: str) -> Route:
    return Route(path, ("POST",), summary, request=request, answer=answer)


def _probe(path: str, summary: str) -> Route:
    return Route(path, summary=summary, is_open=True, is_text=True)


ROUTES = (
    _post(PREDICT, "PredictRequest", "Prediction", "One customer's probability of churn"),
    _post(PREDICT_BATCH, "PredictBatchRequest", "Predictions", "Many customers at once"),
    _post(EXPLAIN, "PredictRequest", "Explanation", "A prediction and the reasons for it"),
    Route(HEALTH, summary="Whether the champion answers", answer="Health"),
    Route(MODEL_INFO, summary="Which bundle is loaded, and which rule decides"),
    Route(FALLBACK_STATS, summary="Who answered, and what could not"),
    _probe("/livez", "Alive"),
    _probe("/readyz", "Ready"),
    _probe("/healthz", "Alive"),
    Route(METRICS, summary="For Prometheus", is_text=True),
    Route("/", is_page=True),
    Route("/docs.json"),
    Route("/schema.json"),
)


def routes(*, open_metrics: bool, files: tuple[str, ...] = ()) -> Mapping[str, Route]:
    """The routes by path; `files` are paths that the page of the API loads."""
    found = {route.path: route for route in ROUTES}
    found[METRICS] = replace(found[METRICS], is_open=open_metrics)
    return found | {path: Route(path, is_page=True) for path in files}
