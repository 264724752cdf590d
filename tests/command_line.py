"""The commands of `python -m stages`, as their parser knows them."""

from __future__ import annotations

import argparse

from stages.cli import command_line


def commands() -> dict[str, argparse.ArgumentParser]:
    """The parser of each command."""
    (subparsers,) = (
        action
        for action in command_line()._actions
        if isinstance(action, argparse._SubParsersAction)
    )
    return dict(subparsers.choices)
