"""`repro`: quick when nothing changed, and nothing lost when something fails."""

from __future__ import annotations

import fcntl
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from scoring.digest import sha256
from stages.core.yaml_edit import update_yaml
from stages.operations.repro import is_locked
from stages.operations.reproducible import outputs
from tests.conftest import clean_environment, in_process, stages
from tests.operations.conftest import break_notebook
from tests.places import ROOT
from tests.waiting import until


def state(place: Path) -> dict[str, str]:
    """The content of every output, of the lock and of the metrics."""
    return {name: sha256(place / name) for name in outputs(place) if (place / name).exists()}


def test_a_second_run_does_nothing(shared: Path) -> None:
    before = state(shared)
    done = stages(shared, "repro")
    assert done.returncode == 0
    assert "Data and pipelines are up to date" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("Reports: reports/index.html")
    assert state(shared) == before


def test_checks_before_a_run_with_nothing_to_do_load_no_tables() -> None:
    # they cost as much as DVC itself where pandas and Arrow are loaded for them
    code = "import sys; from stages.cli import main; main(['check']); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "params.yaml: valid" in done.stdout
    assert {"pandas", "pyarrow", "sklearn"} & set(done.stdout.split()) == set()


def test_a_second_run_at_the_same_time_is_refused(fresh: Path) -> None:
    before = state(fresh)
    with FileLock(fresh / ".dvc" / "tmp" / "repro.lock"):
        done = stages(fresh, "repro")
    assert done.returncode == 1
    assert done.stderr == ".dvc/tmp/repro.lock: another run is in progress; wait for it\n"
    assert state(fresh) == before
    assert stages(fresh, "repro").returncode == 0


def test_a_failing_stage_restores_the_previous_results(fresh: Path) -> None:
    # given a finished run, a changed parameter upstream and a stage that will fail
    before = state(fresh)
    update_yaml(fresh / "params.yaml", {"features": {"seed": 21}})
    break_notebook(fresh, "04_train.ipynb", "raise ValueError('on purpose')")
    # when the pipeline is run
    done = stages(fresh, "repro")
    # then it says so in its last line, and every output stands as before
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert re.fullmatch(r"notebooks/04_train.ipynb: cell \d+: ValueError: on purpose", last)
    assert "previous results restored" in done.stderr
    assert state(fresh) == before
    # and what succeeded on the way is not run again
    git = ["git", "checkout", "--quiet", "notebooks"]
    subprocess.run(git, cwd=fresh, check=True)
    again = stages(fresh, "repro", "features")
    assert again.returncode == 0, again.stderr[-2000:]
    assert "Stage 'features' is cached" in again.stdout
    assert state(fresh) != before


def test_a_dvc_command_in_progress_is_waited_for_and_nothing_is_restored(fresh: Path) -> None:
    # given a DVC command of somebody else, which has written half of its results
    (fresh / "dvc.lock").write_text("half of it")
    before = state_of_files(fresh)
    with (fresh / ".dvc" / "tmp" / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = stages(fresh, "repro")
    # then nothing of it is touched, and nothing is claimed
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last == ".dvc/tmp/lock: another DVC command is in progress; wait for it"
    assert "restored" not in done.stderr
    assert state_of_files(fresh) == before


def state_of_files(place: Path) -> dict[str, str]:
    return {name: sha256(place / name) for name in ("dvc.lock", "reports/metrics.json")}


def test_a_killed_run_takes_dvc_and_its_stage_along(fresh: Path) -> None:
    # given a run whose stage takes its time
    note = fresh / "note"
    source = f"import os, time; open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(300)"
    break_notebook(fresh, "04_train.ipynb", source)
    running = subprocess.Popen(
        [sys.executable, "-m", "stages", "repro"],
        cwd=fresh, env=clean_environment(),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    until(lambda: note.is_file() and note.read_text() != "", what="no stage", seconds=200)
    # when it is killed so that it can tell nobody
    running.kill()
    running.wait()
    # then the kernel of the stage ends, and DVC, which had the lock
    until(lambda: not is_alive(int(note.read_text())), what="the kernel goes on")
    until(lambda: not is_locked(fresh / ".dvc" / "tmp" / "lock"), what="DVC goes on")


def is_alive(process: int) -> bool:
    status = Path(f"/proc/{process}/stat")
    return status.is_file() and status.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def test_what_was_computed_before_is_not_computed_again(fresh: Path) -> None:
    # given results in the cache, and a lock that names others, as after `make adopt CSV=generated`
    before = state(fresh)
    (fresh / "dvc.lock").unlink()
    # when the pipeline is run
    done = stages(fresh, "repro")
    # then every stage comes out of DVC's run cache
    assert done.returncode == 0, done.stderr
    assert "Running stage" not in done.stdout
    assert state(fresh) == before


@pytest.mark.slow  # generates the customers again
def test_a_first_run_that_fails_leaves_no_half_of_a_result(fresh: Path) -> None:
    # given a clone with code and lock but no results
    for folder in ("data/raw", "data/oracle", "models/champion", "models/comparison", ".dvc/cache"):
        shutil.rmtree(fresh / folder)
    for name in [name for name in outputs(fresh) if name != "dvc.lock"]:
        (fresh / name).unlink(missing_ok=True)
    lock = (fresh / "dvc.lock").read_bytes()
    break_notebook(fresh, "02_explore.ipynb", "import sys; sys.exit(0)")
    done = stages(fresh, "repro")
    assert done.returncode == 1
    assert "notebooks/02_explore.ipynb: cell" in done.stderr.splitlines()[-1]
    assert (fresh / "dvc.lock").read_bytes() == lock
    assert not (fresh / "models" / "champion" / "model.onnx").exists()


@pytest.mark.parametrize(
    ("file", "before", "after", "words"),
    [
        ("params.yaml", "folds: 3", "folds: 1", "params.yaml: field train.folds: "),
        ("params.yaml", "folds: 3", "fold: 3", "params.yaml: field train.fold"),
        ("params.yaml", "  seed: 20 ", "  seed: [ ", "params.yaml: not YAML"),
        ("data/schema.yaml", "kind: integer", "kind: whole", "column tenure, field kind"),
        ("data/population.yaml", "window:", "widow:", "data/population.yaml"),
        ("params.yaml", "window_months: 6", "window_months: 3", "field money.window_months: 3;"),
    ],
)
def test_a_mistake_is_refused_before_anything_runs(
    shared: Path, file: str, before: str, after: str, words: str
) -> None:
    # given a mistake in a file that a person edits
    path = shared / file
    text, untouched = path.read_text(), state(shared)
    assert before in text
    path.write_text(text.replace(before, after, 1))
    # when the pipeline is run
    done = in_process(shared, "repro")
    path.write_text(text)
    # then one readable line names it, DVC did not start and nothing was touched
    assert done.returncode == 1
    assert words in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert "Running stage" not in done.stdout
    assert state(shared) == untouched


def test_check_says_what_it_checked(shared: Path) -> None:
    done = in_process(shared, "check")
    assert done.returncode == 0
    assert "data/population.yaml" in done.stdout


@pytest.mark.parametrize("arguments", [(), ("nonsense",), ("adopt",), ("run",)])
def test_wrong_usage_is_exit_code_2(shared: Path, arguments: tuple[str, ...]) -> None:
    assert stages(shared, *arguments).returncode == 2


@pytest.mark.parametrize("command", ["", "repro", "adopt", "check", "run", "check-reproducible"])
def test_help_is_enough(shared: Path, command: str) -> None:
    done = in_process(shared, *filter(None, [command]), "--help")
    assert done.returncode == 0
    assert "usage: python -m stages" in done.stdout
