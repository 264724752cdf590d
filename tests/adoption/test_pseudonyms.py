"""Ids replaced on the way in: the same under the same key, and in the clear nowhere."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from scoring.errors import UserError
from stages.adoption.fetch_source import FetchedSource
from stages.adoption.pseudonyms import KEY, SHORTEST_KEY, pseudonymised
from stages.core.files import read_table
from tests import builders
from tests.builders import NUMBER, REMARK
from tests.conftest import holding, in_process

ROWS = 60
ONE, OTHER = "k" * SHORTEST_KEY, "o" * SHORTEST_KEY


def members(rows: int = ROWS) -> pd.DataFrame:
    """Members whose ids and remarks stand out wherever they turn up."""
    table = builders.as_text(builders.members(rows))
    table[NUMBER] = [f"IDENTITY-{place:04d}" for place in range(rows)]
    table[REMARK] = [f"REMARK-{place:04d}" for place in range(rows)]
    return table


@pytest.fixture
def club(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FetchedSource:
    monkeypatch.setenv(KEY, ONE)
    members().to_csv(tmp_path / "club.csv", index=False)
    return FetchedSource(tmp_path / "club.csv", "club.csv")


def ids(source: FetchedSource, **changes: dict) -> list[str]:
    done = pseudonymised(source, builders.schema(**changes), source.path.parent)
    return list(read_table(done.path)[NUMBER])


def test_only_ids_change_and_each_to_its_own(club: FetchedSource) -> None:
    done = pseudonymised(club, builders.schema(), club.path.parent)
    assert (done.path.name, done.origin) == ("club.parquet", "club.csv")
    table = read_table(done.path)
    pd.testing.assert_frame_equal(table.drop(columns=NUMBER), members().drop(columns=NUMBER))
    assert table[NUMBER].is_unique
    assert table[NUMBER].str.fullmatch("[0-9a-f]{32}").all()


def test_the_same_id_under_the_same_key_is_the_same_pseudonym(club: FetchedSource) -> None:
    first = ids(club)
    # another month: other customers besides, other order, space around the ids
    later = members(ROWS + 5).iloc[::-1]
    later[NUMBER] = " " + later[NUMBER]
    later.to_csv(club.path, index=False)
    assert ids(club)[::-1][:ROWS] == first


def test_another_key_gives_other_pseudonyms(
    club: FetchedSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = ids(club)
    monkeypatch.setenv(KEY, OTHER)
    assert not set(first) & set(ids(club))


@pytest.mark.parametrize(("key", "words"), [(None, "not set"), ("", "not set"), ("short", "short")])
def test_without_a_proper_key_nothing_is_written(
    club: FetchedSource, monkeypatch: pytest.MonkeyPatch, key: str | None, words: str
) -> None:
    monkeypatch.delenv(KEY)
    if key is not None:
        monkeypatch.setenv(KEY, key)
    with pytest.raises(UserError, match=f"{KEY}: .*{words}.*expected at least {SHORTEST_KEY}"):
        pseudonymised(club, builders.schema(), club.path.parent)
    assert not club.path.with_name("club.parquet").exists()


def test_without_an_id_there_is_nothing_to_replace(club: FetchedSource) -> None:
    with pytest.raises(UserError, match="no column has the role id"):
        pseudonymised(club, builders.schema("no_id"), club.path.parent)


def test_what_is_ignored_is_left_out(club: FetchedSource) -> None:
    done = pseudonymised(
        club, builders.schema(**{REMARK: {"roles": ["ignored"]}}), club.path.parent
    )
    assert REMARK not in read_table(done.path)
    assert NUMBER in read_table(done.path)


def test_after_adopting_no_id_is_anywhere_in_the_clone(
    fresh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a table that nobody has described, with a copy of the id and a remark for everybody
    table = members().assign(Konto=lambda t: "X" + t[NUMBER])
    csv = tmp_path / "Käse club #1.csv"
    table.to_csv(csv, index=False)
    words = ["IDENTITY-", "REMARK-", ONE]
    # when it is adopted, at first without a key
    began = {file: file.stat().st_mtime_ns for file in fresh.rglob("*") if file.is_file()}
    arguments = ["adopt", str(csv), "--target", builders.LEFT, "--pseudonymise"]
    refused = in_process(fresh, *arguments)
    assert refused.returncode == 1
    assert refused.stderr.splitlines()[-1].startswith(f"{KEY}: not set")
    monkeypatch.setenv(KEY, ONE)
    done = in_process(fresh, *arguments)
    assert done.returncode == 0, done.stderr
    # then what came in is a table of pseudonyms, and neither ids nor key stand anywhere
    adopted = fresh / "data" / "external" / "Käse club #1.parquet"
    assert read_table(adopted)[NUMBER].is_unique
    assert holding(["nein"], [adopted]) == [str(adopted)]  # the search does find cells
    everything = [file for file in fresh.rglob("*") if file.is_file()]
    files = [file for file in everything if file.stat().st_mtime_ns != began.get(file)]
    assert adopted in files
    assert [file for file in files if ".dvc" in file.parts]
    assert holding(words, files) == []
    for printed in (done.stdout, done.stderr, refused.stdout, refused.stderr):
        assert not [word for word in words if word in printed]
    assert in_process(fresh, "check").returncode == 0
    # and a copy with ids from before is pointed out
    assert in_process(fresh, "adopt", str(csv), "--target", builders.LEFT).returncode == 0
    again = in_process(fresh, *arguments)
    assert "data/external/Käse club #1.csv: adopted before, with ids" in again.stdout
