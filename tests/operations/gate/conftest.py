"""A champion, a better challenger, and a month of members that neither of them saw."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import pytest

from scoring.digest import digest, sha256
from stages.core.files import write_json, write_table
from stages.operations.gate.hold_out import HoldOut, hold_out
from stages.operations.gate.judge import judge
from stages.parameters import Parameters, read_parameters
from tests import builders
from tests.places import HERE
from tests.service.conftest import write_club

PUT_ASIDE = read_parameters(HERE).features.model_copy(update={"test_share": 0.5})


@pytest.fixture(scope="session")
def params() -> Parameters:
    """Those of the repository, with the club's money and few resamples."""
    known = read_parameters(HERE)
    return dataclasses.replace(
        known, money=builders.money_params(), evaluate=builders.evaluate_params()
    )


@pytest.fixture(scope="session")
def champion(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of a model of one column; nobody changes it."""
    return write_club(tmp_path_factory.mktemp("old"), winner="one_feature")


@pytest.fixture(scope="session")
def challenger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of a model of all columns; nobody changes it."""
    return write_club(tmp_path_factory.mktemp("new"), winner="logistic")


@pytest.fixture
def mine(challenger: Path, tmp_path: Path) -> Path:
    """A copy of the challenger that a test may break."""
    return Path(shutil.copytree(challenger, tmp_path / "challenger"))


def rewritten(bundle: Path, **changes) -> Path:
    """The bundle with a changed manifest, hashes and version of which are right."""
    path = bundle / "bundle.json"
    manifest = json.loads(path.read_text()) | changes
    manifest["files"] = {name: sha256(bundle / name) for name in manifest["files"]}
    manifest.pop("version")
    write_json(path, {"version": digest(manifest)[:12], **manifest})
    return bundle


@pytest.fixture(scope="session")
def month(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Members of a later month, with what became of them."""
    path = tmp_path_factory.mktemp("month") / "007.parquet"
    write_table(path, builders.customers(rows=1600, seed=11))
    return path


@pytest.fixture(scope="session")
def data(month: Path) -> HoldOut:
    """Those put aside of that month."""
    return looked_at(month)


def looked_at(table: Path, **changes) -> HoldOut:
    """The hold-out of a table, on the day when its labels are known."""
    given = {"month": "007", "as_of": "013", "window": 6, "learned": ["005", "006"]} | changes
    return hold_out(table, builders.schema(), PUT_ASIDE, **given)


@pytest.fixture
def decide(champion: Path, challenger: Path, data: HoldOut, params: Parameters):
    """The decision of the gate, with one thing otherwise."""

    def decided(**changes):
        given = {"champion": champion, "challenger": challenger, "data": data, "params": params}
        return judge(*(given | changes).values())

    return decided
