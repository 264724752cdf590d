"""The container image of the service: made from its bento, scanned, pushed, all of it by Docker."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from scoring.errors import UserError

IMAGE = "churn:latest"
BENTO = "churn:latest"
# By digest: the tags of this scanner were moved to malicious versions in 2026.
TRIVY = (
    "ghcr.io/aquasecurity/trivy:0.74.0"
    "@sha256:62b1e65e8869bc4b4c6aa4fa2b21595256c7c2f6018a9d9ad61caf87187c1969"
)


def build(*, archive: Path | None = None) -> str:
    """Make the image of the newest bento; also save it to `archive`, for another machine."""
    _running_docker()
    with tempfile.TemporaryDirectory() as scratch:
        # BentoML unpacks to a temporary folder and refuses the template there, unless it is started
        # above it: issue 5566 of its repository.
        bentoml = [sys.executable, "-m", "bentoml", "containerize", BENTO, "--image-tag", IMAGE]
        _run(*bentoml, place=scratch, TMPDIR=scratch)
    if archive:
        archive.parent.mkdir(parents=True, exist_ok=True)
        _run("docker", "save", "--output", str(archive), IMAGE)
    return f"Image: {IMAGE}" + (f", saved to {archive}" if archive else "")


def scan() -> str:
    """Look for known vulnerabilities that have a fix, and for secrets, in the image.

    The scanner gets a copy to read, nothing else: no socket of Docker, no privileges.
    """
    _running_docker()
    with tempfile.TemporaryDirectory() as scratch:
        _run("docker", "save", "--output", f"{scratch}/image.tar", IMAGE)
        _run(
            "docker", "run", "--rm", "--cap-drop=ALL", "--security-opt=no-new-privileges",
            f"--user={os.getuid()}:{os.getgid()}", "--env=TRIVY_CACHE_DIR=/tmp/trivy",
            f"--mount=type=bind,source={scratch},target=/scan,readonly", TRIVY,
            "image", "--input=/scan/image.tar", "--scanners=vuln,secret", "--ignore-unfixed",
            "--severity=HIGH,CRITICAL", "--exit-code=1", "--no-progress", "--timeout=15m",
            "--disable-telemetry", "--skip-version-check",
        )  # fmt: skip
    return f"{IMAGE}: no severe vulnerability with a fix, no secret"


def push(address: str, version: str, *, archive: Path | None = None) -> str:
    """Push the image, or the one saved in `archive`; name and digest, for later steps too."""
    target = reference(address, version)
    _running_docker()
    if archive:
        _run("docker", "load", "--quiet", "--input", str(archive))
    _run("docker", "tag", IMAGE, target)
    _run("docker", "push", "--quiet", target)
    pushed = _said("docker", "inspect", "--format={{index .RepoDigests 0}}", target)
    name, _, digest = pushed.partition("@")
    with open(os.environ.get("GITHUB_OUTPUT") or os.devnull, "a", encoding="utf-8") as outputs:
        outputs.write(f"name={name}\ndigest={digest}\n")
    return f"Pushed: {target} as {digest}"


def reference(address: str, version: str) -> str:
    """The name of the image for a version, which may be a tag of the registry of models.

    >>> reference("ghcr.io/Owner/Churn", "churn@v1.0.0")
    'ghcr.io/owner/churn:v1.0.0'
    """
    if not re.fullmatch(r"[\w.-]+(:\d+)?(/[\w.-]+)+", address, flags=re.ASCII):
        raise UserError(f"{address!r}: no address; expected one such as ghcr.io/owner/churn")
    tag = version.rpartition("@")[2]
    if not re.fullmatch(r"\w[\w.-]{0,127}", tag, flags=re.ASCII):
        raise UserError(f"{version!r}: no version; expected one such as churn@v1.0.0")
    return f"{address.lower()}:{tag}"


def _running_docker() -> None:
    try:
        done = subprocess.run(["docker", "version"], capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise UserError(
            "docker: not on the PATH; expected Docker, which makes the image"
        ) from error
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        raise UserError(f"docker: {reason[0]}")


def _run(*command: str, place: str | None = None, **environment: str) -> None:
    done = subprocess.run(command, cwd=place, env=os.environ | environment, check=False)
    if done.returncode:
        words = " ".join([Path(command[0]).name, *command[1:3]])
        raise UserError(f"{words} …: exit code {done.returncode}; its own words are above")


def _said(*command: str) -> str:
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
