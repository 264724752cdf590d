"""`python -m app`: the page with its libraries and its customers in memory before anybody looks.

`streamlit run app/page.py` shows the same; its first reader waits a second longer.
"""

from __future__ import annotations

import sys
from contextlib import suppress

from streamlit.web import cli

from app import page
from app.cache import ranking, scored_month
from app.places import places
from scoring.assumptions import Scenario
from scoring.errors import UserError

SEPARATOR = "--"  # options of Streamlit before it, of the page after it


def main(arguments: list[str]) -> None:
    """Read what the page will show, then run Streamlit with these arguments."""
    own = arguments[arguments.index(SEPARATOR) + 1 :] if SEPARATOR in arguments else []
    with suppress(UserError):  # the page says what is wrong
        ranking(scored_month(places(own)), Scenario())
    cli.main(["run", str(page.__file__), *arguments])


if __name__ == "__main__":
    main(sys.argv[1:])
