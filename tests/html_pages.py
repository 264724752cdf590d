"""What every page of the reports has to be: whole, and readable on a phone."""

import html
import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

LOADED = re.compile(
    r"""<(?:script|img|iframe|source|video|audio|embed|object)\b[^>]*\b(?:src|data)\s*=\s*["']?"""
    r"""\s*(?:https?:)?//|<link\b[^>]*\bhref\s*=|@import|url\(\s*["']?\s*(?:https?:)?//""",
    re.IGNORECASE,
)


def self_contained(text: str) -> None:
    """Fails where a page would fetch something, or lacks what a phone or a screen reader needs."""
    assert LOADED.search(text) is None, LOADED.search(text)
    assert text.startswith("<!doctype html>")
    assert '<html lang="en">' in text
    assert '<meta charset="utf-8">' in text
    assert 'name="viewport"' in text
    assert re.search(r"<title>[^<]+</title>", text)
    assert "<nav" in text
    assert text.count("<body") == text.count("</body>") == 1


LEAST = "0.6"  # of the size that a figure is drawn in: letters of seven pixels
WIDTHS = (390, 768, 1200)  # a phone, a tablet, a notebook
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--no-first-run", "--hide-scrollbars", "--allow-file-access-from-files", "--dump-dom",
)  # fmt: skip
MEASURE = """
const boxed = (element) => { // whether what is too wide scrolls in a box of its own
  for (let up = element.parentElement; up; up = up.parentElement)
    if (["auto", "scroll"].includes(getComputedStyle(up).overflowX)) return true;
  return false;
};
const faults = (frame) => {
  const page = frame.contentDocument, width = page.documentElement.clientWidth;
  const wide = (element) => element.getBoundingClientRect().right > width + 1;
  const found = page.documentElement.scrollWidth > width ? ["scrolls sideways"] : [];
  for (const element of page.querySelectorAll("body *")) {
    if (element.closest("svg") !== element && element.closest("svg")) continue;
    if (wide(element) && (!boxed(element) || element.matches("nav a, figure svg, figure img")))
      found.push(element.tagName + ": " + element.textContent.trim().slice(0, 40));
  }
  for (const drawn of page.querySelectorAll("figure svg[width]"))
    if (drawn.clientWidth < LEAST * drawn.viewBox.baseVal.width * 4 / 3) // points to pixels
      found.push("tiny: " + drawn.closest("figure").getAttribute("aria-label"));
  return found.map((fault) => frame.title + ": " + fault);
};
onload = () => {
  const found = [...document.querySelectorAll("iframe")].flatMap(faults);
  document.body.innerHTML = "<pre></pre>";
  document.querySelector("pre").textContent = JSON.stringify(found);
};
"""


def in_browser(page: Path) -> str:
    """A page as Chromium has it once its scripts have run."""
    if CHROMIUM is None:
        pytest.skip("no Chromium here; continuous integration has one")
    profile = f"--user-data-dir={page.with_name('browser')}"
    done = subprocess.run(
        [CHROMIUM, *OPTIONS, profile, page.as_uri()],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout


def layout_faults(pages: Sequence[Path], folder: Path) -> list[str]:
    """What is cut, too wide or too small to read in pages at each of `WIDTHS`, in Chromium."""
    frames = "".join(
        f'<iframe title="{page.name} at {width}" src="{page.as_uri()}" width="{width}"></iframe>'
        for page in pages
        for width in WIDTHS
    )
    content = f"<!doctype html>{frames}<script>{MEASURE.replace('LEAST', LEAST)}</script>"
    (folder / "frames.html").write_text(content, encoding="utf-8")
    shown = re.search(r"<pre>(.*)</pre>", in_browser(folder / "frames.html"), re.DOTALL)
    assert shown
    return list(json.loads(html.unescape(shown[1])))
