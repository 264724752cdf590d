"""A cheese club instead of a telecom operator: other columns, the same pipeline to the end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests import builders
from tests.conftest import SMALL, stages

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
VARIANTS = ["full", "no_id", "no_tenure", "categories", "numbers"]


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_described_table_of_any_business_goes_through_the_whole_pipeline(
    fresh: Path, tmp_path: Path, variant: str
) -> None:
    # given a CSV in other columns and its schema where an adopted file's schema lies
    schema = builders.schema(variant)
    table = builders.members(900, seed=3)[schema.names]
    csv = tmp_path / "Käseclub #1: 2026.csv"
    table.to_csv(csv, index=False)
    described = fresh / "data" / "external" / "Käseclub #1: 2026.schema.yaml"
    described.parent.mkdir(exist_ok=True)
    with described.open("w", encoding="utf-8") as file:
        YAML().dump(builders.content(variant), file)
    # when it is adopted and the pipeline is run
    adopted = stages(fresh, "adopt", str(csv))
    assert adopted.returncode == 0, adopted.stderr
    done = stages(fresh, "repro")
    assert done.returncode == 0, done.stderr[-3000:]
    # then there is a model that learned something, and every page is there
    metrics = json.loads((fresh / "reports" / "metrics.json").read_text())
    assert metrics["cv"]["roc_auc"]["mean"] > 0.6
    assert metrics["cv"]["roc_auc"]["folds"] == SMALL["train"]["folds"]
    card = (fresh / "reports" / "model_card.md").read_text(encoding="utf-8")
    assert "Käseclub #1: 2026.csv" in card
    # and nothing of the telecom operator is left in what it says
    for page in (fresh / "reports").glob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert "MonthlyCharges" not in text, page.name
        assert "tenure 0" not in text or page.name == "03_features.html", page.name
