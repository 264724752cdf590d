"""The image of the service, built once for all tests that run it."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from scoring.errors import UserError
from stages.core.paths import Paths
from stages.operations.image import build, running_engine
from tests.conftest import once
from tests.places import ROOT
from tests.service.conftest import bento, club

__all__ = ["bento", "club"]  # fixtures

BASE = "CHURN_IMAGE_BASE"  # another base than the recipe's
TAG = "churn-test:latest"


@pytest.fixture(scope="session")
def engine() -> str:
    """Docker or Podman."""
    try:
        return running_engine()
    except UserError as error:
        # Nobody needs an engine but for the images; GitHub's runners have Docker.
        pytest.skip(f"no container engine ({error}); apt-get install podman buildah runc")


@pytest.fixture(scope="session")
def base(engine: str) -> str:
    """The image that ours is put on; the test is skipped where it cannot be pulled."""
    recipe = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    name = os.environ.get(BASE) or re.findall(r"^ARG BASE=(\S+)", recipe, flags=re.MULTILINE)[0]
    for command in ("inspect", "pull"):
        done = subprocess.run([engine, "image", command, name], capture_output=True, check=False)
        if done.returncode == 0:
            return name
    # Without a network; GitHub's runners can pull it.
    pytest.skip(f"{name} cannot be pulled; {BASE} names another base, with Python 3.11")


@pytest.fixture(scope="session")
def image(
    base: str,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    worker_id: str,
) -> str:
    """An image of the club's bento, which all workers of a run share."""

    def make(_: Path) -> None:
        bento = request.getfixturevalue("bento")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("BENTOML_HOME", str(bento.parents[2]))
            build(Paths(ROOT), base=base, tag=TAG)

    once("image", make, tmp_path_factory, worker_id)
    return TAG
