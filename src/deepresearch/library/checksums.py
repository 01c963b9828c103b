"""Whether the files of a tantivy index still hold what was written: the engine itself looks at their ends only.

Every file of a segment ends with its content's CRC-32. Computing it for a large index at every opening would take
seconds, so sizes and times are kept beside the files, and only what differs from them is read.
"""

import json
import zlib
from collections.abc import Iterator
from pathlib import Path

SEAL = "checksums.json"
_MAGIC = 1337
_PIECE = 2**20


def seal(folder: Path) -> None:
    """Remember the files of the index as they are now. Raises OSError."""
    known = {path.name: _mark(path) for path in _files(folder)}
    (folder / SEAL).write_text(json.dumps(known))


def check(folder: Path) -> None:
    """Raises ValueError that names a file which was changed since `seal` and is damaged."""
    try:
        known = json.loads((folder / SEAL).read_text())
    except (OSError, ValueError):  # without it everything is looked at
        known = {}
    if not isinstance(known, dict):
        known = {}
    for path in _files(folder):
        try:
            if known.get(path.name) != _mark(path) and not _sound(path):
                raise ValueError(f"{path.name} does not hold what was written")
        except FileNotFoundError:  # merged away meanwhile; what is missing otherwise the engine finds out
            continue


def _files(folder: Path) -> Iterator[Path]:
    """Files of the segments that count; others may be half written."""
    try:
        segments = json.loads((folder / "meta.json").read_text(encoding="utf-8"))["segments"]
        names = [segment["segment_id"].replace("-", "") for segment in segments]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"its list of segments cannot be read: {error}") from error
    for name in names:
        yield from sorted(folder.glob(f"{name}.*"))


def _mark(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]


def _sound(path: Path) -> bool:
    """Content, footer in JSON, its length and a magic number, both of four bytes: as tantivy writes it."""
    with path.open("rb") as file:
        length = path.stat().st_size
        file.seek(max(0, length - 8))
        end = file.read(8)
        footer_length = int.from_bytes(end[:4], "little")
        rest = length - 8 - footer_length
        if len(end) < 8 or int.from_bytes(end[4:], "little") != _MAGIC or rest < 0:
            return False
        file.seek(rest)
        try:
            wanted = json.loads(file.read(footer_length))["crc"]
        except (ValueError, KeyError, TypeError):
            return False
        file.seek(0)
        crc = 0
        while rest and (piece := file.read(min(_PIECE, rest))):
            crc = zlib.crc32(piece, crc)
            rest -= len(piece)
    return bool(crc == wanted)
