"""Every plot draws what it is given, whatever the columns are called."""

import inspect
import io

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from stages.ablation import effect_plots
from stages.core.association import associations
from stages.evaluation import curves, evaluation_plots
from stages.exploration import explore, segment_plots
from stages.look import figures, plots
from stages.model import fold_plots
from stages.simulator import customer_plots
from tests import builders

ROOMS = (plots, customer_plots, segment_plots, fold_plots, evaluation_plots, effect_plots)
SVG = {"format": "svg", "metadata": {"Date": None}}


def curves_of_the_club() -> dict[str, pd.DataFrame]:
    return curves.curves(builders.evaluation_data())


def segments() -> dict[str, pd.DataFrame]:
    return explore.segments(builders.customers(), builders.schema(), max_levels=12)


def draw_roc() -> Figure:
    tables = curves_of_the_club()
    return evaluation_plots.roc_and_precision_recall(
        tables["roc"], tables["precision_recall"], base_rate=0.3
    )


def draw_calibration() -> Figure:
    return plots.calibration(curves_of_the_club()["calibration"])


def draw_gain() -> Figure:
    tables = curves_of_the_club()
    return evaluation_plots.gain(tables["lift"], tables["profit"], chosen=0.4, currency="€")


def rows_with_intervals(count: int) -> pd.DataFrame:
    value = np.linspace(0, 1, count)
    names = [f"Größe {i} <b> $\\no$" for i in range(count)]
    return pd.DataFrame({"value": value, "low": value - 0.1, "high": value + 0.1}, index=names)


def draw_intervals() -> Figure:
    return plots.intervals(rows_with_intervals(5), title="t", xlabel="x", reference=0)


def draw_tornado() -> Figure:
    rows = pd.DataFrame(
        {"low": [0.1, 5], "high": [0.5, 20], "profit_low": [1, 8], "profit_high": [9, 4]},
        index=["Größe <b>", "cost $x$"],
    )
    return evaluation_plots.tornado(rows, baseline=6, xlabel="€")


def draw_dependence() -> Figure:
    x = np.arange(3.0)
    number = pd.DataFrame({"x": x, "value": x / 5, "low": x / 6, "high": x / 4})
    return evaluation_plots.dependence(
        {"$\\frac{": number, "Größe": number.assign(x=["a b", "$b$", "c"])}
    )


def draw_waterfall() -> Figure:
    names = ["average", "$\\frac{", "Größe <b>", "2 others"]
    return evaluation_plots.waterfall(pd.DataFrame({"value": [-1.5, 2.0, -0.4, 0.0]}, index=names))


def draw_fold_scores() -> Figure:
    scores = builders.validation().scores
    return fold_plots.fold_scores(scores, metric="roc_auc", title="t")


def draw_rates() -> Figure:
    return segment_plots.rates(segments(), base_rate=0.3)


def draw_histograms() -> Figure:
    customers = builders.customers()
    names = [column.name for column in builders.schema().numeric_inputs]
    label = builders.schema().churned(customers)
    return customer_plots.histograms(customers[names], label, units={builders.FEE: "€"})


def draw_curve() -> Figure:
    table = explore.tenure_curve(builders.customers(), builders.schema())
    return segment_plots.curve(table, title="t", xlabel="x", ylabel="y")


def draw_curves() -> Figure:
    table = explore.tenure_curve(builders.customers(), builders.schema())
    both = {"one": table, "other": table.assign(value=table["value"] / 2)}
    return customer_plots.curves(both, title="t", xlabel="x", ylabel="y")


def draw_heatmap() -> Figure:
    return segment_plots.heatmap(associations(builders.customers(), builders.schema()), title="t")


def draw_interval_panels() -> Figure:
    return effect_plots.interval_panels(
        {"AUC": rows_with_intervals(3), "Brier": rows_with_intervals(3)}
    )


def draw_bars() -> Figure:
    return segment_plots.bars(pd.Series({"ä": 1.0, "b$x$": -2.0}), title="t", xlabel="x")


def draw_confusion() -> Figure:
    counts = pd.DataFrame([[9, 1], [2, 3]], index=["stayed", "left"], columns=["no", "yes"])
    return evaluation_plots.confusion(counts, title="t")


DRAWN = {
    "roc_and_precision_recall": draw_roc,
    "calibration": draw_calibration,
    "gain": draw_gain,
    "intervals": draw_intervals,
    "tornado": draw_tornado,
    "fold_scores": draw_fold_scores,
    "rates": draw_rates,
    "histograms": draw_histograms,
    "curve": draw_curve,
    "curves": draw_curves,
    "heatmap": draw_heatmap,
    "interval_panels": draw_interval_panels,
    "bars": draw_bars,
    "confusion": draw_confusion,
    "dependence": draw_dependence,
    "waterfall": draw_waterfall,
}


def test_every_plot_is_drawn_here():
    public = {
        name
        for room in ROOMS
        for name, function in inspect.getmembers(room, inspect.isfunction)
        if inspect.signature(function).return_annotation == "Figure"
    }
    assert public == set(DRAWN)


def svg(figure: Figure) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, **SVG)
    return buffer.getvalue()


@pytest.mark.parametrize("name", DRAWN)
def test_plot_has_content_and_is_the_same_bytes_twice(name):
    figure = DRAWN[name]()
    visible = [axes for axes in figure.axes if axes.get_visible()]
    assert visible
    assert all(axes.has_data() or axes.texts for axes in visible)
    assert svg(figure) == svg(DRAWN[name]())


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_panels_show_as_many_axes_as_asked_for(count):
    figure, axes = figures.panels(count, columns=3)
    assert len(axes) == count
    assert sum(one.get_visible() for one in figure.axes) == count


@pytest.mark.parametrize("count", [1, 40])
def test_intervals_name_every_row(count):
    rows = rows_with_intervals(count)
    (axes,) = plots.intervals(rows, title="t", xlabel="x").axes
    assert [text.get_text() for text in axes.get_yticklabels()] == list(rows.index)


def test_confusion_writes_every_count():
    (axes,) = draw_confusion().axes
    assert {text.get_text() for text in axes.texts} == {"9", "1", "2", "3"}


def test_first_bar_is_on_top():
    (axes,) = segment_plots.bars(pd.Series({"first": 1.0, "last": 2.0}), title="t", xlabel="x").axes
    heights = {bar.get_width(): bar.get_y() for bar in axes.patches}
    assert heights[1.0] > heights[2.0]


def test_histograms_of_a_column_with_gaps_count_what_is_there():
    numbers = pd.DataFrame({"x": [1.0, np.nan, 2.0, 3.0]})
    figure = customer_plots.histograms(numbers, np.array([0, 1, 1, 0]), units={})
    assert figure.axes[0].has_data()


def test_column_that_is_absent_throughout_can_be_drawn():
    numbers = pd.DataFrame({"x": [np.nan, np.nan], "y": [1.0, 2.0]})
    svg(customer_plots.histograms(numbers, np.array([0, 1]), units={}))


@pytest.mark.parametrize("name", ["Preis in $ und $", "$\\frac{", "a$b$", "_x", ""])
def test_any_name_can_be_drawn(name):
    # matplotlib takes what stands between two dollars for a formula, and some formulas for errors
    (axes,) = segment_plots.bars(pd.Series({name: 1.0}), title=name, xlabel=name).axes
    assert [text.get_text() for text in axes.get_yticklabels()] == [name]
    svg(axes.figure)
