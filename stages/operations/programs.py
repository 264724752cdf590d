"""Programs of others, run from here: what they print, and a `UserError` where they fail.

The standard library alone: jobs that install no package use it.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from scoring.errors import UserError


def run(*command: str, settings: Mapping[str, str] | None = None) -> None:
    """Run a program whose words go to the terminal, with more variables in its environment."""
    environment = os.environ | (settings or {})
    _check(command, subprocess.run(command, env=environment, check=False).returncode)


def output(*command: str) -> str:
    """What a program prints, without white space around it; its errors go to the terminal."""
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    _check(command, done.returncode)
    return done.stdout.strip()


def quiet_output(*command: str) -> str:
    """What a program prints; the last line of its errors is in the `UserError`."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(f"{_named(command)}: {reason(done)}")
    return done.stdout.strip()


def reason(done: subprocess.CompletedProcess[str]) -> str:
    """Why a program failed: the last line of its errors, else its exit code."""
    return last_line(done.stderr, otherwise=f"exit code {done.returncode}")


def last_line(words: str, *, otherwise: str) -> str:
    """The last line of what a program printed; `otherwise` where it printed nothing."""
    return (words.strip().splitlines() or [otherwise])[-1]


def _check(command: tuple[str, ...], code: int) -> None:
    if code:
        raise UserError(f"{_named(command)} …: exit code {code}; its own words are above")


def _named(command: tuple[str, ...]) -> str:
    """A command by its first words, with the name of the program alone."""
    return " ".join([Path(command[0]).name, *command[1:3]])
