"""`rebuild-release`: a version comes out of its commit again, or what does not is named."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from scoring.errors import UserError
from stages.operations.registry import rebuild as module
from stages.operations.registry.rebuild import rebuild
from stages.operations.registry.register import register
from tests.operations.registry.conftest import another_champion, commit

CHAMPION = Path("models") / "champion"


def pipeline(monkeypatch: pytest.MonkeyPatch, made_of: Path, *, changed: str | None = None) -> None:
    """Stands in for the pipeline: in an empty clone it makes the bundle, or one that differs."""

    def run(place: Path, environment: Mapping[str, str]) -> None:
        assert not (place / CHAMPION).exists()
        assert not list((place / ".dvc").glob("cache/files/*"))
        shutil.copytree(made_of / CHAMPION, place / CHAMPION)
        if changed:
            (place / CHAMPION / changed).write_bytes(b"another")

    monkeypatch.setattr(module, "run_pipeline", run)


def test_a_version_that_comes_out_again(registered: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline(monkeypatch, registered)
    assert "with the same bytes" in rebuild("v1.0.0", root=registered)


def test_the_file_that_differs_is_named(registered: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline(monkeypatch, registered, changed="model.onnx")
    with pytest.raises(UserError, match=r"v1\.0\.0: model\.onnx: rebuilt with other bytes"):
        rebuild("v1.0.0", root=registered)


COPIES = """import os, shutil
shutil.copytree("kept", "models/champion")
if os.path.exists("spoilt"):
    open("models/champion/model.onnx", "ab").write(os.urandom(8))
"""


@pytest.mark.parametrize("spoilt", [False, True])
def test_a_version_comes_out_of_a_run_again(small: Path, spoilt: bool) -> None:
    """Cloned, checked out and run for real, by a pipeline that copies, or adds what is random."""
    # given a version whose commit holds a pipeline
    (small / "stages").mkdir()
    (small / "stages" / "__init__.py").touch()  # or an installed package goes before it
    (small / "stages" / "__main__.py").write_text(COPIES)
    shutil.copytree(small / CHAMPION, small / "kept")
    if spoilt:
        (small / "spoilt").touch()
    commit(small)
    register(root=small)
    # and a work tree that has gone on since
    another_champion(small)
    if spoilt:
        with pytest.raises(UserError, match=r"v1\.0\.0: model\.onnx: rebuilt with other bytes"):
            rebuild("v1.0.0", root=small)
    else:
        assert "with the same bytes" in rebuild("v1.0.0", root=small)


def test_a_version_that_is_not_there(registered: Path) -> None:
    with pytest.raises(UserError, match="v9"):
        rebuild("v9.0.0", root=registered)
