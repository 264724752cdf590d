"""The BentoML service: `bentoml serve` in the root of the repository.

What can be sent is made from the bundle's schema as this module is imported: another data set gets
another API without a line of code.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import bentoml
from _bentoml_sdk.io_models import IODescriptor, ensure_io_descriptor
from _bentoml_sdk.service import Service
from bentoml._internal import server as bentoml_server
from bentoml._internal.context import server_context
from bentoml._internal.utils.analytics import usage_stats
from pydantic import TypeAdapter
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route as Endpoint

from scoring.errors import UserError
from scoring.loading import read_manifest
from scoring.schema import Schema
from serving import logs
from serving.document import Explanation, Prediction, Predictions, document
from serving.gate import Gate, Route
from serving.requests import Requests
from serving.settings import Settings, load_settings
from serving.worker import Worker


def _read() -> tuple[Settings, dict[str, Any], Schema]:
    """Settings, manifest and schema; where they are wrong the process ends with a line."""
    try:
        settings = load_settings()
        return settings, *read_manifest(settings.bundle)
    except UserError as error:
        sys.exit(str(error))


SETTINGS, MANIFEST, SCHEMA = _read()
os.environ["BENTOML_DO_NOT_TRACK"] = "True"
usage_stats.do_not_track.cache_clear()  # asked once, before this module is read
REQUESTS = Requests(SCHEMA, max_batch=SETTINGS.max_batch)
UNUSED = ("TimeoutMiddleware", "OpenTelemetryMiddleware")
STATIC = Path(bentoml_server.__file__).parent / "static_content"


class Sent(NamedTuple):
    """A request as it came in, to be read by the worker."""

    body: bytes
    request_id: str


@cache
def worker() -> Worker:
    """What this process holds; loaded when the first of its applications is made."""
    return Worker(SETTINGS, number=server_context.worker_index or 0)


def takes(adapter: TypeAdapter[Any]) -> type[IODescriptor]:
    """BentoML's word for what a route takes. The body is handed on as it is, for our errors."""

    class Input(IODescriptor):
        __root_input__ = True

        @classmethod
        def model_json_schema(cls, *args: Any, **options: Any) -> dict[str, Any]:
            return adapter.json_schema()

        @classmethod
        async def from_http_request(cls, request: Request, serde: Any) -> Any:
            return Sent(await request.body(), request.scope["churn_request_id"])

    return Input


class FrontedService(Service[Any]):
    """A BentoML service behind our own door, with a document that tells the truth."""

    def to_asgi(self, is_main: bool = True) -> Any:
        """The application of a worker process.

        BentoML's timeout keeps a timer for each request until its time is up, tens of thousands of
        them under load, and its tracing has nobody to report to: together a fifth of the time of a
        request. Models have their own time limits.
        """
        logs.write_json()
        app = super().to_asgi(is_main)
        app.user_middleware = [m for m in app.user_middleware if m.cls.__name__ not in UNUSED]
        return Gate(app, _routes(SETTINGS.open_metrics), SETTINGS, worker().metrics)

    @property
    def openapi_spec(self) -> Any:
        """The document behind `/docs.json`."""
        return _Document()


class _Document:
    def asdict(self) -> dict[str, Any]:
        return _document()


@cache
def _document() -> dict[str, Any]:
    return document(REQUESTS, name=MANIFEST["name"], version=MANIFEST["version"])


def _routes(open_metrics: bool) -> dict[str, Route]:
    """Every path that exists."""
    get = ("GET", "HEAD")
    probes = {path: Route(get, is_open=True) for path in ("/livez", "/readyz", "/healthz")}
    reads = {path: Route(get) for path in ("/health", "/model-info", "/fallback-stats")}
    writes = {path: Route(("POST",)) for path in ("/predict", "/predict_batch", "/explain")}
    files = [f"/static_content/{path.name}" for path in STATIC.iterdir()]
    pages = {path: Route(get, is_page=True) for path in ("/", *files)}
    described = {path: Route(get) for path in ("/docs.json", "/schema.json")}
    metrics = {"/metrics": Route(get, is_open=open_metrics)}
    return {**probes, **reads, **writes, **pages, **described, **metrics}


async def _health(_: Request) -> Response:
    return JSONResponse(worker().health())


async def _model_info(_: Request) -> Response:
    return JSONResponse(worker().model_info())


def _fallback_stats(_: Request) -> Response:
    return JSONResponse(worker().fallback_stats())  # reads files: on a thread


READS = Starlette(
    routes=[
        Endpoint("/health", _health),
        Endpoint("/model-info", _model_info),
        Endpoint("/fallback-stats", _fallback_stats),
    ]
)


@bentoml.asgi_app(READS, path="/", name="reads")
@bentoml.service(
    name="churn",
    service_class=FrontedService,
    workers=SETTINGS.workers,
    http={"host": "127.0.0.1", "port": 3000},
    logging={"access": {"enabled": False}},
    metrics={"enabled": True},
)
class ChurnService:
    """Probability of churn, decision and reasons, from a champion bundle."""

    def __init__(self) -> None:
        self.worker = worker()

    @bentoml.api(
        route="/predict",
        input_spec=takes(REQUESTS.one),
        output_spec=ensure_io_descriptor(Prediction),
    )
    async def predict(self, sent: Any, /) -> Any:
        """One customer's probability of churn."""
        return self.worker.predict(*sent)

    @bentoml.api(
        route="/predict_batch",
        input_spec=takes(REQUESTS.many),
        output_spec=ensure_io_descriptor(Predictions),
    )
    async def predict_batch(self, sent: Any, /) -> Any:
        """The same for many customers at once."""
        return await self.worker.predict_batch(*sent)

    @bentoml.api(
        route="/explain",
        input_spec=takes(REQUESTS.one),
        output_spec=ensure_io_descriptor(Explanation),
    )
    async def explain(self, sent: Any, /) -> Any:
        """A prediction and what it rests on."""
        return await self.worker.explain(*sent)

    @bentoml.on_shutdown
    def close(self) -> None:
        """Write what is left of the prediction log."""
        self.worker.close()

    def __is_ready__(self) -> bool:
        """Whether the tier that the settings ask for is there."""
        return self.worker.is_ready()
