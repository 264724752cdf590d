"""A champion and a challenger in a repository of their own, and a deployment without waiting."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from stages.core.paths import Paths
from stages.operations.canary.canary_params import Canary
from stages.operations.canary.deploy import CanaryDeployment
from stages.operations.canary.places import Places
from tests.operations.canary.made_up import Service
from tests.service.conftest import write_club

PARAMS = {
    "steps": ["shadow", 0.1, 1.0],
    "least": 500,
    "level": 0.99,
    "contacts": 0.1,
    "failures": 0.01,
    "differences": 0.25,
    "poll_seconds": 2.0,
    "patience_seconds": 600.0,
}


def canary(**changes) -> Canary:
    return Canary.of(PARAMS | changes)


@pytest.fixture(scope="session")
def second(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another bundle of the club's schema; nobody changes it."""
    return write_club(tmp_path_factory.mktemp("second"), winner="xgboost")


@pytest.fixture(scope="session")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle that answers at first; nobody changes it."""
    return write_club(tmp_path_factory.mktemp("first"))


@pytest.fixture
def paths(first: Path, tmp_path: Path) -> Paths:
    """A repository with the first as its champion."""
    found = Paths(tmp_path)
    shutil.copytree(first, found.champion)
    return found


class Clock:
    """Time that passes only where somebody waits."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def rollout(paths: Paths) -> Callable[..., CanaryDeployment]:
    """A function that makes a deployment of made-up figures."""

    def make(service: Service | None = None, **changes) -> CanaryDeployment:
        clock = Clock()
        given = {"pause": clock.wait, "clock": clock, "say": lambda line: None} | changes
        params = given.pop("params", canary())
        return CanaryDeployment(Places.of(paths), params, service or Service(), **given)

    return make
