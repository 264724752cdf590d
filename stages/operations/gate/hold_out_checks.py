"""Whether customers are fit to judge two models on: their month, their labels, who saw them."""

from __future__ import annotations

from collections.abc import Iterator

from stages.core import months
from stages.core.quantity import quantity
from stages.exploration.explore import single_column_auc
from stages.operations.gate.gate_decision import Check
from stages.operations.gate.gate_params import Gate
from stages.operations.gate.hold_out import HoldOut


def check_hold_out(data: HoldOut, params: Gate, *, leak_auc: float) -> Iterator[Check]:
    """What disqualifies customers as evidence; `leak_auc` is that of the exploration."""
    yield _window_has_closed(data)
    yield _month_is_the_newest(data)
    yield _labels_are_recent(data, params)
    enough = _are_enough(data, params)
    yield enough
    if enough.passed:
        yield _were_not_seen(data, leak_auc=leak_auc)


def _window_has_closed(data: HoldOut) -> Check:
    ahead = months.between(data.as_of, data.closed_in)
    words = f"labels of {data.month} are known from {data.closed_in} on; it is {data.as_of}"
    return Check(name="window_open", passed=ahead <= 0, words=words)


def _month_is_the_newest(data: HoldOut) -> Check:
    words = f"{data.month} is the newest month with labels, and nobody learned from it"
    is_newest = data.month == data.newest
    if not is_newest:
        words = f"month {data.month}: not the newest with labels; expected {data.newest}"
    later = [m for m in data.learned if months.between(data.month, m) >= 0]
    if is_newest and later:
        words = f"the challenger learned from {later[-1]}; expected months before {data.month}"
    return Check(name="other_month", passed=is_newest and not later, words=words)


def _labels_are_recent(data: HoldOut, params: Gate) -> Check:
    age = months.between(data.closed_in, data.as_of)
    words = f"known for {quantity(age, 'month')}; up to {params.oldest} are recent (gate.oldest)"
    return Check(name="stale_labels", passed=age <= params.oldest, words=words)


def _are_enough(data: HoldOut, params: Gate) -> Check:
    customers, churners = len(data.features), data.churners
    enough = customers >= params.customers and params.churners <= churners < customers
    return Check(
        name="empty_hold_out",
        passed=enough,
        words=f"{quantity(customers, 'customer')} put aside, {churners:,} of whom left; at least "
        f"{params.customers} and {params.churners} judge (gate.customers, gate.churners)",
    )


def _were_not_seen(data: HoldOut, *, leak_auc: float) -> Check:
    if data.overlap:
        words = f"{data.overlap:,} of {len(data.features):,} customers were learned from"
        return Check(name="leak", passed=False, words=words)
    alone = single_column_auc(data.customers, data.schema)
    if len(alone) and alone.max() >= leak_auc:
        words = f"column {alone.idxmax()}: alone separates the classes, ROC AUC {alone.max():.3f}"
        return Check(name="leak", passed=False, words=words)
    return Check(name="leak", passed=True, words="nobody of them was learned from")
