"""What people and programs look at while it runs: the prediction service, the manager's page."""

from __future__ import annotations

import argparse
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from stages.commands import Commands
from stages.core.paths import Paths

PORT = 8501


def add(commands: Commands) -> None:
    """Teach the command line these commands."""
    smoke = commands.add_parser(
        "smoke",
        help="send a few requests to a running prediction service",
        description="Send a few requests to a running prediction service, right and wrong ones, "
        "and check each answer against the service's own document.",
    )
    smoke.add_argument("url", help="such as http://localhost:3000; a key in CHURN_API_KEY")
    smoke.set_defaults(command=_smoke)
    app = commands.add_parser(
        "app",
        help="the retention manager's page on a scored month",
        description="A page in the browser, on this machine alone: whom to contact within a "
        "budget, why, and what happens if. It reads what score wrote. See docs/app.md.",
    )
    app.add_argument(
        "scores", nargs="?", type=Path, help="the folder that score wrote (default: the last one)"
    )
    app.add_argument("--model", type=Path, help="the bundle that scored it, if it was moved")
    app.add_argument("--port", type=int, default=PORT, help=f"default {PORT}")
    app.set_defaults(command=_app)


def _smoke(options: argparse.Namespace, paths: Paths) -> None:
    from stages.operations.smoke_test import smoke

    print(smoke(options.url))


def _app(options: argparse.Namespace, paths: Paths) -> int:
    """Run Streamlit from the root, where its settings are, until it is stopped."""
    command = [sys.executable, "-m", "app", "--server.port", str(options.port), "--"]
    for name, folder in (("--scores", options.scores), ("--bundle", options.model)):
        if folder is not None:
            command += [name, str(folder.resolve())]
    with suppress(KeyboardInterrupt):
        return subprocess.run(command, cwd=paths.root, check=False).returncode
    return 0
