"""The images of the service and of the pipeline: made, scanned, pushed, by Docker or Podman."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from scoring.errors import UserError
from stages.core.paths import Paths
from stages.operations.programs import output, reason, run
from stages.operations.supply.wheels import download
from stages.operations.work_tree import copy_files

BENTO = "churn:latest"
LOCKS = Path("requirements")


@dataclass(frozen=True)
class Image:
    """An image that the recipe can make: its name, what of the context it holds, its locks."""

    tag: str
    content: str
    locks: tuple[str, ...]


IMAGES = {
    "service": Image("churn:latest", "bento", ("service.lock",)),
    "pipeline": Image("churn-pipeline:latest", "repository", ("build.lock", "pipeline.lock")),
}
# Podman: a health check is of Docker's format alone; one time for all files, so that the same bento
# gives the same bytes.
ENGINES = {"docker": (), "podman": ("--format=docker", "--timestamp=0")}
# By digest: the tags of this scanner were moved to malicious versions in 2026.
TRIVY = (
    "ghcr.io/aquasecurity/trivy:0.74.0"
    "@sha256:62b1e65e8869bc4b4c6aa4fa2b21595256c7c2f6018a9d9ad61caf87187c1969"
)


def build(
    paths: Paths,
    kind: str = "service",
    *,
    base: str | None = None,
    archive: Path | None = None,
    tag: str | None = None,
) -> str:
    """Make an image: `service` of the newest bento, `pipeline` of the files of the work tree.

    It is also saved to `archive`, for another machine. `base` is an image with Python 3.11, in
    place of the one that the recipe names.
    """
    engine, name = running_engine(), tag or IMAGES[kind].tag
    with tempfile.TemporaryDirectory() as scratch:
        _fill(Path(scratch), IMAGES[kind], paths)
        chosen = [f"--build-arg=BASE={base}"] if base else []
        run(
            engine, "build", *ENGINES[engine], *chosen, f"--target={kind}", f"--tag={name}", scratch
        )
    if archive:
        archive.parent.mkdir(parents=True, exist_ok=True)
        run(engine, "save", "--output", str(archive), name)
    return f"Image: {name}, made by {engine}" + (f", saved to {archive}" if archive else "")


def _fill(context: Path, image: Image, paths: Paths) -> None:
    """The recipe, what the image holds, its locks, and their wheels by the hashes they demand."""
    shutil.copy(paths.root / "deploy" / "Dockerfile", context)
    content = context / image.content
    if image.content == "bento":
        found = output(sys.executable, "-m", "bentoml", "get", BENTO, "--output", "path")
        shutil.copytree(found.splitlines()[-1], content)
    else:
        copy_files(content, paths.root)
    (context / "locks").mkdir()
    for name in image.locks:
        root = content / "src" if image.content == "bento" else content
        lock = Path(shutil.copy(root / LOCKS / name, context / "locks"))
        download(lock, context / "wheels")


def scan(kind: str = "service") -> str:
    """Look for known vulnerabilities that have a fix, and for secrets, in the image.

    The scanner gets a copy to read, nothing else: no socket of Docker, no privileges.
    """
    engine, name = running_engine(), IMAGES[kind].tag
    with tempfile.TemporaryDirectory() as scratch:
        run(engine, "save", "--output", f"{scratch}/image.tar", name)
        run(
            engine, "run", "--rm", "--cap-drop=ALL", "--security-opt=no-new-privileges",
            f"--user={os.getuid()}:{os.getgid()}", "--env=TRIVY_CACHE_DIR=/tmp/trivy",
            f"--mount=type=bind,source={scratch},target=/scan,readonly", TRIVY,
            "image", "--input=/scan/image.tar", "--scanners=vuln,secret", "--ignore-unfixed",
            "--severity=HIGH,CRITICAL", "--exit-code=1", "--no-progress", "--timeout=15m",
            "--disable-telemetry", "--skip-version-check",
        )  # fmt: skip
    return f"{name}: no severe vulnerability with a fix, no secret"


def push(address: str, version: str, kind: str = "service", *, archive: Path | None = None) -> str:
    """Push an image, or the one saved in `archive`; name and digest, for later steps too."""
    target = reference(address, version)
    engine = running_engine()
    if archive:
        run(engine, "load", "--quiet", "--input", str(archive))
    run(engine, "tag", IMAGES[kind].tag, target)
    run(engine, "push", "--quiet", target)
    pushed = output(engine, "inspect", "--format={{index .RepoDigests 0}}", target)
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


def running_engine() -> str:
    """The first engine that answers; `UserError` with what each says where none does."""
    problems = []
    for name in ENGINES:
        try:
            done = subprocess.run([name, "version"], capture_output=True, text=True, check=False)
        except FileNotFoundError:
            problems.append(f"{name}: not on the PATH")
            continue
        if not done.returncode:
            return name
        problems.append(f"{name}: {reason(done)}")
    raise UserError(f"{'; '.join(problems)}; expected one of them to make images")
