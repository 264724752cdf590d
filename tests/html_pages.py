"""What every page of the reports has to be: whole, and readable on a phone."""

import html
import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

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


PHONE = 390
LEAST = "0.6"  # of the size that a figure is drawn in: letters of seven pixels
WIDTHS = (PHONE, 768, 1200)  # a phone, a tablet, a notebook
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--no-first-run", "--hide-scrollbars", "--allow-file-access-from-files", "--dump-dom",
)  # fmt: skip
FAULTS = """
const boxed = (element) => { // whether what is too wide scrolls in a box of its own
  for (let up = element.parentElement; up; up = up.parentElement)
    if (["auto", "scroll"].includes(getComputedStyle(up).overflowX)) return true;
  return false;
};
const measure = (frame) => {
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
"""
SCREEN = """
const measure = (frame) => { // the texts that are seen without scrolling
  const page = frame.contentDocument, texts = page.createTreeWalker(page.body, 4), found = [];
  const range = page.createRange();
  while (texts.nextNode()) {
    range.selectNode(texts.currentNode);
    const box = range.getBoundingClientRect();
    if (box.height > 0 && box.bottom <= frame.clientHeight) found.push(texts.currentNode.data);
  }
  return found;
};
"""
FOLDS = """
const measure = (frame) => { // open tables and height: as it is, and for the printer
  const long = () => [...frame.contentDocument.querySelectorAll("details.long")];
  const open = () => long().filter((one) => one.open).length;
  const found = [long().length, open(), frame.contentDocument.documentElement.scrollHeight];
  frame.contentWindow.dispatchEvent(new Event("beforeprint"));
  return [...found, open()];
};
"""
FRAMES = """
onload = () => {
  const found = [...document.querySelectorAll("iframe")].flatMap(measure);
  document.body.innerHTML = "<pre></pre>";
  document.querySelector("pre").textContent = JSON.stringify(found);
};
"""


def in_browser(page: Path) -> str:
    """A page as Chromium has it once its scripts have run."""
    if CHROMIUM is None:
        # A program of the system; GitHub's runners have it.
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
    return measured(pages, WIDTHS, folder, script=FAULTS.replace("LEAST", LEAST))


def measured(
    pages: Sequence[Path],
    widths: Sequence[int],
    folder: Path,
    *,
    script: str,
    height: int = 800,
    hashes: Sequence[str] = ("",),
) -> list[Any]:
    """What a script measures in frames of each page at each width, one list in Chromium.

    `hashes` are what follows the address of a page, each in a frame of its own.
    """
    frames = "".join(
        f'<iframe title="{page.name} at {width}" src="{page.as_uri()}{html.escape(after)}" '
        f'width="{width}" height="{height}" style="border: 0"></iframe>'
        for page in pages
        for width in widths
        for after in hashes
    )
    content = f"<!doctype html>{frames}<script>{script}{FRAMES}</script>"
    (folder / "frames.html").write_text(content, encoding="utf-8")
    shown = re.search(r"<pre>(.*)</pre>", in_browser(folder / "frames.html"), re.DOTALL)
    assert shown
    return list(json.loads(html.unescape(shown[1])))
