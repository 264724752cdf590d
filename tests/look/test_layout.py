"""The pages of a run as people see them, on a phone, a tablet and a notebook."""

import re
from pathlib import Path

import nbformat
import pytest

from stages.core.metrics import METRICS
from tests.html_pages import layout_faults
from tests.places import HERE

LETTERS = re.compile(r"[a-z]+(?:_[a-z]+)+|ece")
CODE_NAMES = {name for name in METRICS if LETTERS.fullmatch(name)}


@pytest.fixture
def pages(finished: Path) -> list[Path]:
    return sorted((finished / "reports").glob("*.html"))


def test_nothing_is_cut_or_too_small_to_read_at_any_width(pages, tmp_path):
    assert layout_faults(pages, tmp_path) == []


def test_headings_call_a_metric_by_its_title(pages):
    for page in pages:
        text = page.read_text(encoding="utf-8")
        headings = re.findall(r"<(?:th|caption)\b[^>]*>(.*?)</(?:th|caption)>", text)
        first = re.findall(r"<tr[^>]*><td[^>]*>(.*?)</td>", text)
        notes = re.findall(r'<div class="note[^>]*>(.*?)</div>', text, re.DOTALL)
        for shown in (*headings, *first, *notes):
            words = set(re.findall(r"\w+", shown))
            assert not words & CODE_NAMES, f"{page.name}: {shown}"
            assert not words & {"roc", "auc"}, f"{page.name}: {shown}"


@pytest.mark.parametrize("path", sorted(HERE.notebooks.glob("*.ipynb")), ids=lambda p: p.stem)
def test_a_cell_shows_what_it_makes_for_the_page(path):
    """Only the last expression of a cell is shown: a table or a note before it would be lost."""
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            *before, _ = re.findall(r"^(?:table|figure|notes?)\(", cell.source, re.MULTILINE) or [0]
            assert before == [], cell.source
