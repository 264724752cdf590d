"""The page in a real browser: accessibility, phone width, the keyboard, numbers that are code."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.deploy.processes import started
from tests.html_pages import CHROMIUM
from tests.network import free_port

VIEWS = ("month", "customer", "what_if", "months")
SERIOUS = ("serious", "critical")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here; continuous integration has one"),
]


@pytest.fixture(scope="module")
def address(month: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the page of the scored month answers."""
    found = f"http://127.0.0.1:{(port := free_port())}"
    server = started(
        [sys.executable, "-m", "app", "--server.port", str(port), "--", "--scores", str(month)],
        ready=f"{found}/_stcore/health",
        log=tmp_path_factory.mktemp("app") / "log",
    )
    yield found
    server.terminate()
    server.wait(30)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
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
    _drawn(page)
    return page


def _drawn(page: Page) -> None:
    page.get_by_role("heading", level=1).first.wait_for()
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", VIEWS)
def test_nothing_serious_keeps_anybody_out(
    browser: Browser, address: str, view: str, scheme: str
) -> None:
    page = opened(browser, f"{address}/?view={view}", scheme=scheme)
    found = Axe().run(page).response["violations"]
    serious = [one for one in found if one["impact"] in SERIOUS]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in serious] == []


@pytest.mark.parametrize("view", VIEWS)
def test_a_phone_shows_the_whole_width(browser: Browser, address: str, view: str) -> None:
    page = opened(browser, f"{address}/?view={view}", width=390)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_keyboard_changes_the_budget_and_the_list_follows(
    browser: Browser, address: str
) -> None:
    # given the page of the month
    page = opened(browser, f"{address}/?view=month")
    listed = page.get_by_role("button", name=re.compile("as CSV"))
    before = listed.inner_text()
    # when the budget is lowered by the keyboard alone
    page.get_by_role("slider").first.focus()
    page.keyboard.press("Home")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    # then fewer customers are listed
    expect(listed).not_to_have_text(before)


def test_what_a_customer_is_called_runs_nowhere(browser: Browser, address: str) -> None:
    page = browser.new_page()
    page.on("dialog", lambda _: pytest.fail("a customer's number was run"))
    page.goto(f"{address}/?view=customer&customer=<script>alert(1)</script>")
    _drawn(page)
    assert page.locator("main script, section script").count() == 0
