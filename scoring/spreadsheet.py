"""Texts of a CSV or a workbook that no spreadsheet takes for a formula. Needs Arrow."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

FORMULA = r"^ *[=+\-@\t\r\n]"
SIGNED_NUMBER = r"^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$"
FIRST = pa.array([" ", "=", "+", "-", "@", "\t", "\r", "\n"])  # of what may look like a formula


def safe_texts(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Texts, those that a spreadsheet would compute behind an apostrophe; not signed numbers."""
    if not pc.any(pc.is_in(pc.utf8_slice_codeunits(texts, 0, 1), FIRST)).as_py():
        return texts
    is_number = pc.match_substring_regex(texts, SIGNED_NUMBER)
    looks = pc.and_not(pc.match_substring_regex(texts, FORMULA), is_number)
    return pc.if_else(looks, pc.binary_join_element_wise("'", texts, ""), texts)


def safe_table(table: pa.Table) -> pa.Table:
    """A table whose texts are safe."""
    for place, name in enumerate(table.column_names):
        if pa.types.is_string(table.schema.field(name).type):
            table = table.set_column(place, name, safe_texts(table[name]))
    return table
