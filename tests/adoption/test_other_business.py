"""Other businesses than a telecom operator: other columns, the same pipeline to the end."""

from __future__ import annotations

import html
import json
import random
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pandas as pd
import pytest
from prometheus_client import CollectorRegistry
from ruamel.yaml import YAML

from serving.exchange import Call
from serving.settings import Settings
from serving.worker import Worker
from stages.core.files import read_table
from stages.core.yamlfile import load_schema, read_yaml
from stages.operations.registry.behaviour import run_behaviour_tests
from tests import builders, businesses
from tests.conftest import SMALL, holding, stages

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def run(place: Path, *arguments: str) -> tuple[dict[str, Any], str]:
    """Adopt and run; the metrics, and everything printed on the way."""
    printed = ""
    for command in (["adopt", *arguments], ["repro"]):
        done = stages(place, *command)
        assert done.returncode == 0, done.stderr[-3000:]
        printed += done.stdout + done.stderr
    return dict(json.loads((place / "reports" / "metrics.json").read_text())), printed


def pages(place: Path) -> list[Path]:
    """Everything that people read of a run."""
    reports = place / "reports"
    found = [*reports.glob("*.html"), *reports.glob("*.md"), *reports.glob("notebooks/*.ipynb")]
    assert len(found) >= 13
    return found


def assert_nothing_of_telecom(place: Path) -> None:
    for page in (place / "reports").glob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert "MonthlyCharges" not in text, page.name
        assert "tenure 0" not in text or page.name == "03_features.html", page.name


