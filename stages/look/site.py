"""The pages of the reports, rendered from executed notebooks and the figures of the model card.

`dvc.yaml` says which there are: the executed notebooks that its stage `pages` depends on, in order.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import nbformat

from scoring.errors import UserError
from stages.core.paths import Paths
from stages.core.pipeline import outs_of
from stages.core.yamlfile import read_yaml
from stages.look.pages import (
    Page,
    environment,
    title_of,
    write_markdown_page,
    write_page,
    write_report,
)
from stages.look.picture import Step, layout

STAGE = "pages"  # in dvc.yaml
OVERVIEW, CARD = "index.html", "model_card.html"


class Chapter(NamedTuple):
    """A stage's notebook in the reports: its page, and the question that its heading asks."""

    href: str
    name: str
    question: str


def navigation(paths: Paths) -> list[Page]:
    """The overview, a page for each notebook, the model card; `UserError` as `_notebooks`."""
    return _navigation(read_yaml(paths.pipeline)["stages"])


def _navigation(stages: Mapping[str, Any]) -> list[Page]:
    notebooks = _notebooks(stages)
    reports = [Page(f"{path.stem}.html", _name(path)) for path in notebooks]
    return [Page(OVERVIEW, "Overview"), *reports, Page(CARD, "Model card")]


def _notebooks(stages: Mapping[str, Any]) -> list[Path]:
    """The executed notebooks that become pages; `UserError` where a page of one is no output."""
    found = [Path(path) for path in stages[STAGE]["deps"] if path.endswith(".ipynb")]
    outs = outs_of(stages[STAGE])
    for notebook in found:
        page = f"reports/{notebook.stem}.html"
        if page not in outs:
            raise UserError(f"dvc.yaml: stage {STAGE}: outs: {page} missing; deps name {notebook}")
    return found


def _name(notebook: Path) -> str:
    """`04_train.ipynb` is the page Train."""
    return notebook.stem.partition("_")[2].replace("_", " ").capitalize()


def write_pages(paths: Paths) -> None:
    """Write a page for each executed notebook, the model card and the overview."""
    stages = read_yaml(paths.pipeline)["stages"]
    pages = _navigation(stages)
    chapters = []
    for notebook in _notebooks(stages):
        executed = nbformat.read(paths.root / notebook, as_version=4)
        page = paths.reports / f"{notebook.stem}.html"
        write_report(executed, page, pages=pages)
        chapters.append(Chapter(page.name, _name(notebook), title_of(executed)))
    content = json.loads(paths.model_card.read_text(encoding="utf-8"))
    write_card(paths.reports, content, pages=pages)
    drawn = layout({name: stage for name, stage in stages.items() if name != STAGE})
    write_overview(paths.reports, content, pages=pages, chapters=chapters, picture=drawn)


def write_card(folder: Path, content: Mapping[str, Any], *, pages: Sequence[Page]) -> None:
    """The model card, as Markdown and as a page; `content` as `evaluation.card` writes it."""
    text = environment().get_template("model_card.md.j2").render(**content)
    path = folder / CARD
    path.with_suffix(".md").write_text(text, encoding="utf-8")
    write_markdown_page(path, text=text, pages=pages)


def write_overview(
    folder: Path,
    content: Mapping[str, Any],
    *,
    pages: Sequence[Page],
    chapters: Sequence[Chapter],
    picture: Sequence[Step],
) -> None:
    """The overview: headline figures, the pipeline as a picture, each report with its question."""
    card = Chapter(CARD, "Model card", "What is the model for, and what is it not for?")
    template = environment().get_template("index.html.j2")
    body = template.render(chapters=[*chapters, card], steps=picture, **content)
    write_page(folder / OVERVIEW, body=body, title="Customer churn: overview", pages=pages)
