"""What `make score` does with its options: where it computes, and with which bundle."""

import json
import shutil
from contextlib import nullcontext

import pytest

from scoring.deployment import FILE, Deployed, Deployment, write_deployment
from scoring.loading import read_manifest
from stages.batch import dask_engine
from stages.batch.local_engine import local
from stages.cli import main
from stages.core.paths import Paths
from stages.core.yaml_edit import update_yaml
from tests import builders
from tests.places import ROOT


@pytest.fixture
def asked(tmp_path, club, monkeypatch):
    """A function that scores as people type it; the schedulers that a cluster was asked for."""
    builders.as_text(builders.members(30)).to_csv(tmp_path / "members.csv", index=False)
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    monkeypatch.setattr(Paths, "here", classmethod(lambda cls: cls(tmp_path)))
    schedulers = []
    monkeypatch.setattr(
        dask_engine, "on_cluster", lambda address: schedulers.append(address) or local
    )

    def run(*options, **compute):
        update_yaml(tmp_path / "params.yaml", {"compute": compute})
        source, out = str(tmp_path / "members.csv"), str(tmp_path / "out")
        code = main(["score", source, out, "--model", str(club), "--no-report", *options])
        return code, schedulers

    return run


@pytest.mark.parametrize(
    ("options", "compute", "schedulers"),
    [
        ([], {}, []),
        ([], {"engine": "dask"}, [None]),
        ([], {"engine": "dask", "scheduler": "tcp://host:8786"}, ["tcp://host:8786"]),
        (["--engine", "local"], {"engine": "dask"}, []),
        (["--engine", "dask"], {}, [None]),
        (["--engine", "dask", "--scheduler", "tcp://a:1"], {}, ["tcp://a:1"]),
        (["--scheduler", "tcp://a:1"], {"engine": "dask", "scheduler": "tcp://b:1"}, ["tcp://a:1"]),
    ],
)
def test_what_is_typed_goes_before_params(options, compute, schedulers, asked):
    assert asked(*options, **compute) == (0, schedulers)


def test_an_address_without_a_cluster_is_an_error(asked, capsys):
    assert asked("--scheduler", "tcp://a:1") == (1, [])
    assert "--scheduler: needs --engine dask" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("adopted", "options", "code"),
    [
        ("mac_roman", [], 0),
        (None, ["--encoding", "mac_roman"], 0),
        ("cp852", ["--encoding", "mac_roman"], 0),
        (None, [], 1),  # taken for Windows-1252
    ],
)
def test_text_is_read_as_typed_or_as_the_adopted_table_was(
    adopted, options, code, asked, tmp_path, capsys
):
    file = tmp_path / "members.csv"
    file.write_bytes(file.read_text(encoding="utf-8").encode("mac_roman"))
    update_yaml(tmp_path / "params.yaml", {"data": {"encoding": adopted}})
    assert asked(*options)[0] == code
    assert ("missing" in capsys.readouterr().err) == bool(code)


@pytest.mark.parametrize(
    ("option", "value", "code", "words"),
    [
        ("--model", "nowhere", 1, "--model nowhere: no bundle.json there; expected the folder"),
        ("--model", "members.csv", 1, "--model members.csv: no bundle.json there"),
        ("--max-rejects", "0.03", 2, "0.03: expected a count, or a share such as 1%"),
        ("--max-rejects", "1.5", 2, "1.5: expected a count"),
        ("--encoding", "klingon", 2, "klingon: unknown encoding; expected a name such as"),
    ],
)
def test_what_cannot_be_meant_is_refused(option, value, code, words, capsys, tmp_path, monkeypatch):
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    (tmp_path / "members.csv").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Paths, "here", classmethod(lambda cls: cls(tmp_path)))
    with pytest.raises(SystemExit) if code == 2 else nullcontext():
        assert main(["score", "members.csv", "out", option, value]) == code
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("command", [["score", "members.csv"], ["simulate", "--out"]])
@pytest.mark.parametrize("out", ["", " "])
def test_no_text_is_no_place_to_write_to(command, out, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as left:
        main([*command, out])
    assert left.value.code == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert "empty; expected a file or a folder (. for this one)" in last
    assert list(tmp_path.iterdir()) == []


def test_whoever_answers_in_service_scores(tmp_path, club, monkeypatch):
    # given a bundle in service that the pipeline's champion has not become
    builders.as_text(builders.members(30)).to_csv(tmp_path / "members.csv", index=False)
    shutil.copytree(club, tmp_path / "models" / "deployed" / "later")
    version = str(read_manifest(club)[0]["version"])
    deployed = Deployed(folder="deployed/later", version=version)
    write_deployment(Deployment(champion=deployed), tmp_path / "models" / FILE)
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    monkeypatch.setattr(Paths, "here", classmethod(lambda cls: cls(tmp_path)))
    # when a month is scored without naming a model, then there is no champion but that one
    source, out = str(tmp_path / "members.csv"), str(tmp_path / "out")
    assert main(["score", source, out, "--no-report"]) == 0
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["model"]["version"] == version
