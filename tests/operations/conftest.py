"""Servers that are away, a store of objects, and what happens at the end of a run."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import clean_environment


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """The address of an S3 server with a bucket `team`."""
    from moto.server import ThreadedMotoServer

    from tests.remotes import bucket

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    bucket(address).create()
    yield address
    server.stop()


@contextmanager
def listening(answer: bytes | None) -> Iterator[str]:
    """The address of a socket that sends the same bytes to everybody, or nothing at all."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        connections = []

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                connections.append(connection)
                if answer is not None:
                    connection.recv(4096)
                    connection.sendall(answer)
                    connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            for connection in connections:
                connection.close()


def after_a_run(
    place: Path, *, first: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """What happens at the end of the last stage, in that repository; `first` is run before."""
    imports = "from stages.core.paths import Paths; from stages.operations.tracking import track"
    source = f"{imports}; {first}track.track_after_a_run(Paths.here())"
    return subprocess.run(
        [sys.executable, "-c", source],
        cwd=place, env=clean_environment() | environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip


def head(place: Path) -> str:
    git = ["git", "rev-parse", "HEAD"]
    done = subprocess.run(git, cwd=place, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def break_notebook(place: Path, name: str, source: str) -> None:
    """Other code in place of a notebook's first cell after its parameters, before any work."""
    path = place / "notebooks" / name
    notebook = json.loads(path.read_text())
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    code[1]["source"] = [source]
    path.write_text(json.dumps(notebook))
