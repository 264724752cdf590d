"""Five tasks of a newcomer, done in a browser: those of `docs/app.md`, in their order.

Each takes the address of the page and a page of the browser, and fails where the newcomer would.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import openpyxl
from playwright.sync_api import Locator, Page, expect

TRIES = 5
LONG = 60_000.0  # milliseconds: for a file of all customers, or on a busy machine


def drawn(page: Page) -> None:
    """Waits until the page has been drawn."""
    page.get_by_role("heading", level=1).first.wait_for()
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()


def card(page: Page, name: str) -> Locator:
    """The figure of that name."""
    found = page.locator('[data-testid="stMetric"]').filter(has_text=name).first
    return found.locator('[data-testid="stMetricValue"]')


def number(text: str) -> float:
    """The number in a text."""
    return float(re.sub(r"[^\d.-]", "", text))


def whom_to_contact(address: str, page: Page) -> None:
    """How many customers are worth a contact this month, and what would that bring?"""
    page.goto(address)
    drawn(page)
    assert number(card(page, "Customers worth a contact").inner_text()) > 0
    assert number(card(page, "Expected profit").inner_text()) > 0
    expect(page.get_by_text("In 95 of 100 such campaigns")).to_be_visible()


def half_the_money(address: str, page: Page) -> None:
    """There is only half the money: how many can be contacted, and what does that bring?"""
    page.goto(address)
    drawn(page)
    contacts, cost = card(page, "Customers to contact"), card(page, "Expected cost")
    before = number(contacts.inner_text())
    budget = number(cost.inner_text()) / 2
    field = page.get_by_label("Exact amount")
    field.fill(f"{budget:.2f}")
    field.press("Enter")
    expect(contacts).not_to_have_text(f"{before:,.0f}")
    drawn(page)
    assert 0 < number(contacts.inner_text()) < before
    assert number(cost.inner_text()) <= budget + 1


def the_call_centres_file(address: str, page: Page) -> None:
    """The call centre wants a file for Excel of the customers whose number has a 7 in it."""
    page.goto(address)
    drawn(page)
    button = page.get_by_role("button", name=re.compile("for Excel"))
    before = button.inner_text()
    search = page.get_by_label("Find a customer number")
    search.fill("7")
    search.press("Enter")
    expect(button).not_to_have_text(before)
    drawn(page)
    with page.expect_download(timeout=LONG) as waiting:
        button.click()
    content = waiting.value.path().read_bytes()
    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
    ids = [str(row[1]) for row in book.worksheets[0].iter_rows(min_row=2, values_only=True)]
    assert len(ids) == number(button.inner_text())
    assert all("7" in each for each in ids)


def why_this_customer(address: str, page: Page) -> None:
    """Why is the first customer on the list at risk, and what would change it?"""
    page.goto(address)
    drawn(page)
    page.get_by_text("A customer", exact=True).click()
    page.get_by_role("heading", name="What makes leaving more likely").wait_for(timeout=LONG)
    drawn(page)
    sentence = page.get_by_text("As the customer is, the risk is")
    before = sentence.inner_text()
    box = page.get_by_role("combobox").last
    for key in ("ArrowDown", "ArrowDown", "Enter") * 3:  # until another value is chosen
        box.press(key)
        if key == "Enter":
            page.wait_for_timeout(1000)
            drawn(page)
            if sentence.inner_text() != before:
                break
    expect(sentence).not_to_have_text(before)
    expect(page.get_by_text("is no promise")).to_be_visible()


def fewer_accept(address: str, page: Page) -> None:
    """Fewer accept the offer than assumed: what is left, and does a colleague see the same?"""
    page.goto(address)
    drawn(page)
    page.get_by_text("What happens if", exact=True).click()
    slider = page.get_by_role("slider").first
    slider.wait_for(timeout=LONG)
    drawn(page)
    profit = card(page, "Expected profit")
    before = profit.inner_text()
    for _ in range(TRIES):  # a key that meets a page being drawn is lost
        slider.press("ArrowLeft")
        page.wait_for_timeout(2000)
        if profit.inner_text() != before:
            break
    expect(profit).not_to_have_text(before)
    expect(page).to_have_url(re.compile("accept="))
    drawn(page)
    assert number(profit.inner_text()) < number(before)
    assert page.context.browser is not None
    colleague = page.context.browser.new_page(locale="en-US")
    colleague.goto(page.url)
    drawn(colleague)
    expect(card(colleague, "Expected profit")).to_have_text(profit.inner_text())
    colleague.close()


TASKS: tuple[Callable[[str, Page], None], ...] = (
    whom_to_contact,
    half_the_money,
    the_call_centres_file,
    why_this_customer,
    fewer_accept,
)
