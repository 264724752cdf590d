"""What scoring and service share with training must not drag training in."""

import subprocess
import sys

import pytest

from tests.places import ROOT
from tests.scoring.conftest import HEAVY


@pytest.mark.parametrize(
    "modules",
    [
        "scoring.bundle, scoring.explanation, scoring.derive",
        "scoring.money, scoring.schema",
    ],
)
def test_modules_of_the_service_import_nothing_of_the_training(modules):
    code = f"import sys, {modules}; print(*sorted(set(sys.modules) & set({HEAVY})))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


def test_importing_does_nothing_but_import():
    # no file read or written, nothing printed: every module can be imported from anywhere
    names = [f"stages.{path.stem}" for path in sorted((ROOT / "stages").glob("[!_]*.py"))]
    code = f"import importlib; [importlib.import_module(name) for name in {names}]"
    environment = {"PYTHONPATH": str(ROOT), "PATH": "", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd="/", env=environment, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
