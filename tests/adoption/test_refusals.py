"""An adoption that is refused says why and leaves nothing behind: doubtful columns, git, DVC."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from scoring.errors import UserError
from stages import cli
from stages.adoption.adopt import AdoptionOptions, adopt
from stages.adoption.target import Outcome
from stages.core.paths import Paths
from stages.parameters import read_parameters
from tests.places import ROOT

STRICT = AdoptionOptions(strict=True)
CERTAIN = ["customer_id", "tenure", "monthly_fee", "plan", "churn"]  # nothing of it is in doubt


@pytest.fixture
def place(tmp_path: Path) -> Paths:
    """What adoption reads and writes of a repository, without git."""
    for name in ("params.yaml", "dvc.yaml", "data/schema.yaml", "data/population.yaml",
                 ".dvc/config", ".dvcignore"):  # fmt: skip
        (tmp_path / "here" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / "here" / name)
    return Paths(tmp_path / "here")


@pytest.fixture
def customers(tmp_path: Path) -> Path:
    """A CSV of which one column, the number of each row, is in doubt."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "customer_id": [f"c{number}" for number in range(200)],
            "tenure": rng.integers(0, 60, 200),
            "monthly_fee": rng.uniform(5, 50, 200).round(2),
            "plan": rng.choice(["a", "b"], 200),
            "amount": rng.permutation(np.arange(100_000, 300_000, 1000)),
            "churn": rng.choice(["yes", "no"], 200),
        }
    )
    table.to_csv(tmp_path / "shop.csv", index=False)
    return tmp_path / "shop.csv"


def git(place: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
    subprocess.run(["git", *identity, *arguments], cwd=place, check=True, capture_output=True)


def files(place: Paths) -> dict[Path, bytes]:
    """What lies in a repository, but for the record of the validation and what DVC keeps."""
    return {
        path: path.read_bytes()
        for path in place.root.rglob("*")
        if path.is_file() and not {".git", "reports", "tmp"} & set(path.parts)
    }


def refused(source: Path, place: Paths, options: AdoptionOptions | None = None) -> UserError:
    """Why an adoption is refused, which changed nothing."""
    before = files(place)
    with pytest.raises(UserError) as caught:
        adopt(str(source), place, options)
    assert files(place) == before
    assert "\n" not in caught.value.message
    return caught.value


# --- doubt ---------------------------------------------------------------------------------------


def test_strict_refuses_a_table_in_doubt_and_names_it(place: Paths, customers: Path) -> None:
    error = refused(customers, place, STRICT)
    assert error.message.startswith(f"{customers}: 1 thing is in doubt, the first of them amount: ")
    assert "(STRICT=1)" in error.message
    assert "?  amount" in str(error)


def test_strict_exits_with_1(
    place: Paths,
    customers: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(Paths, "here", lambda: place)
    assert cli.main(["adopt", str(customers), "--strict"]) == 1
    printed = capsys.readouterr()
    assert "in doubt, the first of them amount" in printed.err.splitlines()[-1]
    assert printed.out == ""


def test_strict_takes_a_table_that_nothing_is_in_doubt_of(place: Paths, customers: Path) -> None:
    git(place.root, "init", "-q")
    pd.read_csv(customers)[CERTAIN].to_csv(customers, index=False)
    done = adopt(str(customers), place, replace(STRICT, window=3))
    assert "Adopted 200 customers" in done
    # and how far ahead its target looks is written down, until the simulator's customers are back
    assert "Churn is taken as leaving within 3 months" in done
    assert read_parameters(place).money.window_months == 3
    assert "A contact is taken to cost 1 and an accepted offer 10" in done
    adopt("generated", place)
    assert place.params.read_bytes() == (ROOT / "params.yaml").read_bytes()


def test_values_given_in_another_order_are_those_of_the_schema(
    place: Paths, customers: Path
) -> None:
    table = pd.read_csv(customers).drop(columns="churn")
    table["status"] = np.resize(["Active", "Left", "Lapsed"], len(table))
    table.to_csv(customers, index=False)
    git(place.root, "init", "-q")
    adopt(str(customers), place, AdoptionOptions(outcome=Outcome(positive="Left,Lapsed")))
    given = AdoptionOptions(outcome=Outcome(positive="lapsed, Left", negative="Active"))
    assert "Adopted 200 customers" in adopt(str(customers), place, given)


@pytest.mark.parametrize("months", ["0", "-1", "inf", "nan", "three"])
def test_a_window_is_a_number_of_months(months: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(["adopt", "customers.csv", "--window", months])
    assert f"{months}: expected a number of months above 0" in capsys.readouterr().err


# --- git and DVC ---------------------------------------------------------------------------------


def test_without_git_dvc_says_so_and_no_draft_is_left_for_the_next(
    place: Paths, customers: Path
) -> None:
    error = refused(customers, place)
    assert error.message.startswith("data/external/shop.csv: dvc add failed: ")
    assert "is not a git repository" in error.message
    # the next adoption drafts a schema: it finds none that it would take for the user's
    git(place.root, "init", "-q")
    assert "A schema was drafted" in adopt(str(customers), place)
    assert "A schema was drafted" not in adopt(str(customers), place)


def test_a_csv_that_is_in_git_by_mistake_is_named_with_the_cure(
    place: Paths, customers: Path
) -> None:
    place.external.mkdir(parents=True)
    shutil.copy(customers, place.external)
    git(place.root, "init", "-q")
    git(place.root, "add", "-f", "data/external/shop.csv")
    git(place.root, "commit", "-qm", "by mistake")
    error = refused(customers, place)
    assert "already tracked by SCM" in error.message
    assert "git rm -r --cached 'data/external/shop.csv'" in error.message


def test_a_failed_adoption_keeps_what_the_user_wrote(place: Paths, customers: Path) -> None:
    git(place.root, "init", "-q")
    adopt(str(customers), place)
    schema = place.external / "shop.schema.yaml"
    schema.write_text(schema.read_text() + "# mine\n")
    shutil.rmtree(place.root / ".git")
    refused(customers, place)
    assert schema.read_text().endswith("# mine\n")


def test_a_user_id_without_a_name_is_given_one(monkeypatch: pytest.MonkeyPatch) -> None:
    # as in a container that runs as a number: nothing in the environment, nobody in passwd
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", {}.__getitem__)
    monkeypatch.setenv("USER", "")  # so that it is put back
    with pytest.raises(KeyError):
        cli.getpass.getuser()
    cli._name_user()
    assert cli.getpass.getuser().startswith("uid-")
