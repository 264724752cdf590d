"""A request as the middleware hands it on, an answer, and an error: what HTTP code here shares."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from pydantic_core import to_json

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Coroutine[Any, Any, Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

CALL = "churn.call"  # key of the `Call` in the scope
FAILED = "the service failed to answer; the log has the reason under this request's id"

Detail = dict[str, Any]


@dataclass(slots=True)
class Call:
    """A request: its id and body. `has_shape`: its errors have the shape of ours already."""

    request_id: str
    body: bytes = b""
    has_shape: bool = False


class Reply(NamedTuple):
    """What is answered, as JSON."""

    status: int
    body: bytes

    async def send(self, send: Send, headers: Mapping[bytes, bytes] = {}) -> None:
        """Send it through ASGI."""
        own = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(self.body)),
            *headers.items(),
        ]
        await send({"type": "http.response.start", "status": self.status, "headers": own})
        await send({"type": "http.response.body", "body": self.body})


class RequestError(Exception):
    """A request that cannot be answered: status, what is wrong in a line, and the details."""

    def __init__(self, status: int, error: str, details: Sequence[Detail] = ()) -> None:
        super().__init__(error)
        self.status, self.error, self.details = status, error, list(details)

    @property
    def reply(self) -> Reply:
        """The answer, in the shape that all errors have."""
        return Reply(self.status, to_json({"error": self.error, "details": self.details}))
