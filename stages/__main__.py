"""`python -m stages`: the command line of the pipeline."""

import sys

from stages.cli import main

if __name__ == "__main__":
    sys.exit(main())
