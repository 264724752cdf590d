"""The two bundles that a gate judges, and what can be seen of them before anybody is scored."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from scoring.bundle import FALLBACK_MODEL, MODEL, Scorer
from scoring.errors import UserError
from scoring.loading import check_bundle, read_manifest
from scoring.money import Costs
from scoring.schema import Schema
from stages.core.quantity import quantity
from stages.model.costs import costs_of
from stages.model.money_params import Money
from stages.operations.gate.gate_decision import Check, Judged

CROSS_VALIDATED = ("roc_auc", "average_precision", "brier", "log_loss")


@dataclass(frozen=True)
class Side:
    """A bundle: its folder, manifest, schema, and the folder with what `train` compared."""

    folder: Path
    manifest: Mapping[str, Any]
    schema: Schema
    comparison: Path

    @classmethod
    def read(cls, folder: Path) -> Side:
        """The bundle in a folder; `UserError` where its manifest or schema cannot be trusted."""
        manifest, schema = read_manifest(folder)
        return cls(folder, manifest, schema, folder.parent / "comparison")

    @property
    def version(self) -> str:
        """The version, derived from the content."""
        return str(self.manifest["version"])

    @property
    def judged(self) -> Judged:
        """What the decision says of it."""
        shown = {key: str(self.manifest[key]) for key in ("name", "version", "candidate")}
        return Judged(**shown, files=dict(sorted(self.manifest["files"].items())))

    @property
    def scorer(self) -> Scorer:
        """Its champion tier."""
        return Scorer((self.folder / MODEL).read_bytes())

    def cross_validated(self, metric: str) -> float:
        """A metric that it was trained with; NaN where its manifest has none."""
        found = self.manifest.get("metrics", {}).get(metric)
        return float(found) if isinstance(found, int | float) else math.nan


def check_bundles(champion: Side, challenger: Side, money: Money) -> Iterator[Check]:
    """What disqualifies a challenger unseen."""
    yield _is_whole(challenger)
    yield _is_another(champion, challenger)
    yield _has_the_schema(champion, challenger)
    yield _has_the_costs(challenger, money)
    yield _has_metrics(champion, challenger)


def _is_whole(challenger: Side) -> Check:
    try:
        check_bundle(challenger.folder)
    except UserError as error:
        return Check(name="broken_bundle", passed=False, words=str(error))
    return Check(name="broken_bundle", passed=True, words="every file has the hash of its manifest")


def _is_another(champion: Side, challenger: Side) -> Check:
    files = [side.manifest["files"] for side in (champion, challenger)]
    same = champion.version == challenger.version or all(
        files[0].get(name) == files[1].get(name) for name in (MODEL, FALLBACK_MODEL)
    )
    words = f"champion {champion.version}, challenger {challenger.version}"
    return Check(
        name="same_model",
        passed=not same,
        words=f"{words}: the champion would be judged against itself" if same else words,
    )


def _has_the_schema(champion: Side, challenger: Side) -> Check:
    ours, theirs = ({c.name: c for c in side.schema.inputs} for side in (champion, challenger))
    names = sorted(ours.keys() ^ theirs.keys()) or [n for n in ours if ours[n] != theirs[n]]
    words = f"{quantity(len(ours), 'column')}, as the champion's"
    if names:
        words = f"column {names[0]}: not as in the champion's schema; expected the same columns"
    return Check(name="other_schema", passed=not names, words=words)


def _has_the_costs(challenger: Side, money: Money) -> Check:
    expected = asdict(costs_of(money, base_rate=float(challenger.manifest["base_rate"])))
    found = asdict(Costs(**challenger.manifest["costs"]))
    wrong = [n for n in expected if not _close(expected[n], found[n])]
    words = "as in the section money of params.yaml"
    if wrong:
        name = wrong[0]
        words = f"costs.{name}: {found[name]!r}; expected {expected[name]!r}, as in params.yaml"
    return Check(name="other_costs", passed=not wrong, words=words)


def _close(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=1e-4)


def _has_metrics(champion: Side, challenger: Side) -> Check:
    for words, side in (("champion", champion), ("challenger", challenger)):
        for name in CROSS_VALIDATED:
            if not math.isfinite(side.cross_validated(name)):
                problem = f"{words} {side.version}: metrics.{name}: missing; expected a number"
                return Check(name="metric_missing", passed=False, words=problem)
    return Check(name="metric_missing", passed=True, words="both have cross-validated metrics")
