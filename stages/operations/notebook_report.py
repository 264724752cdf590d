"""A report from a notebook that belongs to no stage."""

from __future__ import annotations

from pathlib import Path

import nbformat

from stages.core.paths import Paths
from stages.core.runner import execute, normalise, parameter_names, sections_of
from stages.look.pages import write_report
from stages.look.site import navigation


def write_notebook_report(name: str, paths: Paths) -> Path:
    """Execute `notebooks/<name>.ipynb` and write it as a page; its place.

    It is given the sections of `params.yaml` that its parameter cell names. `UserError` where a
    cell fails or ends the kernel.
    """
    source = paths.notebooks / f"{name}.ipynb"
    notebook = nbformat.read(source, as_version=4)
    parameters = sections_of(parameter_names(notebook), paths)
    executed = execute(notebook, parameters, paths, origin=paths.relative(source))
    page = paths.reports / f"{name}.html"
    write_report(normalise(executed), page, pages=navigation(paths))
    return page
