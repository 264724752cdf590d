"""`rollout`: the image of a release into a cluster, by kubectl. The standard library alone."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from scoring.errors import UserError
from stages.operations.programs import last_line, reason
from stages.operations.rollout.cluster_access import write_kubeconfig
from stages.operations.smoke_test import smoke

BY_DIGEST = re.compile(r"[\w.-]+(:\d+)?(/[\w.-]+)+@sha256:[0-9a-f]{64}", flags=re.ASCII)
DEPLOYMENT, SERVICE = "deployment/churn", "service/churn"
SETTLED = "300s"  # until all pods are new, which progressDeadlineSeconds ends before
STARTS = 30.0  # seconds for the way to the pod


def rollout(environment: str, image: str, *, pipeline: str | None = None) -> str:
    """Have the service of an environment run an image, and ask it; what came of it, in words.

    `pipeline` is the image of the monthly run from then on. `UserError` where an image is not named
    by digest, and where the pods do not get ready or an answer is not right; then the image of
    before is back.
    """
    for name in filter(None, (image, pipeline)):
        if not BY_DIGEST.fullmatch(name):
            raise UserError(f"{name!r}: no digest; expected one such as ghcr.io/o/churn@sha256:…")
    with tempfile.TemporaryDirectory() as scratch:
        kubectl = Kubectl(f"churn-{environment}", write_kubeconfig(Path(scratch)))
        kubectl.run("set", "image", DEPLOYMENT, f"*={image}")
        try:
            kubectl.settle()
            with kubectl.forwarded() as url:
                found = smoke(url)
        except UserError as error:
            raise UserError(f"{environment}: {error}; {_back(kubectl)}") from None
        if pipeline:
            kubectl.run("set", "image", "cronjob/monthly", f"bundle={image}", f"monthly={pipeline}")
    return f"{environment}: {image}\n{found}"


def _back(kubectl: Kubectl) -> str:
    """The image of before; what came of it, in words."""
    try:
        kubectl.run("rollout", "undo", DEPLOYMENT)
        kubectl.settle()
    except UserError as error:
        return f"and the one before did not come back: {error}"
    return "the one before is back"


class Kubectl:
    """`kubectl` in a namespace, with the configuration of this machine or one of its own."""

    def __init__(self, namespace: str, config: Path | None) -> None:
        own = (f"--kubeconfig={config}",) if config else ()
        self._command = ("kubectl", *own, f"--namespace={namespace}")

    def run(self, *arguments: str) -> None:
        """`UserError` in the words of kubectl where it fails."""
        try:
            done = subprocess.run(
                [*self._command, *arguments], capture_output=True, text=True, check=False
            )
        except FileNotFoundError:
            raise UserError("kubectl: not on the PATH; expected it to reach the cluster") from None
        if done.returncode:
            raise UserError(f"kubectl {' '.join(arguments[:2])}: {reason(done)}")

    def settle(self) -> None:
        """Return once every pod is one of the newest revision and ready."""
        self.run("rollout", "status", DEPLOYMENT, f"--timeout={SETTLED}")

    @contextlib.contextmanager
    def forwarded(self) -> Iterator[str]:
        """An address of this machine behind which a pod answers."""
        port = _free_port()
        command = [*self._command, "port-forward", SERVICE, f"{port}:http"]
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        ) as process:
            try:
                _wait(process, port)
                yield f"http://localhost:{port}"
            finally:
                process.terminate()


def _wait(process: subprocess.Popen[str], port: int) -> None:
    due = time.monotonic() + STARTS
    while time.monotonic() < due:
        if process.poll() is not None:
            words = process.stderr.read() if process.stderr else ""
            raise UserError(f"kubectl port-forward: {last_line(words, otherwise='it ended')}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise UserError(f"kubectl port-forward: nothing listens after {STARTS:.0f} seconds")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
