"""Columns that know the future a little: ranked first, and honest ones not suspected."""

from __future__ import annotations

import re
import shlex
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from scoring.schema import Schema, parse_schema
from stages.exploration.explore import single_column_auc
from stages.exploration.leak_ranking import LeakRanking, advice, command, rank

CUSTOMERS = 2000


def customers(seed: int, **more: Any) -> tuple[pd.DataFrame, Schema]:
    """Customers who leave for honest reasons, one of them strong, and further columns.

    `more` are functions of who left and of a generator.
    """
    rng = np.random.default_rng(seed)
    usage, plan = rng.normal(size=CUSTOMERS), rng.choice(["a", "b", "c"], CUSTOMERS)
    calls = rng.normal(size=CUSTOMERS)
    logit = 1.2 * usage + 0.8 * calls + 1.2 * (plan == "a") - 1.5
    left = rng.random(CUSTOMERS) < 1 / (1 + np.exp(-logit))
    table = pd.DataFrame({"usage": usage, "calls": calls, "plan": plan})
    columns: list[dict[str, Any]] = [
        {"name": "usage", "kind": "number"},
        {"name": "calls", "kind": "number"},
        {"name": "plan", "kind": "category", "values": ["a", "b", "c"]},
    ]
    for name, made in more.items():
        table[name] = made(left, rng)
        is_text = table[name].dtype == object
        kind = {"kind": "category", "values": ["x", "y"]} if is_text else {"kind": "number"}
        columns.append({"name": name, "missing": True, **kind})
    table["churn"] = np.where(left, "yes", "no").astype(object)
    target = {"kind": "category", "values": ["no", "yes"], "positive": "yes", "roles": ["target"]}
    columns.append({"name": "churn", **target})
    return table, parse_schema({"columns": columns}, origin="t.yaml")


def ranked(seed: int, **more: Any) -> LeakRanking:
    table, schema = customers(seed, **more)
    found = rank(table, schema, single_column_auc(table, schema))
    assert found is not None
    return found


def little(left: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A number that alone has a ROC AUC of about 0.85."""
    return 1.47 * left + rng.normal(size=len(left))


def filled(left: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Mostly filled for those who left, by mistake for a few others."""
    present = rng.random(len(left)) < np.where(left, 0.8, 0.1)
    return np.where(present, rng.choice(["x", "y"], len(left)), None)


@pytest.mark.parametrize("leak", [little, filled])
@pytest.mark.parametrize("seed", range(3))
def test_a_column_that_knows_a_little_is_ranked_first_and_suspected(seed: int, leak: Any) -> None:
    found = ranked(seed, known=leak)
    assert 0.8 < found.table.loc["known", "alone"] < 0.92
    assert found.table.index[0] == "known"
    assert found.suspects == (("known",),)


@pytest.mark.parametrize("seed", range(5))
def test_honest_columns_are_not_suspected(seed: int) -> None:
    found = ranked(seed, strong=lambda left, rng: 0.8 * left + rng.normal(size=len(left)))
    assert found.suspects == ()
    assert advice(found) == []


def test_columns_that_know_the_same_are_suspected_together() -> None:
    # given one leak in two columns, each of which makes up for the other
    kept: dict[str, np.ndarray] = {}

    def first(left: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return kept.setdefault("first", little(left, rng))

    def copy(left: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return kept["first"] + 0.3 * rng.normal(size=len(left))

    found = ranked(1, first=first, copy=copy)
    assert set(found.table.index[:2]) == {"first", "copy"}
    assert found.suspects == (("copy", "first"),)


def test_several_that_know_a_little_each_are_suspected_together() -> None:
    found = ranked(2, one=little, two=little, three=little)
    (group,) = found.suspects
    assert set(group) == {"one", "two", "three"}


def test_parts_of_dates_are_ranked_like_other_columns() -> None:
    table, schema = customers(0, known=little)
    content = schema.model_dump(mode="json", exclude_defaults=True) | {"snapshot": "2026-10-31"}
    content["columns"] += [
        {"name": "since", "kind": "date"},
        {"name": "days", "kind": "integer", "from_date": "since", "part": "days_since"},
    ]
    table = table.assign(since="2026-10-01", days=(table["known"] * 100).astype(int))
    dated = parse_schema(content, origin="t.yaml")
    found = rank(table, dated, single_column_auc(table, dated))
    assert found is not None
    assert found.suspects == (("days", "known"),)


def test_too_few_customers_say_nothing() -> None:
    table, schema = customers(0, known=little)
    assert rank(table[:100], schema, single_column_auc(table[:100], schema)) is None


def test_the_advice_is_a_command_that_dvc_understands() -> None:
    names = ["Kunden's Gebühr, €/Monat", "b [c]"]
    found = re.fullmatch(r"dvc exp run -S (.*), then dvc metrics diff", command(names))
    assert found is not None
    setting = shlex.split(found[1])
    (override,) = OverridesParser.create().parse_overrides(setting)
    assert override.key_or_group == "data.without"
    assert override.value() == names
