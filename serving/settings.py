"""Settings of the service, each an environment variable `CHURN_…`, checked at start."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict, SettingsError

from scoring.bundle import Tier
from scoring.errors import UserError

ROOT = Path(__file__).resolve().parents[1]
CHAMPION = ROOT / "models" / "champion"
PREFIX = "CHURN_"
SHORTEST_KEY = 16  # characters
SECRETS = ("api_keys", "log_key")
ELSEWHERE = ("CHURN_API_KEY", "CHURN_PSEUDONYM_KEY")  # variables of clients and of `make adopt`


class Settings(BaseSettings):
    """What an operator may set; the description of a field is its line in the documentation."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="forbid"
    )

    bundle: Path = Field(CHAMPION, description="folder of the champion bundle")
    deployment: Path | None = Field(
        None,
        description="file of `make deploy` that says who answers; unset: `deployment.json` next to "
        "the folder of the bundle, where there is one",
    )
    bundle_key: Path | None = Field(
        None, description="public key (PEM) by whose owner every bundle has to be signed"
    )
    challenger: Path | None = Field(None, description="folder of a second bundle, with its schema")
    challenger_share: float = Field(
        0.0, ge=0, le=1, description="share of customers, by hash of their id, for the challenger"
    )
    challenger_mode: Literal["split", "shadow"] = Field(
        "split", description="split: the challenger answers them; shadow: it is scored and logged"
    )
    verdict: Path = Field(
        ROOT / "reports" / "monitor" / "latest.json",
        description="the monitor's newest verdict, shown as metrics",
    )
    workers: int = Field(1, ge=1, description="processes that answer")
    reload_seconds: float = Field(
        5.0, ge=0, description="how often bundle and verdict are looked at for a change; 0: never"
    )
    max_batch: int = Field(10_000, ge=1, description="customers of one request")
    max_body_mb: float = Field(16.0, gt=0, description="largest body of a request, MB")
    max_concurrency: int = Field(64, ge=1, description="requests at a time, per worker")
    rate_limit: str = Field(
        "1000/second", description="requests of one caller, per worker, as `limits` writes it; off"
    )
    body_seconds: float = Field(10.0, gt=0, description="time that a body may take to arrive")
    model_seconds: float = Field(
        1.0, gt=0, description="time that a model may take for up to 1,000 customers"
    )
    max_unknown: int | None = Field(
        None,
        ge=0,
        description="unknown inputs above which an answer is of low confidence; unset: never",
    )
    ready_tier: Tier = Field(
        "base_rate", description="the lowest tier with which /readyz still says ready"
    )
    api_keys: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="keys that let callers in, comma-separated; several while one is replaced"
    )
    open_metrics: bool = Field(False, description="/metrics answers without a key, too")
    log: bool = Field(True, description="whether predictions are logged")
    log_folder: Path = Field(ROOT / "monitoring", description="where predictions are logged")
    log_ids: Literal["hashed", "plain", "none"] = Field(
        "hashed", description="how customer ids are logged"
    )
    log_key: str = Field(
        "", description="key of the hashes; unset: another at every start, so ids cannot be joined"
    )
    log_queue: int = Field(50_000, ge=1, description="predictions that may wait to be written")
    log_mb: float = Field(50.0, gt=0, description="size at which a log file is rotated, MB")
    log_files: int = Field(10, ge=1, description="rotated files that are kept, per worker")
    access_log: Literal["refused", "all"] = Field(
        "refused", description="requests with a line in the service's own log"
    )
    secrets: Path | None = Field(
        None,
        description="folder whose files hold settings, such as `churn_api_keys`; a variable goes "
        "before a file",
    )

    @field_validator("api_keys", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(key.strip() for key in value.split(",") if key.strip())

    @field_validator("api_keys")
    @classmethod
    def _long_enough(cls, keys: tuple[str, ...]) -> tuple[str, ...]:
        if any(len(key) < SHORTEST_KEY for key in keys):
            raise ValueError(f"a key is shorter than {SHORTEST_KEY} characters")
        return keys

    @field_validator("rate_limit")
    @classmethod
    def _is_rate(cls, value: str) -> str:
        from limits import parse

        if value != "off":
            parse(value)
        return value


def load_settings() -> Settings:
    """The settings in environment and secrets; `UserError` naming the first that is wrong."""
    options: dict[str, Any] = {"_secrets_dir": _secrets_folder()}
    try:
        return Settings(**options)
    except SettingsError as error:
        raise UserError(f"{PREFIX}SECRETS: cannot be read ({error.__cause__})") from None
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        name = str(problem["loc"][0])
        shown = "" if name in SECRETS else f"{problem['input']!r}: "
        message = problem["msg"].removeprefix("Value error, ")
        raise UserError(f"{PREFIX}{name.upper()}: {shown}{message}") from None


def _secrets_folder() -> str | None:
    folder = os.environ.get(f"{PREFIX}SECRETS") or None
    if folder and not Path(folder).is_dir():
        raise UserError(f"{PREFIX}SECRETS: {folder!r}: no such folder")
    return folder


def unknown_variables(names: Iterable[str] = os.environ) -> list[str]:
    """Variables named like settings that are none: a misspelt one would silently do nothing."""
    known = {PREFIX + name.upper() for name in Settings.model_fields} | set(ELSEWHERE)
    return sorted(n for n in names if n.startswith(PREFIX) and n not in known)


def table() -> str:
    """The settings as a Markdown table, as the documentation has it."""
    rows = [
        f"| `{PREFIX}{name.upper()}` | {_default(field.default)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join(["| variable | default | meaning |", "|---|---|---|", *rows])


def _default(value: object) -> str:
    if isinstance(value, Path):
        return f"`{value.relative_to(ROOT)}`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return (
        "unset"
        if value in (None, (), "")
        else f"`{value:g}`"
        if isinstance(value, float)
        else f"`{value}`"
    )
