"""Pages that people read: they stand alone, on a phone too, and are the same bytes every time."""

import re

import nbformat
import pytest

from stages.look import pages as report
from stages.look.pages import (
    Page,
    title_of,
    with_page_colours,
    write_markdown_page,
    write_page,
    write_report,
)
from stages.look.palette import PALETTE
from tests.html_pages import LOADED, self_contained

PAGES = [Page("index.html", "Overview"), Page("04_train.html", "Train"), Page("x.html", "X & Y")]


def notebook(*sources: str) -> nbformat.NotebookNode:
    """An executed notebook: prose as given, and one cell with an output."""
    v4 = nbformat.v4
    cell = v4.new_code_cell("figure(drawn)", execution_count=1)
    cell.outputs = [
        v4.new_output("display_data", {"text/html": '<b id="shown">result</b>'}),
        v4.new_output("stream", name="stdout", text="printed <words>"),
    ]
    prose = [v4.new_markdown_cell(source) for source in sources]
    made = v4.new_notebook(cells=[*prose, cell])
    for number, one in enumerate(made.cells):
        one.id = f"cell-{number}"
    return made


def test_the_regular_expression_knows_what_is_fetched():
    for fetched in (
        '<script src="https://a/b.js">',
        "<img alt='' src='//a/b.png'>",
        '<link rel="stylesheet" href="a.css">',
        "@import 'a.css'",
        "url(http://a/b.woff)",
    ):
        assert LOADED.search(fetched), fetched
    for still in ('<a href="https://a">', '<img src="data:image/png;base64,x">', "url(#tip)"):
        assert not LOADED.search(still), still


def test_page_stands_alone_and_shows_body_and_title(tmp_path):
    path = tmp_path / "new" / "04_train.html"
    write_page(path, body="<p>Wörter</p>", title="Training", pages=PAGES)
    text = path.read_text(encoding="utf-8")
    self_contained(text)
    assert "<p>Wörter</p>" in text
    assert "<title>Training" in text


@pytest.mark.parametrize("here", [page.href for page in PAGES])
def test_navigation_leads_to_every_page_and_marks_this_one(tmp_path, here):
    write_page(tmp_path / here, body="", title="t", pages=PAGES)
    text = (tmp_path / here).read_text(encoding="utf-8")
    nav = text[text.index("<nav") : text.index("</nav>")]
    links = re.findall(r"<a [^>]*>", nav)
    assert re.findall(r'href="([^"]+)"', nav) == [page.href for page in PAGES]
    marked = [link for link in links if "here" in link or "aria-current" in link]
    assert len(marked) == 1
    assert f'href="{here}"' in marked[0]


def test_title_is_escaped(tmp_path):
    write_page(tmp_path / "x.html", body="", title="</title><script>alert(1)</script>", pages=PAGES)
    assert "<script>alert" not in (tmp_path / "x.html").read_text(encoding="utf-8")


def test_page_is_the_same_bytes_twice(tmp_path):
    for name in ("a", "b"):
        write_page(tmp_path / name / "04_train.html", body="<p>x</p>", title="t", pages=PAGES)
    one, other = (tmp_path / name / "04_train.html" for name in ("a", "b"))
    assert one.read_bytes() == other.read_bytes()


def test_markdown_page_takes_its_title_from_the_first_heading(tmp_path):
    path = tmp_path / "model_card.html"
    write_markdown_page(
        path,
        text="# Card\n\nWords with **weight**.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n",
        pages=PAGES,
    )
    text = path.read_text(encoding="utf-8")
    self_contained(text)
    assert "<title>Card" in text
    assert "<strong>weight</strong>" in text
    assert re.search(r"<td[^>]*>1</td>", text)


def test_report_shows_prose_and_results_and_folds_the_code(tmp_path):
    path = tmp_path / "04_train.html"
    write_report(notebook("# Training\n\nWhich candidate *won*?"), path, pages=PAGES)
    text = path.read_text(encoding="utf-8")
    self_contained(text)
    assert "<em>won</em>" in text
    assert '<b id="shown">result</b>' in text
    assert "printed &lt;words&gt;" in text
    assert text.index("<details") < text.index("drawn")
    assert "<title>Training" in text


def test_report_is_the_same_bytes_twice(tmp_path):
    for name in ("a", "b"):
        write_report(notebook("# Training"), tmp_path / name / "04_train.html", pages=PAGES)
    one, other = (tmp_path / name / "04_train.html" for name in ("a", "b"))
    assert one.read_bytes() == other.read_bytes()


@pytest.mark.parametrize(
    ("sources", "title"),
    [
        (("# One\n\nwords", "# Two"), "One"),
        (("words\n\n## Small\n\n# One",), "One"),
        (("words",), "Report"),
    ],
)
def test_title_is_the_first_heading(sources, title):
    assert title_of(notebook(*sources)) == title


def test_templates_are_strict_about_missing_names():
    from jinja2 import UndefinedError

    template = report.environment().from_string("{{ missing }}")
    with pytest.raises(UndefinedError):
        template.render()


def test_plots_take_their_colours_from_the_style_sheet(tmp_path):
    # given a figure in every colour of the palette, when it is shown on a page
    shapes = "".join(f'<path style="fill: {c}; stroke: {c}"/>' for c in PALETTE.values())
    shown = with_page_colours(shapes)
    # then the style sheet decides, and it knows each of them: a new colour needs no stage
    assert not [colour for colour in PALETTE.values() if colour in shown]
    style = (report.TEMPLATES / "style.css").read_text(encoding="utf-8")
    for name in re.findall(r"var\((--[a-z-]+)\)", shown):
        assert f"{name}: #" in style
    assert with_page_colours("<p>#1f5f8b</p>") == "<p>#1f5f8b</p>"
