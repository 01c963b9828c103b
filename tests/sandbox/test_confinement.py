"""What a reader of untrusted documents can reach: nothing but the document."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from deepresearch.library.documents import Document
from deepresearch.library.reading import read_bounded
from deepresearch.sandbox import process
from deepresearch.sandbox.confinement import confinement
from deepresearch.sandbox.process import Worker

PREFIX, REASON = confinement()
needs_bubblewrap = pytest.mark.skipif(not PREFIX, reason=REASON)
LOOK = """
import os, socket, sys
for path in sys.argv[1:]:
    print(os.path.exists(path))
open(sys.argv[1], "w").write("x") if os.path.isdir(os.path.dirname(sys.argv[1])) else print("nowhere")
try:
    socket.create_connection(("1.1.1.1", 80), 5)
except OSError as error:
    print(error.strerror)
"""


@needs_bubblewrap
def test_no_network_and_no_files_of_the_user(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    places = [tmp_path / "secret", Path.home() / ".bashrc", Path("/etc/passwd"), Path(__file__)]
    done = subprocess.run(
        [*PREFIX, sys.executable, "-c", LOOK, *map(str, places)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n")[:6] == [*["False"] * 4, "nowhere", "Network is unreachable"]


@needs_bubblewrap
def test_the_reader_is_confined_and_reads_what_it_is_handed(tmp_path: Path) -> None:
    reader = Worker("deepresearch.library.reading:as_json")
    for name in ("a.html", "folder of its own/ä.html"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("<title>T</title><p>Some words of it.</p>")
        [document] = read_bounded(path, reader)
        assert isinstance(document, Document) and document.id == str(path)
    with pytest.raises(FileNotFoundError):
        read_bounded(tmp_path / "gone.html", reader)
    assert reader._child
    below = Path(f"/proc/{reader._child.pid}/task/{reader._child.pid}/children").read_text().split()
    assert Path(f"/proc/{below[0]}/ns/net").readlink() != Path("/proc/self/ns/net").readlink()
    reader.close()
    end = time.monotonic() + 10
    while not (gone := _is_gone(Path(f"/proc/{below[0]}/status"))) and time.monotonic() < end:
        time.sleep(0.02)
    assert gone


def _is_gone(status: Path) -> bool:
    """Whether the process has ended, if perhaps nobody has waited for it yet."""
    try:
        return "State:\tZ" in status.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_without_bubblewrap_documents_are_still_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    prefix, reason = confinement.__wrapped__()
    assert prefix == [] and "not installed" in reason
    monkeypatch.setattr(process, "confinement", lambda: (prefix, reason))
    (tmp_path / "a.html").write_text("<title>T</title><p>Some words of it.</p>")
    reader = Worker("deepresearch.library.reading:as_json")
    assert isinstance(read_bounded(tmp_path / "a.html", reader)[0], Document)
    reader.close()


def test_a_bubblewrap_that_does_not_work_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bwrap").write_text("#!/bin/sh\necho 'No permissions to create new namespace' >&2\nexit 1\n")
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert confinement.__wrapped__() == ([], "bubblewrap does not work here (No permissions to create new namespace)")
