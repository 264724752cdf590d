"""`python -m stages`: the command line of the pipeline."""

import sys

from stages.cli import main

if __name__ == "__main__":
    # jsonschema builds a grammar of international addresses as it is imported, if this package is
    # there: a second of every stage, for addresses that no notebook has.
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
    sys.exit(main())
