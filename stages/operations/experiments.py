"""Experiments side by side: the page that `dvc exp show --pcp` wrote until DVC left that out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd

from scoring.errors import UserError, one_line
from stages.core.metrics import Shown, shown_in
from stages.core.paths import Paths
from stages.look.display import table
from stages.look.pages import write_page
from stages.look.site import navigation
from stages.parameters import SECTIONS

ABSENT = ""


def metrics_shown() -> str:
    """The metrics that are compared where none are asked for, as a regular expression."""
    summary = "|".join(metric.name for metric in shown_in(Shown.SUMMARY))
    return rf"winner|cv\.roc_auc\.mean|test\.({summary})"


def write_experiments(paths: Paths, *, metrics: str | None = None) -> Path:
    """Write the page of the experiments on the current commit; its place.

    `metrics` is a regular expression that names of metrics are to match, as in `dvc exp show
    --keep`. `UserError` where there is nothing to compare.
    """
    rows = comparison(_shown(paths), metrics=metrics or metrics_shown())
    if len({row["experiment"] for row in rows} - {"workspace"}) < 2:
        raise UserError("no experiments on this commit; expected some: dvc exp run -S NAME=VALUE")
    write_page(paths.experiments, body=body(rows), title="Experiments", pages=navigation(paths))
    return paths.experiments


def _shown(paths: Paths) -> list[dict[str, Any]]:
    """What DVC knows of experiments; `UserError` in its words where it cannot tell."""
    from dvc.api import exp_show

    from stages.operations.dvc_parts import DvcException

    try:
        return exp_show(str(paths.root))
    except DvcException as error:
        raise UserError(f"experiments: {one_line(error)}") from error


def comparison(shown: list[dict[str, Any]], *, metrics: str) -> list[dict[str, str]]:
    """A row per experiment: its name, the parameters that differ, the metrics asked for.

    `shown` is what `dvc.api.exp_show` returns. What is queued, still runs or failed has no results.
    `UserError` where `metrics` is no regular expression.
    """
    done = [row for row in shown if row["State"] in (None, "Success")]
    try:
        wanted = re.compile(metrics)
    except re.error as error:
        raise UserError(f"metrics {metrics!r}: {error}; expected a regular expression") from None
    names = list(dict.fromkeys(name for row in done for name in row))
    varied = [n for n in names if _is_parameter(n) and len({str(r.get(n)) for r in done}) > 1]
    kept = varied + [name for name in names if wanted.fullmatch(name)]
    return [
        {"experiment": row["Experiment"] or row["rev"]} | {n: _text(row.get(n)) for n in kept}
        for row in done
    ]


def _is_parameter(name: str) -> bool:
    return name.split(".")[0] in SECTIONS


def _text(value: Any) -> str:
    if value is None:
        return ABSENT
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def body(rows: list[dict[str, str]]) -> str:
    """A line per experiment through an axis per column, and the same as a table."""
    from plotly.offline import get_plotlyjs

    from stages.operations.dvc_parts import ParallelCoordinatesRenderer

    columns = list(rows[0])
    drawn = ParallelCoordinatesRenderer(rows, color_by=columns[-1], fill_value=ABSENT)
    content = drawn.partial_html().replace("</", r"<\/")  # no text may end the script
    return f"""<h1>Experiments</h1>
<p>A line is an experiment. Drag along an axis to keep those that pass there, drag its name to move
it.</p>
<div class="scroll"><div id="drawn" style="min-width: {110 * len(columns)}px"></div></div>
<script>{get_plotlyjs()}</script>
<script>
const drawn = {content};
drawn.data[0].labelangle = -15;
for (const axis of drawn.data[0].dimensions.filter((axis) => axis.tickvals)) {{
  // a label per value: DVC gives one per experiment, and Plotly leaves some out of those
  const labels = new Map(axis.tickvals.map((value, place) => [value, axis.ticktext[place]]));
  Object.assign(axis, {{tickvals: [...labels.keys()], ticktext: [...labels.values()]}});
}}
Plotly.newPlot("drawn", drawn.data, {{margin: {{l: 110, t: 110}}}}, {{responsive: true}});
</script>
{table(pd.DataFrame(rows), index=False).data}"""
