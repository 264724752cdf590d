"""The model card and the overview say what the data says, and nothing else."""

import dataclasses
import re

import pytest

from scoring.schema import parse_schema
from stages.core.metrics import METRICS
from stages.evaluation import card
from stages.evaluation.contact_list import totals
from stages.evaluation.headline import headline
from stages.evaluation.slices import slices
from stages.tables.data_params import Data
from tests import builders
from tests.builders import GENDER, SIZE
from tests.evaluation.conftest import GENERATED, PAGES
from tests.html_pages import self_contained

ADOPTED = {
    "source": "data/external/club.csv",
    "schema": "data/external/club.yaml",
    "encoding": None,
    "without": [],
}
HOSTILE = '<img src=x onerror="alert(1)">'


def test_pages_stand_alone(write):
    _, page, overview = write(builders.evaluation_data())
    self_contained(page)
    self_contained(overview)


def test_card_has_the_sections_of_a_model_card(write):
    markdown, page, _ = write(builders.evaluation_data())
    sections = re.findall(r"^## (.*)$", markdown, re.MULTILINE)
    words = " ".join(sections).lower()
    for topic in ("purpose", "model", "data", "quality", "ethics", "limits", "reproduce"):
        assert topic in words
    for section in sections:
        assert section in page


def test_card_and_overview_say_what_the_evidence_says(write):
    data = builders.evaluation_data()
    markdown, _, overview = write(data)
    table = headline(data)
    for name in ("roc_auc", "brier", "profit_per_customer"):
        for column in ("value", "low", "high", "one_feature", "base_rate"):
            assert METRICS[name].text(table.loc[name, column]) in markdown
    assert METRICS["roc_auc"].text(table.loc["roc_auc", "value"]) in overview
    for text in (markdown, overview):
        assert data.manifest["version"] in text
        assert data.manifest["candidate"] in text


def test_overview_begins_with_the_campaign_and_has_the_metrics_after_it(write):
    data = builders.evaluation_data()
    overview = write(data)[2]
    contacted = int(data.decision.sum())
    wasted = contacted - int((data.decision * data.label).sum())
    places = [
        overview.index(text)
        for text in (f"{contacted} of these 300 customers", f"{wasted} of {contacted}", "ROC AUC")
    ]
    assert places == sorted(places)
    assert "expected profit is positive" in overview


def test_overview_leads_to_every_report(write):
    _, _, overview = write(builders.evaluation_data())
    body = overview[overview.index("<main") :]
    for page in PAGES[1:]:
        assert f'href="{page.href}"' in body


def test_sensitive_groups_are_in_the_card_and_others_are_not(write):
    markdown, _, _ = write(builders.evaluation_data())
    ethics = markdown.split("## Ethics")[1].split("\n## ")[0]
    assert f"| {GENDER} = w |" in ethics
    assert f"| {SIZE} = " not in ethics


def test_segments_have_what_was_predicted_and_what_happened_and_nothing_sensitive(data):
    judged = slices(data)
    found = card.content(data, headline(data), judged, totals(data), Data.of(GENERATED))["segments"]
    assert {row["column"] for row in found} == set(judged["column"]) - {GENDER}
    of_size = [row for row in found if row["column"] == SIZE]
    values = data.features[SIZE].to_numpy()
    for row in of_size:
        members = values == row["value"]
        assert row["customers"] == members.sum()
        assert row["churn_rate"] == pytest.approx(data.label[members].mean())
        assert row["probability"] == pytest.approx(data.probability[members].mean())
    assert of_size


def test_card_says_so_where_no_column_is_sensitive(write):
    content = builders.content(**{GENDER: {"roles": []}})
    schema = parse_schema(content, origin="club.yaml")
    markdown, _, _ = write(dataclasses.replace(builders.evaluation_data(), schema=schema))
    assert "nothing is known" in markdown


def test_simulated_customers_are_called_simulated_and_adopted_ones_named(write):
    simulated = write(builders.evaluation_data(), name="simulated")
    adopted = write(
        builders.evaluation_data(), source=ADOPTED | {"sha256": "5" * 64}, name="adopted"
    )
    for text in (simulated[0], simulated[2]):
        assert "imulated" in text
        assert "club.csv" not in text
    assert "5" * 64 in adopted[0]
    for text in (adopted[0], adopted[2]):
        assert "data/external/club.csv" in text
        assert "imulated" not in text


@pytest.mark.parametrize("variant", ["no_value", "no_tenure", "no_id", "categories", "numbers"])
def test_card_can_be_written_for_every_kind_of_schema(write, variant):
    markdown, page, overview = write(builders.evaluation_data(variant))
    assert "nan" not in markdown.lower().split()
    self_contained(page)
    self_contained(overview)


def test_card_can_be_written_where_no_group_is_large_enough(write):
    params = builders.evaluate_params(min_slice=10_000)
    markdown, page, _ = write(dataclasses.replace(builders.evaluation_data(), params=params))
    assert "nothing is known" in markdown
    self_contained(page)


def test_decision_is_described_as_it_is_made(write):
    by_profit, _, _ = write(builders.evaluation_data(), name="profit")
    by_threshold, _, _ = write(builders.evaluation_data("no_value"), name="threshold")
    assert "expected profit is positive" in by_profit
    assert "probability is above 0.400" in by_threshold


def test_files_are_the_same_twice(write):
    assert write(builders.evaluation_data(), name="a") == write(
        builders.evaluation_data(), name="b"
    )


def test_column_names_and_values_are_text_and_no_markup(write):
    # names come from a CSV that somebody sent
    content = builders.content(**{GENDER: {"name": f"a|b {HOSTILE}"}})
    schema = parse_schema(content, origin="club.yaml")
    data = builders.evaluation_data()
    features = data.features.rename(columns={GENDER: f"a|b {HOSTILE}"})
    markdown, page, overview = write(dataclasses.replace(data, schema=schema, features=features))
    assert "<img src=x" not in page
    assert "<img src=x" not in overview
    widths = {line.count("|") - line.count("\\|") for line in ethics_rows(markdown)}
    assert len(widths) == 1


def ethics_rows(markdown: str) -> list[str]:
    ethics = markdown.split("## Ethics")[1].split("\n## ")[0]
    return [line for line in ethics.splitlines() if line.startswith("|")]


def test_origin_of_the_data_is_text_and_no_markup(write):
    source = {"source": f"data/external/{HOSTILE}.csv", "sha256": "5" * 64}
    _, page, overview = write(builders.evaluation_data(), source=ADOPTED | source)
    assert "<img src=x" not in page
    assert "<img src=x" not in overview
