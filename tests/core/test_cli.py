"""The command line explains itself: every command says what it does, every argument what it is."""

import argparse
import re

import pytest

from stages.commands.arguments import amount, count_or_share, share
from tests.command_line import commands

OWN_WORDS = re.compile(r"\bto play with|\bstands? there|\bin pairs\b|\bthe same$")
COMMANDS = commands()


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_and_each_of_its_arguments_are_explained(name):
    command = COMMANDS[name]
    assert command.description
    for action in command._actions:
        assert action.help, f"{name}: {action.dest}"
    text = " ".join(command.format_help().split())
    assert not OWN_WORDS.search(text), text


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (amount, "much", "much: expected an amount, 0 or more"),
        (amount, "inf", "inf: expected an amount"),
        (share, "x%", "x%: expected a share, 0 to below 1"),
        (count_or_share, "few", "few: expected a count, or a share such as 1%"),
        (count_or_share, "200%", "200%: expected a count, or a share"),
        (count_or_share, "-1", "-1: expected a count"),
    ],
)
def test_a_number_that_cannot_be_meant_is_refused_with_what_was_expected(kind, text, expected):
    with pytest.raises(argparse.ArgumentTypeError, match=expected):
        kind(text)
