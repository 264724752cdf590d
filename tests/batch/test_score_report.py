"""The report of a run: what its notebook shows."""

import json
import re

import pandas as pd
import pytest

from scoring.errors import UserError
from stages.batch import score_report
from stages.batch.asked import Asked
from stages.batch.assignment import Design
from stages.batch.score import score
from stages.batch.score_summary import in_words
from stages.core.paths import Paths
from stages.look.display import figure, table
from stages.look.pages import write_page
from tests import builders
from tests.html_pages import layout_faults
from tests.service.conftest import write_club


@pytest.fixture
def noted(scored, members, tmp_path):
    paths = Paths(tmp_path)
    members.loc[5, builders.MONTHS] = "viele"
    score_report.remember(scored(members, reasons="list"), paths)
    return score_report.latest(paths)


def test_without_a_run_it_says_what_to_do(tmp_path):
    with pytest.raises(UserError, match="run make score"):
        score_report.latest(Paths(tmp_path))


def test_the_list_in_the_page_is_the_contact_list_and_cannot_end_its_script(noted):
    contacts = noted.contacts.assign(customer_id="</script><b>" + noted.contacts["customer_id"])
    page = score_report.listing(
        score_report.Report(noted.summary, contacts, noted.schema, noted.bundle)
    ).data

    content = re.search(r'<script type="application/json"[^>]*>(.*?)</script>', page, re.S)[1]
    rows = json.loads(content)["rows"]
    assert [row[1] for row in rows] == contacts["customer_id"].tolist()
    assert "http" not in page


def test_money_names_the_value_that_it_assumes_where_no_column_has_it(noted, tmp_path, members):
    club = write_club(tmp_path / "flat", variant="no_value")
    members.to_csv(tmp_path / "flat.csv", index=False)
    outcome = score(Asked(str(tmp_path / "flat.csv"), tmp_path / "flat-out", club))
    score_report.remember(outcome, Paths(tmp_path))

    assumed = "assumes that every retained customer is worth"
    assert assumed in in_words(outcome)
    assert assumed in score_report.in_money(score_report.latest(Paths(tmp_path)))
    assert assumed not in score_report.in_money(noted)


def test_a_long_list_is_cut_in_the_page_and_that_is_reported(noted, monkeypatch):
    monkeypatch.setattr(score_report, "LISTED", 3)

    page = score_report.listing(noted).data

    assert f"The first 3 of {len(noted.contacts)} customers" in page


def test_customers_like_those_learned_from_are_near_and_others_far(noted):
    near = score_report.differences(noted).set_index("column")["distance"]
    counts = dict(noted.summary["counts"]) | {builders.SIZE: [0, 0, 150, 0]}
    summary = dict(noted.summary) | {"counts": counts}
    far = score_report.differences(
        score_report.Report(summary, noted.contacts, noted.schema, noted.bundle)
    )

    assert (near < 0.25).all()
    assert far["column"].iloc[0] == builders.SIZE
    assert far["distance"].iloc[0] > 0.4


def test_what_is_typical_of_those_worth_a_contact_is_more_frequent_among_them(noted):
    table = score_report.typical(noted)

    assert (table["worth a contact"] >= table["all customers"]).all()
    assert builders.GENDER not in set(table["column"])


def test_the_top_of_the_list_has_reasons_and_no_ids(noted):
    top = score_report.first(noted)

    assert "customer id" not in top
    assert top["why"].str.len().gt(0).any()
    assert not top["why"].str.contains(".;", regex=False).any()  # reasons are sentences
    assert isinstance(top, pd.DataFrame)
    assert score_report.problems(noted) == [
        "column Monate dabei: not a number, such as 'viele': 1 row"
    ]


def test_the_report_fits_every_screen(noted, tmp_path):
    shown = (
        table(score_report.figures(noted)),
        figure(score_report.profit_curve(noted), title="profit"),
        table(score_report.first(noted)),
        table(score_report.typical(noted)),
        table(score_report.differences(noted)),
        score_report.listing(noted),
    )
    page = tmp_path / "score.html"
    write_page(page, body="".join(one.data for one in shown), title="Scored", pages=[])
    assert layout_faults([page], tmp_path) == []


def test_the_page_says_who_was_drawn_at_random_and_its_cost(noted, scored, members, tmp_path):
    assert score_report.assigned(noted) == []
    paths = Paths(tmp_path)
    score_report.remember(scored(members, "drawn", design=Design(0.2, 0.1, "2026-11")), paths)
    drawn = score_report.latest(paths)
    assert score_report.assigned(drawn)[0].startswith("Drawn at random for 2026-11: ")
    assert "the share that accepts is not known" in score_report.in_money(drawn)
