"""The service needs little: no training library, no pickle, no usage reporting."""

import re
import subprocess
import sys

from tests.places import ROOT

HEAVY = [
    "pandas", "sklearn", "pyarrow", "papermill", "xgboost", "matplotlib", "scipy", "evidently",
    "dvc", "pandera", "empulse", "onnx", "skl2onnx", "IPython", "fastapi", "ruamel.yaml",
]  # fmt: skip


def test_the_service_imports_nothing_heavy(club):
    code = (
        "import sys, serving.service as s; s.worker().close(); "
        f"print('found', *sorted(set(sys.modules) & set({HEAVY})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PATH": "", "PYTHONPATH": ":".join(sys.path), "CHURN_BUNDLE": str(club),
             "CHURN_LOG": "false", "BENTOML_DO_NOT_TRACK": "True"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split("found")[1].split() == []


def test_no_module_of_the_service_unpickles_or_evaluates():
    forbidden = re.compile(r"\b(pickle|cloudpickle|joblib|marshal|eval|exec)\b")
    for path in (ROOT / "serving").glob("*.py"):
        assert not forbidden.search(path.read_text(encoding="utf-8")), path


def test_the_lock_of_the_service_is_lean_and_hashed():
    text = (ROOT / "requirements/service.lock").read_text(encoding="utf-8")
    named = set(re.findall(r"^([a-z0-9._-]+)==", text, flags=re.MULTILINE))
    assert not named & {"scikit-learn", "pandas", "pyarrow", "dvc", "evidently", "jupyter", "scipy"}
    entries = re.split(r"\n(?=[a-z0-9])", text.strip())
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in text


def test_both_locks_agree():
    pins = [
        set(re.findall(r"^([a-z0-9._-]+==[^ ]+)", (ROOT / name).read_text(), flags=re.MULTILINE))
        for name in ("requirements/service.lock", "requirements/dev.lock")
    ]
    assert pins[0] <= pins[1]


def test_serving_reports_to_nobody_even_if_typed_by_hand(club):
    code = (
        "from bentoml._internal.utils.analytics import usage_stats as u; "
        "assert not u.do_not_track(); import serving.service; assert u.do_not_track()"
    )
    subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PATH": "", "PYTHONPATH": ":".join(sys.path), "CHURN_BUNDLE": str(club)},
        check=True,
    )
