"""The reports follow from `dvc.yaml`: which pages there are, and the picture of the pipeline."""

import json
import re
from pathlib import Path

import nbformat
import pytest

from scoring.errors import UserError
from stages.core.paths import Paths
from stages.core.yamlfile import read_yaml
from stages.look.pages import environment
from stages.look.picture import layout
from stages.look.site import navigation
from tests.conftest import stages

FORK = {
    "begin": {"outs": ["a", "reports/notebooks/01_begin.ipynb"]},
    "aside": {"deps": ["a/b"]},
    "middle": {"deps": ["a", "code"], "outs": [{"c.json": {"cache": False}}]},
    "end": {"deps": ["a", "c.json"]},
}
COUNT = {
    "cmd": "python -m stages run count",
    "deps": ["notebooks/06_count.ipynb", "data/raw"],
    "outs": ["reports/notebooks/06_count.ipynb"],
}


def test_steps_stand_right_of_what_they_need_and_no_two_in_one_place():
    steps = {step.name: step for step in layout(FORK)}
    assert {name: (step.column, step.row) for name, step in steps.items()} == {
        "begin": (0, 0),
        "middle": (1, 0),
        "aside": (1, 1),
        "end": (2, 0),
    }
    assert steps["begin"].href == "01_begin.html"


def test_an_arrow_leads_from_each_direct_need_alone():
    arrows = {step.name: [before.name for before in step.after] for step in layout(FORK)}
    assert arrows == {"begin": [], "middle": ["begin"], "aside": ["begin"], "end": ["middle"]}


def test_the_picture_shows_and_links_every_step():
    drawn = environment().get_template("pipeline.svg.j2").render(steps=layout(FORK))
    assert drawn.count("<rect") == len(FORK)
    assert drawn.count('marker-end="url(#tip)"') == 3
    assert 'href="01_begin.html"' in drawn


def test_a_page_that_is_no_output_is_named(tmp_path):
    listed = {"pages": {"deps": ["reports/notebooks/06_count.ipynb"], "outs": []}}
    (tmp_path / "dvc.yaml").write_text(json.dumps({"stages": listed}))
    with pytest.raises(UserError, match=r"stage pages: outs: reports/06_count.html missing"):
        navigation(Paths(tmp_path))


@pytest.mark.slow  # every page is rendered again
def test_a_sixth_stage_is_its_entry_and_its_line_in_pages(fresh: Path):
    # given a notebook, its entry in dvc.yaml, and its line in what `pages` needs and makes
    v4 = nbformat.v4
    parameters = v4.new_code_cell("", metadata={"tags": ["parameters"]})
    cells = [v4.new_markdown_cell("# How many are there?"), parameters, v4.new_code_cell("1 + 1")]
    nbformat.write(v4.new_notebook(cells=cells), fresh / "notebooks" / "06_count.ipynb")
    pipeline = read_yaml(fresh / "dvc.yaml")
    last = pipeline["stages"].pop("pages")
    last["deps"].append("reports/notebooks/06_count.ipynb")
    last["outs"].append("reports/06_count.html")
    pipeline["stages"] |= {"count": COUNT, "pages": last}
    (fresh / "dvc.yaml").write_text(json.dumps(pipeline), encoding="utf-8")
    # when what changed is run
    done = stages(fresh, "repro")
    assert done.returncode == 0, done.stderr
    # then it ran alone, and has its page, its place in the navigation and in the picture
    assert re.findall(r"Running stage '(\w+)'", done.stdout) == ["count", "pages"]
    overview = (fresh / "reports" / "index.html").read_text(encoding="utf-8")
    nav, body = overview[overview.index("<nav") :].split("</nav>")
    assert '<a href="06_count.html">Count</a>' in nav
    assert "How many are there?" in body
    assert '<a href="06_count.html"><rect' in body
    assert (fresh / "reports" / "06_count.html").is_file()
