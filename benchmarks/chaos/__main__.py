"""`python -m benchmarks.chaos`: ten failures injected into a service of its own, as a table."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.chaos.injections import FAILURES
from scoring.errors import UserError
from scoring.loading import check_bundle
from stages.core.paths import Paths


def main() -> int:
    """Inject them one after the other; 1 where a promise was broken or no service started."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chaos", description=__doc__)
    parser.add_argument("--bundle", type=Path, default=Paths.here().champion, help="what answers")
    names = [failure.inject.__name__ for failure in FAILURES]
    parser.add_argument("--only", choices=names, help="leave the others out")
    options = parser.parse_args()
    chosen = [one for one in FAILURES if options.only in (None, one.inject.__name__)]
    print("| failure | promised | measured | longest wait | alert |\n|---|---|---|---|---|")
    broken = 0
    try:
        check_bundle(options.bundle)
        with tempfile.TemporaryDirectory() as place:
            for failure in chosen:
                kept, row = failure.row(options.bundle, Path(place))
                print(row, flush=True)
                broken += not kept
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    return min(broken, 1)


if __name__ == "__main__":
    sys.exit(main())
