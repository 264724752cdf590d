"""`fetch-model`: the right bundle as a whole, or nothing at all."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import gto.api
import pytest
from dvc.repo import Repo

from scoring.digest import sha256
from scoring.errors import UserError
from scoring.signature import SIGNATURE
from stages.operations.registry import fetch
from stages.operations.registry.environments import promote
from stages.operations.registry.fetch import fetch_model
from stages.operations.registry.register import register
from tests.keys import key_pair
from tests.operations.registry.conftest import another_champion, git


def content(folder: Path) -> dict[str, str]:
    return {path.name: sha256(path) for path in folder.iterdir()}


def cached(root: Path, path: str) -> Path:
    """The file in DVC's cache that holds an output, or the list of a folder's files."""
    with Repo(str(root)) as repo, repo.switch("HEAD"):
        md5 = repo.dvcfs.info(path)["md5"]
    return root / ".dvc" / "cache" / "files" / "md5" / md5[:2] / md5[2:]


def refused(root: Path, out: Path, **which: str) -> str:
    """The reason; the previous files are there, and nothing else."""
    before = content(out) if out.is_dir() else None
    others = sorted(out.parent.iterdir())
    with pytest.raises(UserError) as error:
        fetch_model(out=out, root=root, **which)
    assert (content(out) if out.is_dir() else None) == before
    assert sorted(out.parent.iterdir()) == others
    return str(error.value)


@pytest.fixture
def shared(registered: Path, tmp_path: Path) -> Path:
    """A clone with an empty cache of what was pushed to a folder, set up after the version was."""
    with Repo(str(registered)) as repo, repo.config.edit("repo") as config:
        config["remote"] = {"store": {"url": str(tmp_path / "store")}}
        config["core"]["remote"] = "store"
    git(registered, "commit", "--quiet", "--all", "-m", "a remote")
    with Repo(str(registered)) as repo:
        repo.push()
    git(tmp_path, "clone", "--quiet", str(registered), "clone")
    return tmp_path / "clone"


def test_a_stage_has_the_bundle_of_its_version_whatever_the_work_tree_has(registered: Path) -> None:
    # given a version in prod, and work that went on
    promote("prod", root=registered)
    bundle = content(registered / "models" / "champion")
    another_champion(registered)
    register(root=registered)
    # when its bundle is asked for
    message = fetch_model(environment="prod", root=registered)
    # then it is that of the version, git does not see it, and the user learns how to serve it
    place = registered / "models" / "fetched" / "prod"
    assert content(place) == bundle != content(registered / "models" / "champion")
    assert [path.name for path in place.parent.iterdir()] == ["prod"]
    assert git(registered, "status", "--porcelain") == ""
    assert f"CHURN_BUNDLE={place} bentoml serve" in message
    # and a version is fetched by its name
    fetch_model(version="v1.0.1", root=registered)
    other = content(registered / "models" / "fetched" / "v1.0.1")
    assert other == content(registered / "models" / "champion")
    # and the folder is replaced as a whole
    (place / "notes.txt").write_text("mine")
    fetch_model(version="v1.0.1", out=place, root=registered)
    assert content(place) == other


def test_clone_with_an_empty_cache_gets_it_from_the_remote(shared: Path, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "model"
    fetch_model(version="v1.0.0", out=out, root=shared)
    assert content(out) == content(tmp_path / "registered" / "models" / "champion")
    promote("staging", root=shared)


def test_tampered_cache_is_mended_from_the_remote_as_the_message_says(shared: Path) -> None:
    # given a cache with a file that is not what it was
    with Repo(str(shared)) as repo:
        repo.fetch()
    file = cached(shared, "models/champion/model.onnx")
    file.chmod(0o644)
    file.write_text("evil")
    message = refused(shared, shared.parent / "model", version="v1.0.0")
    assert f"remove {file} and try again" in message
    # when it is removed
    file.unlink()
    # then the remote's is taken
    fetch_model(version="v1.0.0", out=shared.parent / "model", root=shared)


def test_tampered_remote_is_refused(shared: Path) -> None:
    cache_file = cached(shared, "models/champion/model.onnx")
    file = shared.parent / "store" / cache_file.relative_to(shared / ".dvc" / "cache")
    file.chmod(0o644)
    file.write_text("evil")
    message = refused(shared, shared.parent / "model", version="v1.0.0")
    assert "model.onnx is not what dvc.lock names; mend the remote" in message


def test_remote_that_lacks_a_file_is_named_before_anything_is_written(
    shared: Path, tmp_path: Path
) -> None:
    shutil.rmtree(tmp_path / "store")
    message = refused(shared, tmp_path / "model", version="v1.0.0")
    assert message.startswith("models/champion of churn@v1.0.0: not available")


@pytest.mark.parametrize("name", ["model.onnx", "schema.json", "bundle.json"])
def test_file_that_was_tampered_with_is_refused_by_its_name(registered: Path, name: str) -> None:
    file = cached(registered, f"models/champion/{name}")
    file.chmod(0o644)
    file.write_bytes(file.read_bytes().replace(b"e", b"3", 1))
    out = registered.parent / "model"
    message = refused(registered, out, version="v1.0.0")
    assert message.startswith(f"models/champion of churn@v1.0.0: {name} is not what dvc.lock names")
    assert str(file) in message
    # and the version is not promoted
    with pytest.raises(UserError, match=name):
        promote("prod", root=registered)


def test_list_of_files_that_was_tampered_with_is_refused(registered: Path) -> None:
    file = cached(registered, "models/champion")
    listed = [entry for entry in json.loads(file.read_bytes()) if entry["relpath"] != "model.onnx"]
    file.chmod(0o644)
    file.write_text(json.dumps(listed))
    assert "not what dvc.lock names" in refused(registered, registered / "x", version="v1.0.0")


def test_bundle_already_there_stays_when_the_new_one_is_refused(registered: Path) -> None:
    fetch_model(version="v1.0.0", root=registered)
    file = cached(registered, "models/champion/model.onnx")
    file.unlink()
    place = registered / "models" / "fetched" / "v1.0.0"
    assert "not available" in refused(registered, place, version="v1.0.0")


def test_bundle_already_there_comes_back_when_the_new_one_cannot_take_its_place(
    registered: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch_model(version="v1.0.0", root=registered)
    place = registered / "models" / "fetched" / "v1.0.0"
    before = content(place)
    with pytest.raises(FileNotFoundError):
        fetch._put(place.parent / "nowhere", place, old=place.parent / "old")
    assert content(place) == before


@pytest.mark.parametrize("what", ["folder", "file"])
def test_place_of_something_else_is_left_alone(registered: Path, what: str) -> None:
    out = registered.parent / "mine"
    if what == "folder":
        out.mkdir()
        (out / "thesis.txt").write_text("years of work")
    else:
        out.write_text("years of work")
    assert "is there and no bundle" in refused(registered, out, version="v1.0.0")


def test_place_that_cannot_be_written_is_named(registered: Path) -> None:
    (registered.parent / "file").write_text("words")
    with pytest.raises(UserError, match=r"file/model: cannot be written"):
        fetch_model(version="v1.0.0", out=registered.parent / "file" / "model", root=registered)


def test_empty_stage_and_unknown_version_are_refused(registered: Path, small: Path) -> None:
    out = registered.parent / "model"
    assert "prod: nothing is deployed there" in refused(registered, out, environment="prod")
    assert "v3.0.0: not registered" in refused(registered, out, version="v3.0.0")
    assert "no version of churn is registered here" in refused(small, out, version="v1.0.0")


def test_version_of_a_commit_without_a_champion_is_refused(small: Path) -> None:
    git(small, "rm", "--quiet", "dvc.yaml", "dvc.lock")
    git(small, "commit", "--quiet", "-m", "no pipeline")
    gto.api.register(small, "churn", "HEAD")
    message = refused(small, small.parent / "model", version="v0.0.1")
    assert message.startswith("models/champion: no output in dvc.lock of churn@v0.0.1")


def test_a_signed_version_is_fetched_with_its_signature_and_others_are_refused(
    small: Path, tmp_path: Path
) -> None:
    (private, public), (_, other) = key_pair(tmp_path, "ours"), key_pair(tmp_path, "other")
    register(key=private, root=small)
    out = tmp_path / "fetched" / "model"
    assert "signed" in fetch_model(version="v1.0.0", out=out, key=public, root=small)
    assert (out / SIGNATURE).is_file()
    reason = refused(small, out, version="v1.0.0", key=other)
    assert "no valid signature of bundle.json by" in reason


def test_where_a_signature_is_asked_for_an_unsigned_version_is_refused(
    registered: Path, tmp_path: Path
) -> None:
    out = tmp_path / "fetched" / "model"
    out.parent.mkdir()
    _, public = key_pair(tmp_path, "ours")
    assert SIGNATURE in refused(registered, out, version="v1.0.0", key=public)
