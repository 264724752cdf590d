"""What every page of the reports has to be: whole, and readable on a phone."""

import re

LOADED = re.compile(
    r"""<(?:script|img|iframe|source|video|audio|embed|object)\b[^>]*\b(?:src|data)\s*=\s*["']?"""
    r"""\s*(?:https?:)?//|<link\b[^>]*\bhref\s*=|@import|url\(\s*["']?\s*(?:https?:)?//""",
    re.IGNORECASE,
)


def self_contained(text: str) -> None:
    """Fails where a page would fetch something, or lacks what a phone or a screen reader needs."""
    assert LOADED.search(text) is None, LOADED.search(text)
    assert text.startswith("<!doctype html>")
    assert '<html lang="en">' in text
    assert '<meta charset="utf-8">' in text
    assert 'name="viewport"' in text
    assert re.search(r"<title>[^<]+</title>", text)
    assert "<nav" in text
    assert text.count("<body") == text.count("</body>") == 1
