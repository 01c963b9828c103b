import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from deepresearch.errors import BadArguments, Denied, ToolFailed
from deepresearch.tools.base import ToolContext, ToolResult
from deepresearch.tools.file import LISTED, LONGEST_LINE, READ_BYTES, FileArguments, FileTool
from deepresearch.trajectory import Task

calls = iter(range(10**9))


class Bench:
    """A file tool with a run's folders around it."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "workspace"
        self.scratch = folder / "scratch"
        self.root.mkdir()

    async def __call__(self, action: str, call: str = "", **arguments: Any) -> ToolResult:
        context = ToolContext(call or f"c{next(calls)}-1", self.root, self.scratch, Task(question="q"), {})
        return await FileTool().run(FileArguments.model_validate({"action": action, **arguments}), context)


@pytest.fixture
def file(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


async def test_write_append_read(file: Bench) -> None:
    assert (await file("write", path="d/notes.md", content="# Notes")).shown == "Wrote d/notes.md: 1 line, 7 bytes."
    await file("append", path="d/notes.md", content="one\n")
    await file("append", path="d/notes.md", content="two\n")
    read = await file("read", path="d/notes.md")
    assert read.shown == "d/notes.md, lines 1-3 of 3:\n# Notes\none\ntwo"
    assert read.data == {"action": "read", "path": "d/notes.md", "lines": 3, "next": None}
    await file("append", path="fresh.md", content="x")
    assert (file.root / "fresh.md").read_text() == "x"
    await file("write", path="d/notes.md", content="")
    assert (await file("read", path="d/notes.md")).status == "empty"


@pytest.mark.parametrize("line", ["word " * 10, "研究报告的一行" * 8])
async def test_paging_through_shows_every_line_once(file: Bench, line: str) -> None:
    text = "".join(f"{number} {line}\n" for number in range(1000))
    await file("write", path="long.md", content=text)
    offset, seen = 0, ""
    while True:
        result = await file("read", path="long.md", offset=offset)
        head, *lines = result.shown.split("\n")
        assert len(result.shown.encode()) < READ_BYTES + 200
        assert result.data is not None
        if result.data["next"] is None:
            break
        assert lines[-1] == f"[{1000 - result.data['next']} more lines: read on with offset={result.data['next']}]"
        assert head == f"long.md, lines {offset + 1}-{result.data['next']} of 1000:"
        seen += "\n".join(lines[:-1]) + "\n"
        offset = result.data["next"]
    assert seen + "\n".join(lines) + "\n" == text
    assert (await file("read", path="long.md", offset=7, limit=1)).shown.split("\n")[1] == f"7 {line}"
    with pytest.raises(ToolFailed, match="1000 lines; offset 1000"):
        await file("read", path="long.md", offset=1000)


async def test_a_long_line_is_cut_and_can_be_read_on(file: Bench) -> None:
    await file("write", path="one.json", content="a" * LONGEST_LINE + "b" * 10)
    cut = (await file("read", path="one.json")).shown
    assert cut.endswith(f"a [line 1 continues for 10 characters: column={LONGEST_LINE}]")
    assert (await file("read", path="one.json", column=LONGEST_LINE)).shown.endswith(":\nbbbbbbbbbb")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"%PDF-1.7\n\x00\xff", "a PDF"),
        (b"\x89PNG\r\n\x1a\n\x00", "a PNG image"),
        (b"\xff\xfea\x00", "UTF-16"),
        (b"a\x00b", "binary data"),
        ("Größe".encode("latin-1"), "another encoding"),
    ],
)
async def test_what_is_not_text_is_named(file: Bench, data: bytes, kind: str) -> None:
    (file.root / "x").write_bytes(data)
    for action, more in (
        ("read", {}),
        ("append", {"content": "x"}),
        ("patch", {"edits": [{"find": "a", "replace": ""}]}),
    ):
        with pytest.raises(ToolFailed, match=kind):
            await file(action, path="x", **more)
    assert kind in (await file("stat", path="x")).shown
    assert (file.root / "x").read_bytes() == data


async def test_line_ends_and_byte_order_mark(file: Bench) -> None:
    (file.root / "w.md").write_bytes(b"\xef\xbb\xbfone\r\ntwo\r\n")
    assert (await file("read", path="w.md")).shown.endswith(":\none\ntwo")
    await file("patch", path="w.md", edits=[{"find": "one\ntwo", "replace": "1\n2"}])
    assert (file.root / "w.md").read_bytes() == b"\xef\xbb\xbf1\r\n2\r\n"


async def test_patch_by_edits(file: Bench) -> None:
    await file("write", path="r.md", content="# R\nOutput rose by 3 % in the second year.\nEnd\n")
    edits = [
        {"find": "Output rows by 3 % in the second year.", "replace": "It rose."},
        {"find": "End", "replace": "Fin"},
    ]
    result = await file("patch", path="r.md", edits=edits)
    assert result.shown.startswith("Patched r.md: 2 edits, line 2, 3.\nEdit 1 fitted at 97%; it replaced: Output rose")
    assert (file.root / "r.md").read_text() == "# R\nIt rose.\nFin\n"
    with pytest.raises(ToolFailed, match=r"No edit was made.\nEdit 2: the fragment is not there"):
        await file(
            "patch", path="r.md", edits=[{"find": "Fin", "replace": "x"}, {"find": "nothing like", "replace": ""}]
        )
    assert (file.root / "r.md").read_text() == "# R\nIt rose.\nFin\n"


async def test_patch_by_text_over_several_files(file: Bench) -> None:
    await file("write", path="a", content="1\n")
    await file("write", path="b", content="2\n")
    patch = "--- a/a\n+++ b/a\n@@ -1 +1 @@\n-1\n+one\n--- a/b\n+++ /dev/null\n@@ -1 +0,0 @@\n-2\n"
    assert (await file("patch", patch=patch)).shown == "Patched a: now 1 line, 4 bytes.\nDeleted b."
    assert {p.name: p.read_text() for p in file.root.iterdir()} == {"a": "one\n"}
    with pytest.raises(ToolFailed, match="does not exist"):
        await file("patch", patch="--- a/a\n+++ b/a\n@@ -1 +1 @@\n-one\n+1\n--- a/b\n+++ b/b\n@@ -1 +1 @@\n-2\n+3\n")
    assert (file.root / "a").read_text() == "one\n"


async def test_list_stat_delete(file: Bench) -> None:
    assert (await file("list")).status == "empty"
    await file("write", path="d/deep.md", content="x\ny")
    await file("write", path="a.md", content="")
    (file.root / "away").symlink_to("/etc/passwd")
    (file.root / "odd\nname").touch()
    assert (await file("list")).shown.split("\n") == [
        "        0  a.md",
        "     link  away",
        "   folder  d/",
        "        0  'odd\\nname'",
    ]
    assert "        3  d/deep.md" in (await file("list", recursive=True)).shown
    assert (await file("stat", path="d/deep.md")).shown.endswith("UTC, 3 bytes, 2 lines of text")
    assert (await file("stat", path="d")).shown.startswith("d: folder, changed ")
    await file("delete", path="d/deep.md")
    await file("delete", path="away")
    await file("delete", path="d")
    assert (await file("list", path=".")).shown.count("\n") == 1
    with pytest.raises(ToolFailed, match="'d' does not exist"):
        await file("delete", path="d")


async def test_a_list_is_bounded(file: Bench) -> None:
    for number in range(LISTED + 1):
        (file.root / f"{number:04}").touch()
    lines = (await file("list")).shown.split("\n")
    assert len(lines) == LISTED + 1
    assert lines[-1].startswith(f"[only the first {LISTED}")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"action": "read"}, "read needs path"),
        ({"action": "write", "path": "x"}, "write needs content"),
        ({"action": "append"}, "append needs path and content"),
        ({"action": "patch", "path": "x"}, "patch needs path and edits, or patch"),
        ({"action": "patch", "edits": [{"find": "a", "replace": "b"}]}, "patch needs path and edits"),
        ({"action": "patch", "path": "x", "patch": "p", "edits": [{"find": "a", "replace": "b"}]}, "not both"),
        ({"action": "read", "path": "x", "content": "y"}, "read does not take content"),
        ({"action": "write", "path": "x", "content": "y", "patch": "p"}, "write does not take patch"),
        ({"action": "patch", "path": "y", "patch": "--- /dev/null\n+++ x\n@@ -0,0 +1 @@\n+x\n"}, "does not change 'y'"),
    ],
)
async def test_arguments_that_do_not_go_together(file: Bench, arguments: dict[str, Any], problem: str) -> None:
    with pytest.raises(BadArguments, match=problem):
        await file(**arguments)
    assert list(file.root.iterdir()) == []


def test_arguments_that_are_none() -> None:
    for bad in ({"action": "execute"}, {"action": "read", "path": "x", "offset": -1}, {"action": "read", "mode": "rb"}):
        with pytest.raises(ValidationError):
            FileArguments.model_validate(bad)
    with pytest.raises(ValidationError, match="broken character"):
        FileArguments.model_validate({"action": "write", "path": "x", "content": "cut off \ud83d"})


async def test_the_same_call_takes_effect_once(file: Bench) -> None:
    first = await file("append", call="c1-1", path="a", content="x\n")
    again = await file("append", call="c1-1", path="a", content="x\n")
    assert (first.shown, first.data) == (again.shown, again.data)
    assert (file.root / "a").read_text() == "x\n"
    await file("append", call="c2-1", path="a", content="x\n")
    assert (file.root / "a").read_text() == "x\nx\n"


async def test_paths_outside_are_denied(file: Bench, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s")
    for action, more in (("read", {}), ("write", {"content": "x"}), ("stat", {}), ("list", {}), ("delete", {})):
        with pytest.raises(Denied, match=r"'\.\./secret' leads outside the workspace\. Give a path inside"):
            await file(action, path="../secret", **more)
    with pytest.raises(Denied):
        await file("patch", patch="--- a/../secret\n+++ b/../secret\n@@ -1 +1 @@\n-s\n+t\n")
    assert (tmp_path / "secret").read_text() == "s"


def test_the_adapter_speaks_the_protocol(tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("inside\n")
    adapter = Path(__file__).parents[1] / "adapters" / "paths.py"
    asked = [
        {"id": "1", "op": "read", "root": str(tmp_path), "path": "in.txt"},
        {"id": "2", "op": "read", "root": str(tmp_path), "path": "../in.txt"},
    ]
    lines = "".join(json.dumps(one) + "\n" for one in asked)
    done = subprocess.run(
        [sys.executable, adapter], input=lines, capture_output=True, text=True, check=True, timeout=60
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["decision"] for one in answers] == ["allow", "block"]
    assert "inside" in answers[0]["text"]
