"""Keys of customers' ids, by which those in several rows are found."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.batch.outputs import HASHED, _keys

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=90)


def keys(*parts):
    texts = [pa.array(part, pa.string()) for part in parts]
    return _keys(pa.chunked_array(texts, pa.string())).tolist()


@given(st.lists(texts, min_size=1, max_size=8), st.lists(texts, max_size=8))
def test_a_text_has_one_key_whatever_part_it_is_in(some, others):
    alone = [keys([text])[0] for text in some]
    assert keys(some) == alone
    assert keys([*others, *some])[len(others) :] == alone
    assert keys(others, some)[len(others) :] == alone
    assert keys([*others, *some, "x" * 500])[len(others) : -1] == alone


def test_a_slice_has_the_keys_of_its_rows():
    ids = pa.chunked_array([pa.array([f"Kündin {place}" for place in range(100)])])
    assert _keys(ids.slice(37, 20)).tolist() == _keys(ids).tolist()[37:57]


@pytest.mark.parametrize("form", ["{}", "K-{:08}", "客户-{}", "{}@example.org", "é" * 20 + "{}"])
def test_other_texts_have_other_keys(form):
    found = _keys(pa.chunked_array([[form.format(place) for place in range(50_000)]]))
    assert len(np.unique(found)) == 50_000


def test_of_long_texts_the_first_bytes_count_and_never_half_a_letter_fails():
    start = "x" * (HASHED - 1)  # the next letter, of two bytes, is cut in the middle
    first, second = keys([f"{start}ä1", f"{start}ä2"])
    assert first == second
    assert keys([f"{start}b"]) != [first]


@pytest.mark.parametrize("parts", [[], [[]], [[], []]])
def test_a_part_without_customers_has_no_keys(parts):
    assert _keys(pa.chunked_array(parts, pa.string())).tolist() == []
    assert len(set(keys([], ["", ""]))) == 1
