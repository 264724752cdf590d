"""The image of the service, run as an operator is to run it."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.network import free_port
from tests.service.conftest import Server, wait

CONFINED = (
    "--network=host", "--read-only", "--tmpfs=/tmp", "--cap-drop=ALL",
    "--security-opt=no-new-privileges", "--memory=300m",
    "--ulimit=nofile=1024:20000", "--ulimit=nproc=4096:4096",
)  # fmt: skip


@contextlib.contextmanager
def container(engine: str, image: str, folder: Path, *options: str) -> Iterator[tuple[str, Server]]:
    """The name of a container without capabilities, and the service in it; stopped at the end."""
    port, log = free_port(), folder / "service.log"
    name, serve = f"churn-test-{port}", ("bentoml", "serve", "/opt/bento", "--host", "127.0.0.1")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [engine, "run", "--rm", f"--name={name}", *CONFINED, "--env=CHURN_RATE_LIMIT=off",
             *options, image, *serve, "--port", str(port)],
            stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
    server = Server(process, f"http://127.0.0.1:{port}", str(log))
    try:
        wait(server)
        yield name, server
    finally:
        subprocess.run([engine, "stop", name], capture_output=True, check=False)
        process.wait(30)
