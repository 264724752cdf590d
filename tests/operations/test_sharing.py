"""The shared cache: what comes down is what went up, whole and undamaged, or a message says so."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from scoring.errors import UserError
from stages.core.paths import Paths
from stages.operations import sharing
from tests.conftest import copy_of, dvc
from tests.remotes import bucket, clone, configure, git, object_of, to_s3

OUTPUTS = ("adopted.csv", "folder", "made.txt")
PIPELINE = """
stages:
  make:
    cmd: mkdir folder && echo 1 > folder/one && echo 2 > folder/two && echo made > made.txt
    outs: [folder, made.txt]
"""


def at(place: Path, monkeypatch: pytest.MonkeyPatch, command: Callable[[Paths], str]) -> str:
    monkeypatch.chdir(place)
    return command(Paths(place))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small repository after its run: an adopted table, a folder and a file that a stage made."""
    place = tmp_path_factory.mktemp("template") / "repository"
    place.mkdir()
    git(place, "init", "--quiet", "--initial-branch=main")
    (place / "dvc.yaml").write_text(PIPELINE)
    (place / "adopted.csv").write_text("id\n1\n")
    for arguments in (("init", "--quiet"), ("add", "--quiet", "adopted.csv"), ("repro", "--quiet")):
        done = dvc(place, *arguments)
        assert done.returncode == 0, done.stderr
    (place / ".dvc" / "config").write_text("[core]\n    analytics = false\n")
    return place


@pytest.fixture
def small(template: Path, tmp_path: Path) -> Path:
    return copy_of(template, tmp_path / "small")


