"""Month after month of the loop: monitor, retraining, gate and canary as they are."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from scoring.deployment import bundle_in_service
from scoring.errors import UserError
from scoring.money import Costs
from scoring.verdict import Question, Verdict
from stages.core.files import read_table, write_table
from stages.core.paths import Paths
from stages.core.yaml_edit import update_yaml
from stages.core.yamlfile import load_schema
from stages.features.table import ID
from stages.model.costs import costs_of
from stages.monitoring.monitor import monitor
from stages.monitoring.month_table import keys_of, read_month
from stages.monitoring.outcomes import Outcomes
from stages.operations.canary.deploy import CanaryDeployment, deploy
from stages.operations.canary.places import Places
from stages.operations.gate.bundles import Side
from stages.operations.gate.gate_decision import write_decision
from stages.operations.gate.hold_out import hold_out
from stages.operations.gate.judge import judge
from stages.operations.retrain import labelled
from stages.operations.retrain.challenger import train_challenger
from stages.operations.retrain.journal import Reason
from stages.operations.retrain.retrain import challenger_to_deploy, judged_challenger
from stages.operations.story.script import Script
from stages.operations.story.simulated_service import SimulatedService
from stages.operations.story.world import World
from stages.parameters import Parameters, read_parameters
from stages.simulator.population import load_population

# Minutes, not hours: few candidates on few folds. One month teaches, and the next retraining comes
# a month later: with every month that closes, half a year long, labels know more of the offer.
CHANGES: Mapping[str, Mapping[str, object]] = {
    "train": {"candidates": ["base_rate", "one_feature", "logistic"], "folds": 3, "repeats": 1},
    "evaluate": {"resamples": 200},
    "features": {"test_share": 0.3},
    "retrain": {"months": 1, "cool_down": 1, "labels": 500},
    # One value of a kept customer for all ways. One that follows the churn rate differs with when a
    # model learned: who learned of the offer would contact by other costs than all are judged by.
    "money": {"lifetime": {"rule": "months"}},
}
# What asks for a retraining, and the alert that it comes from (deploy/prometheus/alerts.yml).
REASONS: Mapping[Question, Reason] = {"departures": "departures", "calibration": "decay"}
FAULT, CHANGED, DEPARTURES = "ChurnDataFault", "ChurnCustomersChanged", "ChurnDeparturesChanged"


@dataclass(frozen=True)
class Played:
    """A month, and the profit per customer of each way of keeping a model.

    `champion` is the version that answered, `decision` what was decided after it, `every` NaN where
    that way is not played.
    """

    month: int
    customers: int
    status: str
    verdict: str
    alert: str
    decision: str
    champion: str
    loop: float
    never: float
    every: float
    oracle: float


@dataclass
class Story:
    """A small repository in a folder of its own, and the world that it is in."""

    paths: Paths
    world: World

    @classmethod
    def begin(cls, source: Paths, folder: Path, script: Script) -> Story:
        """With a champion that learned from the first snapshot, in an empty folder."""
        paths = Paths(folder)
        for file in (source.params, source.schema):
            copy = folder / source.relative(file)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, copy)
        update_yaml(paths.params, CHANGES)
        schema = load_schema(source.schema)
        world = World(load_population(source.population), schema, script)
        story = cls(paths, world)
        bundle = story._trained(story.world.labelled(0), "first")
        shutil.copytree(bundle.parent, paths.champion.parent)
        return story

    def play(self, say: Callable[[Played], None]) -> list[Played]:
        """All months; `say` is called with each as it ends.

        The months before the first champion answers are monitored as well: the monitor learns from
        earlier months.
        """
        script = self.world.script
        first = every = Side.read(self.paths.champion)
        for month in range(1, script.first):
            self._monitored(month)
        played = []
        for month in script.played:
            played.append(self._month(month, first, every if script.every_month else None))
            if script.every_month:
                every = self._retrained_anyway(month) or every
            say(played[-1])
        return played

    def _month(self, month: int, first: Side, every: Side | None) -> Played:
        """What each way earns, then what the loop makes of the month."""
        champion, costs = Side.read(self._champion), self._costs
        loop, never, oracle = (
            self.world.profit(month, side, costs) for side in (champion, first, None)
        )
        verdict = self._monitored(month)
        return Played(
            month, self.world.script.customers, verdict.status, verdict.summary,
            alert_of(verdict), self._decided(month, verdict), champion.version,
            loop, never, self.world.profit(month, every, costs) if every else math.nan, oracle,
        )  # fmt: skip

    @property
    def params(self) -> Parameters:
        """Those of the story's repository."""
        return read_parameters(self.paths)

    @property
    def _champion(self) -> Path:
        """The bundle that answers."""
        return bundle_in_service(self.paths.champion)

    @property
    def _costs(self) -> Costs:
        """What all ways of keeping a model are judged by: the costs at the first churn rate."""
        schema = self.world.schema
        base_rate = float(schema.churned(self.world.labelled(0)).mean())
        return costs_of(self.params.money, base_rate=base_rate)

    def _trained(self, customers: pd.DataFrame, name: str) -> Path:
        """A bundle that learned from these customers."""
        own = Paths(self.paths.root, results=self.paths.root / "trained" / name)
        return train_challenger(customers, self.world.schema, self.params, own)

    def _monitored(self, month: int) -> Verdict:
        """The verdict on the customers as they arrive."""
        params, bundle, name = self.params.monitor, self._champion, _name(month)
        file = self.paths.root / "incoming" / f"month_{name}.parquet"
        write_table(file, self.world.arrived(month))
        return monitor(
            read_month(str(file), bundle, month=name, most=params.max_customers),
            bundle=bundle, params=params, window=self.world.window, paths=self.paths,
            outcomes=self._outcomes(month), as_of=name,
        )  # fmt: skip

    def _outcomes(self, month: int) -> dict[str, Outcomes]:
        """Labels of the newest month whose window has closed, where it is one of the story."""
        newest, schema = month - self.world.window, self.world.schema
        if newest < 1:
            return {}
        table = self.world.labelled(newest)
        keys = keys_of(table[str(schema.id_name)].tolist())
        return {_name(newest): Outcomes(keys, schema.churned(table).astype(bool))}

    def _decided(self, month: int, verdict: Verdict) -> str:
        """Labels come in, a challenger is trained where the monitor asks for it, and deployed."""
        self._take_in(month - self.world.window)
        if month == self.world.script.bad:
            return self._planted(month)
        reason = reason_of(verdict)
        if reason is None or len(labelled.labelled_months(self.paths)) < 2:
            return ""
        found = judged_challenger(reason, self.paths, as_of=_name(month))
        if isinstance(found, str):
            return found
        if not found.promoted:
            return found.summary
        return f"{found.summary}; {self._deployed(challenger_to_deploy(self.paths), month)}"

    def _take_in(self, month: int) -> None:
        """The labels of a month, unless its table was broken: nobody learns from that."""
        if month == self.world.script.broken:
            return
        file = self.paths.root / "incoming" / f"labelled_{_name(month)}.parquet"
        write_table(file, self.world.labelled(month))
        labelled.take_in(file, self.world.schema, self.paths, month=_name(month))

    def _planted(self, month: int) -> str:
        """By hand a model learns from inverted labels; refused, it is deployed all the same."""
        newest = month - self.world.window
        bad = self._trained(self.world.labelled(newest - 1, inverted=True), "bad")
        data = hold_out(
            labelled.folder_of(self.paths) / f"{_name(newest)}.parquet", self.world.schema,
            self.params.features, month=_name(newest), as_of=_name(month),
            window=self.world.window, learned=[_name(newest - 1)],
            seen=read_table(Paths(bad.parents[1]).train, [ID])[ID].astype(str),
        )  # fmt: skip
        decision = judge(self._champion, bad, data, self.params)
        write_decision(decision, self.paths)
        return f"{decision.summary}; {self._deployed(bad, month, reason='by hand')}"

    def _deployed(self, bundle: Path, month: int, *, reason: str | None = None) -> str:
        """What became of a deployment in steps, in words."""
        sides = Side.read(self._champion), Side.read(bundle)
        old, new = (self.world.contacts(month, side) for side in sides)
        places = Places.of(self.paths)
        service = SimulatedService(places, (old, new), seed=month)
        canary = CanaryDeployment(
            places, self.params.canary, service,
            pause=service.pause, clock=service.clock, say=lambda line: None,
        )  # fmt: skip
        try:
            return deploy(bundle, canary, reason=reason, paths=self.paths)
        except UserError as error:
            return str(error)

    def _retrained_anyway(self, month: int) -> Side | None:
        """Who is retrained every month, with no gate and no canary; None before there are labels.

        It learns from the month that is newest, which the loop judges on. The bad model is deployed
        here as well, and nothing takes it back before the next month does.
        """
        script, newest = self.world.script, month - self.world.window
        if month == script.bad:
            return Side.read(Paths(self.paths.root / "trained" / "bad").champion)
        if newest < 1 or newest == script.broken:
            return None
        return Side.read(self._trained(self.world.labelled(newest), f"every_{_name(month)}"))


def _name(month: int) -> str:
    return f"{month:03d}"


def reason_of(verdict: Verdict) -> Reason | None:
    """What a verdict asks to retrain for; a fault never does, nor do other customers alone."""
    if verdict.status != "change":
        return None
    found = (REASONS[question] for question in verdict.changes if question in REASONS)
    return next(found, None)


def alert_of(verdict: Verdict) -> str:
    """The alerts that fire on a verdict; a fault inhibits the others."""
    if verdict.status == "fault":
        return FAULT
    found = [CHANGED] if "population" in verdict.changes else []
    return ", ".join(found + [DEPARTURES] * bool(set(verdict.changes) & set(REASONS)))
