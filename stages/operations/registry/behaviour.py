"""The behaviour tests in `tests/model/`, run on the champion in the work tree."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from scoring.errors import UserError
from stages.core.paths import Paths
from stages.core.section import read_params

SUITE = "tests/model/test_behaviour.py"
ELSEWHERE = "CHURN_TEST_REPOSITORY"  # a repository with a finished run, for the tests to look at
OUTCOME = re.compile(r"^(PASSED|FAILED|ERROR|SKIPPED|XFAIL\w*|XPASS\w*) (.*)$", re.MULTILINE)


def run_behaviour_tests(root: Path) -> int:
    """How many tests the champion passed; `UserError` with those that it did not.

    Customers of the simulator's population are known well enough for all of them; of adopted
    customers only those are asked for that hold for any schema.
    """
    print(f"{SUITE}: trying the champion's behaviour", file=sys.stderr)
    options = ["-q", "-rA", "--tb=short", "-p", "no:cacheprovider", *_selection(root)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", SUITE, *options],
        cwd=root,
        env=os.environ | {ELSEWHERE: str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    outcomes = OUTCOME.findall(done.stdout)
    passed = sum(outcome == "PASSED" for outcome, _ in outcomes)
    if done.returncode or passed != len(outcomes):
        lines = [line for line in done.stdout.splitlines() if not line.startswith("PASSED ")]
        print(*lines, done.stderr, sep="\n", file=sys.stderr)
        failed = [name for outcome, name in outcomes if outcome != "PASSED"]
        if not failed:
            raise UserError(f"{SUITE}: could not be run; see above")
        count = f"{len(failed)} of {len(outcomes)} behaviour tests"
        raise UserError(f"{failed[0].split(' - ')[0]}: failed ({count}); expected all to pass")
    return passed


def _selection(root: Path) -> list[str]:
    paths = Paths(root)
    source = read_params(paths.params)["data"]["source"]
    generated = source == paths.relative(paths.population)
    return [] if generated else ["-m", "any_champion"]
