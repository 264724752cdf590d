"""Which bundles answer, in one small file that is replaced as a whole: `deployment.json`.

`make deploy` writes it, each worker of the service reads it. A bundle is named by its folder, from
that of the file, and by its version, which depends on every byte of it: nobody answers from a
bundle that is not the one meant.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from scoring.errors import UserError, first_problem, shown

FILE = "deployment.json"  # next to the folder of the champion


class Deployed(BaseModel):
    """A bundle that answers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: str
    version: str


class Deployment(BaseModel):
    """The champion; while another takes over, that challenger and its share; who was before.

    `step` counts the steps of a deployment that is under way, from 0.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    champion: Deployed
    challenger: Deployed | None = None
    share: Annotated[float, Field(ge=0, le=1)] = 0.0
    shadow: bool = False
    previous: Deployed | None = None
    step: int | None = None


def read_deployment(path: Path) -> Deployment | None:
    """The deployment in a file, None where there is no file; `UserError` naming a wrong field."""
    try:
        return Deployment.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError:
        raise UserError(f"{shown(path)}: cannot be read") from None
    except ValidationError as error:
        raise UserError(f"{shown(path)}: {first_problem(error)}; see make deploy") from None


def bundle_in_service(champion: Path) -> Path:
    """The folder of the bundle that answers: the deployed one, else the pipeline's champion."""
    file = champion.parent / FILE
    found = read_deployment(file)
    return file.parent / found.champion.folder if found else champion


def write_deployment(deployment: Deployment, path: Path) -> None:
    """Replace the file: whoever reads it, whenever it was cut off, sees the old one or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    with new.open("w", encoding="utf-8") as file:
        file.write(deployment.model_dump_json(indent=2) + "\n")
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