BUSINESSES: dict[str, tuple[bytes, list[str], set[str], dict[str, list[str]], list[str]]] = {
    # a file: its content, what is given, what is left out, roles, and words nobody may read
    "bank.csv": (
        businesses.bank(),
        [],
        {"RowNumber", "Surname", "Country", "Complain"},
        {"id": ["CustomerId"], "target": ["Exited"], "sensitive": ["Gender", "Age"],
         "tenure": ["Tenure"]},
        [*(str(15_600_000 + 7 * number) for number in range(900)), "Surname1", "Surname4"],
    ),
    "Fitness #1 (neu).csv": (
        businesses.gym(),
        [],
        {"Bemerkung", "Kündigungsgrund"},
        {"id": ["Mitglieds-Nr"], "target": ["Gekündigt"], "sensitive": ["Alter"]},
        ["MITGLIED0", "BEMERKUNG"],
    ),
    "saas.tsv.gz": (
        businesses.software(),
        ["--target", "status", "--positive", "Gone"],
        set(),
        {"target": ["status"]},
        [],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BUSINESSES)
def test_a_table_that_nobody_described_goes_through_to_the_model_card(
    fresh: Path, tmp_path: Path, name: str
) -> None:
    content, options, ignored, roles, hidden = BUSINESSES[name]
    (tmp_path / name).write_bytes(content)
    # when it is adopted and the pipeline is run
    metrics, printed = run(fresh, str(tmp_path / name), *options)
    # then the draft left out what would harm, and gave the roles it is sure of
    schema = load_schema(fresh / str(read_yaml(fresh / "params.yaml")["data"]["schema"]))
    found = {c.name for c in schema.columns if "ignored" in c.roles}
    assert found == ignored
    for role, names in roles.items():
        assert [c.name for c in schema.columns if role in c.roles] == names
    assert all(column in printed for column in ignored)
    # and there is a model that learned something, without a leak
    assert 0.65 < metrics["cv"]["roc_auc"]["mean"] < 0.95
    assert metrics["cv"]["roc_auc"]["folds"] == SMALL["train"]["folds"]
    assert name in (fresh / "reports" / "model_card.md").read_text(encoding="utf-8")
    assert_nothing_of_telecom(fresh)
    # and what was accepted with warnings stands in the report as on the terminal
    report = (fresh / "reports" / "01_generate.html").read_text(encoding="utf-8")
    warned = json.loads((fresh / "reports" / "validation.json").read_text())["warnings"]
    assert [w["problem"] for w in warned if w["problem"] not in printed] == []
    assert [w["problem"] for w in warned if html.escape(w["problem"]) not in report] == []
    # and nobody reads who is who
    assert holding(hidden, pages(fresh)) == []
    assert not [word for word in hidden if word in printed]
    validation = (fresh / "reports" / "validation.json").read_text(encoding="utf-8")
    assert not [word for word in hidden if word in validation]
    first = first_customers(fresh)
    assert not [n for role in ("id", "sensitive") for n in roles.get(role, []) if n in first]
    assert "Gender-one" not in first
    # and this champion, too, behaves as any should
    assert run_behaviour_tests(fresh) == 5


def first_customers(place: Path) -> str:
    """The rows that the first report shows."""
    notebook = nbformat.read(place / "reports" / "notebooks" / "01_generate.ipynb", as_version=4)
    shown = [str(o) for c in notebook.cells for o in c.get("outputs", [])]
    (found,) = [output for output in shown if "the first five customers" in output]
    return found


@pytest.mark.parametrize("variant", ["categories", "numbers"])
def test_a_described_table_goes_through_the_whole_pipeline(
    fresh: Path, tmp_path: Path, variant: str
) -> None:
    # given a CSV in other columns and its schema where an adopted file's schema lies
    schema = builders.schema(variant)
    csv = tmp_path / "Käseclub #1: 2026.csv"
    builders.members(900, seed=3)[schema.names].to_csv(csv, index=False)
    described = fresh / "data" / "external" / "Käseclub #1: 2026.schema.yaml"
    described.parent.mkdir(exist_ok=True)
    with described.open("w", encoding="utf-8") as file:
        YAML().dump(builders.content(variant), file)
    # when it is adopted and the pipeline is run
    metrics, _ = run(fresh, str(csv))
    # then there is a model that learned something, and every page is there
    assert metrics["cv"]["roc_auc"]["mean"] > 0.6
    card = (fresh / "reports" / "model_card.md").read_text(encoding="utf-8")
    assert "Käseclub #1: 2026.csv" in card
    assert_nothing_of_telecom(fresh)


def test_names_and_places_of_columns_mean_nothing(fresh: Path, tmp_path: Path) -> None:
    # given the simulated customers under other names, the columns in another order, and the schema
    # that says what they mean (its order is kept: trees draw columns by their place in it)
    before = json.loads((fresh / "reports" / "metrics.json").read_text())
    predicted = read_table(fresh / "reports" / "predictions.parquet")
    table = read_table(fresh / "data" / "raw" / "customers.parquet")
    names = {name: f"Spalte {place:02d}: <{name[::-1]}>" for place, name in enumerate(table)}
    order = random.Random(3).sample(sorted(names.values()), len(names))
    csv = tmp_path / "renamed.csv"
    table.rename(columns=names)[order].to_csv(csv, index=False, na_rep=" ")
    content = read_yaml(fresh / "data" / "schema.yaml")
    for column in content["columns"]:
        column["name"] = names[column["name"]]
    described = fresh / "data" / "external" / "renamed.schema.yaml"
    described.parent.mkdir(exist_ok=True)
    with described.open("w", encoding="utf-8") as file:
        YAML().dump(content, file)
    # when they are adopted and the pipeline is run
    metrics, _ = run(fresh, str(csv))
    # then every candidate says the same of every customer, and every figure is the same
    again = read_table(fresh / "reports" / "predictions.parquet")
    pd.testing.assert_frame_equal(again, predicted, rtol=0, atol=1e-6)
    assert metrics["winner"] == before["winner"]
    for kind in ("cv", "test", "test_ci"):
        assert flat(metrics[kind]) == pytest.approx(flat(before[kind]), abs=1e-6)
    assert_nothing_of_telecom(fresh)


def test_dates_are_learned_from_and_asked_for_once_their_lines_count(
    fresh: Path, tmp_path: Path
) -> None:
    # given subscribers of whom the day of signing up tells who leaves
    businesses.subscribers(900).to_csv(tmp_path / "subscribers.csv", index=False)
    before, printed = run(fresh, str(tmp_path / "subscribers.csv"))
    assert "not learned from; the schema offers days since" in printed
    assert before["cv"]["roc_auc"]["mean"] < 0.65
    # when somebody takes the # from the line that offers the days since then
    schema = fresh / "data" / "external" / "subscribers.schema.yaml"
    text = schema.read_text(encoding="utf-8")
    assert text.count("  # - {name: days since signup,") == 1
    schema.write_text(
        text.replace("  # - {name: days since signup,", "  - {name: days since signup,")
    )
    done = stages(fresh, "repro")
    assert done.returncode == 0, done.stderr[-3000:]
    # then the model has learned from them
    after = json.loads((fresh / "reports" / "metrics.json").read_text())
    assert after["cv"]["roc_auc"]["mean"] > before["cv"]["roc_auc"]["mean"] + 0.1
    # and a table of customers is scored once its day is given
    month = businesses.subscribers(50, seed=9).drop(columns="churn")
    month.to_csv(tmp_path / "month.csv", index=False)
    command = ["score", str(tmp_path / "month.csv"), str(tmp_path / "out"), "--no-report"]
    refused = stages(fresh, *command)
    assert refused.returncode == 1
    assert "counts days from signup" in refused.stderr.splitlines()[-1]
    done = stages(fresh, *command, "--snapshot", str(businesses.SNAPSHOT))
    assert done.returncode == 0, done.stderr[-3000:]
    scored = read_table(tmp_path / "out" / "scores.parquet")["churn_probability"]
    # and the service gives the same customers the same probabilities
    service = Worker(
        Settings(bundle=fresh / "models" / "champion", log=False, rate_limit="off"),
        registry=CollectorRegistry(),
    )
    rows = month[["signup", "visits"]].to_dict(orient="records")
    body = json.dumps({"features": rows, "snapshot_date": str(businesses.SNAPSHOT)}).encode()
    answers = json.loads(service._predict_batch(Call("request", body)))["predictions"]
    service.close()
    assert [a["churn_probability"] for a in answers] == pytest.approx(scored.tolist(), abs=1e-6)
    # and new subscribers are those at risk
    assert np.corrcoef(scored, pd.to_datetime(month["signup"]).astype("int64"))[0, 1] > 0.5


def flat(figures: dict[str, Any], prefix: str = "") -> dict[str, float]:
    found: dict[str, float] = {}
    for name, value in figures.items():
        inner = (
            flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
        )
        found |= inner
    return found


def test_thirty_customers_and_five_columns_go_through_the_whole_pipeline(
    fresh: Path, tmp_path: Path
) -> None:
    rows = ["id,plan,visits,spend,churn"]
    rows += [
        f"c{i},{'ab'[i % 2]},{i % 7},{10 + i * 1.5},{'no' if i % 3 else 'yes'}" for i in range(30)
    ]
    (tmp_path / "few.csv").write_text("\n".join(rows) + "\n")
    metrics, printed = run(fresh, str(tmp_path / "few.csv"))
    assert "Adopted 30 customers" in printed
    assert metrics["counts"]["train"] + metrics["counts"]["test"] == 30
    # so few say next to nothing: the simplest rule wins, or the interval is wide
    interval = metrics["test_ci"]["roc_auc"]
    assert metrics["winner"] == "base_rate" or interval["high"] - interval["low"] > 0.2
