import os
from pathlib import Path

import pytest

from deepresearch.library.documents import ReadProblem
from deepresearch.library.walk import files_under


def found(*roots: Path, own: Path = Path("/nowhere")) -> tuple[list[str], dict[str, str]]:
    items = list(files_under(list(roots), own))
    files = [item.name for item in items if isinstance(item, Path)]
    return files, {Path(item.place).name: item.reason for item in items if isinstance(item, ReadProblem)}


def test_sorted_and_nested(docs: Path) -> None:
    for name in ("b.txt", "a.txt", "sub/c.txt"):
        (docs / name).parent.mkdir(exist_ok=True)
        (docs / name).write_text("x")
    assert found(docs)[0] == ["a.txt", "b.txt", "c.txt"]
    assert found(docs / "sub", docs, docs / "a.txt")[0] == ["c.txt", "a.txt", "b.txt"]


def test_what_is_passed_over_is_named(docs: Path, tmp_path: Path) -> None:
    (docs / ".hidden").mkdir()
    (docs / ".hidden" / "x.txt").write_text("x")
    (docs / "_sources").mkdir()
    (docs / "loop").symlink_to(docs)
    (docs / "gone").symlink_to(docs / "nothing")
    os.mkfifo(docs / "pipe")
    own = docs / "data"
    own.mkdir()
    files, problems = found(docs, own=own)
    assert files == []
    assert problems == {
        ".hidden": "hidden",
        "_sources": "a folder of machine-made copies",
        "data": "a link to what is read already, or the data folder",
        "loop": "a link to what is read already, or the data folder",
        "gone": "cannot be read: No such file or directory",
        "pipe": "neither a file nor a folder",
    }


def test_a_root_may_have_any_name(docs: Path) -> None:
    root = docs / ".notes"
    root.mkdir()
    (root / "a.txt").write_text("x")
    assert found(root)[0] == ["a.txt"]


def test_links_are_followed(docs: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.txt").write_text("x")
    (docs / "link").symlink_to(outside)
    assert found(docs)[0] == ["a.txt"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_folder(docs: Path) -> None:
    (docs / "secret").mkdir(mode=0)
    assert found(docs)[1] == {"secret": "cannot be read: Permission denied"}


def test_names_that_are_not_utf8(docs: Path) -> None:
    Path(os.fsdecode(os.fsencode(docs) + b"/bad\xff.txt")).write_text("x")
    files, problems = found(docs)
    assert files == [] and list(problems.values()) == ["its name is not UTF-8"]
