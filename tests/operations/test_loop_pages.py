"""Pages after deployment link to the reports, and to those of their kind that exist."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from stages.look.site import navigation
from stages.operations.loop_pages import pages_from
from tests.places import HERE


def test_a_page_is_linked_to_where_it_exists_from_wherever_it_is(tmp_path: Path) -> None:
    paths = replace(HERE, results=tmp_path)
    story, month = paths.reports / "story.html", paths.reports / "monitor" / "007.html"
    alone = [page.href for page in pages_from(story, paths)]
    assert alone == [*(page.href for page in navigation(paths)), "story.html"]
    story.parent.mkdir()
    story.write_text("there")
    links = [page.href for page in pages_from(month, paths)]
    assert "../story.html" in links
    assert "../index.html" in links
    assert not any("score" in link for link in links)
