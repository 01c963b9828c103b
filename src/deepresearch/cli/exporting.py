"""Writing a report's files without overwriting anything that an export has not written itself."""

import fcntl
import json
import shutil
import tempfile
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from ..files import write_file
from .terminal import say

if TYPE_CHECKING:
    from ..trajectory import Event

RECORD = "exports.json"
"""File in the data folder: absolute path of each exported file and the SHA-256 of what was written there."""


def write_out(path: Path, data: bytes) -> None:
    """Write a file that a person named, and print that. Raises UserError."""
    from ..errors import UserError

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, [data])
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}.", "Name a place that can be written to.") from error
    say(f"Wrote {path}")


def export_files(
    events: "Sequence[Event]", out: Path, formats: Sequence[str], style: str, *, record: Path, force: bool
) -> int:
    """Write the report of a run into `out` and print which files and problems there are; the exit code.

    record: the data folder, which remembers what was written. A file that no export wrote, or that was changed since,
    stays as it is unless `force`. Raises ExportError for a folder that cannot be written.
    """
    from ..errors import ExportError
    from ..report import write

    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".deepresearch-", dir=out) as place:
            written = write(events, Path(place), formats, style)
            refused = _move(Path(place), out, written.files, record / RECORD, force=force)
    except OSError as error:
        raise ExportError(
            f"{out} cannot be written ({error.strerror}).", "Name a folder that can be written to (--out)."
        ) from error
    for problem in written.problems:
        say(f"Not written: {problem.format}. {problem.message}")
    for path in refused:
        say(f"Not written: {path} exists and is not an unchanged export. Use --force to replace it, or another --out.")
    return 1 if written.problems or refused else 0


def _move(place: Path, out: Path, files: Sequence[Path], record: Path, *, force: bool) -> list[Path]:
    """Move new files into `out`; those that must stay as they are."""
    refused = []
    record.parent.mkdir(parents=True, exist_ok=True)
    with record.with_suffix(".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = _read(record)
        for file in files:
            target = (out / file.relative_to(place)).absolute()
            if target.exists() and not force and known.get(str(target)) != _digest(target):
                refused.append(target)
                continue
            known[str(target)] = _digest(file)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(file, target)
            say(f"Wrote {out / file.relative_to(place)}")
        write_file(record, [json.dumps(known, indent=0).encode()])
    return refused


def _read(record: Path) -> dict[str, str]:
    """What earlier exports wrote; a record that cannot be read protects every file."""
    try:
        known = json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
