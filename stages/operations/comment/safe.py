"""What an outside contributor wrote, made safe to be shown in the repository's own name.

Whatever Markdown or GitHub would turn into more than text gets a zero-width space in its middle: it
then reads the same, in prose and in code alike, and does nothing. What may stay is listed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

LIMIT = 60_000  # characters; GitHub refuses a comment of more than 65,536
BREAK = "\u200b"
TAG = r"</?(?:details|summary|sub|sup|kbd)>|<br[ ]?/?>"
ENTITY = r"&(?:amp|lt|gt|quot|nbsp|minus|ndash|times|plusmn);"
TOKENS = re.compile(
    rf"""
    !\[(?P<alt>[^\[\]\n]*)\]\((?P<picture>[^()\s]*)(?:[ ]"[^"\n]*")?\)
  | (?P<kept> {TAG} | {ENTITY} )
  | (?P<live> <(?=[A-Za-z/!?])    # a tag, or an address in angle brackets
            | &(?=\#|\w+;)        # an entity, which may hide any of the others
            | \](?=[(\[:!])       # a link, a picture, or the definition of one
            | :(?=//) | www(?=\.) # an address
            | @                   # a mention
            | \#(?=\d) | GH(?=-\d) )  # an issue, which would be notified of it
    """,
    re.VERBOSE | re.IGNORECASE,
)
COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)


def safe(text: str, *, picture: Callable[[str, str], str]) -> str:
    """The text with tables, headings, code and folding, but no address, mention or other HTML.

    Comments in HTML are dropped: CML's watermark is one that could be forged. `picture` says what
    stands for a picture, given its caption (safe already) and its address (as it was written).
    """

    def replaced(found: re.Match[str]) -> str:
        if found["live"]:
            return found["live"] + BREAK
        if found["picture"] is not None:
            return picture(safe(found["alt"], picture=picture), found["picture"])
        return found["kept"]

    return TOKENS.sub(replaced, _plain(text))


def _plain(text: str) -> str:
    """The text without comments and characters that cannot be seen or reverse what is read."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    seen = "".join(c for c in lines if c in "\n\t" or unicodedata.category(c)[0] != "C")
    return COMMENT.sub("", seen)  # before all else: what it parted comes together


def cut(text: str, *, limit: int = LIMIT) -> str:
    """The text up to the last whole line within `limit` characters."""
    if len(text) <= limit:
        return text
    end = text.rfind("\n", 0, limit)
    return text[: end if end > 0 else limit]
