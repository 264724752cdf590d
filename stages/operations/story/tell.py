"""`story`: played in the terminal, and on a page."""

from __future__ import annotations

import tempfile
from pathlib import Path

from stages.core.paths import Paths
from stages.operations.story.play import Played, Story
from stages.operations.story.script import Script
from stages.operations.story.story_page import write_story
from stages.operations.story.turning_points import frame, in_words, totals, turning_points

HEAD = "month  customers  champion      profit   never   every  oracle  verdict"


def tell(script: Script, paths: Paths) -> Path:
    """Play the story in a folder that is removed, print each month as it ends; the page's path."""
    print(HEAD)
    with tempfile.TemporaryDirectory(prefix="story") as folder:
        story = Story.begin(paths, Path(folder), script)
        played = story.play(lambda month: print("\n".join(_lines(month)), flush=True))
    print("\nProfit per customer and month:")
    print(totals(frame(played)).map("{:.2f}".format).to_string())
    print(*in_words(turning_points(played, script), script), sep="\n")
    return write_story(played, script, paths)


def _lines(month: Played) -> list[str]:
    """A month: figures and verdict, then the alert and what was decided, where there is any."""
    profit = " ".join(f"{v:7.2f}" for v in (month.loop, month.never, month.every, month.oracle))
    verdict = month.verdict.partition("; ")[2]
    lines = [f"{month.month:5d}  {month.customers:9,}  {month.champion}{profit}  {verdict}"]
    lines += [f"       alert: {month.alert}"] if month.alert else []
    return lines + ([f"       decision: {month.decision}"] if month.decision else [])
