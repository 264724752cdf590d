"""All that is used of BentoML's private parts, in one place.

`tests/service/test_bento.py` says in plain words which of them a new version has changed.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from _bentoml_sdk.service import Service
from bentoml._internal import server as bentoml_server
from bentoml._internal.context import server_context
from bentoml._internal.utils.analytics import usage_stats

from serving.exchange import CALL, App, Receive, Reply, Scope, Send

TRAFFIC = "RunnerTrafficMetricsMiddleware"
UNUSED = ("TimeoutMiddleware", "OpenTelemetryMiddleware")
STATIC_FOLDER = Path(bentoml_server.__file__).parent / "static_content"


def do_not_track() -> None:
    """Report usage to nobody; BentoML asks once, before a service is imported."""
    os.environ["BENTOML_DO_NOT_TRACK"] = "True"
    usage_stats.do_not_track.cache_clear()


def worker_number() -> int:
    """Which of the worker processes this is, from 1; 0 outside one."""
    return server_context.worker_index or 0


def page_files() -> tuple[str, ...]:
    """Paths of the files that BentoML's page of the API loads."""
    return tuple(f"/static_content/{path.name}" for path in sorted(STATIC_FOLDER.iterdir()))


class DirectService(Service[Any]):
    """A BentoML service whose API methods are called directly: with a `Call`, for a `Reply`.

    BentoML would parse, check and serialise around them, keep a timer for each request until its
    time is up, and trace for nobody: together half of the time of a request. Its metrics, probes,
    pages, workers and packaging are BentoML's own.
    """

    instance: Any = None

    def __call__(self) -> Any:
        """The instance that answers; BentoML makes one as the application starts."""
        self.instance = super().__call__()
        return self.instance

    def to_asgi(self, is_main: bool = True) -> App:
        """The application of a worker process."""
        app: Any = super().to_asgi(is_main)
        traffic = next(m for m in app.user_middleware if m.cls.__name__ == TRAFFIC)
        app.user_middleware = [
            m for m in app.user_middleware if m.cls.__name__ not in (TRAFFIC, *UNUSED)
        ]
        counted: App = traffic.cls(_Direct(self, app), *traffic.args, **traffic.kwargs)
        return counted


class _Direct:
    """Calls API methods; all else is BentoML's."""

    def __init__(self, service: DirectService, app: App) -> None:
        self._service, self._app = service, app
        self._functions = {api.route: api.func for api in service.apis.values()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI's entry."""
        function: Callable[..., Any] | None = self._functions.get(scope.get("path", ""))
        if function is None:
            await self._app(scope, receive, send)
            return
        call = scope[CALL]
        call.has_shape = True
        found = function(self._service.instance, call)
        reply: Reply = await found if inspect.isawaitable(found) else found
        await reply.send(send)
