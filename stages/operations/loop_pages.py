"""The navigation of pages that no stage writes: to the reports, and to one another."""

from __future__ import annotations

from os.path import relpath
from pathlib import Path

from stages.core.paths import Paths
from stages.look.pages import Page
from stages.look.site import navigation

# After deployment, by their place in reports/; the stage `pages` cannot link to what may not exist.
AFTER_DEPLOYMENT = (
    Page("score.html", "Scoring"),
    Page("campaign.html", "Campaign"),
    Page("monitor/index.html", "Monitor"),
    Page("story.html", "Story"),
)


def pages_from(page: Path, paths: Paths) -> list[Page]:
    """Reports, this page and those of its kind that exist, as seen from where the page is."""
    places = {each: paths.reports / each.href for each in (*navigation(paths), *AFTER_DEPLOYMENT)}
    return [
        Page(Path(relpath(place, page.parent)).as_posix(), each.name)
        for each, place in places.items()
        if each not in AFTER_DEPLOYMENT or place == page or place.is_file()
    ]
