"""Adopting a CSV: checked, copied, tracked and pinned, or refused with nothing touched."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pandas as pd
import pytest

from scoring.digest import sha256
from stages.adoption.adopt import _point_to
from stages.core.files import read_table
from stages.core.paths import Paths
from stages.core.yamlfile import load_schema, read_yaml
from tests import builders
from tests.conftest import holding, in_process, stages


@pytest.fixture(scope="module")
def csv(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The simulated customers as the IBM file has them: blank totals, 0/1 senior flag."""
    customers = read_table(finished / "data" / "raw" / "customers.parquet")
    assert customers["TotalCharges"].isna().any()
    path = tmp_path_factory.mktemp("csv") / "telco.csv"
    customers.to_csv(path, index=False, na_rep=" ")
    return path


def git_status(place: Path) -> str:
    command = ["git", "status", "--porcelain", "--untracked-files=all"]
    return subprocess.run(command, cwd=place, capture_output=True, text=True, check=True).stdout


@pytest.mark.slow  # half of the pipeline a second time
def test_an_adopted_file_is_learned_from_as_the_generated_one(fresh: Path, csv: Path) -> None:
    before = (fresh / "params.yaml").read_bytes()
    tables = [fresh / "data" / "features" / f"{split}.parquet" for split in ("train", "test")]
    generated = [read_table(path) for path in tables]
    # when the same customers come in as a CSV
    adopted = stages(fresh, "adopt", str(csv))
    assert adopted.returncode == 0, adopted.stderr
    # then the file is copied, tracked with DVC, pinned, and its schema lies next to it
    copy = fresh / "data" / "external" / "telco.csv"
    assert copy.read_bytes() == csv.read_bytes()
    assert copy.with_name("telco.csv.dvc").is_file()
    assert (
        copy.with_name("telco.schema.yaml").read_bytes()
        == (fresh / "data/schema.yaml").read_bytes()
    )
    data = read_yaml(fresh / "params.yaml")["data"]
    assert data == {
        "source": "data/external/telco.csv",
        "schema": "data/external/telco.schema.yaml",
        "sha256": sha256(csv),
        "encoding": None,
        "without": [],
    }
    assert "telco.csv\n" not in git_status(fresh)
    # and what is learned from and tested on is the same, without a truth to compare with
    done = stages(fresh, "repro", "features")
    assert done.returncode == 0, done.stderr[-2000:]
    for path, table in zip(tables, generated, strict=True):
        pd.testing.assert_frame_equal(read_table(path), table)
    assert read_table(fresh / "data" / "oracle" / "probabilities.parquet").empty
    lock = (fresh / "dvc.lock").read_bytes()
    # an edit in place stops the next run with the command to give, and touches nothing
    copy.unlink()
    copy.write_bytes(csv.read_bytes().replace(b"Two year", b"One year", 1))
    refused = stages(fresh, "repro")
    assert refused.returncode == 1
    assert "make adopt CSV=data/external/telco.csv" in refused.stderr.splitlines()[-1]
    assert (fresh / "dvc.lock").read_bytes() == lock
    # the command works, and so does the way back
    assert stages(fresh, "adopt", "data/external/telco.csv").returncode == 0
    assert stages(fresh, "check").returncode == 0
    assert stages(fresh, "adopt", "generated").returncode == 0
    assert (fresh / "params.yaml").read_bytes() == before


@pytest.mark.parametrize("suffix", ["parquet", "xlsx"])
def test_what_is_no_text_has_no_encoding(shared: Path, tmp_path: Path, suffix: str) -> None:
    table, file = builders.members(60), tmp_path / f"club.{suffix}"
    table.to_parquet(file) if suffix == "parquet" else table.to_excel(file, index=False)
    before = git_status(shared)
    refused = in_process(shared, "adopt", str(file), "--encoding", "windows-1250")
    assert refused.returncode == 1
    words = "encoding windows-1250: this is no text file; expected no ENCODING"
    assert refused.stderr.splitlines() == [f"{file}: {words}"]
    assert git_status(shared) == before


def test_an_encoding_is_kept_with_the_table(fresh: Path, tmp_path: Path) -> None:
    table = builders.as_text(builders.members(300))
    file = tmp_path / "club.csv"
    file.write_bytes(table.to_csv(index=False).encode("mac_roman"))
    # when a table is adopted by somebody who knows how it is encoded
    adopted = in_process(fresh, "adopt", str(file), "--encoding", "mac_roman")
    assert adopted.returncode == 0, adopted.stderr
    assert "encoded in" not in adopted.stdout
    # then its letters are right, and whoever reads it again knows, too
    names = load_schema(fresh / "data" / "external" / "club.schema.yaml").names
    assert set(table.columns) <= set(names)
    assert read_yaml(fresh / "params.yaml")["data"]["encoding"] == "mac_roman"
    (fresh / "reports" / "validation.json").unlink()
    checked = in_process(fresh, "check")
    assert "300 customers that fit data/external/club.schema.yaml" in checked.stdout
    # and an edit in place is answered with the command that reads it so
    with (fresh / "data" / "external" / "club.csv").open("ab") as edited:
        edited.write(b"\n")
    refused = in_process(fresh, "check")
    assert "make adopt CSV=data/external/club.csv ENCODING=mac_roman` to take" in refused.stderr
    assert in_process(fresh, "adopt", "generated").returncode == 0
    assert read_yaml(fresh / "params.yaml")["data"]["encoding"] is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--target", "Contract"], "column Churn: says Churn, not Contract"),
        (["--positive", "No"], "column Churn: says Yes, not No"),
    ],
)
def test_options_against_a_schema_are_refused(
    shared: Path, csv: Path, options: list[str], words: str
) -> None:
    before = git_status(shared)
    refused = in_process(shared, "adopt", str(csv), *options)
    assert refused.returncode == 1
    last = refused.stderr.splitlines()[-1]
    assert last.startswith("data/schema.yaml: ")
    assert words in last
    assert last.endswith("DRAFT=1")
    assert git_status(shared) == before
    assert not (shared / "data" / "external").exists()


