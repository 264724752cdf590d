"""What people type: the targets, their variables, and the environment that they make."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.places import ROOT

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = re.search(r"^\.PHONY: (.*)$", MAKEFILE.replace("\\\n", ""), flags=re.MULTILINE)
assert TARGETS
NAMES = TARGETS[1].split()
LISTED = re.findall(r"^([a-z-]+):.*## (.*)", MAKEFILE, flags=re.MULTILINE)
COMMANDS = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
FAKE = """#!/bin/bash
# Stands for python, pip and uv: writes down what it is asked for, and makes an empty environment.
echo "$(basename "$0") $*" >> "$RECORD"
case "$*" in
    "-m venv "*) mkdir -p "$3/bin" "$3/lib"; cp "$0" "$3/bin/python"; cp "$0" "$3/bin/uv" ;;
    "-c import sysconfig"*) echo .venv/lib ;;
    *" -r $FAILS") exit 1 ;;
esac
"""


def variables(text: str) -> set[str]:
    """The variables that a text names, as NAME=value."""
    return set(re.findall(r"\b([A-Z_]+)=", text))


def make(*arguments: str, place: Path = ROOT, **more: str) -> subprocess.CompletedProcess[str]:
    """`make` as if typed in a shell, also where the tests were started by make."""
    outer = ("MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MFLAGS")
    environment = {name: value for name, value in os.environ.items() if name not in outer} | more
    return subprocess.run(
        ["make", *arguments],
        cwd=place, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_make_lists_a_dozen_targets_by_who_types_them() -> None:
    listed = make().stdout
    assert re.findall(r"^[A-Z]\w+( \w+)?$", listed, flags=re.MULTILINE)
    words = " ".join(listed.split())  # long texts have two lines
    assert [text for _, text in LISTED if f" {text} " not in words] == []
    assert max(map(len, listed.splitlines())) <= 130
    assert 12 <= len(LISTED) <= 24
    assert make("help").stdout == listed


def test_the_page_of_commands_has_every_target_and_no_other() -> None:
    rules = set(re.findall(r"^([a-z-]+):(?!=)", MAKEFILE, flags=re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)", COMMANDS)) | {"help"} == set(NAMES) == rules


def test_the_page_of_commands_names_every_command() -> None:
    asked = subprocess.run(
        [sys.executable, "-m", "stages", "--help"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    names = re.findall(r"^    ([a-z-]+)", asked.stdout, flags=re.MULTILINE)
    assert "repro" in names
    assert [name for name in names if f"python -m stages {name}" not in COMMANDS] == []


@pytest.mark.parametrize("target", NAMES)
def test_the_page_of_commands_has_every_variable_of_a_target(target: str) -> None:
    text = re.search(rf"^{target}:[^\n]*", MAKEFILE, flags=re.MULTILINE)
    rows = re.findall(rf"^\| [^|]*`make {target}(?![a-z-]).*", COMMANDS, flags=re.MULTILINE)
    assert text
    assert variables(text[0]) <= variables("".join(rows))


def test_a_variable_that_a_target_knows_reaches_its_command() -> None:
    done = make("-n", "serve", "PORT=3100")
    assert done.returncode == 0, done.stderr
    assert 'bentoml serve ${PORT:+--port "$PORT"}' in done.stdout


@pytest.mark.parametrize(
    ("given", "address"),
    [
        (["PORT=3100"], "http://localhost:3100"),
        (["URL=https://churn.example"], "https://churn.example"),
        (["PORT=3100", "URL=https://churn.example"], "https://churn.example"),
    ],
)
@pytest.mark.parametrize("target", ["deploy", "load"])
def test_what_asks_a_running_service_takes_its_port_as_serve_does(
    target: str, given: list[str], address: str, tmp_path: Path
) -> None:
    # given programs that write down what they are asked for
    for program in (".venv/bin/python", ".venv-load/bin/locust"):
        (tmp_path / program).parent.mkdir(parents=True)
        (tmp_path / program).symlink_to("/bin/echo")
    # when the recipe of the target is run with its variables
    recipe = make("-n", target, *given).stdout
    line = re.search(r"^.*(?:-m stages |bin/locust )(?:.*\\\n)*.*$", recipe, flags=re.MULTILINE)
    assert line
    done = subprocess.run(
        ["bash", "-c", line[0]], cwd=tmp_path, capture_output=True, text=True, check=True,
        env={"PATH": os.environ["PATH"], **dict(variable.split("=", 1) for variable in given)},
    )  # fmt: skip
    # then the last address is the one that was meant
    assert re.findall(r"(?:--url|--host) (\S+)", done.stdout)[-1] == address


@pytest.mark.parametrize("given", ["PRT=3100", "port=3100", "CSV=a.csv"])
def test_an_unknown_variable_is_refused_with_the_known_ones(given: str) -> None:
    done = make("-n", "serve", given)
    assert done.returncode == 2
    name = given.partition("=")[0]
    assert f"make serve: unknown variable {name}; expected one of: PYTHON PORT" in done.stderr


@pytest.mark.parametrize(
    ("target", "given", "lacking"),
    [
        ("adopt", [], "CSV"),
        ("score", ["IN=a.csv"], "OUT"),
        ("campaign", [], "IN"),
        ("monitor", ["MONTH=2026-07"], "IN"),
        ("promote", ["VERSION=v1.0.0"], "STAGE"),
        ("demote", [], "STAGE"),
        ("fetch-model", ["OUT=bundle"], "STAGE"),
        ("rollout", ["STAGE=dev"], "TO"),
        ("load", ["USERS=5"], "URL"),
        ("push-image", ["TO=ghcr.io/a/b"], "VERSION"),
        ("comment", [], "FROM"),
    ],
)
def test_what_a_target_cannot_do_without_is_named_with_an_example(
    target: str, given: list[str], lacking: str
) -> None:
    done = make("-n", target, *given)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert re.search(rf"make {target}: {lacking} is missing; for example: make {target} \S+", line)
    example = line.partition("for example: make ")[2].removesuffix(".  Stop.").split()
    assert make("-n", *example).returncode == 0


def test_fetch_model_takes_a_version_in_place_of_an_environment() -> None:
    assert make("-n", "fetch-model", "VERSION=v1.0.0").returncode == 0


def test_variables_of_several_targets_add_up() -> None:
    assert make("-n", "register", "promote", "BUMP=minor", "STAGE=prod").returncode == 0


def test_the_environment_of_the_shell_is_not_refused() -> None:
    assert make("-n", "serve", TARGET="x86_64", CSV="a.csv").returncode == 0


@pytest.mark.parametrize("target", NAMES)
def test_every_variable_that_a_recipe_reads_is_in_the_text_of_its_target(target: str) -> None:
    rule = re.search(rf"^{target}:([^\n]*)\n((?:\t.*\n)*)", MAKEFILE, flags=re.MULTILINE)
    assert rule
    read = set(re.findall(r"\$\$\{([A-Z_]+):[+?-]", rule[2]))
    assert read <= set(re.findall(r"\b([A-Z_]+)=", rule[1])), target


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The Makefile and the locks, in a place of their own, with a Python that installs nothing."""
    place = tmp_path / "clone"
    place.mkdir()
    shutil.copy(ROOT / "Makefile", place)
    shutil.copytree(ROOT / "requirements", place / "requirements")
    (place / "fake").write_text(FAKE)
    (place / "fake").chmod(0o755)
    return place


