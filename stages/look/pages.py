"""HTML that people read: one look for executed notebooks, the model card and the overview.

Every page is self-contained: styles and pictures inside, nothing fetched; it reads on a phone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import nbformat
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from stages.look.palette import PALETTE

TEMPLATES = Path(__file__).parent / "templates"


class Page(NamedTuple):
    """A report: the file it is in, and its name in the navigation."""

    href: str
    name: str


@cache
def environment() -> Environment:
    """The templates, strict about names that are missing."""
    found = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        autoescape=select_autoescape(["html.j2", "svg.j2"]),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    found.filters["cell"] = markdown_cell
    return found


def markdown_cell(text: Any) -> str:
    """Text that stays text inside a Markdown table: no cell is ended, no tag and no link begun."""
    return re.sub(r"([\\`*_\[\]|<>])", r"\\\1", " ".join(str(text).split()))


def write_report(executed: nbformat.NotebookNode, path: Path, *, pages: Sequence[Page]) -> None:
    """An executed notebook as a page, its code folded."""
    body, _ = _exporter().from_notebook_node(executed)
    write_page(path, body=with_page_colours(body), title=title_of(executed), pages=pages)


@cache
def _exporter() -> Any:
    """What renders notebooks, its templates compiled once."""
    from nbconvert import HTMLExporter

    return HTMLExporter(
        template_name="notebook", extra_template_basedirs=[str(TEMPLATES)], anchor_link_text=""
    )


def with_page_colours(body: str) -> str:
    """The styles of drawn figures in the colours of the style sheet, `--plot-<name>`."""
    for name, colour in PALETTE.items():
        body = re.sub(rf"(fill|stroke|stop-color): ?{colour}\b", rf"\1: var(--plot-{name})", body)
    return body


def write_page(path: Path, *, body: str, title: str, pages: Sequence[Page]) -> None:
    """A page with the common look around `body`; `pages` are those of the navigation."""
    from pygments.formatters import HtmlFormatter

    text = (
        environment()
        .get_template("page.html.j2")
        .render(
            title=title,
            body=body,
            here=path.name,
            pages=pages,
            style=(TEMPLATES / "style.css").read_text(encoding="utf-8"),
            code_style=HtmlFormatter(style="friendly").get_style_defs(".highlight"),
        )
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def write_markdown_page(path: Path, *, text: str, pages: Sequence[Page]) -> None:
    """Markdown as a page, its first heading the title."""
    from nbconvert.filters import markdown2html

    heading = next(line for line in text.splitlines() if line.startswith("# "))
    boxed = markdown2html(text).replace("<table>", '<div class="scroll prose"><table>')
    body = boxed.replace("</table>", "</table></div>")
    write_page(path, body=body, title=heading.removeprefix("# "), pages=pages)


def title_of(notebook: nbformat.NotebookNode) -> str:
    """The first heading of a notebook."""
    prose = (cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    lines = (line for source in prose for line in source.splitlines())
    return next((line.removeprefix("# ") for line in lines if line.startswith("# ")), "Report")
