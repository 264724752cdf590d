"""The shared cache of a whole run: pulled it has nothing to do, and what is missing is rebuilt."""

from __future__ import annotations

import re
import socket
import subprocess
from pathlib import Path

import pytest

from scoring.digest import sha256
from stages.core.yamlfile import read_yaml
from stages.operations.reproducible import outputs
from tests.conftest import dvc, stages
from tests.remotes import KEYS, clone, configure, object_of, to_s3


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
