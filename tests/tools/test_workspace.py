import os
import socket
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepresearch.errors import BadArguments, Denied, PolicyError, ToolFailed
from deepresearch.tools.workspace import MAX_ENTRIES, MAX_FILE, Change, Workspace

SECRET = "outside\n"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A workspace with every kind of trap in it, and a secret beside it."""
    root, out = tmp_path / "ws", tmp_path / "out"
    (root / "sub").mkdir(parents=True)
    out.mkdir()
    (out / "secret.txt").write_text(SECRET)
    (root / "in.txt").write_text("inside\n")
    (root / "sub" / "deep.txt").write_text("deep\n")
    (root / "hard.txt").hardlink_to(out / "secret.txt")
    links = {"abs": out / "secret.txt", "rel": "../out/secret.txt", "dirlink": "../out", "dangling": "../out/new.txt"}
    links |= {"loop": "loop", "zero": "/dev/zero", "okln": "in.txt", "sub/up": "../..", "soon": "sub/soon.txt"}
    for name, target in links.items():
        (root / name).symlink_to(target)
    os.mkfifo(root / "pipe")
    with (root / "big.bin").open("wb") as big:
        big.truncate(8 << 30)
    return Workspace(root)


def outside(tmp_path: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted((tmp_path / "out").iterdir())}


ESCAPES = ["../out/secret.txt", "abs", "rel", "dirlink/secret.txt", "sub/up/out/secret.txt", "zero", "/etc/passwd"]


@pytest.mark.parametrize("path", [*ESCAPES, "~/x", "~root/x", "$HOME/x", "${HOME}/x", "..", "hard.txt"])
def test_read_refuses_what_is_outside(workspace: Workspace, path: str) -> None:
    with pytest.raises(Denied, match=r"workspace|shorthand|hard link"):
        workspace.read(path)


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("pipe", "not a regular file"),
        ("sub", "is a folder"),
        ("loop", "circle"),
        ("big.bin", "more than"),
        ("none", "does not exist"),
        ("in.txt/x", "treats a file as a folder"),
        ("x" * 300, "too long"),
    ],
)
def test_read_names_the_path_and_the_problem(workspace: Workspace, path: str, problem: str) -> None:
    with pytest.raises(ToolFailed, match=problem) as caught:
        workspace.read(path)
    assert path[:100] in str(caught.value)


@pytest.mark.parametrize("path", ["", "  ", "in.txt\0", "a\nb", "\x7f", "\ud800"])
def test_a_text_that_is_no_path(workspace: Workspace, path: str) -> None:
    with pytest.raises(BadArguments):
        workspace.read(path)


def test_a_socket_is_refused(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as short, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{short}/s")
        with pytest.raises(ToolFailed, match="not a regular file"):
            Workspace(Path(short)).read("s")


def test_paths_that_mean_something_inside(workspace: Workspace, tmp_path: Path) -> None:
    for path in ("in.txt", "./in.txt", "sub/../in.txt", "okln", f"{tmp_path}/ws/in.txt"):
        assert workspace.read(path) == b"inside\n"
    with pytest.raises(Denied):
        workspace.read(f"{tmp_path}/ws-evil/in.txt")
    with pytest.raises(Denied):
        workspace.read(f"{tmp_path}/ws/../out/secret.txt")


@pytest.mark.parametrize("path", [*ESCAPES, "dangling", "../new.txt", "new/../../out/x", "pipe", "sub", ".", "sub/"])
def test_write_refuses_and_changes_nothing(workspace: Workspace, tmp_path: Path, path: str) -> None:
    before = outside(tmp_path), {e.path for e in workspace.entries(recursive=True)}
    with pytest.raises(PolicyError):
        workspace.write(path, b"planted")
    assert (outside(tmp_path), {e.path for e in workspace.entries(recursive=True)}) == before


def test_write_replaces_a_hard_link_and_leaves_the_outside_alone(workspace: Workspace, tmp_path: Path) -> None:
    workspace.write("hard.txt", b"mine")
    assert workspace.read("hard.txt") == b"mine"
    assert outside(tmp_path) == {"secret.txt": SECRET}


def test_write_follows_a_link_that_stays_inside(workspace: Workspace, tmp_path: Path) -> None:
    workspace.write("okln", b"new\n")
    workspace.write("soon", b"made\n")
    assert (tmp_path / "ws" / "okln").is_symlink()
    assert workspace.read("in.txt") == b"new\n"
    assert workspace.read("sub/soon.txt") == b"made\n"


def test_write_keeps_the_mode_and_makes_folders(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "ws" / "in.txt").chmod(0o600)
    workspace.write("in.txt", b"x")
    workspace.write("n1/./n2//new.txt", b"y")
    assert (tmp_path / "ws" / "in.txt").stat().st_mode & 0o777 == 0o600
    assert workspace.read("n1/n2/new.txt") == b"y"


def test_delete(workspace: Workspace, tmp_path: Path) -> None:
    for path in ("in.txt", "dirlink", "abs", "hard.txt", "pipe", "gone already", "no/such/folder"):
        workspace.apply([Change(path, None)], "t")
    assert outside(tmp_path) == {"secret.txt": SECRET}
    assert not {"in.txt", "dirlink", "abs", "hard.txt", "pipe"} & {e.path for e in workspace.entries()}
    for path in (".", "..", "sub/..", "sub/up/out/secret.txt", f"{tmp_path}/ws"):
        with pytest.raises(PolicyError):
            workspace.apply([Change(path, None)], "t")
    with pytest.raises(ToolFailed, match="not empty"):
        workspace.apply([Change("sub", None)], "t")
    workspace.apply([Change("sub/up", None), Change("sub/deep.txt", None)], "t")
    workspace.apply([Change("sub", None)], "t")
    assert "sub" not in {e.path for e in workspace.entries()}


def test_entries_are_sorted_and_links_are_not_entered(workspace: Workspace) -> None:
    found = workspace.entries(recursive=True)
    paths = [entry.path for entry in found]
    assert paths == sorted(paths)
    assert {"sub/deep.txt", "sub/up", "dirlink"} <= set(paths)
    assert not any(path.startswith(("dirlink/", "sub/up/")) for path in paths)
    assert {e.path: e.kind for e in found}["pipe"] == "other"
    assert len(workspace.entries(limit=3)) == 3
    for path in ("dirlink", "..", "sub/up", "/"):
        with pytest.raises(Denied):
            workspace.entries(path)


def test_stat(workspace: Workspace) -> None:
    assert (workspace.stat("okln").kind, workspace.stat("okln").size) == ("file", 7)
    assert workspace.stat("okln", follow=False).kind == "link"
    assert workspace.stat(".").kind == workspace.stat("sub/").kind == "folder"
    with pytest.raises(Denied):
        workspace.stat("abs")


def test_quota_counts_what_is_on_disk(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "ws", quota=100_000)
    workspace.write("a", b"x" * 60_000)
    with pytest.raises(ToolFailed, match="No room"):
        workspace.write("b", b"x" * 60_000)
    assert [entry.path for entry in workspace.entries()] == ["a"]
    workspace.apply([Change("a", None)], "t")
    workspace.write("b", b"x" * 60_000)
    with pytest.raises(ToolFailed, match="more than"):
        Workspace(tmp_path / "ws").write("c", b"x" * (MAX_FILE + 1))


def test_quota_counts_entries(tmp_path: Path) -> None:
    for number in range(MAX_ENTRIES):
        (tmp_path / str(number)).touch()
    with pytest.raises(ToolFailed, match="No room"):
        Workspace(tmp_path).write("one more", b"")


def test_the_same_file_under_two_names_is_refused(workspace: Workspace) -> None:
    with pytest.raises(ToolFailed, match="same file"):
        workspace.apply([Change("in.txt", b"1"), Change("okln", b"2")], "t")
    assert workspace.read("in.txt") == b"inside\n"


@settings(max_examples=60, deadline=None)
@given(
    paths=st.lists(
        st.lists(st.sampled_from(["a", "b", "link", "..", ".", "out", "s", ""]), min_size=1, max_size=6).map("/".join),
        min_size=1,
        max_size=4,
    ),
    target=st.sampled_from(["..", "../out", "a", "a/../..", "link", "../out/s", "b"]),
)
def test_no_write_and_no_delete_ever_reaches_outside(paths: list[str], target: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        for folder in ("ws/a/b", "out/a"):
            (base / folder).mkdir(parents=True)
        (base / "out" / "s").write_text(SECRET)
        (base / "ws" / "link").symlink_to(target)
        (base / "ws" / "a" / "link").symlink_to(target)
        workspace = Workspace(base / "ws")
        for path in paths:
            for data in (b"planted", None):
                try:
                    workspace.apply([Change(path, data)], "t")
                except PolicyError:
                    continue
        assert sorted(p.relative_to(base).as_posix() for p in base.glob("out/**/*")) == ["out/a", "out/s"]
        assert (base / "out" / "s").read_text() == SECRET
        assert {p.name for p in base.iterdir()} == {"ws", "out"}
