"""Who may ask, and how often."""

from __future__ import annotations

import hashlib
import hmac
import math
import time
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from typing import Any

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

KEY_HEADER = b"x-api-key"
FORWARDED = (b"x-forwarded-for", b"forwarded", b"x-real-ip", b"via")
LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")


class Keys:
    """The keys of callers. Only their digests are kept."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._digests = [hashlib.sha256(key.encode()).digest() for key in keys]

    def match(self, given: bytes | None) -> str | None:
        """A name for the key that was given, None where it is none of ours.

        Digests of equal length are compared in constant time, and all of them always.
        """
        if given is None:
            return None
        digest = hashlib.sha256(given).digest()
        found = None
        for number, known in enumerate(self._digests):
            if hmac.compare_digest(digest, known):
                found = f"key {number + 1}"
        return found


def is_local(scope: Mapping[str, Any], headers: Mapping[bytes, bytes]) -> bool:
    """Whether a connection comes in on a loopback address, from this machine, for this machine.

    The addresses are those of the connection. One that a proxy handed on is not local, nor is one
    whose host is another name: a web page can make a browser here send those.
    """
    server, client = scope.get("server"), scope.get("client")
    if not server or not client or not _loopback(server[0]) or not _loopback(client[0]):
        return False
    if any(name in headers for name in FORWARDED):
        return False
    host = headers.get(b"host", b"").decode("latin-1")
    return host.rsplit(":", 1)[0] in LOCAL_NAMES or host == "[::1]"


def _loopback(address: str) -> bool:
    if address == "127.0.0.1":
        return True
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


class Rate:
    """How often each caller may ask, per worker."""

    def __init__(self, text: str) -> None:
        self._limit = None if text == "off" else parse(text)
        self._limiter = FixedWindowRateLimiter(MemoryStorage()) if self._limit else None

    def wait(self, caller: str) -> int:
        """Count a request; seconds to wait where it is one too many, else 0."""
        if self._limiter is None or self._limit is None or self._limiter.hit(self._limit, caller):
            return 0
        until = self._limiter.get_window_stats(self._limit, caller).reset_time
        return max(1, math.ceil(until - time.time()))