def test_a_described_file_can_be_described_again(fresh: Path, csv: Path) -> None:
    # what agrees with the schema may be given, in any spelling
    agreed = in_process(fresh, "adopt", str(csv), "--target", "Churn", "--positive", "YES")
    assert agreed.returncode == 0, agreed.stderr
    file = fresh / "data" / "external" / "telco.schema.yaml"
    assert "confirm" not in agreed.stdout
    # and what disagrees wins with a new draft, which the terminal asks to confirm
    done = in_process(fresh, "adopt", str(csv), "--redraft", "--positive", "no")
    assert done.returncode == 0, done.stderr
    assert load_schema(file).target.positive == "No"
    assert load_schema(file).id_name == "customerID"
    asked = done.stdout.split("Please confirm, or change data/external/telco.schema.yaml:")[1]
    assert {"customerID", "Churn", "gender", "tenure", "MonthlyCharges", "TotalCharges"} <= {
        line.split()[0] for line in asked.splitlines() if line.strip()
    }
    # a schema that a person changed is checked again, and kept by the next adoption
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("maximum: 150", "maximum: 1", 1), encoding="utf-8")
    assert file.read_text(encoding="utf-8") != text
    refused = in_process(fresh, "check")
    assert refused.returncode == 1
    assert "column tenure: out of range" in refused.stderr.splitlines()[-1]
    file.write_text(text + "# checked by me\n", encoding="utf-8")
    assert in_process(fresh, "adopt", str(csv)).returncode == 0
    assert file.read_text(encoding="utf-8").endswith("# checked by me\n")
    # and a file that was lost is named with what to do
    (fresh / "data" / "external" / "telco.csv").unlink()
    refused = in_process(fresh, "repro")
    assert refused.returncode == 1
    assert "; run `make pull` where a remote holds it, or " in refused.stderr.splitlines()[-1]


@pytest.fixture
def server(csv: Path) -> Iterator[str]:
    handler = partial(SimpleHTTPRequestHandler, directory=str(csv.parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()
        thread.join()


def test_a_url_is_fetched_and_its_secrets_are_written_nowhere(
    fresh: Path, csv: Path, server: str
) -> None:
    url = server.replace("//", "//me:geheim@") + "/telco.csv?token=s3cret"
    done = stages(fresh, "adopt", url, "--redraft")
    assert done.returncode == 0, done.stderr
    adopted = fresh / "data" / "external" / "telco.csv"
    assert adopted.read_bytes() == csv.read_bytes()
    assert f"from {server}/telco.csv" in done.stdout
    changed = [fresh / line[3:] for line in git_status(fresh).splitlines()]
    assert adopted.with_name("telco.schema.yaml") in changed
    written = [*changed, fresh / "reports" / "validation.json"]
    assert holding(["geheim", "s3cret"], written) == []
    assert "geheim" not in done.stdout + done.stderr
    assert "s3cret" not in done.stdout + done.stderr


@pytest.mark.parametrize("address", ["nowhere.csv", "http://127.0.0.1:9/x.csv", "odd://x/y.csv"])
def test_what_cannot_be_had_is_named(shared: Path, address: str) -> None:
    done = in_process(shared, "adopt", address)
    assert done.returncode == 1
    assert address in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_the_population_stays_a_dependency_of_an_adopted_file(tmp_path: Path) -> None:
    # given the parameters and the pipeline of the repository
    here, there = Paths.here(), Paths(tmp_path)
    for file in (here.params, here.pipeline):
        shutil.copy(file, tmp_path)
    source = {"source": "data/external/x.csv", "schema": "data/external/x.schema.yaml"}
    # when the source of customers is an adopted file, and then the population again
    _point_to(there, **source, sha256="0" * 64)
    adopted = read_yaml(there.pipeline)["stages"]["generate"]["deps"]
    _point_to(there, source="data/population.yaml", schema="data/schema.yaml", sha256=None)
    # then real customers can be compared with simulated ones, and the files are as they were
    assert adopted[1:4] == ["data/population.yaml", *source.values()]
    assert read_yaml(there.pipeline) == read_yaml(here.pipeline)
    assert there.params.read_text() == here.params.read_text()
