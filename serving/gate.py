"""The door in front of BentoML: who comes in, with what, how much and how often.

It stands outside all of BentoML's own middleware. Their metrics are labelled with the raw path, so
a path that does not exist must not reach them; and what they refuse gets the shape of our errors.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from pydantic_core import to_json

from serving import logs
from serving.access import KEY_HEADER, Keys, Rate, is_local
from serving.requests import Refused
from serving.settings import Settings
from serving.telemetry import Metrics

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = Mapping[bytes, bytes]

GIVEN_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
SHOWN_PATH = 200  # characters in a line of the log
SHAPED = (b"x-shaped", b"1")  # on an answer whose body has the shape of our errors already
HIDDEN = (b"server", b"x-bentoml-request-id", SHAPED[0])
POLICY = b"default-src 'none'; frame-ancestors 'none'"
PAGE_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    b"img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'"
)
FAILED = "the service failed to answer; the log has the reason under this request's id"
SECURITY = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
)


@dataclass(frozen=True)
class Route:
    """What a path answers to. `is_open` needs no key; a `page` may load its own scripts."""

    methods: tuple[str, ...]
    is_open: bool = False
    is_page: bool = False


@dataclass
class Gate:
    """The door itself, an ASGI application around another."""

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
        """Answer a request, or say why not."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        request_id = _request_id(headers)
        token = logs.REQUEST_ID.set(request_id)
        scope["churn_request_id"] = request_id
        route = self.routes.get(scope["path"])
        answer = _Answer(send, request_id, page=bool(route and route.is_page))
        began = time.perf_counter()
        try:
            self._admit(scope, headers, route)
            await self._let_in(scope, headers, receive, answer)
        except _Denied as denied:
            self._note(scope, denied)
            await answer.refuse(denied)
        finally:
            if self.settings.access_log == "all":
                self._log(scope, answer.status, time.perf_counter() - began)
            logs.REQUEST_ID.reset(token)

    def _admit(self, scope: Scope, headers: Headers, route: Route | None) -> None:
        """Raise `_Denied` for a caller or a path that has no business here."""
        key = self._keys.match(headers.get(KEY_HEADER))
        is_known = key is not None or (route is not None and route.is_open)
        if not (route is not None and route.is_open):
            client = scope.get("client")
            wait = self._rate.wait(key or (client[0] if client else "?"))
            if wait:
                raise _Denied("rate", 429, "too many requests", {b"retry-after": b"%d" % wait})
        if not is_known and not is_local(scope, headers):
            raise _Denied("key", 401, "a valid key is needed in the header X-API-Key")
        if route is None:
            raise _Denied("not_found", 404, "no such path; the document is at /docs.json")
        if scope["method"] not in route.methods:
            allowed = ", ".join(route.methods)
            raise _Denied("method", 405, f"expected {allowed}", {b"allow": allowed.encode()})

    async def _let_in(
        self, scope: Scope, headers: Headers, receive: Receive, answer: _Answer
    ) -> None:
        if scope["method"] != "POST":
            await self.app(scope, receive, answer)
            return
        _check_content(headers)
        if self._busy >= self.settings.max_concurrency:
            raise _Denied("concurrency", 429, "too many requests at a time", {b"retry-after": b"1"})
        self._busy += 1
        try:
            body = await self._body(headers, receive)
            await self.app(scope, _replay(body, receive), answer)
        finally:
            self._busy -= 1

    async def _body(self, headers: Headers, receive: Receive) -> bytes:
        """The body, refused as soon as it is known to be too large or too slow."""
        limit = int(self.settings.max_body_mb * 1e6)
        too_large = _Denied("body_size", 413, f"the body is larger than {limit:,} bytes")
        declared = headers.get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > limit:
            raise too_large
        first = await self._message(receive)
        if not first.get("more_body"):
            body = bytes(first.get("body", b""))
            if len(body) > limit:
                raise too_large
            return body
        parts, size = [first.get("body", b"")], len(first.get("body", b""))
        due = time.monotonic() + self.settings.body_seconds
        while True:
            message = await self._message(receive, due=due)
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > limit:
                raise too_large
            if not message.get("more_body"):
                return b"".join(parts)

    async def _message(self, receive: Receive, *, due: float | None = None) -> Message:
        seconds = self.settings.body_seconds if due is None else due - time.monotonic()
        try:
            async with asyncio.timeout(seconds):
                message = await receive()
        except TimeoutError:
            raise _Denied("body_time", 408, "the body did not arrive in time") from None
        if message["type"] == "http.disconnect":
            raise _Denied("body_time", 408, "the caller went away")
        return message

    def _note(self, scope: Scope, denied: _Denied) -> None:
        self.metrics.refuse(denied.reason)
        client = scope.get("client")
        logs.audit.warning(
            "denied",
            extra={
                "reason": denied.reason,
                "status": denied.status,
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


class _Denied(Refused):
    """A request that does not get past the door."""

    def __init__(
        self, reason: str, status: int, error: str, headers: Mapping[bytes, bytes] = {}
    ) -> None:
        super().__init__(status, error)
        self.reason, self.headers = reason, headers


class _Answer:
    """Sends an answer on, with our headers; errors that are not ours get the shape of ours."""

    def __init__(self, send: Send, request_id: str, *, page: bool) -> None:
        self._send, self._request_id, self._page = send, request_id.encode(), page
        self._reshaped = False
        self.status = 0

    async def __call__(self, message: Message) -> None:
        """ASGI's `send`."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = list(message.get("headers", ()))
            if self.status >= 400 and SHAPED not in headers:
                self._reshaped = True
                return
            message = {**message, "headers": self._headers(headers)}
        elif self._reshaped:
            if not message.get("more_body"):
                self._reshaped = False
                await self._whole(self.status, _phrase(self.status), {})
            return
        await self._send(message)

    async def refuse(self, denied: _Denied) -> None:
        """Answer in place of the application."""
        await self._whole(denied.status, denied.error, denied.headers)

    async def _whole(self, status: int, error: str, headers: Mapping[bytes, bytes]) -> None:
        self.status = status
        body = to_json({"error": error, "details": []})
        own = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        start = {"type": "http.response.start", "status": status}
        await self._send({**start, "headers": self._headers([*own, *headers.items()])})
        await self._send({"type": "http.response.body", "body": body})

    def _headers(self, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        policy = PAGE_POLICY if self._page else POLICY
        kept = [pair for pair in headers if pair[0] not in HIDDEN]
        own = ((b"x-request-id", self._request_id), (b"content-security-policy", policy))
        return [*kept, *own, *SECURITY]


def _check_content(headers: Headers) -> None:
    media, _, rest = headers.get(b"content-type", b"").partition(b";")
    charset = rest.strip().lower().replace(b'"', b"")
    if media.strip().lower() != b"application/json" or charset not in (b"", b"charset=utf-8"):
        raise _Denied("content_type", 415, "expected Content-Type: application/json")
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise _Denied("content_type", 415, "expected a body without Content-Encoding")


def _request_id(headers: Headers) -> str:
    given = headers.get(b"x-request-id", b"")
    return given.decode() if GIVEN_ID.fullmatch(given) else secrets.token_hex(8)


def _phrase(status: int) -> str:
    if status >= 500:
        return FAILED
    return HTTPStatus(status).phrase.lower()


def _replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that hands out the body that was read, and then waits as the first one does."""
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay
