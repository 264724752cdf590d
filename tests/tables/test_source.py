"""The first stage with an adopted file: what is read of it, what is left out, the warnings."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ruamel.yaml import YAML

from scoring.digest import sha256
from scoring.errors import UserError
from stages.core import cluster
from stages.core.compute import DASK, ENGINE, SCHEDULER
from stages.core.files import read_table
from stages.core.paths import Paths
from stages.core.yamlfile import load_schema
from stages.tables import source
from stages.tables.data_params import Data
from stages.tables.intake import read_raw_table
from tests import builders
from tests.builders import BRANCH, DAYS, FEE, LEFT, NUMBER, REMARK
from tests.clusters import DaskCluster
from tests.worlds import parameters

FILE, SCHEMA = "data/external/club.csv", "data/external/club.schema.yaml"
PARQUET = "data/external/club.parquet"


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """A repository that has adopted the club's members, whose remarks the schema ignores."""
    there = Paths(tmp_path)
    there.external.mkdir(parents=True)
    builders.members(80).to_csv(tmp_path / FILE, index=False)
    content = builders.content(**{REMARK: {"roles": ["ignored"]}})
    for file, kept in (
        (tmp_path / SCHEMA, content),
        (there.pipeline, {"stages": {"generate": {"deps": [FILE, PARQUET, SCHEMA]}}}),
    ):
        with file.open("w", encoding="utf-8") as opened:
            YAML().dump(kept, opened)
    return there


def published(paths: Paths, *without: str, encoding: str | None = None) -> source.Published:
    data = {"source": FILE, "schema": SCHEMA, "sha256": sha256(paths.root / FILE)}
    asked = Data.of(data | {"encoding": encoding, "without": list(without)})
    return source.publish(asked, parameters(), paths)


def test_a_column_that_the_schema_ignores_is_not_called_unexpected(paths: Paths) -> None:
    found = published(paths)
    assert found.warnings == ()
    assert REMARK not in found.schema.names
    assert list(read_table(paths.customers).columns) == found.schema.names


def test_an_adopted_file_is_read_in_the_encoding_it_was_adopted_in(paths: Paths) -> None:
    published(paths)
    expected = read_table(paths.customers)
    (paths.root / FILE).write_bytes(
        (paths.root / FILE).read_text(encoding="utf-8").encode("mac_roman")
    )
    assert published(paths, encoding="mac_roman").warnings == ()
    pd.testing.assert_frame_equal(read_table(paths.customers), expected)
    with pytest.raises(UserError, match="column missing"):
        published(paths)


def test_inputs_may_be_left_out_for_a_run(paths: Paths) -> None:
    whole, found = published(paths), published(paths, BRANCH, DAYS)
    assert {c.name for c in whole.schema.inputs} - {c.name for c in found.schema.inputs} == {
        BRANCH,
        DAYS,
    }
    assert found.warnings == ()
    assert list(read_table(paths.customers).columns) == found.schema.names
    kept = json.loads(paths.customers_schema.read_text(encoding="utf-8"))
    assert {column["name"] for column in kept["columns"]} == set(found.schema.names)
    # and the schema of the user is what it was
    assert BRANCH in load_schema(paths.root / SCHEMA).names


@pytest.mark.parametrize("name", ["Nie", NUMBER, LEFT, REMARK])
def test_only_inputs_can_be_left_out(paths: Paths, name: str) -> None:
    with pytest.raises(UserError, match=r"field data\.without: .* expected some of") as e:
        published(paths, name)
    assert name in e.value.message
    assert FEE in e.value.message


def test_something_is_left_to_learn_from(paths: Paths) -> None:
    inputs = [column.name for column in published(paths).schema.inputs]
    with pytest.raises(UserError, match="expected one that is left"):
        published(paths, *inputs)


# --- a long table in row groups ------------------------------------------------------------------


def customers_from_parquet(paths: Paths, *, row_group: int) -> bytes:
    """What the stage writes of the same members in a Parquet file."""
    builders.members(80).to_parquet(paths.root / PARQUET, row_group_size=row_group)
    pin = sha256(paths.root / PARQUET)
    data = {"source": PARQUET, "schema": SCHEMA, "sha256": pin, "encoding": None, "without": []}
    source.publish(Data.of(data), parameters(), paths)
    return paths.customers.read_bytes()


def test_customers_are_the_same_bytes_from_csv_and_from_any_row_groups(paths: Paths) -> None:
    published(paths)
    from_csv = paths.customers.read_bytes()

    assert {customers_from_parquet(paths, row_group=size) for size in (11, 1000)} == {from_csv}


@pytest.mark.slow
@pytest.mark.usefixtures("collected")
def test_workers_of_a_cluster_read_the_same_bytes_and_find_the_same_fault(
    paths: Paths,
    dask: DaskCluster,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    # given what is read here, and a file with a broken cell in its last row group
    here = customers_from_parquet(paths, row_group=11)
    broken = paths.external / "broken.parquet"
    pq.write_table(pa.table({"a": [b"good"] * 9 + [b"\xff"]}), broken, row_group_size=3)
    with pytest.raises(UserError) as found_here:
        read_raw_table(broken)
    # when workers read both
    monkeypatch.setenv(ENGINE, DASK)
    monkeypatch.setenv(SCHEDULER, dask.address)
    seen: list[Path] = []
    monkeypatch.setattr(cluster, "check_files", lambda _, files: seen.extend(files))
    paths.customers.unlink()
    there = customers_from_parquet(paths, row_group=11)
    with pytest.raises(UserError) as found_there:
        read_raw_table(broken)
    # then nobody can tell
    assert seen == [paths.root / PARQUET, broken]
    assert there == here
    assert found_there.value.message == found_here.value.message
    assert "Traceback" not in capfd.readouterr().err
