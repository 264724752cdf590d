"""What a run of batch scoring says, for its report: `notebooks/score.ipynb`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from IPython.display import HTML
from scipy.spatial.distance import jensenshannon

from scoring.batch import code_labels
from scoring.bundle import REFERENCE
from scoring.errors import UserError, shown
from scoring.explanation import title
from scoring.loading import read_manifest
from scoring.schema import Column, Schema
from scoring.score_files import CONTACTS, ID, REASONS
from stages.batch.campaign_list import in_words
from stages.batch.outputs import with_example
from stages.batch.score_part import bands
from stages.batch.score_summary import Outcome, assumption
from stages.core.files import write_json
from stages.core.paths import Paths
from stages.core.quantity import quantity
from stages.look.figures import panels
from stages.look.palette import BLUE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PAGE = Path(__file__).with_name("list.html.j2")
LISTED = 5_000  # rows of the list that the page holds
SHOWN = 10
POINTS = 500  # of the curve
UNKNOWN = "The interval is wide because the share that accepts is not known before the campaign."
WHY = {
    "expected_profit": UNKNOWN,
    "threshold": UNKNOWN,
    "incremental_profit": "What a contact changes is what the adopted campaign showed, and the "
    "interval has its standard error.",
}


@dataclass(frozen=True)
class Report:
    """The last run: its summary, the customers on its list, the schema of its model."""

    summary: Mapping[str, Any]
    contacts: pd.DataFrame
    schema: Schema
    bundle: Path


def remember(outcome: Outcome, paths: Paths) -> None:
    """Note a run as the one that the report is about."""
    folder = str(outcome.folder.resolve())
    write_json(paths.last_score, dict(outcome.summary) | {"folder": folder})


def latest(paths: Paths) -> Report:
    """The run that was noted last; `UserError` where there is none."""
    try:
        summary = json.loads(paths.last_score.read_text(encoding="utf-8"))
        contacts = pd.read_csv(Path(summary["folder"]) / CONTACTS, dtype={ID: str})
    except FileNotFoundError:
        raise UserError(f"{shown(paths.last_score)}: no scored customers; run make score") from None
    bundle = Path(summary["bundle"])
    return Report(summary, contacts, read_manifest(bundle)[1], bundle)


def figures(report: Report) -> pd.DataFrame:
    """How many customers were scored, rejected, worth a contact, on the list."""
    summary, budget = report.summary, report.summary["budget"]
    values = {
        "customers scored": f"{summary['scored']:,}",
        "rows rejected": f"{summary['rejected']:,}",
        "worth a contact": f"{summary['contacts']:,}",
        "on the contact list": f"{summary['listed']:,}",
        "budget": "none" if budget is None else f"{budget:,.15g} {summary['currency']}",
        "model": f"{summary['model']['name']} {summary['model']['version']}",
    }
    return pd.Series(values).to_frame("value")


def in_money(report: Report) -> str:
    """What the campaign is expected to cost and to bring."""
    money = report.summary["expected"]
    words = (
        f"Contacting the {quantity(report.summary['listed'], 'customer')} on the list is expected "
        f"to cost {money['cost']:,.0f} {report.summary['currency']} and to keep a value of "
        f"{money['gain']:,.0f}: a profit of {money['profit']:,.0f}, with 95% of campaigns between "
        f"{money['profit_low']:,.0f} and {money['profit_high']:,.0f}. {WHY[report.summary['rule']]}"
    )
    return f"{words} {assumption(report.summary)}".rstrip()


def assigned(report: Report) -> list[str]:
    """Who was drawn at random, what that costs and finds; nothing where nobody was."""
    design = report.summary.get("design")
    return [] if design is None else list(in_words(design, report.summary["currency"]))


def problems(report: Report) -> list[str]:
    """Why rows were rejected, and in how many; a row may fail several checks."""
    examples = report.summary.get("examples", {})
    return [
        f"{with_example(words, examples)}: {quantity(rows, 'row')}"
        for words, rows in report.summary["problems"].items()
    ]


def profit_curve(report: Report) -> Figure:
    """Expected profit as more and more customers of the list are contacted."""
    contacts = report.contacts
    most = len(contacts)
    shown = np.unique(np.linspace(0, max(most - 1, 0), POINTS).astype(int))[:most]
    figure, (axes,) = panels(1)
    axes.plot(contacts["rank"].iloc[shown], contacts["cumulative_profit"].iloc[shown], color=BLUE)
    unit = report.summary["currency"]
    axes.set(xlabel="customers contacted", ylabel=f"cumulative expected profit, {unit}")
    axes.set_xlim(0, None)
    return figure


def first(report: Report) -> pd.DataFrame:
    """The top of the list, without ids, the reasons in one column where they were asked for."""
    top = report.contacts.head(SHOWN)
    shown = top[["rank", "churn_probability", "expected_profit"]].rename(
        columns=lambda name: name.replace("_", " ")
    )
    if REASONS[0] not in top:
        return shown
    words = top[list(REASONS)].fillna("").to_numpy()
    return shown.assign(why=[" ".join(filter(None, row)) for row in words])


def typical(report: Report) -> pd.DataFrame:
    """Values that are more frequent among those worth a contact than among all, most so first."""
    everybody, chosen = report.summary["counts"], report.summary["counts_of_contacts"]
    rows = []
    for column in report.schema.inputs:
        if "sensitive" in column.roles:
            continue
        labels = _labels(column, report.summary["edges"].get(column.name, []))
        shares = [_shares(counts[column.name]) for counts in (chosen, everybody)]
        for label, there, here in zip(labels, *shares, strict=True):
            rows.append((title(column), label, there, here, there - here))
    names = ["column", "value", "worth a contact", "all customers", "difference"]
    return pd.DataFrame(rows, columns=names).nlargest(SHOWN, "difference").drop(columns=names[-1])


def differences(report: Report) -> pd.DataFrame:
    """How far this month's customers are from those learned from: Jensen-Shannon distance, 0 to 1.

    Numbers are compared in ten bands of equally many customers learned from.
    """
    path = report.bundle / REFERENCE
    if not path.is_file():
        return pd.DataFrame({"column": [], "distance": []})
    reference = pq.read_table(path).to_pandas()
    distances = {
        title(column): _distance(
            report.summary["counts"][column.name], _reference(column, reference, report)
        )
        for column in report.schema.inputs
    }
    table = pd.Series(distances, dtype=float).sort_values(ascending=False)
    return table.rename_axis("column").reset_index(name="distance")


def listing(report: Report) -> HTML:
    """The contact list to search, sort and download, in the page itself."""
    from jinja2 import Environment, select_autoescape

    shown = report.contacts.head(LISTED).astype(object)
    rows = [[None if pd.isna(cell) else cell for cell in row] for row in shown.to_numpy()]
    content = json.dumps({"columns": list(shown.columns), "rows": rows}).replace("<", "\\u003c")
    template = Environment(autoescape=select_autoescape(default=True)).from_string(
        PAGE.read_text(encoding="utf-8")
    )
    return HTML(template.render(content=content, shown=len(shown), total=len(report.contacts)))


def _labels(column: Column, edges: list[float]) -> Iterator[str]:
    if not column.is_numeric:
        yield from code_labels(column)
        return
    unit = f" {column.unit}" if column.unit else ""
    for low, high in zip([None, *edges], [*edges, None], strict=True):
        start = "up to" if low is None else f"above {low:g}"
        end = "" if high is None else f" {high:g}" if low is None else f", up to {high:g}"
        yield f"{start}{end}{unit}" if (low, high) != (None, None) else "any"
    yield "(missing)"


def _shares(counts: list[int]) -> np.ndarray:
    return np.asarray(counts) / max(sum(counts), 1)


def _reference(column: Column, reference: pd.DataFrame, report: Report) -> list[int]:
    values = reference[column.name]
    if column.is_numeric:
        edges = np.array(report.summary["edges"][column.name])
        places = bands(values.to_numpy(float), edges)
        return np.bincount(places, minlength=len(edges) + 2).tolist()
    found = values.value_counts()
    return [int(found.get(label, 0)) for label in code_labels(column)]


def _distance(one: list[int], other: list[int]) -> float:
    if not sum(one) or not sum(other):
        return float("nan")
    return float(jensenshannon(one, other, base=2))
