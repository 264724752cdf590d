"""A report from a notebook that belongs to no stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import nbformat

from stages.core.paths import Paths
from stages.core.runner import execute, normalise, parameter_names, sections_of
from stages.look.pages import Page, write_report
from stages.operations.loop_pages import pages_from


def write_notebook_report(
    name: str,
    paths: Paths,
    *,
    page: Path | None = None,
    pages: Sequence[Page] | None = None,
    given: Mapping[str, Any] | None = None,
) -> Path:
    """Execute `notebooks/<name>.ipynb` and write it as a page; its place.

    It is `given` some parameters, and those sections of `params.yaml` that its parameter cell names
    besides. The page is `reports/<name>.html` and has the navigation of the reports, if no other
    are asked for. `UserError` where a cell fails or ends the kernel.
    """
    source = paths.notebooks / f"{name}.ipynb"
    notebook = nbformat.read(source, as_version=4)
    given = dict(given or {})
    sections = [each for each in parameter_names(notebook) if each not in given]
    parameters = sections_of(sections, paths) | given
    executed = execute(notebook, parameters, paths, origin=paths.relative(source))
    page = page or paths.reports / f"{name}.html"
    write_report(normalise(executed), page, pages=pages or pages_from(page, paths))
    return page
