"""Packed arrays come back bit for bit, and equal arrays give equal text."""

import base64

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from runs.reports.heatmap.packing import element, pack
from tests.runs.reports.heatmap.unpacking import elements, unpack

KINDS = ("<i4", "<u4", "<u2", "|u1", "<f4", "<f8")
WHOLE = KINDS[:4]


@given(st.data(), st.sampled_from(KINDS))
def test_any_array_comes_back_bit_for_bit(data, kind):
    array = data.draw(arrays.arrays(np.dtype(kind), arrays.array_shapes(max_dims=2, min_side=0, max_side=9)))
    back = unpack(pack(array))
    assert back.dtype == array.dtype
    assert back.shape == array.shape
    assert back.tobytes() == array.tobytes()


@given(st.data(), st.sampled_from(WHOLE))
def test_differences_wrap_around_and_lose_nothing(data, kind):
    line = data.draw(arrays.arrays(np.dtype(kind), st.integers(0, 30)))
    assert np.array_equal(unpack(pack(line, "delta")), line)
    matrix = data.draw(arrays.arrays(np.uint8, arrays.array_shapes(min_dims=2, max_dims=2, max_side=12)))
    assert np.array_equal(unpack(pack(matrix, "grid")), matrix)


def test_the_text_is_that_of_the_content_alone():
    array = np.arange(1000, dtype=np.int32)
    assert pack(array, "delta") == pack(array.copy()[::1], "delta")
    assert base64.b64decode(pack(array).text)[4:8] == bytes(4), "gzip's time"


def test_a_page_gives_its_arrays_back():
    given_arrays = {"a": np.arange(5, dtype=np.uint16), "b": np.eye(3, dtype=np.uint8)}
    text = "<p>" + element("a", given_arrays["a"], "delta") + "text" + element("b", given_arrays["b"], "grid")
    found = elements(text)
    assert list(found) == ["a", "b"]
    assert all(np.array_equal(found[name], array) for name, array in given_arrays.items())


def test_what_cannot_be_packed_is_named():
    with pytest.raises(ValueError, match="filter 'zip' is none of"):
        pack(np.zeros(2), "zip")
    with pytest.raises(ValueError, match="takes whole numbers, not float64"):
        pack(np.zeros(2), "delta")
