"""The pages of a run as people see them, on a phone, a tablet and a notebook."""

import ast
import json
import re
from pathlib import Path

import nbformat
import pytest

from stages.core.metrics import METRICS
from tests.html_pages import FOLDS, PHONE, SCREEN, WIDTHS, layout_faults, measured
from tests.places import HERE

LETTERS = re.compile(r"[a-z]+(?:_[a-z]+)+|ece")
WRITTEN = [
    *HERE.root.glob("*.md"),
    *(HERE.root / "docs").rglob("*.md"),
    *(HERE.root / "stages").rglob("*.j2"),
    *(
        path
        for room in ("scoring", "serving", "stages")
        for path in (HERE.root / room).rglob("*.py")
    ),
    *HERE.notebooks.glob("*.ipynb"),
]
CODE_NAMES = {name for name in METRICS if LETTERS.fullmatch(name)}


@pytest.fixture
def pages(finished: Path) -> list[Path]:
    return sorted((finished / "reports").glob("*.html"))


def test_nothing_is_cut_or_too_small_to_read_at_any_width(pages, tmp_path):
    assert layout_faults(pages, tmp_path) == []


def test_the_first_screen_of_the_overview_answers_a_retention_manager(finished, tmp_path):
    overview = finished / "reports" / "index.html"
    seen = " ".join(measured([overview], [max(WIDTHS)], tmp_path, script=SCREEN))
    listed = (finished / "reports" / "contact_list.csv").read_text(encoding="utf-8").splitlines()
    content = json.loads((finished / "reports" / "model_card.json").read_text(encoding="utf-8"))
    campaign = content["campaign"]
    answers = {
        "whom": campaign["rule"],
        "how many": f"{len(listed) - 1:,} of these {campaign['of']:,} customers",
        "what it costs": f"{campaign['cost']['value']:,.0f} {content['currency']}",
        "what it brings": f"{campaign['profit']['value']:,.0f} {content['currency']}",
        "how sure": "{low:,.0f} to {high:,.0f}".format(**campaign["profit"]),
        "wasted calls": f"{campaign['wasted']:,} of {campaign['customers']:,}",
        "assumptions": " ".join(campaign["assumptions"]),
    }
    text = " ".join(seen.split())
    assert [question for question, answer in answers.items() if answer not in text] == []
    assert [row["name"] for row in content["headline"] if row["name"] in text] == []


def test_a_phone_folds_long_tables_and_a_printer_does_not(finished, tmp_path):
    report = finished / "reports" / "05_evaluate.html"
    folds = measured([report], [PHONE, max(WIDTHS)], tmp_path, script=FOLDS)
    tables, shown, height, printed, *wide = folds
    assert tables > 0
    assert (shown, printed) == (0, tables)
    assert height < 20_000  # it was 35,000 pixels, most of them slices
    assert wide[1] == tables


def prose(path: Path) -> str:
    """The text of a page, a template without its tags, a notebook; the strings of a module."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        found = (node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant))
        return "\n".join(value for value in found if isinstance(value, str))
    return re.sub(r"\{%.*?%\}", "", text)


def test_a_percentage_is_written_without_a_space():
    with_space = re.compile(r"^.*(?:\d|\}\}) %.*|^ %.*", re.MULTILINE)
    assert {str(p): found for p in WRITTEN if (found := with_space.findall(prose(p)))} == {}


def test_percentages_of_a_run_are_written_without_a_space(pages):
    for page in pages:
        assert re.findall(r".{20}\d %", page.read_text(encoding="utf-8")) == [], page.name


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
