"""The list on the page: filters, order, files."""

import io

import numpy as np
import openpyxl
import pandas as pd
import pytest

from app import listing
from app.economics import ranked
from app.listing import Filters, as_csv, as_workbook, places_of, table, titles
from scoring.assumptions import Scenario
from tests import builders
from tests.app import conftest


@pytest.fixture(scope="module")
def found(scored):
    return ranked(scored, Scenario())


def test_filters_keep_whom_they_say(scored, found):
    reason = titles(scored)[0]
    kept = pd.read_parquet(scored.customers)
    checks = {
        "search": (Filters(search="4-0001"), lambda i: "4-0001" in scored.ids[i].as_py()),
        "risk": (Filters(risk=0.5), lambda i: scored.probability[i] >= 0.5),
        "value": (Filters(value=150.0), lambda i: scored.value[i] >= 150),
        "segment": (
            Filters(segments={builders.SIZE: ["klein"]}),
            lambda i: kept[builders.SIZE][i] == "klein",
        ),
        "reason": (
            Filters(reasons=[reason]),
            lambda i: any(
                str(scored.reasons[name][i].as_py()).startswith(f"{reason}:")
                for name in listing.REASONS
            ),
        ),
    }
    for name, (filters, passes) in checks.items():
        listed = places_of(scored, found, contacts=len(found), filters=filters)
        expected = [place for place, i in enumerate(found.places) if passes(int(i))]
        assert listed.tolist() == expected, name
        assert 0 < len(listed) < len(found), name


def test_the_list_never_has_more_than_the_budget_covers(scored, found):
    listed = places_of(scored, found, contacts=7, filters=Filters(search="K4"))
    assert listed.max() < 7


@pytest.mark.parametrize("order", listing.ORDERS)
def test_an_order_changes_nothing_but_the_order(scored, found, order):
    listed = places_of(scored, found, contacts=40, filters=Filters(), order=order)

    places = found.places[listed]
    keys = {
        "rank": listed,
        "probability": -scored.probability[places],
        "value": -scored.value[places],
        "id": np.array(scored.ids.take(places).to_pylist()),
    }[order]
    assert sorted(listed) == list(range(40))
    assert (keys[1:] >= keys[:-1]).all()


def whole(scored):
    """Every customer on one list."""
    everybody = ranked(scored, Scenario(accept=0.99, offer_cost=0.0, contact_cost=0.0))
    return table(scored, everybody, np.arange(len(everybody)))


def test_no_file_has_a_cell_that_a_spreadsheet_computes(scored):
    ids = pd.read_csv(io.BytesIO(as_csv(whole(scored))))["customer_id"]
    assert f"'{conftest.FORMULA}" in set(ids)
    assert conftest.FORMULA not in set(ids)

    book = openpyxl.load_workbook(io.BytesIO(as_workbook(whole(scored))))
    cells = [row[1] for row in book.active.iter_rows(min_row=2)]
    assert conftest.FORMULA in {cell.value for cell in cells}
    assert {cell.data_type for cell in cells} == {"s"}


def test_a_list_longer_than_a_sheet_goes_on_in_the_next(scored, monkeypatch):
    monkeypatch.setattr(listing, "SHEET", 100)
    wanted = whole(scored)

    book = openpyxl.load_workbook(io.BytesIO(as_workbook(wanted)))

    rows = [row for sheet in book for row in sheet.iter_rows(min_row=2, values_only=True)]
    assert len(book.worksheets) == 3
    assert [row[1] for row in rows] == wanted["customer_id"].to_pylist()
    assert [row[5] for row in rows] == pytest.approx(wanted["expected_profit"].to_pylist())
    assert as_workbook(wanted.slice(0, 0))
