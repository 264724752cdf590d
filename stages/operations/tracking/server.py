"""Where results are logged to: its address, whether it is there, and the client's time limits."""

from __future__ import annotations

import http.client
import importlib.util
import os
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from scoring.errors import UserError

ADDRESS = "MLFLOW_TRACKING_URI"
USER = "MLFLOW_TRACKING_USERNAME"
# 2026-11-21: the name of a variable, not what it holds
PASSWORD = "MLFLOW_TRACKING_PASSWORD"  # nosec B105 # pragma: allowlist secret
PROBE_SECONDS = 3

# MLflow's own timeout is 120 seconds a request, seven times over. What the user has set counts.
TIMEOUT = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "5",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT": "5",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}


DATABASE = "sqlite:///"
EXPECTED = f"expected http://HOST:PORT, https://HOST or {DATABASE}FILE"


class Server(NamedTuple):
    """An MLflow server, or a SQLite file; user and password are None where it names none."""

    url: str
    user: str | None = None
    password: str | None = None

    @property
    def is_file(self) -> bool:
        """Whether the client writes the database itself, without a server."""
        return self.url.startswith(DATABASE)


def server() -> Server:
    """What the environment names, credentials apart so that no message shows them.

    `UserError` where it names nothing, or what is no such address.
    """
    text = os.environ.get(ADDRESS, "").strip()
    if not text:
        raise UserError(f"{ADDRESS}: not set; {EXPECTED}")
    if text.startswith(DATABASE):
        return Server(f"{DATABASE}{Path(text.removeprefix(DATABASE)).absolute()}")
    parts = _parts(text)
    if parts is None:
        shown = text.rpartition("@")[2]  # what precedes it may be a password
        raise UserError(f"{ADDRESS}: {shown}: {_is_folder(text)}{EXPECTED}")
    place = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="")
    user, password = (None if v is None else unquote(v) for v in (parts.username, parts.password))
    return Server(place.geturl().rstrip("/"), user, password)


def _is_folder(text: str) -> str:
    """Why MLflow does not take the address, where it is one of a folder."""
    if text.startswith(("file:", "/", ".")):
        return "MLflow no longer logs to folders (mlflow migrate-filestore moves one to SQLite); "
    return ""


def _parts(text: str) -> SplitResult | None:
    """The parts of a web address; None where the text is none, or its password ends too early."""
    try:
        parts = urlsplit(text)
        is_web = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # brackets that do not match, a port that is no number
        return None
    is_whole = "@" not in parts.path + parts.query + parts.fragment
    return parts if is_web and is_whole else None


def check_client() -> None:
    """`UserError` where the extra is not installed."""
    if importlib.util.find_spec("mlflow") is None:
        raise UserError("the extra mlflow is not installed; expected it: make track")


def check_answers(url: str) -> None:
    """`UserError` where nothing that speaks HTTP answers within a few seconds.

    Any answer will do, and any certificate: whether they are good is for the client to say, which
    takes seconds to import and has no such timeout.
    """
    try:
        # 2026-11-21: only web addresses come as far as here
        with urllib.request.urlopen(f"{url}/health", timeout=PROBE_SECONDS):  # nosec B310
            return
    except urllib.error.HTTPError as error:
        error.close()
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        if not isinstance(reason, ssl.SSLCertVerificationError):
            raise UserError(f"{url}: {_words(reason)}") from None


def _words(reason: object) -> str:
    if isinstance(reason, TimeoutError):
        return f"no answer within {PROBE_SECONDS} seconds"
    if isinstance(reason, http.client.BadStatusLine | ConnectionResetError):
        return "no answer in HTTP"
    return str(getattr(reason, "strerror", None) or reason).lower()


def prepare_environment(found: Server) -> None:
    """Set what the MLflow client reads when it is imported."""
    os.environ[ADDRESS] = found.url
    if found.user is not None:
        os.environ |= {USER: found.user, PASSWORD: found.password or ""}
    for name, value in TIMEOUT.items():
        os.environ.setdefault(name, value)
