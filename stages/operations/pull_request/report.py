"""`make report`: two revisions compared, as Markdown that CML posts on the pull request."""

from __future__ import annotations

import tempfile
from pathlib import Path

from scoring.errors import UserError
from stages.core.metrics import METRICS
from stages.core.paths import Paths
from stages.evaluation.evaluate_params import Evaluate
from stages.evaluation.slices import compare_slices, groups_of
from stages.model.money_params import Money
from stages.operations.pull_request import changes, results
from stages.operations.pull_request.change_verdict import HEADLINE, Verdict, judge
from stages.operations.pull_request.compare import (
    Comparison,
    compare,
    evaluation_data_of,
    from_metrics,
    redrawing_variance,
    sampled,
    widened,
)
from stages.operations.pull_request.markdown import Content, render
from stages.operations.pull_request.pictures import draw
from stages.operations.pull_request.results import Results
from stages.operations.pull_request.watched_run import Failure, run_pipeline
from stages.parameters import read_parameters

GROUPS, SLICES_OF, FEWEST = 50, 20_000, 2_000  # so many groups are compared on so many customers


def report(base: str, paths: Paths) -> str:
    """Run what changed of the pipeline, compare it with `base`, write the report; its verdict.

    `UserError` once the report is written, where the pipeline failed or more is lost than
    `params.yaml` tolerates.
    """
    with tempfile.TemporaryDirectory() as scratch:
        old = results.of_revision(base, Path(scratch), paths)
        failure = run_pipeline(paths.root)
        content = _failed(old, failure, paths) if failure else _compared(old, paths)
        page = paths.reports / "pull_request.md"
        page.write_text(render(content, paths), encoding="utf-8")
    line = f"{content.verdict.line}\nReport: {paths.relative(page)}"
    if content.verdict.reasons:
        raise UserError("; ".join(content.verdict.reasons), details=(line,))
    return line


def _pictures(paths: Paths) -> Path:
    return paths.reports / "pull_request"


def _failed(old: Results, failure: Failure, paths: Paths) -> Content:
    for picture in _pictures(paths).glob("*.png"):
        picture.unlink()
    place = f"in stage {failure.stage}" if failure.stage else "before any stage ran"
    reason = failure.lines[-1] if failure.lines else "it printed nothing"
    verdict = Verdict(f"the pipeline failed {place}", [f"the pipeline failed {place}: {reason}"])
    new = results.of_work_tree(paths)
    return Content(old, new, results.commits_not_here(old.commit, paths), verdict, failure=failure)


def _compared(old: Results, paths: Paths) -> Content:
    new = results.of_work_tree(paths)
    params = read_parameters(paths)
    evaluate, assumptions, report = params.evaluate, params.money, params.report
    content = Content(
        old,
        new,
        results.commits_not_here(old.commit, paths),
        _without_base(old, new),
        level=evaluate.level,
    )
    content.pictures = draw(new, old if old.lock else None, _pictures(paths))
    if not old.metrics:
        return content
    content.data = changes.data(new, old, threshold=report.drift)
    if new.outputs() == old.outputs():
        content.verdict = Verdict(f"no change: every output has the same bytes as {old.name}", [])
        return content
    content.comparisons = _comparisons(new, old, evaluate, assumptions)
    judged = next(iter(content.comparisons.values()))
    if judged.new is not None and judged.old is not None:
        most = customers_for(len(groups_of(judged.new)))
        content.slices = compare_slices(*sampled(judged.new, judged.old, most=most))
    content.verdict = judge(judged, content.slices, report.tolerance)
    if others := changes.have_changed(new, old):
        line = f"{content.verdict.line}; the {' and the '.join(others)} changed too"
        content.verdict = content.verdict._replace(line=line)
    return content


def customers_for(groups: int) -> int:
    """How many customers groups are compared on: of many groups fewer, as time grows with both."""
    return max(FEWEST, min(SLICES_OF, SLICES_OF * GROUPS // max(groups, 1)))


def _without_base(old: Results, new: Results) -> Verdict:
    """The verdict where there is nothing to compare with."""
    test, interval = new.metrics["test"], new.metrics["test_ci"]
    shown = (
        f"{metric.text(test[metric.name])} {metric.title} "
        f"[{metric.text(interval[metric.name]['low'])}, "
        f"{metric.text(interval[metric.name]['high'])}]"
        for metric in (METRICS[name] for name in HEADLINE)
    )
    return Verdict(f"nothing to compare with, {old.name} has no metrics: {', '.join(shown)}", [])


def _comparisons(
    new: Results, old: Results, evaluate: Evaluate, assumptions: Money
) -> dict[str, Comparison]:
    """By words for the customers; the verdict is made on the first one.

    Out of fold on the train customers where both revisions' predictions are available: a choice
    between revisions is not made on the test customers if it need not be.
    """
    found = {}
    for split, words in (("train", "Train customers, out of fold"), ("test", "Test customers")):
        sides = [evaluation_data_of(each, split, evaluate, assumptions) for each in (new, old)]
        if sides[0] is not None and sides[1] is not None:
            found[words] = compare(sides[0], sides[1])
    for words in list(found)[:1]:
        noise = [redrawing_variance(each) for each in (new, old)]
        found[words] = widened(found[words], noise, level=evaluate.level)
    same_costs = new.params.get("money") == old.params.get("money")
    return found or {
        "Test customers": from_metrics(new.metrics, old.metrics, same_costs=same_costs)
    }
