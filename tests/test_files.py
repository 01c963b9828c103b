"""Files that are whole or not there."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from deepresearch.files import write_file


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    file = tmp_path / ("n" * 200)
    write_file(file, [b"one, ", b"two"])
    write_file(file, [b"three"])
    assert file.read_bytes() == b"three" and list(tmp_path.iterdir()) == [file]


def test_what_fails_on_the_way_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise OSError("the disk is full")

    write_file(tmp_path / "a", [b"old"])
    with pytest.raises(OSError, match="full"):
        write_file(tmp_path / "a", broken())
    assert (tmp_path / "a").read_bytes() == b"old" and list(tmp_path.iterdir()) == [tmp_path / "a"]


def test_what_is_no_regular_file_is_written_to_and_never_replaced(tmp_path: Path) -> None:
    """As root, a file renamed over /dev/null would break the machine."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    try:
        write_file(pipe, [b"text"])
        assert os.read(reader, 10) == b"text"
    finally:
        os.close(reader)
    assert pipe.is_fifo()
