"""What the documents say against what is there: links, commands, figures, files to open."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from stages.core.metrics import METRICS
from stages.core.yamlfile import read_yaml
from stages.operations.flatten import flatten
from stages.operations.pull_request.change_verdict import HEADLINE
from tests.command_line import commands
from tests.places import ROOT

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAP = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TEXTS = dict(re.findall(r"^([a-z-]+):(?!=)[^#\n]*(?:##? )?(.*)", MAKEFILE, flags=re.MULTILINE))
COMMON = (
    "candidate", "metric", "column", "check", "route", "scenario", "stage", "colour", "file format",
    "cost", "slice", "command",
)  # fmt: skip
COMMANDS = commands()
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


def anchors(page: Path) -> set[str]:
    """The headings of a page as GitHub links to them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@each_page
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if "://" not in link:
            path, _, anchor = link.partition("#")
            target = page.parent / path if path else page
            assert target.exists(), link
            assert not anchor or anchor in anchors(target), link


@each_page
def test_every_make_command_exists_with_its_variables(page: Path) -> None:
    parts = page.read_text(encoding="utf-8").split("```")
    code = [*parts[1::2], *re.findall(r"`([^`]+)`", "".join(parts[::2]))]
    typed = re.compile(r"^(?:\$ )?make ([a-z-]+)((?: \[?[A-Z_]+=\S*)*)", re.MULTILINE)
    for target, rest in (found for piece in code for found in typed.findall(piece)):
        assert target in TEXTS, target
        assert set(re.findall(r"([A-Z_]+)=", rest)) <= {
            "PYTHON",
            *re.findall(r"\b([A-Z_]+)=", TEXTS[target]),
        }, target


@each_page
def test_every_plain_command_exists_with_its_options(page: Path) -> None:
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    for name, rest in re.findall(r"-m stages ([a-z][a-z-]*)([^`\n|#&]*)", text):
        assert name in COMMANDS, name
        known = {option for action in COMMANDS[name]._actions for option in action.option_strings}
        assert set(re.findall(r"(?<!\S)--[a-z-]+", rest)) <= known, name


def test_the_readme_is_for_somebody_in_a_hurry() -> None:
    assert len(README.splitlines()) <= 180


def test_the_index_of_the_documentation_has_every_page() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert pages == set(re.findall(r"\]\(([\w-]+\.md)\)", index))


def test_decision_records_are_numbered_without_a_gap_and_listed_by_their_titles() -> None:
    folder = ROOT / "docs" / "decisions"
    titles = {}
    for number, path in enumerate(sorted(folder.glob("0*.md")), start=1):
        title = path.read_text(encoding="utf-8").partition("\n")[0]
        assert (path.name[:4], title.partition(". ")[0]) == (f"{number:04d}", f"# {number}")
        titles[str(number), path.name] = title.partition(". ")[2]
    index = (folder / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[(\d+)\]\(([^)]+)\) \| (.*?) \| ", index, flags=re.MULTILINE)
    assert {(number, name): title for number, name, title in rows} == titles


@pytest.mark.parametrize(
    ("row", "name", "digits"),
    [
        ("ROC AUC", "roc_auc", 3),
        ("Average precision", "average_precision", 3),
        ("Brier score", "brier", 3),
        ("Expected calibration error", "ece", 3),
        ("Top-decile lift", "top_decile_lift", 2),
        ("Precision of the decision", "precision", 3),
        ("Recall of the decision", "recall", 3),
        ("Profit per customer, USD", "profit_per_customer", 2),
    ],
)
def test_the_readme_has_the_figures_of_the_committed_run(row: str, name: str, digits: int) -> None:
    """Of simulated customers; a table that somebody adopted has other figures than the README."""
    if not read_yaml(ROOT / "params.yaml")["data"]["source"].endswith("population.yaml"):
        pytest.skip("the committed run is of an adopted table")
    metrics = json.loads((ROOT / "reports" / "metrics.json").read_text(encoding="utf-8"))
    ends = metrics["test_ci"][name]
    shown = " to ".join(f"{ends[end]:.{digits}f}" for end in ("low", "high"))
    assert f"| {row} | {metrics['test'][name]:.{digits}f} ({shown}) |" in README