@pytest.fixture
def filled(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small repository, all of it in a folder `remote` next to it."""
    configure(small, url=str(tmp_path / "remote"))
    at(small, monkeypatch, sharing.push)
    return small


def first_in(remote: Path, listing: str) -> Path:
    content = json.loads((remote / listing).read_text())[0]["md5"]
    return remote / "files" / "md5" / content[:2] / content[2:]


def test_what_went_up_comes_down(
    filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a clone with an empty cache
    other = clone(filled, tmp_path / "other")
    # when it pulls
    message = at(other, monkeypatch, sharing.pull)
    # then everything is there, and DVC has nothing to do
    assert message == "store: all 3 outputs are here; files fetched: 5"
    assert "up to date" in dvc(other, "status").stdout
    assert at(other, monkeypatch, sharing.pull).endswith("files fetched: 0")
    assert at(other, monkeypatch, sharing.push) == ("store: has all 3 outputs; files sent: 0")


@pytest.mark.parametrize("command", [sharing.pull, sharing.push])
def test_without_a_remote_the_message_says_how_to_get_one(
    small: Path, monkeypatch: pytest.MonkeyPatch, command: Callable[[Paths], str]
) -> None:
    with pytest.raises(UserError, match=r"^no remote is configured; .*`dvc remote add -d store"):
        at(small, monkeypatch, command)


@pytest.mark.parametrize("text", [None, "[core]\n    remote = store\n    nonsense = 1\n"])
def test_settings_that_dvc_does_not_take_are_reported_in_its_words(
    small: Path, monkeypatch: pytest.MonkeyPatch, text: str | None
) -> None:
    if text is None:
        shutil.rmtree(small / ".dvc")
    else:
        (small / ".dvc" / "config").write_text(text)
    with pytest.raises(UserError, match=r"^\.dvc: .*(not inside of a DVC repository|nonsense)"):
        at(small, monkeypatch, sharing.pull)


@pytest.mark.parametrize("command", [sharing.pull, sharing.push])
def test_before_the_first_run_there_is_nothing_to_share(
    filled: Path, monkeypatch: pytest.MonkeyPatch, command: Callable[[Paths], str]
) -> None:
    (filled / "dvc.lock").unlink()
    (filled / "adopted.csv.dvc").unlink()
    with pytest.raises(UserError, match=r"^dvc.lock: names no output; run `make repro` first"):
        at(filled, monkeypatch, command)


@pytest.mark.parametrize("output", ["made.txt", "folder", "adopted.csv"])
def test_what_a_remote_lacks_is_named_and_the_rest_comes(
    filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str
) -> None:
    other = clone(filled, tmp_path / "other")
    (tmp_path / "remote" / object_of(filled, output)).unlink()
    with pytest.raises(UserError) as caught:
        at(other, monkeypatch, sharing.pull)
    way = "nothing rebuilds it; " if output == "adopted.csv" else "`make repro` rebuilds"
    assert str(caught.value).startswith(f"store: 2 of 3 outputs are here; missing: {output}: {way}")
    assert [name for name in OUTPUTS if not (other / name).exists()] == [output]


def test_a_folder_that_lacks_one_of_its_files_is_missing(
    filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = clone(filled, tmp_path / "other")
    first_in(tmp_path / "remote", object_of(filled, "folder")).unlink()
    with pytest.raises(UserError, match=r"^store: 2 of 3 outputs are here; missing: folder: "):
        at(other, monkeypatch, sharing.pull)
    assert not (other / "folder").exists()


def test_a_remote_that_is_not_there_is_an_empty_one(
    filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = clone(filled, tmp_path / "other")
    shutil.rmtree(tmp_path / "remote")
    with pytest.raises(UserError, match=r"^store: 0 of 3 outputs are here; missing: folder, made"):
        at(other, monkeypatch, sharing.pull)


def test_a_change_made_here_is_not_overwritten(
    filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (filled / "made.txt").unlink()
    (filled / "made.txt").write_text("made by hand\n")
    with pytest.raises(UserError, match=r"made\.txt; `dvc checkout --force` gives them up$"):
        at(filled, monkeypatch, sharing.pull)
    assert (filled / "made.txt").read_text() == "made by hand\n"


def test_what_is_not_in_the_cache_cannot_be_sent(
    filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = clone(filled, tmp_path / "other")
    with pytest.raises(UserError, match=r"^store: not sent: .*made\.txt.*: not in the cache here"):
        at(other, monkeypatch, sharing.push)


@pytest.mark.parametrize(
    "damaged",
    [
        "made.txt",
        pytest.param("folder", marks=pytest.mark.slow),
        pytest.param("file in folder", marks=pytest.mark.slow),
    ],
)
def test_a_damaged_object_is_noticed_and_not_used(
    small: Path, s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damaged: str
) -> None:
    # given a remote that sends other bytes than were sent to it
    to_s3(small, s3)
    at(small, monkeypatch, sharing.push)
    name = object_of(small, "folder" if damaged == "file in folder" else damaged)
    if damaged == "file in folder":
        name = str(first_in(small / ".dvc" / "cache", name).relative_to(small / ".dvc" / "cache"))
    bucket(s3).put_object(Key=f"{tmp_path.name}/{name}", Body=b"[]")
    # when a clone pulls
    other = clone(small, tmp_path / "other")
    with pytest.raises(UserError) as caught:
        at(other, monkeypatch, sharing.pull)
    # then the message says which object is to be removed, and what is there is sound
    output = damaged.removeprefix("file in ")
    first, last = str(caught.value).splitlines()
    place = f"s3://team/{tmp_path.name}/{name}"
    assert first == f"{output}: damaged in the remote; remove {place}, then `make push`"
    assert last.startswith(f"store: 2 of 3 outputs are here; missing: {output}: ")
    assert output in dvc(other, "status", "make").stdout
    # and once it is mended, everything comes
    bucket(s3).Object(f"{tmp_path.name}/{name}").delete()
    assert at(small, monkeypatch, sharing.push).endswith("files sent: 1")
    at(other, monkeypatch, sharing.pull)
    assert "up to date" in dvc(other, "status").stdout


def test_a_bucket_that_is_not_there_is_named_in_its_own_words(
    small: Path, s3: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    to_s3(small, s3, bucket="nobody")
    (small / ".dvc" / "cache").rename(small / "cache")
    with pytest.raises(UserError, match=r"^store: The specified bucket does not exist"):
        at(small, monkeypatch, sharing.pull)


def test_a_remote_that_does_not_answer_is_not_waited_for(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "DEADLINE", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        to_s3(small, f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(UserError, match=r"^store: no answer within 0\.5 seconds; `make repro`"):
            at(small, monkeypatch, sharing.pull)