def made(place: Path, target: str = "repro", fails: str = "nothing") -> int:
    """How many environments `make` made on the way to a target."""
    record = place.parent / "record"
    record.unlink(missing_ok=True)
    make(target, "PYTHON=./fake", place=place, RECORD=str(record), FAILS=fails)
    asked = record.read_text()
    assert fails != "nothing" or asked.endswith("python -m stages " + target + "\n"), asked
    return asked.count("-m venv")


def test_the_environment_is_made_once(clone: Path) -> None:
    assert [made(clone), made(clone)] == [1, 0]


def test_new_times_of_the_locks_change_nothing(clone: Path) -> None:
    made(clone)
    for lock in (clone / "requirements").iterdir():
        os.utime(lock, (2e9, 2e9))
    assert made(clone) == 0


def test_new_content_of_a_lock_makes_it_again(clone: Path) -> None:
    made(clone)
    with (clone / "requirements" / "dev.lock").open("a") as lock:
        lock.write("newer==1\n")
    assert [made(clone), made(clone)] == [1, 0]


def test_a_copy_of_the_clone_makes_its_own(clone: Path) -> None:
    """Scripts and the path in `.venv` name the place where it was made."""
    made(clone)
    copy = shutil.copytree(clone, clone.parent / "copy", symlinks=True)
    assert [made(copy), made(clone)] == [1, 0]
    assert (copy / ".venv" / "lib" / "checkout.pth").read_text() == f"{copy.resolve()}\n"


def test_an_installation_that_did_not_end_is_made_again(clone: Path) -> None:
    made(clone)
    with (clone / "requirements" / "build.lock").open("a") as lock:
        lock.write("newer==1\n")
    assert made(clone, fails="requirements/build.lock") == 1  # as if killed here
    shutil.copy(ROOT / "requirements" / "build.lock", clone / "requirements")
    assert [made(clone), made(clone)] == [1, 0]


def test_a_removal_that_did_not_end_is_noticed(clone: Path) -> None:
    made(clone)
    tools = clone.parent / "tools"
    tools.mkdir()
    (tools / "rm").write_text('#!/bin/sh\n[ "$1" = -rf ] && exit 1; exec /bin/rm "$@"\n')
    (tools / "rm").chmod(0o755)
    lock = clone / "requirements" / "dev.lock"
    before = lock.read_text()
    lock.write_text(before + "newer==1\n")
    done = make("repro", place=clone, PATH=f"{tools}:{os.environ['PATH']}")  # as if killed here
    assert done.returncode == 2
    lock.write_text(before)
    assert made(clone) == 1


def test_an_environment_whose_python_was_removed_is_made_again(clone: Path) -> None:
    made(clone)
    (clone / ".venv" / "bin" / "python").unlink()
    (clone / ".venv" / "bin" / "python").symlink_to("/nowhere/python3.11")
    assert made(clone) == 1


def test_what_is_installed_on_top_goes_with_the_environment(clone: Path) -> None:
    assert made(clone, "track") == 1
    with (clone / "requirements" / "dev.lock").open("a") as lock:
        lock.write("newer==1\n")
    assert made(clone, "track") == 1
    assert len(list((clone / ".venv").glob(".mlflow-*"))) == 1


def test_a_linked_environment_of_somebody_else_is_not_emptied(clone: Path) -> None:
    theirs = clone.parent / "theirs"
    (theirs / "bin").mkdir(parents=True)
    (clone / ".venv").symlink_to(theirs)
    done = make("repro", "PYTHON=./fake", place=clone, RECORD=os.devnull, FAILS="nothing")
    assert ".venv: a link to another environment" in done.stderr
    assert theirs.is_dir()
