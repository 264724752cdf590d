"""What notebooks show: true numbers, escaped text, the same bytes every time."""

import re

import numpy as np
import pandas as pd
import pytest

from stages.exploration import segment_plots
from stages.look.display import figure, note, notes, table
from stages.look.pages import TEMPLATES

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
def test_whole_numbers_stay_whole_next_to_fractions(index):
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


def test_each_panel_of_a_figure_is_a_picture_of_its_own_that_wraps_on_a_phone():
    segments = {
        name: pd.DataFrame({"rate": [0.2, 0.4], "low": [0.1, 0.3], "high": [0.3, 0.5]})
        for name in ("first", "second", "third")
    }
    drawn = segment_plots.rates(segments, base_rate=0.3)
    shown = figure(drawn, title="rates").data
    assert shown.count("<svg") == 3
    assert '<div class="panels">' in shown
    assert all(axes.get_visible() for axes in drawn.axes)
    assert figure(drawn, title="rates").data == shown


def test_a_colour_bar_stays_with_its_panel():
    matrix = pd.DataFrame(np.eye(3), index=list("abc"), columns=list("abc"))
    shown = figure(segment_plots.heatmap(matrix, title="t"), title="t").data
    assert shown.count("<svg") == 1
    assert "panels" not in shown


def test_rows_with_sentences_or_many_columns_become_blocks_on_a_phone():
    reason = "Full months since the customer joined: 1 month, below the typical 29 months."
    assert 'class="stacked sentences"' in table(pd.DataFrame({"rank": [1], "why": [reason]})).data
    wide = pd.DataFrame({f"column {i}": [i] for i in range(9)})
    assert 'class="stacked"' in table(wide).data
    assert "stacked" not in table(pd.DataFrame({"rank": [1], "why": ["short"]})).data


def test_a_figure_and_its_bounds_are_one_cell():
    frame = pd.DataFrame({"n": [3], "rate": [0.5], "low": [-0.0001], "high": [0.9]})
    shown = table(frame, formats={"rate": ".1%"}, intervals={"rate": ("low", "high")}, index=False)
    assert cells(shown) == [["n", "rate"], ["3", "50.0% <span>(0.0% to 90.0%)</span>"]]


def test_a_phone_folds_long_tables_of_blocks_alone():
    wide = pd.DataFrame({f"column {i}": range(9) for i in range(9)})
    assert '<details class="long" open><summary>table of 9 rows</summary>' in table(wide).data
    assert "details" not in table(wide.head(4)).data
    assert "details" not in table(wide[["column 1"]]).data


def test_every_cell_names_its_column_where_the_row_of_headings_is_hidden():
    shown = table(pd.DataFrame({'a "b"': [1], "c": ["x"]}), index=False).data
    assert re.findall(r'<td[^>]* data-label="([^"]*)"', shown) == ["a &quot;b&quot;", "c"]


def test_the_style_hides_no_part_of_a_page_on_a_phone():
    style = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    assert re.search(r"\.stacked td::before \{ content: attr\(data-label\)", style)
    assert re.search(r"\.panels \{ display: grid; .*minmax\(min\(\d+rem, 100%\)", style)
    assert not re.search(r"svg \{[^}]*min-width: [1-9]", style)


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
