"""What notebooks show: true numbers, escaped text, the same bytes every time."""

import re

import numpy as np
import pandas as pd
import pytest

from stages.exploration import segment_plots
from stages.look.display import figure, note, notes, table

HOSTILE = '<script>alert("x")</script>'


def cells(shown) -> list[list[str]]:
    """Texts of the cells, row by row, the header first."""
    rows = re.findall(r"<tr.*?</tr>", shown.data, re.DOTALL)
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]


def test_table_has_a_cell_per_value_and_the_index_in_front():
    frame = pd.DataFrame({"rate": [0.25, 0.5]}, index=["one", "two"])
    assert [row[-1] for row in cells(table(frame, formats={"rate": ".1%"}))][1:] == [
        "25.0%",
        "50.0%",
    ]
    assert [row[0] for row in cells(table(frame))][1:] == ["one", "two"]


def test_index_can_be_left_out():
    frame = pd.DataFrame({"a": ["x"], "b": ["y"]})
    assert cells(table(frame, index=False)) == [["a", "b"], ["x", "y"]]


@pytest.mark.parametrize("index", [True, False])
def test_whole_numbers_stay_whole_beside_fractions(index):
    frame = pd.DataFrame({"customers": [1234567], "rate": [0.5]})
    shown = cells(table(frame, formats={"customers": ",", "rate": ".1f"}, index=index))
    assert shown[1][-2:] == ["1,234,567", "0.5"]


def test_absent_numbers_are_a_dash():
    frame = pd.DataFrame({"x": [np.nan, 1.0], "y": [None, "b"]})
    assert cells(table(frame, formats={"x": ".2f"}, index=False))[1] == ["–", "–"]


def test_text_is_escaped_everywhere():
    frame = pd.DataFrame({HOSTILE: [HOSTILE]}, index=[HOSTILE])
    for shown in (
        table(frame, caption=HOSTILE),
        note(HOSTILE),
        notes([HOSTILE], otherwise=HOSTILE),
        notes([], otherwise=HOSTILE),
    ):
        assert "<script" not in shown.data
        assert "&lt;script&gt;" in shown.data


def test_title_of_a_figure_is_escaped():
    drawn = segment_plots.bars(pd.Series({"a": 1.0}), title="t", xlabel="x")
    assert '"><script' not in figure(drawn, title='"><script>').data


def test_row_can_be_highlighted():
    frame = pd.DataFrame({"x": [1.0, 2.0]}, index=["one", "two"])
    marked = re.findall(r'<tr class="best">.*?</tr>', table(frame, highlight="two").data)
    assert len(marked) == 1
    assert "two" in marked[0]
    assert 'class="best"' not in table(frame).data


def test_empty_table_has_its_header():
    assert len(cells(table(pd.DataFrame({"x": [], "y": []})))) == 1


def test_notes_are_a_warning_each_or_one_calm_sentence():
    assert notes(["a", "b"], otherwise="c").data.count('class="note warn"') == 2
    assert "warn" not in notes([], otherwise="c").data
    assert ">c<" in notes([], otherwise="c").data


def test_figure_is_svg_in_the_page_and_the_same_bytes_twice():
    shown = [
        figure(
            segment_plots.bars(pd.Series({"ä": 1.0, "b": -2.0}), title="t", xlabel="x"),
            title="Balken",
        )
        for _ in range(2)
    ]
    assert shown[0].data == shown[1].data
    assert "<svg" in shown[0].data
    assert "<?xml" not in shown[0].data
    assert 'aria-label="Balken"' in shown[0].data
    assert "<dc:date>" not in shown[0].data
