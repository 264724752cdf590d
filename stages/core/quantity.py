"""A count with its noun, in singular and plural."""

from __future__ import annotations


def quantity(count: int, noun: str, plural: str = "") -> str:
    """`1 month`, `2,000 months`; `plural` where an s is not enough."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"
