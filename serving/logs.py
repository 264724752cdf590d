"""The service's own log: a line of JSON each, with the id of the request it belongs to."""

from __future__ import annotations

import logging
from contextvars import ContextVar

from pythonjsonlogger.json import JsonFormatter

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
FORMAT = "{asctime}{levelname}{name}{message}"
NAMES = {"asctime": "time", "levelname": "level", "name": "logger"}

service = logging.getLogger("bentoml.churn")
audit = logging.getLogger("bentoml.churn.audit")


def write_json() -> None:
    """Have every handler that BentoML has set up write JSON."""
    formatter = JsonFormatter(FORMAT, style="{", rename_fields=NAMES)
    for name in (None, "bentoml", "uvicorn.error", "circus"):
        for handler in logging.getLogger(name).handlers:
            handler.setFormatter(formatter)
            handler.addFilter(_with_request_id)
    # Requests have lines of our own. With a handler uvicorn would prepare one for each, unwritten.
    logging.getLogger("uvicorn.access").propagate = False


def _with_request_id(record: logging.LogRecord) -> bool:
    record.request_id = REQUEST_ID.get()
    for name in ("levelname_bracketed", "component", "trace_msg", "service_name"):
        record.__dict__.pop(name, None)  # BentoML's, for its own format
    return True
