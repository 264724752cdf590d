"""The page in a real browser: accessibility, phone width, the keyboard, numbers that are code."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from stages.batch.asked import Asked
from stages.batch.score import score
from stages.core.yamlfile import load_schema
from tests.app.tasks import LONG, TASKS, drawn
from tests.deploy.processes import started
from tests.html_pages import CHROMIUM
from tests.network import free_port
from tests.waiting import until

VIEWS = ("month", "customer", "what_if", "months")
SERIOUS = ("serious", "critical")
PICTURES = "PICTURES"  # the folder that keeps what the browser showed, in continuous integration
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here; continuous integration has one"),
]


def served(month: Path, log: Path, *more: str) -> Iterator[str]:
    """Where the page of a scored month answers, as long as somebody asks."""
    found = f"http://127.0.0.1:{(port := free_port())}"
    command = [sys.executable, "-m", "app", "--server.port", str(port)]
    ready = f"{found}/_stcore/health"
    server = started([*command, "--", "--scores", str(month), *more], ready=ready, log=log)
    yield found
    server.terminate()
    server.wait(30)


@pytest.fixture(scope="module")
def cheese_club(month: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page of the cheese club."""
    yield from served(month, tmp_path_factory.mktemp("app") / "log")


@pytest.fixture(scope="module")
def telecom(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page of simulated customers of a telecom operator, scored by the pipeline's champion."""
    folder = tmp_path_factory.mktemp("telecom")
    table = pd.read_parquet(finished / "data" / "raw" / "customers.parquet").head(500)
    schema = load_schema(finished / "data" / "raw" / "schema.json")
    table.drop(columns=schema.target.name).to_csv(folder / "july.csv", index=False)
    champion = finished / "models" / "champion"
    asked = Asked(str(folder / "july.csv"), folder / "out", champion, customers=True)
    scores, reports = score(asked).folder, str(finished / "reports")
    yield from served(scores, folder / "log", "--bundle", str(champion), "--reports", reports)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; what is expected of its pages may take a while."""
    expect.set_options(timeout=LONG)
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


def opened(browser: Browser, url: str, *, width: int = 1200, scheme: str = "light") -> Page:
    """A view once it has been drawn."""
    page = browser.new_page(
        viewport={"width": width, "height": 900}, locale="en-US", color_scheme=scheme
    )
    page.goto(url)
    drawn(page)
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", VIEWS)
def test_nothing_serious_keeps_anybody_out(
    browser: Browser, cheese_club: str, view: str, scheme: str
) -> None:
    page = opened(browser, f"{cheese_club}/?view={view}", scheme=scheme)
    found = Axe().run(page).response["violations"]
    serious = [one for one in found if one["impact"] in SERIOUS]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in serious] == []


@pytest.mark.parametrize("view", VIEWS)
def test_a_phone_shows_the_whole_width(browser: Browser, cheese_club: str, view: str) -> None:
    page = opened(browser, f"{cheese_club}/?view={view}", width=390)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_keyboard_changes_the_budget_and_the_list_follows(
    browser: Browser, cheese_club: str
) -> None:
    # given the page of the month
    page = opened(browser, f"{cheese_club}/?view=month")
    listed = page.get_by_role("button", name=re.compile("as CSV"))
    before = listed.inner_text()
    # when the budget is lowered by the keyboard alone
    slider = page.get_by_role("slider").first

    def is_lowered() -> bool:
        for key in ("Home", *["ArrowRight"] * 3):
            slider.press(key)  # focused again where a busy page was drawn again meanwhile
        drawn(page)
        return listed.inner_text() != before

    # then fewer customers are listed
    until(is_lowered, what="the list does not follow the budget")


def test_what_a_customer_is_called_runs_nowhere(browser: Browser, cheese_club: str) -> None:
    page = browser.new_page()
    page.on("dialog", lambda _: pytest.fail("a customer's number was run"))
    page.goto(f"{cheese_club}/?view=customer&customer=<script>alert(1)</script>")
    drawn(page)
    assert page.locator("main script, section script").count() == 0


@pytest.mark.parametrize("business", ["cheese_club", "telecom"])
def test_a_newcomer_does_the_five_tasks(
    browser: Browser, business: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    found = request.getfixturevalue(business)
    folder = Path(os.environ.get(PICTURES) or tmp_path)
    for task in TASKS:
        page = browser.new_page(viewport={"width": 1200, "height": 900}, locale="en-US")
        try:
            task(found, page)
        finally:
            page.screenshot(path=folder / f"{business}-{task.__name__}.png")
            page.close()
