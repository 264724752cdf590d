"""The image of the pipeline: the pipeline in it, and the monthly run as Kubernetes starts it.

Building it takes minutes, so they are of one that is there: `make test-image IMAGE=pipeline`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scoring.verdict import EXIT_CODES
from stages.core.paths import Paths
from stages.core.yaml_edit import update_yaml
from stages.core.yamlfile import read_yaml
from stages.operations.image import IMAGES
from tests import builders
from tests.conftest import SMALL
from tests.deploy.containers import CONFINED
from tests.places import ROOT
from tests.service.conftest import write_club

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
MONTHLY = ROOT / "deploy" / "kubernetes" / "base" / "monthly.yaml"


@pytest.fixture(scope="module")
def pipeline(engine: str) -> str:
    """The newest image of the pipeline."""
    name = IMAGES["pipeline"].tag
    done = subprocess.run([engine, "image", "inspect", name], capture_output=True, check=False)
    if done.returncode:
        # Two gigabytes and minutes to build: `make test-image IMAGE=pipeline` does both.
        pytest.skip(f"no image {name}; make image IMAGE=pipeline")
    return name


def run(engine: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A container without rights, which may take 2 GB."""
    confined = [option for option in CONFINED if not option.startswith("--memory")]
    return subprocess.run(
        [engine, "run", "--rm", *confined, "--memory=2g", *arguments],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture
def clone(engine: str, pipeline: str) -> Iterator[str]:
    """A volume with the repository of the image, with few customers; removed at the end."""
    made = subprocess.run(
        [engine, "volume", "create"], capture_output=True, text=True, check=True
    ).stdout.strip()
    try:
        yield made
    finally:
        subprocess.run([engine, "volume", "rm", "--force", made], capture_output=True, check=False)


def test_the_pipeline_runs_in_it_without_rights(
    engine: str, pipeline: str, clone: str, tmp_path: Path
) -> None:
    params = Paths(tmp_path).params
    shutil.copy(ROOT / "params.yaml", params)
    update_yaml(params, SMALL)
    params.chmod(0o644)
    few = f"--volume={params}:/churn/params.yaml:ro"
    done = run(engine, f"--volume={clone}:/churn", few, pipeline, "repro")
    assert done.returncode == 0, done.stderr[-3000:]
    look = "import json; print(json.load(open('models/champion/bundle.json'))['name'])"
    done = run(
        engine, f"--volume={clone}:/churn", "--entrypoint=python", pipeline,
        "-c", f"import os; assert os.getuid() == 1034; {look}",
    )  # fmt: skip
    assert done.stdout.strip() == "churn", done.stderr


def mounts(job: dict[str, Any], places: dict[str, Path]) -> list[str]:
    """The volumes of the monthly run's container, which are folders of this machine here."""
    found = []
    for mount in job["containers"][0]["volumeMounts"]:
        if mount["name"] != "tmp":
            source = places[mount["name"]] / mount.get("subPath", "")
            source.mkdir(exist_ok=True)
            source.chmod(0o777)
            found.append(f"--volume={source}:{mount['mountPath']}" + ":ro" * ("readOnly" in mount))
    return found


def test_the_monthly_run_judges_the_month_that_is_there(
    engine: str, pipeline: str, tmp_path: Path
) -> None:
    """Its command and mounts are those of the manifest; nothing else can be written to."""
    job = read_yaml(MONTHLY)["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    places = {name: tmp_path / name for name in ("months", "bundle", "state")}
    for place in (tmp_path, *places.values()):
        place.mkdir(exist_ok=True)
        place.chmod(0o755)
    shutil.copytree(write_club(tmp_path / "club"), places["bundle"] / "champion")
    month = f"{datetime.now(UTC):%Y-%m}"
    builders.members(400, seed=7).to_parquet(places["months"] / f"{month}.parquet")
    container = job["containers"][0]
    done = run(
        engine, *mounts(job, places), f"--entrypoint={json.dumps(container['command'][:1])}",
        pipeline, *container["command"][1:],
    )  # fmt: skip
    assert done.returncode == EXIT_CODES["quiet"], done.stderr[-3000:]
    verdict = json.loads((places["state"] / "monitor" / "latest.json").read_text())
    assert verdict["month"] == month
    # and a month that nobody exported is an error, not a month like the one before
    os.remove(places["months"] / f"{month}.parquet")
    done = run(
        engine, *mounts(job, places), f"--entrypoint={json.dumps(container['command'][:1])}",
        pipeline, *container["command"][1:],
    )  # fmt: skip
    assert done.returncode == 1
    assert f"{month}.parquet" in done.stderr.splitlines()[-1]
