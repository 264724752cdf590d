"""The stack around the service, `deploy/compose.yaml`: its secrets, and who starts it."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from scoring.bundle import MANIFEST
from scoring.errors import UserError, shown
from scoring.score_files import SUMMARY
from stages.core.paths import Paths
from stages.operations.programs import run

COMPOSERS = (("docker", "compose"), ("podman-compose",), ("podman", "compose"))
GENERATED = ("churn_api_keys", "churn_log_key", "grafana_password", "page_password")
USERS, USER = "page_users", "manager"  # who may see the retention page, as nginx reads it
PROFILES = ("app", "mlflow")
CERTIFICATE, KEY = "tls_certificate", "tls_key"
IMAGE, PIPELINE_IMAGE = "CHURN_IMAGE", "CHURN_PIPELINE_IMAGE"
BY_DIGEST = re.compile(r"\S+@sha256:[0-9a-f]{64}")


def up(environment: str, *, mlflow: bool = False, scores: Path | None = None, paths: Paths) -> str:
    """Start the stack with the settings of an environment; where it is then, in words.

    Secrets that are missing are made. With `scores`, a folder that score wrote, also the retention
    page on it. `UserError` where nothing here can start containers, the image of an environment
    other than dev is not named by digest, or the folder holds no scored month.
    """
    settings = read_environment(environment, paths)
    if scores:
        settings |= _page(scores, paths)
    if environment != "dev":
        images = (IMAGE, PIPELINE_IMAGE) if scores else (IMAGE,)
        _check_digests({name: settings.get(name) for name in images}, environment)
    composer = running_composer()
    folder = paths.root / "deploy" / "secrets"
    made = make_secrets(folder)
    profiles = _profiles(*(["app"] if scores else []), *(["mlflow"] if mlflow else []))
    _compose(composer, *profiles, "up", "--detach", settings=settings, paths=paths)
    news = f"; made: {', '.join(made)}" if made else ""
    page = f", the page on https://localhost:8443/page/ ({USER})" if scores else ""
    return (
        f"Started for {environment}, see make status: https://localhost:8443, dashboards on "
        f"http://localhost:3001 (admin){page}\nSecrets: {shown(folder)}{news}"
    )


def _check_digests(images: Mapping[str, str | None], environment: str) -> None:
    """`UserError` where one of our images is named otherwise, which could be another tomorrow."""
    for name, image in images.items():
        if not BY_DIGEST.fullmatch(image or ""):
            raise UserError(
                f"{name}: {image!r}: no digest; expected one such as "
                f"ghcr.io/owner/churn@sha256:…, which {environment} runs alone"
            )


def _page(scores: Path, paths: Paths) -> dict[str, str]:
    """What compose mounts for the retention page: a scored month, and the bundle that scored it."""
    summary = scores / SUMMARY
    if not summary.is_file():
        raise UserError(f"{shown(summary)}: no such file; expected a folder that make score wrote")
    bundle = paths.root / str(json.loads(summary.read_text(encoding="utf-8")).get("bundle", ""))
    if not (bundle / MANIFEST).is_file():
        raise UserError(f"{shown(summary)}: bundle: {shown(bundle)} is none; expected its folder")
    return {
        "CHURN_PAGE": "./page",
        "CHURN_SCORES": str(scores.resolve()),
        "CHURN_SCORES_BUNDLE": str(bundle.resolve()),
    }


def _profiles(*names: str) -> tuple[str, ...]:
    return tuple(f"--profile={name}" for name in names)


def down(paths: Paths) -> str:
    """Stop all of the stack; its volumes stay."""
    _any("down", paths=paths)
    return "Stopped; the volumes with log, metrics and dashboards are kept"


def status(paths: Paths) -> None:
    """Print which parts run and how they are."""
    _any("ps", paths=paths)


def read_environment(environment: str, paths: Paths) -> dict[str, str]:
    """The settings of an environment; what the shell has set goes before the file."""
    path = paths.root / "deploy" / "environments" / f"{environment}.env"
    lines = path.read_text(encoding="utf-8").splitlines()
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    found = {name: os.environ.get(name, value) for name, _, value in pairs}
    images = {name: os.environ.get(name, "") for name in (IMAGE, PIPELINE_IMAGE)}
    return found | {name: image for name, image in images.items() if image}


def make_secrets(folder: Path) -> list[str]:
    """Make the secrets that are not there; their names.

    Nobody else can enter the folder. The files can be read by all, since in a container they
    belong to another user than the one who reads them.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    missing = [name for name in GENERATED if not (folder / name).exists()]
    for name in missing:
        (folder / name).write_text(secrets.token_urlsafe(32), encoding="utf-8")
    if not (folder / CERTIFICATE).exists() and not (folder / KEY).exists():
        _make_certificate(folder)
        missing += [CERTIFICATE, KEY]
    if not (folder / USERS).exists():
        _make_login(folder)
        missing.append(USERS)
    for file in folder.iterdir():
        file.chmod(0o444)
    return missing


def _make_login(folder: Path) -> None:
    """The login of the retention page, with the hash of its password."""
    password = (folder / "page_password").read_text(encoding="utf-8")
    hashed = _openssl(folder, USERS, "passwd", "-6", "-stdin", given=password)
    (folder / USERS).write_text(f"{USER}:{hashed}\n", encoding="utf-8")


def _make_certificate(folder: Path) -> None:
    """A certificate for this machine, signed by itself; whoever has a better one puts it there."""
    _openssl(
        folder, CERTIFICATE,
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
        "-noenc", "-days", "365", "-subj", "/CN=localhost",
        "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
        "-keyout", str(folder / KEY), "-out", str(folder / CERTIFICATE),
    )  # fmt: skip


def _openssl(folder: Path, secret: str, *arguments: str, given: str = "") -> str:
    """What openssl prints; `UserError` where it is not there to make a secret."""
    if shutil.which("openssl") is None:
        raise UserError(f"openssl: not on the PATH; expected it, or {secret} in {folder}")
    done = subprocess.run(
        ["openssl", *arguments], input=given, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def running_composer() -> tuple[str, ...]:
    """The first command that starts what a compose file names; `UserError` where none answers."""
    for command in COMPOSERS:
        if shutil.which(command[0]) is None:
            continue
        if subprocess.run([*command, "version"], capture_output=True, check=False).returncode == 0:
            return command
    names = ", ".join(" ".join(command) for command in COMPOSERS)
    raise UserError(f"{names}: none of them answers; expected one of them to start the stack")


def _any(command: str, *, paths: Paths) -> None:
    """For parts of any environment and profile: the settings are there to be named only."""
    settings = read_environment("dev", paths)
    composer = running_composer()
    _compose(composer, *_profiles(*PROFILES), command, settings=settings, paths=paths)


def _compose(
    composer: tuple[str, ...], *arguments: str, settings: Mapping[str, str], paths: Paths
) -> None:
    file = str(paths.root / "deploy" / "compose.yaml")
    run(*composer, "--file", file, *arguments, settings=settings)
