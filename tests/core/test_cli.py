"""The command line explains itself: every command says what it does, every argument what it is."""

import argparse
import re

import pytest

from stages.cli import command_line

OWN_WORDS = re.compile(r"\bto play with|\bstands? there|\bin pairs\b|\bthe same$")
COMMANDS = next(
    action.choices
    for action in command_line()._actions
    if isinstance(action, argparse._SubParsersAction)
)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_and_each_of_its_arguments_are_explained(name):
    command = COMMANDS[name]
    assert command.description
    for action in command._actions:
        assert action.help, f"{name}: {action.dest}"
    text = " ".join(command.format_help().split())
    assert not OWN_WORDS.search(text), text
