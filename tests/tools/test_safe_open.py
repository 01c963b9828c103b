import errno
import os
import stat
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepresearch.tools.safe_open import open_below

SECRET = b"outside"
NAMES = ["a", "b", "link", "up", "file", "..", ".", ""]
TARGETS = ["a", "..", "../..", "../out", "../../out/file", "file", "a/../file", "link", "/etc", "b/link", "./a/b"]


def build(base: Path, links: list[tuple[str, str]]) -> Path:
    root = base / "ws"
    (root / "a" / "b").mkdir(parents=True)
    (base / "out").mkdir()
    (base / "out" / "file").write_bytes(SECRET)
    (base / "file").write_bytes(SECRET)
    for place in ("file", "a/file", "a/b/file"):
        (root / place).write_bytes(b"inside")
    for place, target in links:
        if not (root / place).is_symlink():
            (root / place).symlink_to(target)
    return root


def open_descriptors() -> int:
    return sum(1 for _ in Path("/dev/fd").iterdir())


def outcome(root: Path, path: str) -> bytes | int:
    """The content behind `path`, or the error's number."""
    folder = os.open(root, os.O_RDONLY)
    try:
        file = open_below(folder, path, os.O_RDONLY)
    except OSError as error:
        return error.errno or 0
    finally:
        os.close(folder)
    try:
        return b"folder" if stat.S_ISDIR(os.fstat(file).st_mode) else os.read(file, 100)
    finally:
        os.close(file)


@settings(max_examples=150, deadline=None)
@given(
    links=st.lists(
        st.tuples(st.sampled_from(["link", "up", "a/link", "a/up", "a/b/link"]), st.sampled_from(TARGETS)), max_size=4
    ),
    names=st.lists(st.sampled_from(NAMES), min_size=1, max_size=7),
)
def test_never_leads_outside(links: list[tuple[str, str]], names: list[str]) -> None:
    with tempfile.TemporaryDirectory() as base:
        root = build(Path(base), links)
        path = "/".join(names).lstrip("/") or "."
        found = outcome(root, path)
        assert found != SECRET
        resolved = Path(os.path.realpath(root / path))
        inside = resolved == root.resolve() or root.resolve() in resolved.parents
        if found == b"inside":
            assert inside


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("file", b"inside"),
        ("a/../file", b"inside"),
        ("good", b"inside"),
        ("a/good", b"inside"),
        ("file/", errno.ENOTDIR),
        ("../out/file", errno.EXDEV),
        ("absolute", errno.EXDEV),
        ("bad/file", errno.EXDEV),
        ("loop", errno.ELOOP),
        ("none", errno.ENOENT),
        ("x" * 300, errno.ENAMETOOLONG),
    ],
)
def test_outcome(tmp_path: Path, path: str, expected: bytes | int) -> None:
    links = [("good", "a/file"), ("a/good", "../file"), ("bad", "../out"), ("loop", "loop")]
    root = build(tmp_path, [*links, ("absolute", str(tmp_path / "ws" / "file"))])
    assert outcome(root, path) == expected


def test_leaves_no_descriptor_open(tmp_path: Path) -> None:
    root = build(tmp_path, [("bad", "../out"), ("good", "a/file")])
    before = open_descriptors()
    for path in ("file", "bad/file", "good", "a/b/../../file", "none", "a/b/../../../x"):
        outcome(root, path)
    assert open_descriptors() == before
