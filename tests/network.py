"""Addresses that tests listen on."""

from __future__ import annotations

import contextlib
import random
import socket

LISTENED_ON = range(20_000, 32_000)  # below those that Linux gives to whoever connects


def free_port() -> int:
    """A port of this machine that nobody listens on, and that no connection is given meanwhile.

    Drawn by the system's own generator: tests seed the others, so that all would draw alike.
    """
    while True:
        port = random.SystemRandom().choice(LISTENED_ON)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
