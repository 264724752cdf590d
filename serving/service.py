"""The BentoML service: `bentoml serve` in the root of the repository.

What can be sent is made from the bundle's schema as this module is imported: another data set gets
another API without a line of code.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import Any

import bentoml
from pydantic import RootModel
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from scoring.errors import UserError
from scoring.loading import read_manifest
from scoring.schema import Schema
from serving import bento, logs
from serving.document import Explanation, Prediction, Predictions, document
from serving.engine import CHAMPION
from serving.exchange import App, Call, Reply
from serving.middleware import RequestMiddleware
from serving.requests import Requests
from serving.routes import (
    EXPLAIN,
    FALLBACK_STATS,
    HEALTH,
    MODEL_INFO,
    PREDICT,
    PREDICT_BATCH,
    routes,
)
from serving.settings import Settings, load_settings
from serving.sources import sources
from serving.supervision import end_with_parent
from serving.worker import Worker


def _read() -> tuple[Settings, dict[str, Any], Schema]:
    """Settings, manifest and schema; where they are wrong the process ends with a line."""
    try:
        settings = load_settings()
        found = sources(settings)
        manifest, schema = read_manifest(found.folders[CHAMPION])
        found.check(CHAMPION, manifest)
        return settings, manifest, schema
    except UserError as error:
        sys.exit(str(error))


SETTINGS, MANIFEST, SCHEMA = _read()
bento.do_not_track()
REQUESTS = Requests(SCHEMA, max_batch=SETTINGS.max_batch)
One: Any = RootModel[REQUESTS.one_type]  # type: ignore[name-defined]
Many: Any = RootModel[REQUESTS.many_type]  # type: ignore[name-defined]


@cache
def worker() -> Worker:
    """What this process holds; loaded when the first of its applications is made."""
    return Worker(SETTINGS, number=bento.worker_number())


class FrontedService(bento.DirectService):
    """A BentoML service behind our middleware, with a document of our own."""

    def to_asgi(self, is_main: bool = True) -> App:
        """The application of a worker process."""
        logs.write_json()
        if bento.worker_number():
            end_with_parent()
        app = super().to_asgi(is_main)
        known = routes(open_metrics=SETTINGS.open_metrics, files=bento.page_files())
        return RequestMiddleware(app, known, SETTINGS, worker().metrics)

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


async def _health(_: Request) -> Response:
    return JSONResponse(worker().health())


async def _model_info(_: Request) -> Response:
    return JSONResponse(worker().model_info())


def _fallback_stats(_: Request) -> Response:
    return JSONResponse(worker().fallback_stats())  # reads files: on a thread


READS = Starlette(
    routes=[
        Route(HEALTH, _health),
        Route(MODEL_INFO, _model_info),
        Route(FALLBACK_STATS, _fallback_stats),
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

    @bentoml.api(route=PREDICT, input_spec=One, output_spec=Prediction)
    def predict(self, call: Call, /) -> Reply:
        """One customer's probability of churn."""
        return self.worker.predict(call)

    @bentoml.api(route=PREDICT_BATCH, input_spec=Many, output_spec=Predictions)
    async def predict_batch(self, call: Call, /) -> Reply:
        """The same for many customers at once."""
        return await self.worker.predict_batch(call)

    @bentoml.api(route=EXPLAIN, input_spec=One, output_spec=Explanation)
    async def explain(self, call: Call, /) -> Reply:
        """A prediction and the reasons for it."""
        return await self.worker.explain(call)

    @bentoml.on_shutdown
    def close(self) -> None:
        """Write what is left of the prediction log."""
        self.worker.close()

    def __is_ready__(self) -> bool:
        """Whether the tier that the settings ask for is there."""
        return self.worker.is_ready()
