"""Adopting a CSV: checked, copied, tracked and pinned, or refused with nothing touched."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pandas as pd
import pytest

from stages.core.tables import read_table, sha256
from stages.core.yamlfile import read_yaml
from tests.conftest import stages


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


def test_an_adopted_file_goes_through_the_whole_pipeline(fresh: Path, csv: Path) -> None:
    before = (fresh / "params.yaml").read_bytes()
    generated = json.loads((fresh / "reports" / "metrics.json").read_text())
    # when the same customers come in as a CSV
    adopted = stages(fresh, "adopt", str(csv))
    assert adopted.returncode == 0, adopted.stderr
    # then the file is copied, tracked with DVC, pinned, and its schema lies beside it
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
    }
    assert "telco.csv\n" not in git_status(fresh)
    # and the pipeline comes to the same quality, without a truth to compare with
    done = stages(fresh, "repro")
    assert done.returncode == 0, done.stderr[-2000:]
    metrics = json.loads((fresh / "reports" / "metrics.json").read_text())
    assert metrics["test"] == generated["test"]
    assert not [name for name in metrics["reference"] if name.startswith("oracle")]
    card = (fresh / "reports" / "model_card.md").read_text()
    assert "data/external/telco.csv" in card
    # an edit in place stops the next run with the command to give, and touches nothing
    copy.unlink()
    copy.write_bytes(csv.read_bytes().replace(b"Two year", b"One year", 1))
    refused = stages(fresh, "repro")
    assert refused.returncode == 1
    assert "make adopt CSV=data/external/telco.csv" in refused.stderr.splitlines()[-1]
    assert json.loads((fresh / "reports" / "metrics.json").read_text()) == metrics
    # the command works, and so does the way back
    assert stages(fresh, "adopt", "data/external/telco.csv").returncode == 0
    assert stages(fresh, "check").returncode == 0
    assert stages(fresh, "adopt", "generated").returncode == 0
    assert (fresh / "params.yaml").read_bytes() == before


def test_a_lost_file_is_named_with_what_to_do(fresh: Path, csv: Path) -> None:
    assert stages(fresh, "adopt", str(csv)).returncode == 0
    (fresh / "data" / "external" / "telco.csv").unlink()
    refused = stages(fresh, "repro")
    assert refused.returncode == 1
    assert "dvc pull data/external/telco.csv.dvc" in refused.stderr.splitlines()[-1]


def spoiled(csv: Path, folder: Path, column: str, values: list[str]) -> Path:
    table = pd.read_csv(csv, dtype=str, keep_default_na=False)
    table.loc[: len(values) - 1, column] = values
    path = folder / "spoiled.csv"
    table.to_csv(path, index=False)
    return path


@pytest.mark.parametrize(
    ("column", "values", "words"),
    [
        (
            "tenure",
            ["-5"],
            "column tenure: out of range: row 2: '-5'; expected a whole number from 0",
        ),
        ("MonthlyCharges", ["a lot"], "column MonthlyCharges: not a number: row 2: 'a lot'"),
        ("Contract", ["Weekly", "Weekly"], "unknown value: row 2: 'Weekly', row 3: 'Weekly'"),
        ("Churn", ["", ""], "column Churn: blank"),
    ],
)
def test_a_faulty_file_is_refused_and_nothing_touched(
    shared: Path, csv: Path, tmp_path: Path, column: str, values: list[str], words: str
) -> None:
    before = git_status(shared)
    done = stages(shared, "adopt", str(spoiled(csv, tmp_path, column, values)))
    assert done.returncode == 1
    assert words in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert git_status(shared) == before
    assert not (shared / "data" / "external").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty; expected a header and rows of customers"),
        (b"a,b\n1,2\n", "column customerID: column missing"),
        (b"a,a\n1,2\n", "column a: twice in the header"),
        (b"a;b\n1;2\n", "strange.csv: separated by semicolons; expected commas"),
        (b"a,b\n1,2\n1,2,3\n", "not a table: Expected 2 fields in line 3, saw 3"),
        (b"\xff\xfe\x00\x81,b\n", "not UTF-8 text at byte 0"),
    ],
)
def test_what_is_not_a_table_is_refused(
    shared: Path, tmp_path: Path, content: bytes, words: str
) -> None:
    path = tmp_path / "strange.csv"
    path.write_bytes(content)
    done = stages(shared, "adopt", str(path))
    assert done.returncode == 1
    assert words in done.stderr.splitlines()[-1]


@pytest.fixture
def server(csv: Path) -> Iterator[str]:
    handler = partial(SimpleHTTPRequestHandler, directory=str(csv.parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()
        thread.join()


def test_a_url_is_fetched(fresh: Path, csv: Path, server: str) -> None:
    done = stages(fresh, "adopt", f"{server}/telco.csv")
    assert done.returncode == 0, done.stderr
    assert (fresh / "data" / "external" / "telco.csv").read_bytes() == csv.read_bytes()


@pytest.mark.parametrize("address", ["nowhere.csv", "http://127.0.0.1:9/x.csv", "odd://x/y.csv"])
def test_what_cannot_be_had_is_named(shared: Path, address: str) -> None:
    done = stages(shared, "adopt", address)
    assert done.returncode == 1
    assert address in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
