"""A deployment in steps: on, back, wait; and what is left where it is killed."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
from pathlib import Path

import pytest

from scoring.deployment import (
    Deployment,
    bundle_in_service,
    read_deployment,
    write_deployment,
)
from scoring.errors import UserError
from scoring.loading import check_bundle, read_manifest
from stages.core.paths import Paths
from stages.operations.canary import places as places_module
from stages.operations.canary.canary_params import Canary
from stages.operations.canary.deploy import deploy, undeploy
from stages.operations.canary.places import Places
from tests.operations.canary.conftest import PARAMS, canary
from tests.operations.canary.made_up import Service
from tests.service.conftest import write_club

WHY = "a test"


def version(bundle: Path) -> str:
    return str(read_manifest(bundle)[0]["version"])


def in_service(paths: Paths) -> tuple[str, str | None]:
    """Versions of champion and challenger, every file of theirs checked."""
    places = Places.of(paths)
    found = places.read()
    if found is None:
        return version(paths.champion), None
    for each in filter(None, (found.champion, found.challenger)):
        assert check_bundle(places.bundle(each))["version"] == each.version
    return found.champion.version, found.challenger.version if found.challenger else None


def test_a_challenger_takes_over_and_the_way_back_is_open(rollout, paths, first, second) -> None:
    assert version(second) in deploy(second, rollout(), reason=WHY, paths=paths)
    assert in_service(paths) == (version(second), None)
    assert version(bundle_in_service(paths.champion)) == version(second)
    assert version(first) in undeploy(Places.of(paths))
    assert in_service(paths) == (version(first), None)
    undeploy(Places.of(paths))
    assert not Places.of(paths).file.exists()
    with pytest.raises(UserError, match="nothing was deployed"):
        undeploy(Places.of(paths))


def test_every_step_is_taken_in_turn(rollout, paths, second, monkeypatch) -> None:
    seen = []
    monkeypatch.setattr(
        places_module,
        "write_deployment",
        lambda d, path: (seen.append((d.step, d.share, d.shadow)), write_deployment(d, path)),
    )
    deploy(second, rollout(), reason=WHY, paths=paths)
    steps = [(0, 1.0, True), (1, 0.1, False), (2, 1.0, False), (None, 0.0, False)]
    assert list(dict.fromkeys(seen)) == steps


@pytest.mark.parametrize(
    "service",
    [
        {"contacts": (0.4, 0.9)},
        {"contacts": (0.4, 0.05)},
        {"failures": (0.0, 0.2)},
        {"differing": 0.6},
    ],
    ids=["contacts nearly all", "contacts hardly any", "fails", "as many, but others"],
)
def test_a_breach_goes_back_by_itself(rollout, paths, first, second, service) -> None:
    run = rollout(Service(**service))
    with pytest.raises(UserError, match="taken back at step shadow"):
        deploy(second, run, reason=WHY, paths=paths)
    assert in_service(paths) == (version(first), None)
    assert run.clock() <= 30  # seconds of looking; a worker reads the file every five


@pytest.mark.parametrize(
    ("service", "words"),
    [
        ({"rate": 0}, "0 of 500 customers"),
        ({"missing": 10**6}, "does not show the figures"),
        ({"rate": 1}, "of 500 customers"),
    ],
    ids=["no traffic", "metric missing", "too few"],
)
def test_what_is_not_known_never_passes(rollout, paths, first, second, service, words) -> None:
    run = rollout(Service(**service))
    with pytest.raises(UserError, match=f"not settled in time: .*{words}"):
        deploy(second, run, reason=WHY, paths=paths)
    assert in_service(paths)[0] == version(first)
    assert run.clock() >= PARAMS["patience_seconds"]


def test_figures_that_come_late_are_waited_for(rollout, paths, second) -> None:
    deploy(second, rollout(Service(missing=20)), reason=WHY, paths=paths)
    assert in_service(paths) == (version(second), None)


def test_a_breach_goes_back_while_somebody_is_asked(rollout, paths, first, second) -> None:
    """Nobody answers; the figures turn bad meanwhile."""

    class Turning(Service):
        def figures(self, deployment):
            if asked:
                self._shares[1] = (0.4, 0.9)
            return super().figures(deployment)

    asked: list[str] = []

    def ask(question):
        asked.append(question)
        return lambda: None

    run = rollout(Turning(), ask=ask)
    with pytest.raises(UserError, match=r"taken back at step shadow: .*not answered"):
        deploy(second, run, reason=WHY, paths=paths)
    assert len(asked) == 1
    assert in_service(paths) == (version(first), None)


def test_who_does_not_approve_keeps_the_champion(rollout, paths, first, second) -> None:
    run = rollout(ask=lambda question: lambda: False)
    with pytest.raises(UserError, match="not approved"):
        deploy(second, run, reason=WHY, paths=paths)
    assert in_service(paths) == (version(first), None)


def test_only_one_writes(rollout, paths, second) -> None:
    with (
        Places.of(paths).one_writer(),
        pytest.raises(UserError, match="another deployment is under way"),
    ):
        deploy(second, rollout(), reason=WHY, paths=paths)


def test_no_decision_no_deployment(rollout, paths, second) -> None:
    with pytest.raises(UserError, match="no decision of the gate"):
        deploy(second, rollout(), reason=None, paths=paths)


def test_the_champion_and_another_schema_are_refused(rollout, paths, first, tmp_path) -> None:
    with pytest.raises(UserError, match="is the champion already"):
        deploy(first, rollout(), reason=WHY, paths=paths)
    other = write_club(tmp_path / "other", variant="no_value", winner="logistic")
    with pytest.raises(UserError, match="another schema"):
        deploy(other, rollout(), reason=WHY, paths=paths)


def killed_at(number: int, run, second: Path, paths: Paths) -> bool:
    """Deploy in a process that is killed just before its n-th write; whether it was."""

    def child() -> None:
        left = number

        def write(deployment: Deployment, path: Path) -> None:
            nonlocal left
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1
            write_deployment(deployment, path)

        places_module.write_deployment = write
        deploy(second, run, reason=WHY, paths=paths)

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join(60)
    return process.exitcode == -signal.SIGKILL


@pytest.mark.parametrize("boundary", range(6))
@pytest.mark.parametrize("after", ["deploy", "undeploy"])
def test_killed_at_any_boundary_the_next_start_finishes_or_undoes(
    rollout, paths, first, second, boundary: int, after: str
) -> None:
    killed = killed_at(boundary, rollout(), second, paths)
    assert killed == (boundary < 5)
    champion, challenger = in_service(paths)  # one champion, whole, at most one challenger
    assert champion in (version(first), version(second))
    assert challenger in (None, version(second))
    if after == "undeploy" and killed and boundary:
        undeploy(Places.of(paths))
        assert in_service(paths) == (version(first), None)
    elif killed:
        deploy(second, rollout(), reason=WHY, paths=paths)
        assert in_service(paths) == (version(second), None)


def test_a_half_copy_of_a_bundle_is_made_again(rollout, paths, second) -> None:
    half = Places.of(paths).copies / version(second) / "champion"
    shutil.copytree(second, half)
    (half / "model.onnx").write_bytes(b"half")
    deploy(second, rollout(), reason=WHY, paths=paths)
    assert in_service(paths) == (version(second), None)


def test_another_challenger_waits_until_the_first_is_done(rollout, paths, second, tmp_path) -> None:
    assert killed_at(2, rollout(), second, paths)
    third = write_club(tmp_path / "third", winner="logistic")
    with pytest.raises(UserError, match=f"{version(second)} is being deployed"):
        deploy(third, rollout(), reason=WHY, paths=paths)


@pytest.mark.parametrize(
    "steps", [[], ["shadow"], [0.5], [0.5, 0.1, 1.0], [0.1, "shadow", 1.0], [1.0, 1.0]]
)
def test_steps_begin_with_a_shadow_rise_and_end_in_all(steps) -> None:
    with pytest.raises(UserError, match="canary"):
        canary(steps=steps)
    assert Canary.of(PARAMS).steps[-1] == 1.0


@pytest.mark.parametrize("content", ["", "{}", '{"champion": 1}', '{"champion": {}}'])
def test_a_file_that_is_no_deployment_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "deployment.json").write_text(content)
    with pytest.raises(UserError, match=r"deployment\.json: field"):
        read_deployment(tmp_path / "deployment.json")
