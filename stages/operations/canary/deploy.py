"""`deploy` and `undeploy`: a challenger becomes the champion in steps, and the way back.

All that is known of a deployment is in one file, which is replaced as a whole: after every end,
kill -9 too, there is one champion, and `deploy` goes on where it was, `undeploy` goes back.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from scoring.deployment import Deployment
from scoring.errors import UserError
from scoring.loading import read_manifest
from stages.core.paths import Paths
from stages.operations.canary.approval import Approval, nobody_is_asked
from stages.operations.canary.canary_params import Canary
from stages.operations.canary.places import Places, version_of
from stages.operations.canary.step import Figures, Finding, judge
from stages.operations.gate.gate_decision import read_decisions


class Watched(Protocol):
    """A service whose figures can be read."""

    def begin(self) -> None:
        """Count from now on."""

    def figures(self, deployment: Deployment) -> Figures | None:
        """Counts of its champion and challenger since then; None where they are missing."""


@dataclass
class CanaryDeployment:
    """A deployment under way."""

    places: Places
    params: Canary
    service: Watched
    ask: Callable[[str], Approval] = nobody_is_asked
    pause: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    say: Callable[[str], None] = field(default=lambda line: print(line, file=sys.stderr))

    def start(self, champion: Path, challenger: Path) -> Deployment:
        """The deployment as it was left, or a new one at its first step."""
        found = self.places.read()
        version = version_of(challenger)
        if found is not None and found.challenger is not None:
            if found.challenger.version != version:
                raise UserError(
                    f"{self.places.file.name}: {found.challenger.version} is being deployed; run "
                    "make deploy for it to go on, or make undeploy to go back"
                )
            return found
        found = found or Deployment(champion=self.places.keep(champion))
        if found.champion.version == version:
            raise UserError(f"{challenger}: {version} is the champion already")
        _check_schema(self.places.bundle(found.champion), challenger)
        return self.at(found.model_copy(update={"challenger": self.places.keep(challenger)}), 0)

    def at(self, deployment: Deployment, step: int) -> Deployment:
        """The deployment at a step, written."""
        chosen = self.params.steps[step]
        shadow = chosen == "shadow"
        share = 1.0 if chosen == "shadow" else float(chosen)
        moved = deployment.model_copy(update={"step": step, "share": share, "shadow": shadow})
        self.places.write(moved)
        return moved

    def run(self, deployment: Deployment) -> Deployment:
        """All steps that are left; `UserError` where it was taken back."""
        step = min(deployment.step or 0, len(self.params.steps) - 1)
        while True:
            deployment = self.at(deployment, step)
            finding = self._watch(deployment, step)
            self.say(f"step {_name(self.params.steps[step])}: {finding.outcome}, {finding.words}")
            if finding.outcome != "on":
                self.places.write(back(deployment))
                raise UserError(
                    f"challenger {_version(deployment)}: taken back at step "
                    f"{_name(self.params.steps[step])}: {finding.words}"
                )
            step += 1
            if step == len(self.params.steps):
                done = finished(deployment)
                self.places.write(done)
                return done

    def _watch(self, deployment: Deployment, step: int) -> Finding:
        """Look until it is clear, and until whoever is asked has approved."""
        self.service.begin()
        due, asked, shown = self.clock() + self.params.patience_seconds, None, ""
        is_all = self.params.steps[step] == 1.0
        while True:
            figures = self.service.figures(deployment)
            finding = judge(figures, self.params, is_all=is_all)
            if finding.outcome == "back":
                return finding
            if finding.outcome == "on":
                asked = asked or self.ask(f"{finding.words}. On to the next step? [y/N] ")
                approved = asked()
                if approved is not None:
                    return finding if approved else Finding("back", "not approved")
            if self.clock() >= due:
                return Finding("back", f"not settled in time: {finding.words}")
            if finding.words != shown:
                shown = finding.words
                self.say(f"step {_name(self.params.steps[step])}: {shown}")
            self.pause(self.params.poll_seconds)


def _name(step: object) -> str:
    return "shadow" if step == "shadow" else f"{step:.0%}"


def _version(deployment: Deployment) -> str:
    assert deployment.challenger is not None
    return deployment.challenger.version


def back(deployment: Deployment) -> Deployment:
    """The champion alone again."""
    alone = {"challenger": None, "step": None, "share": 0.0, "shadow": False}
    return deployment.model_copy(update=alone)


def finished(deployment: Deployment) -> Deployment:
    """The challenger as champion, the former champion as the way back."""
    assert deployment.challenger is not None
    return Deployment(champion=deployment.challenger, previous=deployment.champion)


def _check_schema(champion: Path, challenger: Path) -> None:
    ours, theirs = (read_manifest(folder)[1] for folder in (champion, challenger))
    if ours.inputs != theirs.inputs:
        raise UserError(f"{challenger}: of another schema; a running service keeps its own")


def check_decision(version: str, *, reason: str | None, paths: Paths) -> str:
    """Why this version may be deployed; `UserError` where no gate promoted it and nobody says."""
    if reason:
        return f"without a decision of the gate: {reason}"
    for decision in reversed(read_decisions(paths)):
        if decision.challenger.version == version:
            if decision.promoted:
                return decision.summary
            raise UserError(f"{decision.summary}; a REASON deploys it all the same")
    raise UserError(f"{version}: no decision of the gate; run make retrain, or give a REASON")


def deploy(model: Path, canary: CanaryDeployment, *, reason: str | None, paths: Paths) -> str:
    """Deploy a bundle in steps; what was done, in words."""
    with canary.places.one_writer():
        canary.say(check_decision(version_of(model), reason=reason, paths=paths))
        done = canary.run(canary.start(paths.champion, model))
    before = done.previous.version if done.previous else "none"
    return (
        f"Champion {done.champion.version} answers, in place of {before}; make undeploy goes back"
    )


def undeploy(places: Places) -> str:
    """Go back: out of a deployment that is under way, else to the champion before; in words."""
    with places.one_writer():
        found = places.read()
        if found is None:
            raise UserError(f"{places.file.name}: not there; nothing was deployed")
        if found.challenger is not None:
            places.write(back(found))
            return f"Challenger {_version(found)} taken back; champion {found.champion.version}"
        if found.previous is None:
            places.file.unlink()
            return "The bundle of the settings answers again"
        places.write(Deployment(champion=found.previous))
        return (
            f"Champion {found.previous.version} answers again, in place of {found.champion.version}"
        )
