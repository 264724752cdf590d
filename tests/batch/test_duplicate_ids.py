"""Customers in several rows: the keys that they are found by, and what becomes of their rows."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.errors import UserError
from scoring.score_files import ID
from stages.batch.duplicate_ids import HASHED, id_keys, repeated_customers
from stages.batch.parts import About
from stages.batch.score_part import PLACE
from stages.batch.score_summary import in_words
from tests import builders
from tests.batch.conftest import scores_of

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=90)


def keys(*parts):
    texts = [pa.array(part, pa.string()) for part in parts]
    return id_keys(pa.chunked_array(texts, pa.string())).tolist()


@given(st.lists(texts, min_size=1, max_size=8), st.lists(texts, max_size=8))
def test_a_text_has_one_key_whatever_part_it_is_in(some, others):
    alone = [keys([text])[0] for text in some]
    assert keys(some) == alone
    assert keys([*others, *some])[len(others) :] == alone
    assert keys(others, some)[len(others) :] == alone
    assert keys([*others, *some, "x" * 500])[len(others) : -1] == alone


def test_a_slice_has_the_keys_of_its_rows():
    ids = pa.chunked_array([pa.array([f"Kündin {place}" for place in range(100)])])
    assert id_keys(ids.slice(37, 20)).tolist() == id_keys(ids).tolist()[37:57]


@pytest.mark.parametrize("form", ["{}", "K-{:08}", "客户-{}", "{}@example.org", "é" * 20 + "{}"])
def test_other_texts_have_other_keys(form):
    found = id_keys(pa.chunked_array([[form.format(place) for place in range(50_000)]]))
    assert len(np.unique(found)) == 50_000


def test_of_long_texts_the_first_bytes_count_and_never_half_a_letter_fails():
    start = "x" * (HASHED - 1)  # the next letter, of two bytes, is cut in the middle
    first, second = keys([f"{start}ä1", f"{start}ä2"])
    assert first == second
    assert keys([f"{start}b"]) != [first]


@pytest.mark.parametrize("parts", [[], [[]], [[], []]])
def test_a_part_without_customers_has_no_keys(parts):
    assert id_keys(pa.chunked_array(parts, pa.string())).tolist() == []
    assert len(set(keys([], ["", ""]))) == 1


class Kept:
    """Parts of ids in memory, in place of a folder; a part is a file of its own."""

    def __init__(self, parts):
        self._parts = parts

    def read(self, name):
        ids = self._parts[name]
        rows = pa.array(range(2, len(ids) + 2), pa.int64())
        return pa.table({ID: pa.array(ids), PLACE: rows}), About(file=f"{name}.csv", tier="")


@given(st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=12), max_size=5))
def test_every_row_but_the_first_of_a_customer_is_found_with_that_first_one(parts):
    named = {f"p{place}": ids for place, ids in enumerate(parts)}
    hashes = [id_keys(pa.chunked_array([ids], pa.string())) for ids in parts]
    hashes = [key & np.uint64(3) for key in hashes]  # different ids have equal keys, too

    found = repeated_customers([*named], hashes, Kept(named), builders.schema().role("id"))

    seen, expected = {}, {}
    for name, ids in named.items():
        for place, text in enumerate(ids):
            if text in seen:
                expected[name, place] = f"repeats the customer of {seen[text]}"
            seen.setdefault(text, f"{name}.csv, row {place + 2}")
    got = {
        (name, int(place)): reason
        for name, rows in found.items()
        for place, reason in zip(rows.places, rows.reasons(), strict=True)
    }
    assert got == expected


def test_a_further_row_is_kept_in_sixteen_bytes():
    parts = {f"p{place}": [f"customer number {i}" for i in range(500)] for place in range(3)}
    hashes = [id_keys(pa.chunked_array([ids])) for ids in parts.values()]
    found = repeated_customers([*parts], hashes, Kept(parts), builders.schema().role("id"))
    assert [len(rows.places) for rows in found.values()] == [500, 500]
    for rows in found.values():
        assert rows.places.nbytes + rows.parts.nbytes + rows.rows.nbytes == 16 * 500


def test_a_repeated_customer_is_scored_once(members, scored):
    members.loc[140, builders.NUMBER] = members.loc[3, builders.NUMBER]

    outcome = scored(members)

    (reject,) = pd.read_csv(outcome.folder / "rejects.csv").to_dict("records")
    assert reject["row"] == 142
    assert reject["reason"].startswith("repeats the customer of ")
    assert reject["reason"].endswith("members.csv, row 5")
    assert len(scores_of(outcome)) == 149
    assert f"1 row rejected: column {builders.NUMBER}: in several rows (1)" in in_words(outcome)
    with pytest.raises(UserError, match=r"at most 0 allowed: column .*: in several rows \(1\)"):
        scored(members, "limited", max_rejects=0)


def test_further_rows_of_a_customer_are_no_rejects_where_the_schema_allows_them(
    members, contracts, scored
):
    # given a table of contracts in which one customer has three and another two, and a broken row
    members.loc[[4, 140], builders.NUMBER] = members.loc[3, builders.NUMBER]
    members.loc[120, builders.NUMBER] = members.loc[5, builders.NUMBER]
    members.loc[70, builders.MONTHS] = "viele"

    # when it is scored with as many rejects allowed as there are broken rows
    outcome = scored(members, model=contracts, max_rejects=1)

    # then each customer is scored by the first row, and every other row has its reason
    assert scores_of(outcome)[ID].is_unique
    counts = ("rows", "scored", "rejected", "further_rows")
    assert [outcome.summary[name] for name in counts] == [150, 146, 1, 3]
    rejects = pd.read_csv(outcome.folder / "rejects.csv")
    assert rejects["row"].tolist() == [6, 72, 122, 142]
    assert rejects["reason"].str.startswith("a further row of the customer of ").sum() == 3
    assert "3 further rows of customers with several rows" in in_words(outcome)
