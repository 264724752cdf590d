"""What a finished run leaves behind: the contract of files that people and programs rely on."""

from __future__ import annotations

import json
import math
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from scoring.bundle import Scorer
from scoring.digest import sha256
from stages.core.files import read_table
from stages.core.paths import Paths
from stages.core.yamlfile import load_schema
from stages.features.table import model_inputs
from stages.look.site import OVERVIEW, navigation
from tests.builders import CONTRACT
from tests.conftest import dvc

PAGES = navigation(Paths.here())
PLOTS = ["ROC", "Precision and recall", "Calibration", "Churners found", "Profit per customer"]


@pytest.fixture(scope="module")
def metrics(finished: Path) -> dict[str, Any]:
    return dict(json.loads((finished / "reports" / "metrics.json").read_text()))


@pytest.fixture(scope="module")
def predictions(finished: Path) -> pd.DataFrame:
    return read_table(finished / "reports" / "predictions.parquet")


def leaves(content: Any) -> list[Any]:
    if isinstance(content, dict):
        return [leaf for value in content.values() for leaf in leaves(value)]
    return [content]


def test_metrics_hold_every_figure_of_the_contract_with_its_interval(metrics: Any) -> None:
    assert set(metrics["test"]) == set(metrics["test_ci"])
    assert set(metrics["test"]) >= CONTRACT
    for name, interval in metrics["test_ci"].items():
        assert interval["low"] <= metrics["test"][name] <= interval["high"], name
        assert interval["low"] < interval["high"], name
    assert isinstance(metrics["winner"], str)
    assert metrics["cv"]["roc_auc"].keys() == {"mean", "std", "folds"}


def test_metrics_are_numbers_below_the_top_level(metrics: Any) -> None:
    numbers = leaves({name: value for name, value in metrics.items() if name != "winner"})
    assert all(isinstance(number, int | float) and math.isfinite(number) for number in numbers)


def test_the_model_is_honest_on_simulated_customers(metrics: Any) -> None:
    # far above the simple models, and not above the truth by more than the interval allows
    auc, oracle = metrics["test"]["roc_auc"], metrics["reference"]["oracle_roc_auc"]
    assert metrics["reference"]["one_feature_roc_auc"] + 0.05 < auc
    assert metrics["test_ci"]["roc_auc"]["low"] < oracle
    assert auc - 0.5 > 0.85 * (oracle - 0.5)


def test_predictions_are_out_of_fold_on_train_and_the_champions_on_test(
    finished: Path, metrics: Any, predictions: pd.DataFrame
) -> None:
    assert list(predictions.columns[:5]) == ["id", "split", "fold", "label", "champion"]
    train, test = (predictions[predictions["split"] == split] for split in ("train", "test"))
    assert predictions["id"].is_unique
    assert len(predictions) == 2000
    assert set(train["fold"]) == {0, 1, 2}
    assert set(test["fold"]) == {-1}
    assert (train["champion"] == train[metrics["winner"]]).all()
    assert test["champion"].between(0, 1).all()
    auc = metrics["test"]["roc_auc"]
    from sklearn.metrics import roc_auc_score

    assert roc_auc_score(test["label"], test["champion"]) == pytest.approx(auc, abs=1e-6)


def test_the_bundle_is_whole_and_says_what_it_holds(finished: Path) -> None:
    bundle = finished / "models" / "champion"
    manifest = json.loads((bundle / "bundle.json").read_text())
    files = {path.name for path in bundle.iterdir()} - {"bundle.json"}
    assert files == set(manifest["files"])
    assert files == {
        "model.onnx", "fallback.onnx", "rules.json", "schema.json", "background.json",
        "reference.parquet",
    }  # fmt: skip
    for name, digest in manifest["files"].items():
        assert sha256(bundle / name) == digest
    assert {
        "name",
        "version",
        "threshold",
        "base_rate",
        "costs",
        "metrics",
        "features",
        "hashes",
    } <= set(manifest)


def test_champion_and_fallback_answer_for_every_test_customer(finished: Path) -> None:
    schema = load_schema(finished / "models" / "champion" / "schema.json")
    inputs = model_inputs(read_table(finished / "data" / "features" / "test.parquet"), schema)
    for name in ("model.onnx", "fallback.onnx"):
        scores = Scorer((finished / "models" / "champion" / name).read_bytes()).probability(inputs)
        assert np.isfinite(scores).all()
        assert ((scores >= 0) & (scores <= 1)).all()


