"""Who may ask, and how often."""

from __future__ import annotations

import hashlib
import hmac
import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from typing import Any

from limits import parse

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
    """How often each caller may ask, per worker: so many requests in each window of time.

    The notation is that of `limits`. Its storage in memory is not used: it starts a thread every
    hundredth of a second, which requests wait for.
    """

    def __init__(self, text: str) -> None:
        limit = None if text == "off" else parse(text)
        self._most = limit.amount if limit else 0
        self._seconds = limit.get_expiry() if limit else 0
        self._window = 0
        self._counts: Counter[str] = Counter()

    def wait(self, caller: str) -> int:
        """Count a request; seconds to wait where it is one too many, else 0."""
        if not self._seconds:
            return 0
        now = time.time()
        window = int(now // self._seconds)
        if window != self._window:
            self._window, self._counts = window, Counter()
        self._counts[caller] += 1
        if self._counts[caller] <= self._most:
            return 0
        return max(1, math.ceil((window + 1) * self._seconds - now))
