"""The effect of an adopted campaign, packed into the champion bundle."""

from __future__ import annotations

import json
from typing import Any

from scoring.bundle import EFFECT
from scoring.digest import sha256
from scoring.effect import Effect
from scoring.errors import UserError, shown
from scoring.schema import Schema
from stages.core.paths import Paths

WITHOUT = "assumed_share"  # the policy of who has adopted no campaign
RECORDED = ("sha256", "inputs")  # checked here and of no use to who answers


def pack_effect(schema: Schema, paths: Paths) -> dict[str, Any] | None:
    """Copy the graph into the bundle, where there is one; the manifest's entry `effect`.

    None where no campaign was adopted. `UserError` where the file cannot be read, or where the
    effect was learned on other columns.
    """
    content = _read(paths)
    if content["policy"] == WITHOUT:
        return None
    _check_inputs(content["inputs"], schema, paths)
    graph = None
    if "sha256" in content:
        source = paths.effect.with_name(EFFECT)
        if not source.is_file() or sha256(source) != content["sha256"]:
            raise UserError(f"{shown(source)}: not the graph of {paths.effect.name}; {AGAIN}")
        graph = source.read_bytes()
        (paths.champion / EFFECT).write_bytes(graph)
    Effect.of(content, schema, graph)
    return {name: value for name, value in content.items() if name not in RECORDED}


AGAIN = "expected what make campaign ADOPT=chosen wrote; ADOPT=none goes back to the assumed share"


def _read(paths: Paths) -> dict[str, Any]:
    try:
        content = json.loads(paths.effect.read_bytes())
        _ = content["policy"]
    except FileNotFoundError:
        return {"policy": WITHOUT}
    except (ValueError, KeyError, TypeError):
        raise UserError(f"{shown(paths.effect)}: cannot be read; {AGAIN}") from None
    return content


def _check_inputs(learned: list[str], schema: Schema, paths: Paths) -> None:
    names = [column.name for column in schema.inputs]
    if learned != names:
        apart = sorted({*learned} ^ {*names}) or ["their order"]
        raise UserError(
            f"{shown(paths.effect)}: learned on other customers ({', '.join(apart[:3])}); {AGAIN}"
        )
