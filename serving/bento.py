"""All that is used of BentoML's private parts, in one place.

`tests/service/test_bento.py` says in plain words which of them a new version has changed.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import click
from _bentoml_sdk.service import Service
from bentoml._internal import server as bentoml_server
from bentoml._internal.configuration.containers import BentoMLContainer
from bentoml._internal.context import server_context
from bentoml._internal.utils import circus
from bentoml._internal.utils.analytics import usage_stats

from scoring.errors import UserError
from serving import logs
from serving.exchange import CALL, App, Receive, Reply, Scope, Send
from serving.supervision import Deaths, RunFolder, check_port

TRAFFIC = "RunnerTrafficMetricsMiddleware"
CHECK_SECONDS = 0.5  # between two looks at the workers; 10 in BentoML
TRAFFIC_METRICS = (
    "metrics_request_total",
    "metrics_request_duration",
    "metrics_request_in_progress",
    "metrics_last_request_timestamp",
)
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
    _is_supervised = False

    def inject_config(self) -> None:
        """BentoML's own; `bentoml serve` calls it before anything of a run is touched."""
        super().inject_config()
        context = click.get_current_context(silent=True)
        if context and context.info_name == "serve" and not self._is_supervised:
            self._is_supervised = True
            _supervise(context.params)

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
        counted: Any = traffic.cls(_Direct(self, app), *traffic.args, **traffic.kwargs)
        counted._setup()
        for name in TRAFFIC_METRICS:
            setattr(counted, name, _Remembering(getattr(counted, name)))
        return cast(App, counted)


def _supervise(options: dict[str, Any]) -> None:
    """Prepare the parent of the workers: a free port, metrics of its own, workers looked after."""
    logs.write_json()
    http = BentoMLContainer.http
    host, port = options["host"] or http.host.get(), options["port"]
    try:
        check_port(host, http.port.get() if port is None else port)
    except UserError as error:
        sys.exit(str(error))
    run = RunFolder()
    BentoMLContainer.prometheus_multiproc_dir.set(str(run.metrics))
    create = circus.create_standalone_arbiter

    def supervised(watchers: list[Any], **others: Any) -> Any:
        deaths = Deaths(run.metrics)
        for watcher in watchers:
            deaths.look_after(watcher)
        return create(watchers, **{**others, "check_delay": CHECK_SECONDS})

    circus.create_standalone_arbiter = supervised


class _Remembering:
    """A metric that looks up the children of its labels once; paths and statuses are few."""

    def __init__(self, metric: Any) -> None:
        self._metric = metric
        self._children: dict[tuple[Any, ...], Any] = {}

    def labels(self, **labels: Any) -> Any:
        """The child of the labels, which BentoML always names in one order."""
        key = tuple(labels.values())
        if key not in self._children:
            self._children[key] = self._metric.labels(**labels)
        return self._children[key]


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
