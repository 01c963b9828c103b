from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from deepresearch.errors import InternalError
from deepresearch.models import Reply
from deepresearch.models.reply_cache import ReplyCache, key_of
from deepresearch.trajectory import Usage

REPLY = Reply(text="täxt", finish="stop", usage=Usage(input=3, cached=1, output=2), cost=0.5, seconds=1.5, model="m")


def test_kept_across_openings(tmp_path: Path) -> None:
    kept = ReplyCache(tmp_path / "deep" / "j")
    assert kept.get("k") is None
    kept.put("k", REPLY)
    other = ReplyCache(tmp_path / "deep" / "j")
    assert other.get("k") == REPLY


def test_many_threads_and_openings_at_once(tmp_path: Path) -> None:
    shared = ReplyCache(tmp_path / "j")

    def work(number: int) -> bool:
        own = ReplyCache(tmp_path / "j")
        own.put(f"own {number}", REPLY)
        shared.put(f"shared {number}", REPLY)
        return shared.get(f"own {number}") == REPLY

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(40)))
    assert all(shared.get(f"shared {number}") == REPLY for number in range(40))


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    cache = ReplyCache(tmp_path)
    (tmp_path / "k.json").write_bytes(b"{")
    with pytest.raises(InternalError, match=r"k\.json cannot be used"):
        cache.get("k")


def test_a_place_that_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InternalError, match="cannot be used"):
        ReplyCache(tmp_path / "file" / "j")


def test_keys_distinguish_parts() -> None:
    assert key_of("a", "b") == key_of("a", "b") != key_of("ab", "")
    assert key_of({"x": 1, "y": 2}) == key_of({"y": 2, "x": 1})
