"""Bodies within limits."""

import gzip
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepresearch.errors import FetchFailed
from deepresearch.web.decoding import RATIO_FLOOR, STEP, Body, is_gzip

LIMIT = 4 * 2**20


PACKERS = {"": bytes, "gzip": gzip.compress}


def unpack(how: str, data: bytes, size: int = 2**16, limit: int = LIMIT, cut: bool = False) -> bytes:
    body = Body(how == "gzip", limit, "here", cut=cut)
    for start in range(0, len(data), size):
        body.feed(data[start : start + size])
        if body.is_full:
            break
    return body.finish()


def outcome(how: str, data: bytes, **more: int) -> str:
    with pytest.raises(FetchFailed) as caught:
        unpack(how, data, **more)
    assert "here" in str(caught.value)
    return caught.value.outcome


@pytest.mark.parametrize("how", PACKERS)
@given(data=st.binary(max_size=400), size=st.integers(1, 50))
def test_what_was_packed_comes_out(how: str, data: bytes, size: int) -> None:
    assert unpack(how, PACKERS[how](data), size) == data


@pytest.mark.parametrize("how", PACKERS)
@pytest.mark.parametrize("length", [STEP - 1, STEP, STEP + 1, 3 * STEP, 10 * STEP])
def test_whole_steps_come_out(how: str, length: int) -> None:
    data = b"a" * length
    assert unpack(how, PACKERS[how](data)) == data
    assert unpack(how, PACKERS[how](data), 7) == data


def test_streams_in_a_row_are_one_body_and_rubbish_after_them_is_none() -> None:
    rows = gzip.compress(b"one ") + gzip.compress(b"two")
    assert unpack("gzip", rows) == unpack("gzip", rows, 1) == b"one two"
    assert unpack("gzip", rows + b"\0\0\0rubbish") == b"one two"


def test_bombs_are_named() -> None:
    assert outcome("gzip", gzip.compress(b"\0" * 2 * RATIO_FLOOR)) == "bomb"
    assert outcome("gzip", gzip.compress(b"\0" * 50 * LIMIT), size=1000) == "bomb"


def test_larger_than_allowed() -> None:
    data = random.Random(1).randbytes(LIMIT + 1)
    assert outcome("", data) == "too_large"
    assert outcome("gzip", gzip.compress(data)) == "too_large"
    assert outcome("gzip", gzip.compress(data[:30_000] * 200)) == "too_large"
    assert unpack("", data[:-1]) == data[:-1]


def test_cut_where_that_was_asked_for() -> None:
    data = random.Random(1).randbytes(1000)
    assert unpack("", data, 7, 500, True) == data[:500]
    assert unpack("gzip", gzip.compress(data), 7, 500, True) == data[:500]
    assert unpack("gzip", gzip.compress(data), 7, 5000, True) == data


def test_torn_and_damaged_streams_are_named() -> None:
    assert outcome("gzip", gzip.compress(random.Random(1).randbytes(1000))[:-10]) == "broken"
    assert outcome("gzip", b"<html>not packed at all</html>") == "broken"


def test_streams_without_end_and_without_content() -> None:
    assert outcome("gzip", gzip.compress(b"") * 2000) == "bomb"
    endless_name = b"\x1f\x8b\x08\x08" + b"\0" * 6 + b"a" * LIMIT
    assert outcome("gzip", endless_name) == "too_large"
    empty_blocks = b"\x1f\x8b\x08\x00" + b"\0" * 6 + b"\0\0\0\xff\xff" * (LIMIT // 5)
    assert outcome("gzip", empty_blocks) == "too_large"


@pytest.mark.parametrize(
    ("header", "found"),
    [("", False), ("identity", False), ("gzip", True), (" X-GZIP ", True), ("identity, gzip", True)],
)
def test_encodings(header: str, found: bool) -> None:
    assert is_gzip(header, "here") == found


@pytest.mark.parametrize(
    ("header", "named"),
    [("gzip, gzip", "bomb"), ("deflate", "wrong_kind"), ("br", "wrong_kind"), ("zstd", "wrong_kind")],
)
def test_encodings_that_are_not_undone(header: str, named: str) -> None:
    with pytest.raises(FetchFailed) as caught:
        is_gzip(header, "here")
    assert caught.value.outcome == named
