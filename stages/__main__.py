"""`python -m stages`: the command line of the pipeline."""

import atexit
import gc
import sys

from stages.cli import main

if __name__ == "__main__":
    # jsonschema builds a grammar of international addresses as it is imported, if this package is
    # there: a second of every stage, for addresses that no notebook has.
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
    # Python's collector takes a sixth of the time of imports, and as much again at the end.
    gc.set_threshold(50_000, 20, 20)
    atexit.register(gc.freeze)
    sys.exit(main())
