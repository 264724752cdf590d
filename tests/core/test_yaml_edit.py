"""Files that people write are edited without a change to the rest of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from stages.core.paths import Paths
from stages.core.yaml_edit import edited_yaml, update_yaml
from stages.core.yamlfile import read_yaml

ROOT = Paths.here().root


@pytest.mark.parametrize("name", ["dvc.yaml", "params.yaml"])
def test_an_edit_that_changes_nothing_keeps_every_byte(name: str, tmp_path: Path) -> None:
    path = Path(shutil.copy(ROOT / name, tmp_path))
    with edited_yaml(path):
        pass
    assert path.read_bytes() == (ROOT / name).read_bytes()


def test_an_edit_and_the_way_back_keep_every_byte(tmp_path: Path) -> None:
    path = Path(shutil.copy(ROOT / "dvc.yaml", tmp_path))
    for added in (["data/x: y.csv", "data/#1.yaml"], []):
        with edited_yaml(path) as pipeline:
            deps = pipeline["stages"]["generate"]["deps"]
            deps[:] = [dep for dep in deps if not dep.startswith(("data/x", "data/#"))] + added
        assert read_yaml(path)["stages"]["generate"]["deps"][-2:] == added or not added
    assert path.read_bytes() == (ROOT / "dvc.yaml").read_bytes()


def test_an_edit_that_fails_writes_nothing(tmp_path: Path) -> None:
    path = Path(shutil.copy(ROOT / "params.yaml", tmp_path))
    with pytest.raises(KeyError):
        update_yaml(path, {"data": {"source": "x"}, "nonsense": {"a": 1}})
    assert path.read_bytes() == (ROOT / "params.yaml").read_bytes()
