"""Writing the champion bundle, and the record of the comparison it came out of."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from scoring.bundle import (
    BACKGROUND,
    BASELINES,
    FALLBACK,
    FALLBACK_MODEL,
    MANIFEST,
    MODEL,
    NAME,
    OUT_OF_FOLD,
    REFERENCE,
    RULES,
    SCHEMA_FILE,
    SCORES,
    SELECTED,
)
from scoring.derive import category_names, derived_names, numeric_names
from scoring.digest import digest, sha256
from scoring.money import customer_value
from scoring.schema import Schema
from stages.core.files import write_csv, write_json, write_table
from stages.core.paths import Paths
from stages.features.table import LABEL, model_inputs, monthly_value
from stages.model.blend import recorded
from stages.model.costs import costs_of
from stages.model.export import checked_onnx
from stages.model.money_params import Money
from stages.model.packed_effect import pack_effect
from stages.model.rule_list import fit_rules
from stages.model.threshold import profit_threshold
from stages.model.train import BLEND, CrossValidation, refit, served
from stages.model.train_params import Train

BACKGROUND_ROWS, REFERENCE_ROWS = 20, 10_000


def write_bundle(
    winner: str,
    validation: CrossValidation,
    features: pd.DataFrame,
    schema: Schema,
    *,
    train: Train,
    money: Money,
    paths: Paths,
) -> dict[str, Any]:
    """Refit winner and fallback on all train customers and write the bundle; its manifest."""
    folder = paths.champion
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for file, name in ((MODEL, winner), (FALLBACK_MODEL, FALLBACK)):
        model = served(name, validation, features, schema, train)
        (folder / file).write_bytes(checked_onnx(model, features, schema, name=name))
    probability = validation.out_of_fold[winner].to_numpy()
    write_json(folder / SCHEMA_FILE, schema.model_dump(mode="json", exclude_defaults=True))
    write_json(folder / BACKGROUND, background(features, schema, probability))
    write_json(folder / RULES, _rules(features, schema))
    write_table(folder / REFERENCE, _reference(features, schema, probability, seed=train.seed))
    effect = pack_effect(schema, paths)
    manifest = _manifest(winner, validation, features, schema, train, money, paths, effect)
    write_json(folder / MANIFEST, manifest)
    return manifest


def write_comparison(
    validation: CrossValidation,
    features: pd.DataFrame,
    schema: Schema,
    *,
    train: Train,
    selected: pd.DataFrame,
    paths: Paths,
) -> None:
    """Keep what the candidates did out of fold, and the models that the champion is compared with.

    `selected` has the scores of the rule's choice on folds that it did not see.
    """
    folder = paths.comparison
    shutil.rmtree(folder, ignore_errors=True)
    write_table(folder / OUT_OF_FOLD, validation.out_of_fold)
    write_csv(folder / SCORES, validation.scores)
    write_csv(folder / SELECTED, selected)
    for name in BASELINES:
        model = refit(name, features, schema, train)
        (folder / f"{name}.onnx").write_bytes(checked_onnx(model, features, schema, name=name))


def _manifest(
    winner: str,
    validation: CrossValidation,
    features: pd.DataFrame,
    schema: Schema,
    train: Train,
    money: Money,
    paths: Paths,
    effect: dict[str, Any] | None,
) -> dict[str, Any]:
    label = features[LABEL].to_numpy()
    probability = validation.out_of_fold[winner].to_numpy()
    scores = validation.scores[validation.scores["candidate"] == winner]
    costs = costs_of(money, base_rate=float(label.mean()))
    values = customer_value(monthly_value(features, schema), len(features), costs)
    value = float(values.mean())
    content = {
        "name": NAME,
        "candidate": winner,
        "calibration": validation.calibration[winner].method
        if winner in validation.calibration
        else "none",
        "threshold": profit_threshold(label.astype(float), probability, value=value, costs=costs),
        "mean_value": round(value, 6),
        **({"blend": recorded(validation.blend)} if winner == BLEND else {}),
        "rows": len(features),
        "base_rate": round(float(label.mean()), 6),
        "costs": asdict(costs),
        **({"effect": effect} if effect else {}),
        "metrics": scores.drop(columns=["candidate", "repeat", "fold"]).mean().round(6).to_dict(),
        "features": {
            "numeric": numeric_names(schema),
            "category": category_names(schema),
            "derived": derived_names(schema),
        },
        "files": {path.name: sha256(path) for path in sorted(paths.champion.iterdir())},
        "hashes": {
            "train": sha256(paths.train),
            "params": digest([train.model_dump(), money.model_dump()]),
        },
    }
    return {"name": NAME, "version": digest(content)[:12], **content}


def background(features: pd.DataFrame, schema: Schema, probability: Any) -> dict[str, Any]:
    """Model inputs of a few customers, evenly spread over the predicted risk, from low to high.

    `typical` is the median of each numeric feature over everybody.
    """
    order = np.argsort(probability, kind="stable")
    rows = order[np.linspace(0, len(order) - 1, min(BACKGROUND_ROWS, len(order))).astype(int)]
    chosen, numeric = features.iloc[rows], numeric_names(schema)
    return {
        "numeric": _with_blanks(chosen[numeric]).to_numpy().tolist(),
        "category": chosen[category_names(schema)].to_numpy().tolist(),
        "typical": _with_blanks(features[numeric].median()).tolist(),
    }


def _rules(features: pd.DataFrame, schema: Schema) -> list[dict[str, Any]]:
    return fit_rules(
        model_inputs(features, schema),
        features[LABEL].to_numpy(),
        numeric=numeric_names(schema),
        category=category_names(schema),
    )


def _with_blanks(numbers: Any) -> Any:
    """A table or series of numbers with None where absent, as JSON holds it."""
    return numbers.astype(object).where(numbers.notna(), None)


def _reference(
    features: pd.DataFrame, schema: Schema, probability: Any, *, seed: int
) -> pd.DataFrame:
    """Inputs, label and out-of-fold probability of train customers, to measure drift against."""
    table = features[numeric_names(schema) + category_names(schema)].copy()
    table["#label"], table["#probability"] = features[LABEL], probability
    if len(table) > REFERENCE_ROWS:
        table = table.sample(REFERENCE_ROWS, random_state=seed).sort_index()
    return table


def figures(manifest: dict[str, Any]) -> pd.DataFrame:
    """What the bundle is, in a few facts."""
    facts = {
        "name and version": f"{manifest['name']} {manifest['version']}",
        "candidate": manifest["candidate"],
        "profit threshold": f"{manifest['threshold']:.3f}",
        "base rate": f"{manifest['base_rate']:.3f}",
        "features": str(sum(len(manifest["features"][kind]) for kind in ("numeric", "category"))),
        "files": ", ".join(manifest["files"]),
    }
    return pd.Series(facts).to_frame("value")
