"""The page as Streamlit runs it: what a reader sees and sets, and what happens to broken files."""

import json
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests import builders
from tests.app import conftest
from tests.app.conftest import figures, texts


def test_the_first_view_has_the_figures_of_make_score(page, month):
    summary = json.loads((month / "summary.json").read_text())
    profit = summary["expected"]["profit"]

    shown = page()

    assert not shown.exception
    assert figures(shown)["Customers to contact"] == f"{summary['listed']:,}"
    assert figures(shown)["Expected profit"] == f"{profit:,.0f}\xa0€"
    assert f"{profit:,.2f}" in texts(shown)
    assert len(shown.dataframe[0].value) == summary["listed"]


def test_a_smaller_budget_contacts_fewer_and_slider_and_field_follow_each_other(page):
    shown = page()
    before = figures(shown)

    shown.number_input(key="budget field").set_value(40.0).run()

    assert shown.slider(key="budget slider").value == 40.0
    assert int(figures(shown)["Customers to contact"]) < int(before["Customers to contact"])
    assert shown.query_params["budget"] == "40"
    shown.slider(key="budget slider").set_value(0.0).run()
    assert figures(shown)["Customers to contact"] == "0"
    assert "Nobody is on the list" in texts(shown)


def test_a_link_opens_the_page_as_it_was_sent(page):
    sent = page(view="what_if")
    sent.slider(key="assumption accept").set_value(60.0).run()
    sent.slider(key="assumption offer").set_value(5.0).run()
    address = dict(sent.query_params)

    opened = page(**address)

    assert address == {"view": "what_if", "accept": "60", "offer": "5"}
    assert figures(opened) == figures(sent)
    assert texts(opened) == texts(sent)
    # and the list of the month follows, and says so
    month = page(**address | {"view": "month"})
    assert figures(month)["Expected profit"] == figures(sent)["Expected profit"]
    assert "follow the assumptions" in texts(month)
    sent.button[0].click().run()
    assert dict(sent.query_params) == {"view": "what_if"}


@pytest.mark.parametrize("value", ["nan", "1e99", "<script>"])
def test_a_broken_link_is_no_error(page, value):
    shown = page(budget=value, accept=value, view=value, lang=value, customer=value)
    assert not shown.exception
    assert figures(shown)


def test_a_customer_is_explained_without_what_is_sensitive(page, scored):
    shown = page(view="customer")

    assert not shown.exception
    assert "makes leaving more likely" in texts(shown)
    assert "no promise" in texts(shown)
    assert builders.GENDER not in texts(shown)
    assert [box.label.replace("\\", "") for box in shown.selectbox if box.key != "language"] == [
        builders.PAYS
    ]


def test_a_what_if_is_what_the_model_says_of_the_changed_customer(page, scored):
    shown = page(view="customer", customer="K4-00010")
    before = texts(shown)

    box = next(box for box in shown.selectbox if box.label == builders.PAYS)
    other = next(option for option in box.options if option != box.value)
    box.set_value(other).run()

    place = scored.place_of("K4-00010")
    shown_before = f"{round(100 * scored.probability[place])}%"
    assert f"the risk is **{shown_before}**" in before
    assert f"would be **{shown_before}**" in before
    assert texts(shown) != before
    assert f"the risk is **{shown_before}**" in texts(shown)


@pytest.mark.parametrize("name", [conftest.TAG, "nobody <b>"])
def test_a_number_that_is_code_elsewhere_is_text_here(page, name):
    shown = page(view="customer", customer=name)

    assert not shown.exception
    for part in [*shown.markdown, *shown.header, *shown.warning]:
        assert "<script>" not in part.value
        assert "<b>" not in part.value
    assert name in texts(shown)


def test_a_reader_chooses_the_language(page):
    shown = page(lang="de")
    assert shown.title[0].value == "Kundenbindung"
    assert "Zu kontaktierende Kunden" in figures(shown)
    shown.selectbox(key="language").set_value("en").run()
    assert shown.title[0].value == "Customer retention"
    assert shown.query_params["lang"] == "en"


def test_without_a_monthly_value_there_is_no_money(page, month_without_money):
    for view in ("month", "customer", "what_if"):
        shown = page(month_without_money, view=view)
        assert not shown.exception
        assert "rofit" not in "".join(figures(shown))
        assert "cost" not in texts(shown).lower()
    assert "nothing can be calculated in money" in texts(shown)
    shown = page(month_without_money)
    shown.slider(key="calls slider").set_value(3.0).run()
    assert len(shown.dataframe[0].value) == 3


def test_without_what_is_known_of_customers_the_page_says_how_to_get_it(page, month, tmp_path):
    summary = json.loads((month / "summary.json").read_text()) | {"customers": None}
    shutil.copytree(month, tmp_path / "out")
    (tmp_path / "out" / "summary.json").write_text(json.dumps(summary))

    assert "CUSTOMERS=1" in texts(page(tmp_path / "out", view="customer"))
    assert "CUSTOMERS=1" in texts(page(tmp_path / "out"))


def test_rows_that_could_not_be_read_are_counted_on_the_page(page, month, tmp_path):
    shutil.copytree(month, tmp_path / "out")
    summary = json.loads((month / "summary.json").read_text())
    for rejected in (0, 346):
        changed = json.dumps(summary | {"rejected": rejected})
        (tmp_path / "out" / "summary.json").write_text(changed)
        shown = [each.value for each in page(tmp_path / "out").warning]
        assert any("346 of" in text for text in shown) == (rejected > 0), shown


@pytest.mark.parametrize("name", ["summary.json", "scores.parquet"])
def test_a_missing_file_gets_a_sentence(page, month, tmp_path, name):
    shutil.copytree(month, tmp_path / "out")
    (tmp_path / "out" / name).unlink()

    shown = page(tmp_path / "out")

    assert not shown.exception
    assert f"{name}: no such file; run make score" in texts(shown)


def test_scores_that_changed_are_read_again(page, month, tmp_path):
    shutil.copytree(month, tmp_path / "out")
    shown = page(tmp_path / "out")
    before = figures(shown)
    table = pq.read_table(tmp_path / "out" / "scores.parquet")
    pq.write_table(table.slice(0, 150), tmp_path / "out" / "scores.parquet")
    summary = tmp_path / "out" / "summary.json"
    summary.write_text(summary.read_text() + " ")

    shown.run()

    assert figures(shown) != before
    assert np.isfinite(float(figures(shown)["Customers worth a contact"]))
