"""The shared cache: what comes down is what went up, whole and undamaged, or a message says so."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from scoring.digest import sha256
from scoring.errors import UserError
from stages.core.paths import Paths
from stages.core.yamlfile import read_yaml
from stages.operations import sharing
from stages.operations.reproducible import outputs
from tests.conftest import copy_of, dvc, stages

KEYS = {"aws_access_key_id": "me", "aws_secret_access_key": "mine"}
OUTPUTS = ("adopted.csv", "folder", "made.txt")
PIPELINE = """
stages:
  make:
    cmd: mkdir folder && echo 1 > folder/one && echo 2 > folder/two && echo made > made.txt
    outs: [folder, made.txt]
"""


def git(place: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
    subprocess.run(["git", *identity, *arguments], cwd=place, check=True, capture_output=True)


def clone(place: Path, into: Path) -> Path:
    """What somebody else gets: what is committed, and an empty cache."""
    git(place, "add", "--all")
    git(place, "commit", "--quiet", "--allow-empty", "--message", "remote")
    git(place, "clone", "--quiet", str(place), str(into))
    return into


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


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """The address of an S3 server with a bucket `team`."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    bucket(address).create()
    yield address
    server.stop()


def bucket(address: str) -> Any:
    """The bucket `team` of the server, past DVC."""
    service = boto3.resource("s3", endpoint_url=address, region_name="us-east-1", **KEYS)
    return service.Bucket("team")


def configure(place: Path, **settings: str) -> None:
    """What `dvc remote add -d store` and `dvc remote modify store` write."""
    lines = [f"    {name} = {value}\n" for name, value in settings.items()]
    text = "[core]\n    analytics = false\n    remote = store\n['remote \"store\"']\n"
    (place / ".dvc" / "config").write_text("".join([text, *lines]))


def to_s3(place: Path, address: str, *, bucket: str = "team") -> None:
    """A remote below the name of the test, with keys as only a test may keep them."""
    keys = {name.removeprefix("aws_"): value for name, value in KEYS.items()}
    url = f"s3://{bucket}/{place.parent.name}"
    configure(place, url=url, endpointurl=address, region="us-east-1", **keys)


def object_of(place: Path, output: str) -> str:
    """Where an output lies below the address of a remote."""
    if output == "adopted.csv":
        content = read_yaml(place / "adopted.csv.dvc")["outs"][0]["md5"]
    else:
        outs = [out for s in read_yaml(place / "dvc.lock")["stages"].values() for out in s["outs"]]
        content = next(out["md5"] for out in outs if out["path"] == output)
    return f"files/md5/{content[:2]}/{content[2:]}"


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


def ran(done: subprocess.CompletedProcess[str]) -> list[str]:
    return re.findall(r"^Running stage '(\w+)'", done.stdout, flags=re.MULTILINE)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["folder", "S3"])
def test_a_clone_pulls_and_has_nothing_to_run(
    fresh: Path, s3: str, tmp_path: Path, kind: str
) -> None:
    # given a finished run, pushed
    keys = {}
    if kind == "folder":
        configure(fresh, url=str(tmp_path / "remote"))
    else:
        configure(fresh, url="s3://team/run", endpointurl=s3, region="us-east-1")
        keys = {name.upper(): value for name, value in KEYS.items()}
    pushed = stages(fresh, "push", **keys)
    assert pushed.returncode == 0, pushed.stderr
    # when a clone with an empty cache pulls
    other = clone(fresh, tmp_path / "other")
    pulled = stages(other, "pull", **keys)
    assert pulled.returncode == 0, pulled.stderr
    count = shared_outputs(fresh)
    message = rf"store: all {count} outputs are here; files fetched: \d\d$"
    assert re.match(message, pulled.stdout)
    # then neither DVC nor the pipeline has anything to do, and no key is asked for
    for done in (dvc(other, "repro"), stages(other, "repro")):
        assert "Data and pipelines are up to date" in done.stdout
        assert ran(done) == []
    assert outputs_of(other) == outputs_of(fresh)
    # and DVC's own command brings the same
    plain = clone(fresh, tmp_path / "plain")
    assert dvc(plain, "pull", **keys).returncode == 0
    assert "Data and pipelines are up to date" in dvc(plain, "repro").stdout
    assert outputs_of(plain) == outputs_of(fresh)


def shared_outputs(place: Path) -> int:
    """How many outputs a remote holds: all but the metrics, which are in git."""
    stages_of_lock = read_yaml(place / "dvc.lock")["stages"].values()
    return sum(len(stage["outs"]) for stage in stages_of_lock) - 1


def outputs_of(place: Path) -> dict[str, str]:
    return {name: sha256(place / name) for name in outputs(place)}


@pytest.mark.slow
def test_a_run_rebuilds_what_the_remote_lacks_and_never_asks_it(
    fresh: Path, tmp_path: Path
) -> None:
    # given a clone that pulled from a remote which lost what the last stage wrote
    configure(fresh, url=str(tmp_path / "remote"))
    assert stages(fresh, "push").returncode == 0
    (tmp_path / "remote" / object_of(fresh, "reports/contact_list.csv")).unlink()
    other = clone(fresh, tmp_path / "other")
    pulled = stages(other, "pull")
    assert pulled.returncode == 1
    count = shared_outputs(fresh)
    assert pulled.stderr.splitlines()[-1] == (
        f"store: {count - 1} of {count} outputs are here; missing: reports/contact_list.csv: "
        "`make repro` rebuilds what is missing"
    )
    # when the pipeline is run while the remote is another that would not answer
    with socket.create_server(("127.0.0.1", 0)) as server:
        to_s3(other, f"http://127.0.0.1:{server.getsockname()[1]}")
        done = stages(other, "repro")
        # then that stage alone is run, to the same bytes, and nobody was asked
        assert ran(done) == ["evaluate"]
        assert outputs_of(other) == outputs_of(fresh)
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()
    # and what was rebuilt mends the remote
    configure(other, url=str(tmp_path / "remote"))
    assert stages(other, "push").stdout == f"store: has all {count} outputs; files sent: 1\n"


@pytest.mark.slow
def test_without_keys_the_remote_says_so_at_once(fresh: Path, s3: str, tmp_path: Path) -> None:
    configure(fresh, url="s3://team/nobody", endpointurl=s3, region="us-east-1")
    nobody = {"HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true"}
    for command in ("push", "pull"):
        done = stages(fresh, command, **nobody)
        assert done.returncode == 1
        assert done.stderr == (
            "store: Unable to locate credentials; `make repro` does without it\n"
        )
