"""Last months on the page: what the monitor, a campaign and the test customers showed."""

import json

import numpy as np
import pandas as pd
import pytest

from app import history
from scoring.errors import UserError
from scoring.verdict import Calibration
from tests import verdicts
from tests.app.conftest import texts

CLOSED = Calibration(
    changed=False,
    month="2026-03",
    customers=900,
    churn_rate=0.25,
    predicted=0.22,
    low=0.1,
    high=0.3,
)
CAMPAIGN = {
    "arms": [{"arm": "control", "customers": 1200, "churn_rate": {"value": 0.301}}],
    "effects": [
        {
            "arm": "<b>call</b>",
            "contacts": 800,
            "reduction": {"value": 0.052, "low": 0.01, "high": 0.094},
            "profit_per_contact": {"value": 3.25, "low": -1.0, "high": 7.5},
        }
    ],
}
SEGMENTS = [
    {"column": "Größe", "value": "klein", "customers": 900, "probability": 0.21, "churn_rate": 0.2},
    {"column": "Größe", "value": "<b>", "customers": 90, "probability": 0.32, "churn_rate": 0.41},
    {"column": "gone", "value": "x", "customers": 90, "probability": 0.3, "churn_rate": 0.3},
]


@pytest.fixture
def reports(tmp_path):
    """Reports of three judged months, a campaign and a model."""
    (tmp_path / "monitor").mkdir()
    alarm = {"population": verdicts.CHANGED, "status": "change"}
    for found in (
        verdicts.verdict("2026-08", **alarm),
        verdicts.verdict("2026-09", calibration=CLOSED),
        verdicts.verdict("2026-10", **verdicts.CLOSED),
    ):
        (tmp_path / "monitor" / f"{found.month}.json").write_text(found.model_dump_json())
    (tmp_path / "campaign.json").write_text(json.dumps(CAMPAIGN))
    (tmp_path / "model_card.json").write_text(json.dumps({"segments": SEGMENTS}))
    rng = np.random.default_rng(0)
    risk = rng.random(2000)
    pd.DataFrame(
        {
            "split": ["train", "test"] * 1000,
            "label": (rng.random(2000) < risk).astype("int8"),
            "champion": risk,
        }
    ).to_parquet(tmp_path / "predictions.parquet")
    return tmp_path


def test_the_view_says_what_monitor_campaign_and_model_showed(page, month, reports):
    shown = page(month, "--reports", str(reports), view="months")

    assert not shown.exception
    page = texts(shown)
    assert "October 2026: nothing unusual" in page
    assert "Last alert, August 2026" in page
    assert "In March 2026, 22.0% were predicted to leave, and 25.0% did" in page
    assert "Contacting 9 customers in April 2026 brought" in page
    assert "1,200 customers were left alone to compare with; 30.1% of them left" in page
    assert (
        "5.2 percentage points fewer left than without a contact (95% interval 1.0 to 9.4)" in page
    )
    assert ": <b>”, 32% were predicted to leave and 41% did" in page
    for file in ("model_card", "monitor/2026-10", "monitor/2026-08", "05_evaluate", "campaign"):
        assert f"The report behind it: reports/{file}.html" in page
    assert not any("<b>" in part.value for part in shown.markdown)


def test_what_never_ran_gets_a_sentence_with_its_command(page, month, tmp_path):
    shown = page(month, "--reports", str(tmp_path), view="months")

    assert not shown.exception
    for command in ("make monitor", "make repro", "make campaign"):
        assert command in texts(shown)
    assert "days ago" in texts(shown)


def test_deciles_are_of_test_customers_and_rise_with_the_risk(reports):
    found = history.deciles(reports)

    assert len(found) == 10
    assert [row.predicted for row in found] == sorted(row.predicted for row in found)
    table = pd.read_parquet(reports / "predictions.parquet").query("split == 'test'")
    assert np.mean([row.realised for row in found]) == pytest.approx(table["label"].mean())


def test_a_month_is_compared_by_the_newest_verdict_on_it(reports):
    later = CLOSED.model_copy(update={"churn_rate": 0.26})
    found = [verdicts.verdict("2026-09", calibration=CLOSED),
             verdicts.verdict("2026-10", calibration=later)]  # fmt: skip
    assert history.closed_months(found) == [history.Compared("2026-03", 0.22, 0.26)]
    assert history.last_alert(found) is None


READ = {
    "monitor/2026-10.json": history.verdicts,
    "campaign.json": history.campaign,
    "predictions.parquet": history.deciles,
    "model_card.json": history.segments,
}


@pytest.mark.parametrize("name", READ)
def test_a_broken_report_is_named(reports, name):
    (reports / name).write_text("{}")
    read = READ[name]
    with pytest.raises(UserError, match="cannot be read; run make"):
        read(reports)
