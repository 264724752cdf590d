"""Loading a bundle: every file checked against its hash, every model tried once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from scoring.bundle import (
    BACKGROUND,
    EFFECT,
    FALLBACK_MODEL,
    MANIFEST,
    MODEL,
    RULES,
    SCHEMA_FILE,
    Scorer,
)
from scoring.derive import Inputs, category_names, numeric_names
from scoring.digest import digest
from scoring.effect import Effect
from scoring.errors import UserError, shown
from scoring.explanation import Explainer, make_explainer
from scoring.rules import Rules
from scoring.schema import Schema, parse_schema

Floats = NDArray[np.float64]
READ = (MANIFEST, SCHEMA_FILE, BACKGROUND, MODEL, FALLBACK_MODEL, RULES, EFFECT)


class Model(Protocol):
    """Whatever turns model inputs of n customers into probabilities of churn."""

    def probability(self, inputs: Inputs) -> Floats:
        """Probability of churn (n,)."""
        ...


@dataclass(frozen=True)
class BaseRate:
    """The churn rate of the train customers for everybody."""

    rate: float

    def probability(self, inputs: Inputs) -> Floats:
        """The rate (n,)."""
        return np.full(len(inputs.numeric), self.rate)


@dataclass(frozen=True)
class Bundle:
    """A loaded bundle: `models` by tier, best first; `faults` says of a tier why it is not there.

    `effect` is None where no campaign was adopted, or where it cannot be used: then `faults` has
    `effect`, too.

    `created` is when the bundle was written, in seconds since the epoch.
    """

    folder: Path
    manifest: Mapping[str, Any]
    schema: Schema
    background: Mapping[str, Any] | None
    models: Mapping[str, Model]
    faults: Mapping[str, str]
    created: float
    effect: Effect | None = None
    _explainers: dict[str, Explainer] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The model's name."""
        return str(self.manifest["name"])

    @property
    def version(self) -> str:
        """The version, derived from the content."""
        return str(self.manifest["version"])

    @property
    def best_tier(self) -> str:
        """The best tier that is there."""
        return next(iter(self.models))

    def explainer(self, tier: str) -> Explainer | None:
        """Explains the model of a tier; None where the bundle's background cannot be read."""
        if self.background is None:
            return None
        if tier not in self._explainers:
            scorer: Any = self.models[tier]
            self._explainers[tier] = make_explainer(self.schema, scorer, self.background)
        return self._explainers[tier]


def read_manifest(folder: Path) -> tuple[dict[str, Any], Schema]:
    """What the bundle is and its schema; `UserError` where either is missing or was changed."""
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_bytes())
        version, files = manifest["version"], dict(manifest["files"])
    except FileNotFoundError:
        raise UserError(f"{shown(path)}: no such file; run make repro") from None
    except (ValueError, KeyError, TypeError):
        raise UserError(f"{shown(path)}: cannot be read; expected a bundle's manifest") from None
    if digest({k: v for k, v in manifest.items() if k != "version"})[: len(version)] != version:
        raise UserError(f"{shown(path)}: content does not belong to version {version}")
    content = _checked(folder, SCHEMA_FILE, files)
    return manifest, parse_schema(json.loads(content), origin=shown(folder / SCHEMA_FILE))


def check_bundle(folder: Path) -> dict[str, Any]:
    """The manifest, with every file compared with its hash; `UserError` naming what differs."""
    manifest, _ = read_manifest(folder)
    for name in manifest["files"]:
        _checked(folder, name, manifest["files"])
    return manifest


def load_bundle(folder: Path) -> Bundle:
    """The bundle in a folder, with those models that are whole.

    `UserError` where manifest or schema cannot be trusted: without them there is nothing to answer.
    """
    manifest, schema = read_manifest(folder)
    files, faults = manifest["files"], {}
    models: dict[str, Model] = {}
    background = _background(folder, files)
    for tier, file in (("champion", MODEL), ("fallback", FALLBACK_MODEL), ("rules", RULES)):
        try:
            models[tier] = _tried(_MAKE[tier](_checked(folder, file, files), schema), schema)
        except UserError as error:
            faults[tier] = str(error)
        except Exception as error:  # whatever a runtime raises, the next tier answers
            faults[tier] = f"{shown(folder / file)}: cannot be run ({type(error).__name__})"
    models["base_rate"] = BaseRate(float(manifest["base_rate"]))
    created = (folder / MANIFEST).stat().st_mtime
    effect = _effect(folder, manifest, schema, faults)
    return Bundle(folder, manifest, schema, background, models, faults, created, effect)


def fingerprint(folder: Path) -> tuple[Any, ...]:
    """Changes whenever a file of the bundle is written, goes or comes."""
    return tuple(_stat(folder / name) for name in READ)


def _stat(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _checked(folder: Path, name: str, files: Mapping[str, str]) -> bytes:
    path = folder / name
    if name not in files:
        raise UserError(f"{shown(path)}: not part of this bundle")
    try:
        content = path.read_bytes()
    except OSError:
        raise UserError(f"{shown(path)}: cannot be read") from None
    if hashlib.sha256(content).hexdigest() != files[name]:
        raise UserError(f"{shown(path)}: content differs from the hash in {MANIFEST}")
    return content


def _effect(
    folder: Path, manifest: Mapping[str, Any], schema: Schema, faults: dict[str, str]
) -> Effect | None:
    """The effect of a campaign; without one, or where it cannot be used, None."""
    content = manifest.get("effect")
    if content is None:
        return None
    try:
        has_graph = content["share"] is None
        graph = _checked(folder, EFFECT, manifest["files"]) if has_graph else None
        return Effect.of(content, schema, graph)
    except UserError as error:
        faults["effect"] = str(error)
    except Exception as error:  # whatever a runtime raises, the assumed share decides
        faults["effect"] = f"{shown(folder / EFFECT)}: cannot be used ({type(error).__name__})"
    return None


def _background(folder: Path, files: Mapping[str, str]) -> Mapping[str, Any] | None:
    try:
        return dict(json.loads(_checked(folder, BACKGROUND, files)))
    except (UserError, ValueError):
        return None


def _rules(content: bytes, schema: Schema) -> Model:
    return Rules(json.loads(content), numeric_names(schema), category_names(schema))


_MAKE: Mapping[str, Callable[[bytes, Schema], Model]] = {
    "champion": lambda content, schema: Scorer(content),
    "fallback": lambda content, schema: Scorer(content),
    "rules": _rules,
}


def _tried(model: Model, schema: Schema) -> Model:
    """The model, once it has answered for a customer of its schema."""
    numeric = np.zeros((1, len(numeric_names(schema))), np.float32)
    labels = [[column.labels[0] for column in schema.category_inputs]]
    category = np.array(labels, dtype=object).reshape(1, len(schema.category_inputs))
    checked(model.probability(Inputs(numeric, category)), 1)
    return model


def checked(probability: Floats, n: int) -> Floats:
    """The probabilities (n,); `ValueError` where they are none."""
    if probability.shape != (n,) or not ((probability >= 0) & (probability <= 1)).all():
        raise ValueError("the model's answer is not a probability for each customer")
    return probability
