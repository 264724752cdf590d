"""The middleware around BentoML: who may ask, for what, how much and how often.

It is outside all of BentoML's own middleware. Their metrics are labelled with the raw path, so a
path that does not exist must not reach them; and their errors get the shape of ours.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import time
import types
from collections.abc import Coroutine, Generator, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from serving import logs
from serving.access import KEY_HEADER, Keys, Rate, is_local
from serving.exchange import (
    CALL,
    FAILED,
    App,
    Call,
    Message,
    Receive,
    RequestError,
    Scope,
    Send,
)
from serving.routes import Route
from serving.settings import Settings
from serving.telemetry import Metrics

Headers = Mapping[bytes, bytes]

GIVEN_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
SHOWN_PATH = 200  # characters in a line of the log
HIDDEN = (b"server", b"x-bentoml-request-id")
POLICY = b"default-src 'none'; frame-ancestors 'none'"
PAGE_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    b"img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'"
)
COMMON = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
)
SECURITY = ((b"content-security-policy", POLICY), *COMMON)
PAGE_SECURITY = ((b"content-security-policy", PAGE_POLICY), *COMMON)


@dataclass
class RequestMiddleware:
    """An ASGI application around another: lets requests through, or answers why not."""

    app: App
    routes: Mapping[str, Route]
    settings: Settings
    metrics: Metrics
    _busy: int = 0
    _keys: Keys = field(init=False)
    _rate: Rate = field(init=False)

    def __post_init__(self) -> None:
        self._keys, self._rate = Keys(self.settings.api_keys), Rate(self.settings.rate_limit)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or the reason why not."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        call = scope[CALL] = Call(_request_id(headers))
        token = logs.REQUEST_ID.set(call.request_id)
        route = self.routes.get(scope["path"])
        answer = _Answer(send, call, is_page=route is not None and route.is_page)
        began = time.perf_counter()
        try:
            await self._pass_on(scope, headers, receive, answer, self._admitted(scope, headers))
        except Rejection as rejected:
            self._count(scope, rejected)
            call.has_shape = True
            await rejected.reply.send(answer, rejected.headers)
        finally:
            if self.settings.access_log == "all":
                self._log(scope, answer.status, time.perf_counter() - began)
            logs.REQUEST_ID.reset(token)

    def _admitted(self, scope: Scope, headers: Headers) -> Route:
        """The route; `Rejection` for a caller or a path that is not let through."""
        route = self.routes.get(scope["path"])
        key = self._keys.match(headers.get(KEY_HEADER))
        is_open = route is not None and route.is_open
        if not is_open:
            client = scope.get("client")
            wait = self._rate.wait(key or (client[0] if client else "?"))
            if wait:
                raise Rejection("rate", 429, "too many requests", {b"retry-after": b"%d" % wait})
        if key is None and not is_open and not is_local(scope, headers):
            raise Rejection("key", 401, "a valid key is needed in the header X-API-Key")
        if route is None:
            raise Rejection("not_found", 404, "no such path; the document is at /docs.json")
        if scope["method"] not in route.methods:
            allowed = ", ".join(route.methods)
            raise Rejection("method", 405, f"expected {allowed}", {b"allow": allowed.encode()})
        return route

    async def _pass_on(
        self, scope: Scope, headers: Headers, receive: Receive, answer: _Answer, route: Route
    ) -> None:
        if "POST" not in route.methods:
            await self.app(scope, receive, answer)
            return
        _check_content(headers)
        if self._busy >= self.settings.max_concurrency:
            raise Rejection(
                "concurrency", 429, "too many requests at a time", {b"retry-after": b"1"}
            )
        self._busy += 1
        try:
            scope[CALL].body = await self._body(headers, receive)
            await self.app(scope, receive, answer)
        finally:
            self._busy -= 1

    async def _body(self, headers: Headers, receive: Receive) -> bytes:
        """The body, rejected as soon as it is known to be too large or too slow."""
        limit = int(self.settings.max_body_mb * 1e6)
        declared = headers.get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > limit:
            raise _too_large(limit)
        parts, size = [], 0
        due = time.monotonic() + self.settings.body_seconds
        while True:
            message = await self._message(receive, due=due)
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > limit:
                raise _too_large(limit)
            if not message.get("more_body"):
                return b"".join(parts)

    async def _message(self, receive: Receive, *, due: float) -> Message:
        try:
            message = await _in_time(receive(), due=due)
        except TimeoutError:
            raise Rejection("body_time", 408, "the body did not arrive in time") from None
        if message["type"] == "http.disconnect":
            raise Rejection("body_time", 408, "the caller went away")
        return message

    def _count(self, scope: Scope, rejected: Rejection) -> None:
        self.metrics.refuse(rejected.reason)
        client = scope.get("client")
        logs.audit.warning(
            "request rejected",
            extra={
                "reason": rejected.reason,
                "status": rejected.status,
                "client": client[0] if client else None,
                "method": scope["method"],
                "path": scope["path"][:SHOWN_PATH],
            },
        )

    def _log(self, scope: Scope, status: int, seconds: float) -> None:
        logs.service.info(
            "request",
            extra={
                "status": status,
                "method": scope["method"],
                "path": scope["path"][:SHOWN_PATH],
                "ms": round(seconds * 1000, 3),
            },
        )


class Rejection(RequestError):
    """A request that is not let through."""

    def __init__(
        self, reason: str, status: int, error: str, headers: Mapping[bytes, bytes] = {}
    ) -> None:
        super().__init__(status, error)
        self.reason, self.headers = reason, headers


class _Answer:
    """Sends an answer on, with our headers; errors that are not ours get the shape of ours."""

    def __init__(self, send: Send, call: Call, *, is_page: bool) -> None:
        self._send, self._call, self._is_page = send, call, is_page
        self._is_replaced = False
        self.status = 0

    async def __call__(self, message: Message) -> None:
        """ASGI's `send`."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if self.status >= 400 and not self._call.has_shape:
                self._is_replaced = True
                return
            message = {**message, "headers": self._headers(message.get("headers", ()))}
        elif self._is_replaced:
            if not message.get("more_body"):
                self._is_replaced, self._call.has_shape = False, True
                await RequestError(self.status, _phrase(self.status)).reply.send(self)
            return
        await self._send(message)

    def _headers(self, headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        kept = [pair for pair in headers if pair[0] not in HIDDEN]
        request_id = (b"x-request-id", self._call.request_id.encode())
        return [*kept, request_id, *(PAGE_SECURITY if self._is_page else SECURITY)]


async def _in_time(waiting: Coroutine[Any, Any, Message], *, due: float) -> Message:
    """The message; `TimeoutError` where it is not there by `due`.

    Most are there already and need no timer, which takes a thirtieth of the time of a request.
    """
    try:
        future = waiting.send(None)
    except StopIteration as done:
        return done.value
    async with asyncio.timeout(due - time.monotonic()):
        return await _resumed(waiting, future)


@types.coroutine
def _resumed(waiting: Coroutine[Any, Any, Message], future: Any) -> Generator[Any, Any, Message]:
    """Goes on with a coroutine that waits for a future."""
    try:
        yield future
        return (yield from waiting)
    finally:
        waiting.close()


def _too_large(limit: int) -> Rejection:
    return Rejection("body_size", 413, f"the body is larger than {limit:,} bytes")


def _check_content(headers: Headers) -> None:
    media, _, rest = headers.get(b"content-type", b"").partition(b";")
    charset = rest.strip().lower().replace(b'"', b"")
    if media.strip().lower() != b"application/json" or charset not in (b"", b"charset=utf-8"):
        raise Rejection("content_type", 415, "expected Content-Type: application/json")
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise Rejection("content_type", 415, "expected a body without Content-Encoding")


def _request_id(headers: Headers) -> str:
    given = headers.get(b"x-request-id", b"")
    return given.decode() if GIVEN_ID.fullmatch(given) else secrets.token_hex(8)


def _phrase(status: int) -> str:
    if status >= 500:
        return FAILED
    return HTTPStatus(status).phrase.lower()