def test_the_truth_is_kept_away_from_the_features(finished: Path) -> None:
    truth = read_table(finished / "data" / "oracle" / "probabilities.parquet")
    assert list(truth.columns) == ["id", "churn_probability"]
    for table in ("raw/customers", "features/train", "features/test"):
        columns = read_table(finished / "data" / f"{table}.parquet").columns
        assert "churn_probability" not in columns


class Links(HTMLParser):
    """What a page loads, and what it links to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags.append(tag)
        if tag in ("script", "img", "link", "iframe") and (values.get("src") or values.get("href")):
            self.loads.append(str(values.get("src") or values.get("href")))
        if tag == "a":
            self.links.append(str(values.get("href")))


@pytest.mark.parametrize("page", PAGES)
def test_every_page_stands_alone_and_links_to_pages_that_exist(finished: Path, page: Any) -> None:
    text = (finished / "reports" / page.href).read_text(encoding="utf-8")
    seen = Links(text)
    assert [load for load in seen.loads if not load.startswith("data:")] == []
    assert "@import" not in text
    own = 3 if page.href == OVERVIEW else 1  # of the templates, none of a notebook or of data
    assert seen.tags.count("script") == own
    assert '<meta name="viewport"' in text
    for link in seen.links:
        target = link.split("#")[0]
        if target and not target.startswith(("http://", "https://")):
            assert (finished / "reports" / target).is_file(), link


@pytest.mark.parametrize("page", PAGES[1:-1])
def test_code_is_folded_and_errors_and_paths_are_not_shown(finished: Path, page: Any) -> None:
    text = (finished / "reports" / page.href).read_text(encoding="utf-8")
    assert text.count("<details") >= 3
    assert "<details open" not in text
    assert str(finished) not in text
    assert "Traceback (most recent" not in text
    assert re.search(r"<h1[^>]*>", text)


def test_identifiers_are_not_printed_in_reports(finished: Path) -> None:
    customers = read_table(finished / "data" / "raw" / "customers.parquet")
    for page in (finished / "reports").glob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not [name for name in customers["customerID"].head(50) if name in text]


def test_the_model_card_has_every_part(finished: Path) -> None:
    card = (finished / "reports" / "model_card.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.*)$", card, flags=re.MULTILINE)
    assert headings == [
        "Purpose", "Model", "Data", "Quality on the test customers", "Ethics", "Limits",
        "How to reproduce",
    ]  # fmt: skip
    for column in ("gender", "SeniorCitizen"):
        assert f"| {column} = " in card


def test_dvc_shows_metrics_and_plots_as_they_are(finished: Path, tmp_path: Path) -> None:
    shown = dvc(finished, "metrics", "show", "--json")
    assert shown.returncode == 0, shown.stderr
    test = json.loads(shown.stdout)[""]["data"]["reports/metrics.json"]["data"]["test"]
    assert set(test) == CONTRACT
    plots = dvc(finished, "plots", "show", "--out", str(tmp_path / "plots"))
    assert plots.returncode == 0, plots.stderr
    page = (tmp_path / "plots" / "index.html").read_text(encoding="utf-8")
    for title in [*PLOTS, "Confusion"]:
        assert title in page
    assert "tpr" in page


@pytest.mark.parametrize("command", [("show",), ("diff", "HEAD")])
def test_dvc_draws_its_plots_without_a_network(
    finished: Path, tmp_path: Path, command: tuple[str, ...]
) -> None:
    plots = dvc(finished, "plots", *command, "--out", str(tmp_path / "plots"))
    assert plots.returncode == 0, plots.stderr
    page = (tmp_path / "plots" / "index.html").read_text(encoding="utf-8")
    # the page loads nothing, and brings along what draws each of the plots that DVC puts there
    assert Links(page).loads == []
    assert "function vegaEmbed(" in page
    assert page.index("function vegaEmbed(") < page.index("vegaEmbed('#")
    assert page.count("vegaEmbed('#") == len([*PLOTS, "Confusion"])


def test_the_model_is_a_dvc_artifact(finished: Path) -> None:
    from stages.core.yamlfile import read_yaml

    artifact = read_yaml(finished / "dvc.yaml")["artifacts"]["churn"]
    assert artifact["type"] == "model"
    assert (finished / artifact["path"] / "model.onnx").is_file()