def test_the_comparison_of_experiments_starts_from_the_committed_run() -> None:
    """The rows of main in docs/experiments.md; the other rows were made from the same commit."""
    if not read_yaml(ROOT / "params.yaml")["data"]["source"].endswith("population.yaml"):
        pytest.skip("the committed run is of an adopted table")
    text = (ROOT / "docs" / "experiments.md").read_text(encoding="utf-8")
    header, row = (
        [cell.strip() for cell in line.strip("| ").split("|")]
        for line in re.findall(r"^\| (?:Experiment|main) +\|.*$", text, flags=re.MULTILINE)[:2]
    )
    committed = flatten(json.loads((ROOT / "reports" / "metrics.json").read_text("utf-8")))
    committed |= flatten(read_yaml(ROOT / "params.yaml"))
    for name, cell in list(zip(header, row, strict=True))[1:]:
        value = committed[name]
        assert cell == (f"{value:.5g}" if isinstance(value, float) else str(value)), name
    # and the difference of one experiment to it
    compared = re.findall(r"^\| reports/metrics.json \| (\S+) +\| (\S+)", text, flags=re.MULTILINE)
    assert dict(compared)["winner"] == committed["winner"]
    for name in dict(compared).keys() - {"winner"}:
        assert float(dict(compared)[name]) == pytest.approx(committed[name], abs=5e-6)


def test_the_verdict_shown_is_one_that_make_report_writes() -> None:
    """The same in README and docs, in the words and the order of the metrics of the verdict."""
    shown = [
        re.findall(r"^no difference beyond noise: [-+].*$", text, re.MULTILINE)
        for text in (README, (ROOT / "docs" / "pull-requests.md").read_text(encoding="utf-8"))
    ]
    assert len(shown[0]) == 1
    assert shown[0] == shown[1]
    found = re.findall(r"([-+][\d.]+) ([^\[]+) \[([-+][\d.]+), ([-+][\d.]+)\]", shown[0][0])
    assert [title for _, title, *_ in found] == [METRICS[name].title for name in HEADLINE]
    for value, title, low, high in found:
        digits = next(m.digits for m in METRICS.values() if m.title == title)
        assert {len(number.partition(".")[2]) for number in (value, low, high)} == {digits}
        assert float(low) <= min(float(value), 0) <= max(float(value), 0) <= float(high)


def changes() -> dict[str, str]:
    """The table of common changes: what is changed, and the files to open."""
    table = MAP.partition("## Where to make a change")[2].partition("\n## ")[0]
    return dict(re.findall(r"^\| (a [^|]+?) \| (.*) \|$", table, flags=re.MULTILINE))


def test_the_map_has_the_common_changes() -> None:
    assert set(COMMON) <= {name.removeprefix("a ") for name in changes()}


@pytest.mark.parametrize("change", list(changes()))
def test_the_file_to_open_holds_the_thing_to_change(change: str) -> None:
    """A row names files, each followed by what is changed in it: `path` (`thing`, `thing`)."""
    named = re.findall(r"`([\w./-]+)`(?: \((`[^)]+`)\))?", changes()[change])
    assert named
    for path, things in named:
        assert (ROOT / path).exists(), path
        for thing in re.findall(r"`([^`]+)`", things):
            assert thing in (ROOT / path).read_text(encoding="utf-8"), f"{path}: {thing}"


def test_the_map_names_every_room() -> None:
    rooms = MAP.partition("## The rooms")[2].partition("\n## ")[0]
    folders = [path for path in (ROOT / "stages").iterdir() if (path / "__init__.py").is_file()]
    assert [path.name for path in folders if f"`{path.name}/`" not in rooms] == []
