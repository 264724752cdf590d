"""The overview under other assumptions: what the browser computes is what the pipeline would."""

import dataclasses
import json
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from scoring import money
from scoring.assumptions import Scenario, worth
from stages.evaluation import what_if as module
from stages.evaluation.what_if import figures, plan_of, points, what_if
from tests import builders
from tests.html_pages import CHROMIUM, PHONE, layout_faults, measured

PAGE = "reports/reports/index.html"
FIGURES = """
const measure = (frame) => { // the figures of the page, to the cent, and its curve
  const page = frame.contentDocument;
  const values = [...page.querySelectorAll("#economics data")].map((each) => each.value);
  return [[...values, page.querySelector("#economics .tried").getAttribute("points")]];
};
"""
SCENARIOS = {
    "": Scenario(),
    "#accept=55": Scenario(accept=0.55),
    "#accept=1": Scenario(accept=0.01),
    "#offer=3.3&contact=0": Scenario(offer_cost=3.3, contact_cost=0.0),
    "#accept=99&offer=0&months=30.5": Scenario(accept=0.99, offer_cost=0.0, months=30.5),
    "#contact=5&months=1": Scenario(contact_cost=5.0, months=1.0),
    "#accept=1e9&offer=x&months=&contact=-1&other=<b>": Scenario(accept=0.99, contact_cost=0.0),
}


def plan(data, scenario):
    """The plan had the bundle these costs."""
    costs = scenario.costs(data.costs)
    profit = money.expected_profit(data.probability, worth(data.value, data.costs, costs), costs)
    return plan_of(data.probability, profit, costs)


def expected(data, scenario):
    """What the page would say of it; the curve has room for that of today as well."""
    tried = plan(data, scenario)
    found = figures(tried, data.assumptions.budget)
    names = ("cost", "profit", "profit_low", "profit_high")
    curves = tried.curve(), plan(data, Scenario()).curve()
    cost, profit = (max(curve[axis][-1] for curve in curves) for axis in (0, 1))
    drawn = points(*tried.curve(), most=(cost, profit))
    return [str(found["contacts"]), *(f"{found[name]:.2f}" for name in names), drawn]


@pytest.mark.parametrize("budget", [None, 60.0])
def test_the_browser_computes_what_the_pipeline_would_to_the_cent(write, tmp_path, budget):
    data = builders.assuming(builders.evaluation_data(), budget=budget)
    write(data)

    found = measured([tmp_path / PAGE], [800], tmp_path, script=FIGURES, hashes=[*SCENARIOS])

    assert found == [expected(data, scenario) for scenario in SCENARIOS.values()]
    assert len({tuple(figures) for figures in found}) > len(SCENARIOS) - 2


def test_without_a_script_the_figures_of_today_are_there(write):
    data = builders.evaluation_data()
    overview = write(data)[2]
    body = overview.split('id="economics"')[1].split("<script")[0]
    shown = re.findall(r'<data [^>]*value="([^"]+)">', body)
    assert shown == expected(data, Scenario())[:-1]
    assert '<form class="sliders" hidden>' in body


def test_the_overview_names_nobody_and_fits_a_phone(write, tmp_path):
    data = builders.evaluation_data()
    overview = write(data)[2]
    given = overview.split('<script type="application/json">')[1].split("</script>")[0]
    assert json.loads(given).keys() == {
        "costs",
        "assumptions",
        "budget",
        "grid",
        "probability",
        "value",
    }
    assert layout_faults([tmp_path / PAGE], tmp_path) == []


def test_where_a_threshold_decides_or_customers_are_too_many_there_are_no_sliders(
    write, monkeypatch
):
    assert what_if(builders.evaluation_data("no_value")) is None
    monkeypatch.setattr(module, "MOST", 10)
    assert "economics" not in write(builders.evaluation_data())[2].split("<body>")[1]


def test_where_nobody_is_worth_a_contact_nothing_is_spent():
    data = builders.evaluation_data()
    dear = dataclasses.replace(data.costs, contact_cost=1e6)
    profit = money.expected_profit(data.probability, data.value, dear)
    found = figures(plan_of(data.probability, profit, dear), None)
    assert (found["contacts"], found["profit"], found["points"]) == (0, 0, "0.0,200.0")


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here; continuous integration has one")
def test_the_keyboard_moves_an_assumption_and_the_address_keeps_it(write, tmp_path):
    write(builders.evaluation_data())
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": PHONE, "height": 800})
        page.goto((tmp_path / PAGE).as_uri())
        profit = page.locator("#economics data[data-name=profit]")
        before = profit.inner_text()
        # when the share that accepts is lowered by the keyboard
        page.get_by_label("accept the offer").press("ArrowLeft")
        # then the profit follows, the address has it, and the way back is a button
        assert page.evaluate("location.hash") == "#accept=29"
        assert profit.inner_text() != before
        violations = Axe().run(page).response["violations"]
        assert [
            each["id"] for each in violations if each["impact"] in ("serious", "critical")
        ] == []
        page.get_by_role("button", name="As assumed today").click()
        assert profit.inner_text() == before
        assert page.evaluate("location.hash") == ""
        browser.close()
