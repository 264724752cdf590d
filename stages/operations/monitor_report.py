"""The pages of the monitor: one of a month, from `notebooks/monitor.ipynb`, and the history."""

from __future__ import annotations

from pathlib import Path

from stages.core.paths import Paths
from stages.look.pages import write_page
from stages.monitoring.history_page import history_body
from stages.monitoring.verdict_files import folder_of, read_verdict, verdict_files
from stages.operations.loop_pages import pages_from
from stages.operations.notebook_report import write_notebook_report

INDEX = "index.html"


def write_monitor_report(month: str, paths: Paths) -> Path:
    """Write the page of a month and that of the history; the month's."""
    folder = folder_of(paths)
    pages = pages_from(folder / INDEX, paths)
    page = folder / f"{month}.html"
    write_notebook_report("monitor", paths, page=page, pages=pages, given={"month": month})
    verdicts = [read_verdict(path) for path in verdict_files(folder)]
    body = history_body(verdicts, linked=lambda name: (folder / f"{name}.html").is_file())
    write_page(folder / INDEX, body=body, title="Monitor: month by month", pages=pages)
    return page
