"""HTML that people read: one look for executed notebooks, the model card and the way in.

Every page stands alone: styles and pictures inside, nothing fetched; it reads on a phone.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import nbformat
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

TEMPLATES = Path(__file__).parent / "templates"


class Page(NamedTuple):
    """A report: the file it is in, its name in the navigation, and what it answers."""

    href: str
    name: str
    question: str


PAGES = [
    Page("index.html", "Overview", "The headline figures and the way in."),
    Page("01_generate.html", "Customers", "Who are the customers, and where do they come from?"),
    Page("02_explore.html", "Exploration", "Who leaves, and can the data be trusted?"),
    Page("03_features.html", "Features", "What does a model see, and what is kept for the test?"),
    Page("04_train.html", "Training", "Which candidate won, and why?"),
    Page("05_evaluate.html", "Evaluation", "How good is it on customers it never saw, in money?"),
    Page("model_card.html", "Model card", "What is the model for, and what is it not for?"),
]


def environment() -> Environment:
    """The templates, strict about names that are missing."""
    found = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        autoescape=select_autoescape(["html.j2"]),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    found.filters["cell"] = markdown_cell
    return found


def markdown_cell(text: Any) -> str:
    """Text that stays text inside a Markdown table: no cell is ended, no tag and no link begun."""
    return re.sub(r"([\\`*_\[\]|<>])", r"\\\1", " ".join(str(text).split()))


def write_report(executed: nbformat.NotebookNode, path: Path) -> None:
    """An executed notebook as a page, its code folded."""
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(
        template_name="notebook", extra_template_basedirs=[str(TEMPLATES)], anchor_link_text=""
    )
    body, _ = exporter.from_notebook_node(executed)
    write_page(path, body=body, title=title_of(executed))


def write_page(path: Path, *, body: str, title: str) -> None:
    """A page with the common look around `body`."""
    from pygments.formatters import HtmlFormatter

    text = (
        environment()
        .get_template("page.html.j2")
        .render(
            title=title,
            body=body,
            here=path.name,
            pages=PAGES,
            style=(TEMPLATES / "style.css").read_text(encoding="utf-8"),
            code_style=HtmlFormatter(style="friendly").get_style_defs(".highlight"),
        )
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def write_markdown_page(path: Path, *, text: str) -> None:
    """Markdown as a page, its first heading the title."""
    from nbconvert.filters import markdown2html

    heading = next(line for line in text.splitlines() if line.startswith("# "))
    write_page(path, body=markdown2html(text), title=heading.removeprefix("# "))


def title_of(notebook: nbformat.NotebookNode) -> str:
    """The first heading of a notebook."""
    prose = (cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    lines = (line for source in prose for line in source.splitlines())
    return next((line.removeprefix("# ") for line in lines if line.startswith("# ")), "Report")


def write_index(path: Path, **content: Any) -> None:
    """The way in: headline figures, the pipeline as a picture, each report with its question."""
    body = environment().get_template("index.html.j2").render(pages=PAGES[1:], **content)
    write_page(path, body=body, title="Customer churn: overview")
