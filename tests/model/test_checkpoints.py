"""Checkpoints of XGBoost: a fit that was killed ends in the same bytes as one that was not."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from stages.core.paths import ROOT
from stages.features.table import LABEL
from stages.model import checkpoints
from stages.model.candidates import build
from stages.model.checkpoints import ResumableXGB
from stages.model.encoding import frame, layout
from stages.model.export import TOLERANCE, disagreement, to_onnx
from tests import builders

# A fit that others can run in a process of its own, with a pause after every state that is saved.
FIT = """
import sys, time
from pathlib import Path
import numpy as np
from stages.model import checkpoints
checkpoints.CHECKPOINTS = Path(sys.argv[1])
saved = checkpoints.ResumableXGB._save
def slowly(self, path):
    time.sleep(float(sys.argv[3]))
    return saved(self, path)
checkpoints.ResumableXGB._save = slowly
rng = np.random.default_rng(0)
X = rng.normal(size=(800, 6))
y = (rng.random(800) < 1 / (1 + np.exp(-X[:, 0]))).astype(int)
model = checkpoints.ResumableXGB(
    checkpoint_every=5, n_estimators=23, subsample=0.7, colsample_bytree=0.5, max_depth=3,
    random_state=4, n_jobs=1, tree_method="hist",
).fit(X, y)
Path(sys.argv[2]).write_bytes(model.get_booster().save_raw("ubj"))
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where states are saved."""
    monkeypatch.setattr(checkpoints, "CHECKPOINTS", tmp_path / "checkpoints")
    return tmp_path / "checkpoints"


def process(folder: Path, out: Path, *, pause: float = 0.0) -> subprocess.Popen:
    arguments = [sys.executable, "-c", FIT, str(folder), str(out), str(pause)]
    return subprocess.Popen(arguments, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)})


def states(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob("*/[0-9]*.ubj"))


def until(condition, *, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.02)


def test_fit_that_was_killed_goes_on_to_the_same_bytes(folder, tmp_path):
    whole, resumed = tmp_path / "whole.ubj", tmp_path / "resumed.ubj"
    assert process(tmp_path / "other", whole).wait() == 0
    killed = process(folder, resumed, pause=0.3)
    until(lambda: len(states(folder)) >= 2)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert states(folder)[:2] == ["000005", "000010"]
    assert not resumed.exists()
    assert process(folder, resumed).wait() == 0
    assert resumed.read_bytes() == whole.read_bytes()
    assert list(folder.iterdir()) == [], "a finished fit leaves no states"


def small(folder, *, seed: int = 0, rounds: int = 12) -> ResumableXGB:
    X = np.random.default_rng(seed).normal(size=(200, 3))
    model = ResumableXGB(checkpoint_every=5, n_estimators=rounds, random_state=1, n_jobs=1)
    return model.fit(X, (X[:, 0] > 0).astype(int))


def test_other_customers_or_parameters_are_not_gone_on_with(folder, monkeypatch):
    class Stopped(Exception):
        pass

    def stop(self, path):
        self.get_booster().save_model(path)
        raise Stopped

    with monkeypatch.context() as patched:
        patched.setattr(ResumableXGB, "_save", stop)
        with pytest.raises(Stopped):
            small(folder)
    assert len(list(folder.iterdir())) == 1
    small(folder, seed=1)
    small(folder, rounds=13)
    assert len(list(folder.iterdir())) == 1
    assert small(folder).get_booster().num_boosted_rounds() == 12
    assert list(folder.iterdir()) == []


def test_candidate_with_checkpoints_has_all_its_rounds_and_exports(folder):
    schema, table = builders.schema(), builders.features()
    model = build("xgboost", builders.train_params(checkpoints=4), layout(schema))
    model.fit(frame(table, schema), table[LABEL])
    assert model.named_steps["model"].get_booster().num_boosted_rounds() == 15
    assert model.named_steps["model"].get_params()["n_estimators"] == 15
    content = to_onnx(model, schema, name="xgboost")
    assert disagreement(content, model, table, schema) <= TOLERANCE


def test_without_checkpoints_nothing_is_saved(folder):
    schema, table = builders.schema(), builders.features()
    build("xgboost", builders.train_params(), layout(schema)).fit(
        frame(table, schema), table[LABEL]
    )
    assert not folder.exists()
