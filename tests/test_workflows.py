"""The workflows: what they may do, and that a laptop can do the same."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stages.core.yamlfile import read_yaml
from tests.places import ROOT

FOLDER = ROOT / ".github" / "workflows"
FILES = {path.stem: path for path in sorted(FOLDER.glob("*.yml"))}
WORKFLOWS = {name: read_yaml(path) for name, path in FILES.items()}
JOBS = {(name, job): body for name, it in WORKFLOWS.items() for job, body in it["jobs"].items()}
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
RULES = dict(re.findall(r"^([a-z-]+):(?!=) *([^#\n]*)", MAKEFILE, flags=re.MULTILINE))
WRITES = {
    ("comment", "comment"): {"pull-requests"},
    ("release", "publish"): {"packages", "id-token", "attestations"},
    ("release", "dev"): {"id-token"},
    ("release", "prod"): {"id-token"},
    ("lock", "propose"): {"contents", "pull-requests"},
    ("retrain", "propose"): {"contents", "pull-requests"},
}
each_workflow = pytest.mark.parametrize("name", WORKFLOWS)
each_job = pytest.mark.parametrize("job", JOBS, ids="/".join)


def steps(job: tuple[str, str], key: str) -> Iterator[dict[str, Any]]:
    return (step for step in JOBS[job]["steps"] if key in step)


def targets(job: tuple[str, str]) -> list[str]:
    """The make targets of a job; every step is one, with plain settings."""
    found = [
        re.fullmatch(r"make ([a-z-]+)( [A-Z]+=[\w./-]+)*", s["run"]) for s in steps(job, "run")
    ]
    assert all(found), [step["run"] for step in steps(job, "run")]
    return [match[1] for match in found if match]


def action(step: dict[str, Any]) -> str:
    return str(step.get("uses", "")).partition("@")[0]


def test_the_workflows_are_there() -> None:
    assert {"ci", "report", "comment", "security", "release", "lock", "retrain"} == set(WORKFLOWS)


@each_workflow
def test_nothing_is_allowed_unless_a_job_asks(name: str) -> None:
    assert WORKFLOWS[name]["permissions"] == {}
    assert WORKFLOWS[name]["concurrency"]["group"]


@each_workflow
def test_no_workflow_lends_the_repositorys_rights_to_a_pull_request(name: str) -> None:
    text = FILES[name].read_text(encoding="utf-8")
    assert "pull_request_target" not in text
    assert "secrets." not in text
    assert ("workflow_run" in WORKFLOWS[name]["on"]) == (name == "comment")


@each_job
def test_a_job_ends_and_writes_only_where_it_must(job: tuple[str, str]) -> None:
    body = JOBS[job]
    assert 0 < body["timeout-minutes"] <= 60
    assert set(body["permissions"].values()) <= {"read", "write"}
    writes = {name for name, level in body["permissions"].items() if level == "write"}
    assert writes == WRITES.get(job, set())
    assert body["runs-on"] == "ubuntu-24.04"


@each_job
def test_every_step_is_a_make_target_or_an_action(job: tuple[str, str]) -> None:
    assert all(("run" in step) != ("uses" in step) for step in JOBS[job]["steps"])
    assert targets(job), "a job does something of its own"
    assert set(targets(job)) <= set(RULES)


@each_job
def test_what_may_write_installs_no_package_of_python(job: tuple[str, str]) -> None:
    """Their targets do without the environment, so that no package comes near the permission."""
    if job in WRITES:
        assert not [target for target in targets(job) if "$(ENV)" in RULES[target]]
        assert "actions/setup-python" not in map(action, steps(job, "uses"))


@each_job
def test_actions_are_githubs_or_dockers_and_pinned_by_commit(job: tuple[str, str]) -> None:
    lines = FILES[job[0]].read_text(encoding="utf-8")
    for step in steps(job, "uses"):
        assert re.fullmatch(r"(actions|docker)/[\w/-]+@[0-9a-f]{40}", step["uses"]), step["uses"]
        assert re.search(rf"uses: {step['uses']} # v\d+\.\d+\.\d+$", lines, flags=re.MULTILINE)


def test_one_action_has_one_commit_everywhere() -> None:
    used = {step["uses"] for job in JOBS for step in steps(job, "uses")}
    pins = {(action({"uses": it}).split("/")[1], it.partition("@")[2]) for it in used}
    assert len(pins) == len({name for name, _ in pins})


@each_job
def test_a_checkout_leaves_no_token_behind(job: tuple[str, str]) -> None:
    for step in steps(job, "uses"):
        if action(step) == "actions/checkout":
            assert step["with"]["persist-credentials"] is False
            assert not {"ref", "repository"} & set(step["with"])


def test_the_comment_reads_the_report_outside_its_checkout() -> None:
    job = ("comment", "comment")
    (download,) = [s for s in steps(job, "uses") if action(s) == "actions/download-artifact"]
    assert download["with"]["path"].startswith("${{ runner.temp }}/")
    (post,) = [s for s in steps(job, "run") if s["run"] == "make comment"]
    assert post["env"]["FROM"] == download["with"]["path"]
    uploads = [s["with"]["name"] for s in steps(("report", "report"), "uses") if "with" in s
               and action(s) == "actions/upload-artifact"]  # fmt: skip
    assert download["with"]["pattern"] in uploads
    assert WORKFLOWS["comment"]["on"]["workflow_run"]["workflows"] == [WORKFLOWS["report"]["name"]]


def test_what_is_handed_to_others_is_built_without_a_cache() -> None:
    for name in ("release", "comment", "lock", "retrain"):
        assert "actions/cache" not in FILES[name].read_text(encoding="utf-8")


def test_the_cache_of_the_environment_is_that_of_the_lock() -> None:
    keys = [step["with"]["key"] for job in JOBS for step in steps(job, "uses")
            if action(step).startswith("actions/cache")]  # fmt: skip
    assert keys
    assert all(
        "hashFiles('requirements/dev.lock'" in k or "hashFiles('dvc.lock'" in k for k in keys
    )


def test_a_release_goes_to_dev_then_waits_for_approval_and_is_what_was_published() -> None:
    jobs = WORKFLOWS["release"]["jobs"]
    assert [jobs[name]["environment"] for name in ("dev", "prod")] == ["dev", "prod"]
    assert "dev" in jobs["prod"]["needs"]  # which ends with the smoke test
    for name in ("dev", "prod"):
        (step,) = steps(("release", name), "run")
        assert step["run"] == f"make rollout STAGE={name}"
        for variable, image in (("TO", "service"), ("PIPELINE", "pipeline")):
            assert step["env"][variable] == f"${{{{ needs.publish.outputs.{image} }}}}"
            assert image in jobs["publish"]["outputs"]


def test_both_images_are_scanned_listed_and_signed_before_anybody_runs_them() -> None:
    build, publish = targets(("release", "build")), WORKFLOWS["release"]["jobs"]["publish"]
    assert [build.count(name) for name in ("image", "scan-image", "sbom")] == [2, 2, 2]
    attested = [step["with"] for step in publish["steps"] if action(step) == "actions/attest"]
    for image in ("service", "pipeline"):
        of_it = [one for one in attested if f".{image}." in one.get("subject-digest", "")]
        assert len(of_it) == 2
        assert any(one.get("sbom-path", "").endswith(f"image-{image}.cdx.json") for one in of_it)
    assert any("models/champion/" in one.get("subject-path", "") for one in attested)


def test_ci_checks_on_every_python_and_does_what_run_does() -> None:
    job = ("ci", "tests")
    assert JOBS[job]["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]
    *real, check, test, slow = targets(job)
    checks = [check, test, slow]
    assert real == ["cml", "programs"]  # so that comment and stack are tested with real ones
    assert checks == ["check", "test", "test-slow"]
    alone = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    wanted = {*checks, *targets(("ci", "same-bytes"))}
    assert set(re.findall(r"^make ([a-z-]+)", alone, flags=re.MULTILINE)) == wanted


def git(place: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=me", "-c", "user.email=me@localhost"]
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=place, capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.fixture
def locked(tmp_path: Path) -> Path:
    """A repository with a lock and the script, and a bare one that it pushes to."""
    place = tmp_path / "clone"
    (place / ".ci").mkdir(parents=True)
    script = place / ".ci" / "propose-lock"
    script.write_bytes((ROOT / ".ci" / "propose-lock").read_bytes())
    script.chmod(0o755)
    (place / "requirements").mkdir()
    (place / "requirements" / "dev.lock").write_text("dvc==1\n")
    git(tmp_path, "init", "--quiet", "--bare", "remote")
    git(place, "init", "--quiet", "--initial-branch=main")
    git(place, "remote", "add", "origin", str(tmp_path / "remote"))
    git(place, "add", "--all")
    git(place, "commit", "--quiet", "--message=locks")
    return place


def propose(place: Path, *, already: str = "") -> list[str]:
    """What gh was asked for, other than the list; a stand-in answers that `already` is open."""
    bin_, record = place.parent / "bin", place.parent / "record"
    bin_.mkdir(exist_ok=True)
    (bin_ / "gh").write_text(f'#!/bin/sh\necho "$1 $2 $3" >> "{record}"\n'
                             f'[ "$2" = list ] && echo "{already}"\nexit 0\n')  # fmt: skip
    (bin_ / "gh").chmod(0o755)
    who = {
        f"GIT_{role}_{part}": "me" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")
    }
    environment = os.environ | who | {"PATH": f"{bin_}:{os.environ['PATH']}"}
    subprocess.run([place / ".ci" / "propose-lock"], env=environment, check=True)
    asked = record.read_text().splitlines() if record.exists() else []
    return [line for line in asked if not line.startswith("pr list")]


def test_a_newer_lock_is_proposed_alone_and_once(locked: Path) -> None:
    assert propose(locked) == []  # nothing newer
    (locked / "requirements" / "dev.lock").write_text("dvc==2\n")
    (locked / "notes.txt").write_text("not a lock\n")
    assert propose(locked, already="https://github.com/o/r/pull/1") == []
    assert git(locked, "branch", "--show-current") == "main\n"
    assert propose(locked) == ["pr create --draft"]
    pushed = git(locked.parent / "remote", "show", "--stat", "--format=", "update-lock")
    assert "requirements/dev.lock" in pushed
    assert "notes" not in pushed
