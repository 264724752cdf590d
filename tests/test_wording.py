"""Code and documents use the words that a data scientist or an operator would search for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.places import ROOT

FOLDERS = (
    "app",
    "stages",
    "scoring",
    "serving",
    "tests",
    "benchmarks",
    "notebooks",
    "docs",
    "deploy",
)
FILES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "params.yaml")),
    *sorted(
        path
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", ".md", ".ipynb", ".j2", ".yaml", ".yml"}
        and "__pycache__" not in path.parts
    ),
]
# The word on the right is the one to use. Parts of names count, as in `is_told` and `_said`.
INSTEAD = {
    "anew": "again",
    "beside": "next to",
    "doubts": "violations",
    "held(?![ _-]?out)": "out of fold, held out, kept",
    "knobs?": "parameter",
    "rivals?": "baseline",
    "said": "reported, predicted, message",
    "stayers?": "retained customers",
    "stood": "was",
    "strangers?": "unexpected, outsider",
    "told": "reported, given, distinguished",
    "wishes": "options",
    "at the door": "on intake",
    "by lot": "at random",
    "is to be had": "is available",
    "the one look": "the final evaluation",
}
REFUSED = re.compile(rf"(?<![a-z])({'|'.join(INSTEAD)})(?![a-z])")


@pytest.mark.parametrize("text", ["def was_told():", "the one look", "Fold.held,", "_said = 1"])
def test_a_refused_word_is_found(text: str) -> None:
    assert REFUSED.search(text)


@pytest.mark.parametrize("text", ["held out", "held_out", "held-out rows", "household", "toolbox"])
def test_words_that_contain_one_are_not(text: str) -> None:
    assert not REFUSED.search(text)


def test_no_file_has_a_word_of_our_own() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {match.group()}"
        for path in FILES
        if path != Path(__file__)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        for match in REFUSED.finditer(line.lower())
        if "stayer" not in match.group() or '"Stayer"' not in line  # a value of a table in tests
    ]
    assert found == [], INSTEAD
