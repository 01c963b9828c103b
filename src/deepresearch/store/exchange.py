"""A run as a file, one event per line: to keep, to send, and to bring back into a store.

A file is read tolerantly and never guessed at. A crash while it was written leaves a torn last record (cut off, or NUL
bytes from blocks that were never written), which is left out. Anything else that is wrong is damage: it is named by
line, and the sound rest is read.
"""

import codecs
import json
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain, count
from pathlib import Path
from typing import Any, BinaryIO, Literal

from pydantic import ValidationError
from pydantic_core import from_json

from ..errors import ExportError, JournalDamaged, UserError
from ..files import write_file
from ..trajectory import Event, parse_event
from .journal import Store
from .run_log import check_run_id, encode, in_words

LINE_LIMIT = 64 << 20
"""Bytes; a longer line is damage and is not read into memory."""
NAMED_LIMIT = 10_000
"""Bad lines that are named; the rest of them is counted."""
BLANKS = b" \t\r\n"


@dataclass
class LogReading:
    """The contents of a log file."""

    status: Literal["clean", "tail", "damage", "refuse"] = "clean"
    """tail: the last record was torn by a crash and does not count. damage: see `problems`. refuse: not a log."""
    records: dict[int, dict[str, Any]] = field(default_factory=dict)
    """The sound records by their lines, from 1."""
    bad_lines: list[int] = field(default_factory=list)
    """Lines with damage, from 1."""
    problems: list[str] = field(default_factory=list)
    """What is wrong, line by line, in words."""
    pending: list[str] = field(default_factory=list)
    """Ids of tool calls that have no result, in the order of the calls."""

    @property
    def kept(self) -> int:
        """How many records are sound."""
        return len(self.records)


def export_run(store: Store, run: str, path: Path) -> int:
    """Write a run's events to `path`, replacing what is there; gives how many.

    The texts that events refer to by hash (`Observation.full`) stay in the store.
    Raises UnknownRun, JournalDamaged, ExportError (the file cannot be written; what was there is untouched).
    """
    events = store.read(run)
    try:
        write_file(path, (encode(event).encode() + b"\n" for event in events))
    except OSError as error:
        raise ExportError(f"{path} cannot be written: {error.strerror}.", "Name a writable file.") from error
    return len(events)


def import_run(store: Store, path: Path, tell: Callable[[str], None] = lambda line: None) -> str:
    """Load a log file into the store, all of it or nothing; gives the run's id, a new one where its own is taken.

    A torn last record is left out and reported to `tell`. Raises JournalDamaged naming the lines, InternalError.
    """
    reading = read_log(path)
    if reading.status not in ("clean", "tail"):
        raise _damage(path, reading)
    if not reading.records:
        raise JournalDamaged(f"{path} holds no records.", "Nothing was imported.")
    events: list[Event] = []
    for line, record in reading.records.items():
        try:
            events.append(parse_event(record))
        except ValidationError as error:
            raise JournalDamaged(f"{path}, line {line}: {in_words(error)}.", "Nothing was imported.") from error
    for problem in reading.problems:
        tell(f"{path}, {problem}, and left out.")
    with store.create(_free_id(store, events[0].run)) as log:
        log.append(*events)
        return log.run


def _free_id(store: Store, wanted: str) -> str:
    """`wanted`, or something like it that can be an id and is not taken."""
    try:
        check_run_id(wanted)
        name = wanted[:90]
    except UserError:
        name = "imported"
    taken = set(store.names())
    return next(free for free in chain([name], (f"{name}-{n}" for n in count(2))) if free not in taken)


def _damage(path: Path, reading: LogReading) -> JournalDamaged:
    """The error for a log that is not sound."""
    shown = "; ".join(reading.problems[:5])
    more = f"; and {len(reading.problems) - 5} more" if len(reading.problems) > 5 else ""
    what = "cannot be imported" if reading.status == "refuse" else "is damaged"
    return JournalDamaged(f"{path} {what}: {shown}{more}.", "Nothing was imported.")


def read_log(path: Path) -> LogReading:
    """Read a log file. What cannot be opened is refused like what is no log."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe would block and a device would never end
            return LogReading(status="refuse", problems=["it is not a regular file"])
        with path.open("rb") as file:
            return _Scan().read(file)
    except OSError as error:
        return LogReading(status="refuse", problems=[f"it cannot be read: {error.strerror}"])


def _parse_record(line: bytes) -> dict[str, Any]:
    """The record in one line. Raises ValueError with the reason, for a person, where there is none."""
    try:
        record = _DECODER.decode(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 at byte {error.start + 1}") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"not one JSON record: {error.msg} at character {error.pos + 1}") from None
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(record, dict):
        raise ValueError("not a JSON object")
    seq = record.get("seq")
    if type(seq) is not int or seq < 1:
        raise ValueError(f"seq is {str(seq)[:40]!r}, not a whole number from 1" if "seq" in record else "no seq")
    kind = record.get("type")
    if not isinstance(kind, str) or not kind:
        raise ValueError(f"type is {str(kind)[:40]!r}" if "type" in record else "no type")
    return record


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        raise ValueError("the same key twice in one object")
    return record


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{text[:40]} is too large a number")
    return number


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_float=_finite, parse_constant=_no_constant)


def _is_torn(fragment: bytes) -> bool:
    """Whether `fragment` is the beginning of a record, and no more than that."""
    if not fragment.startswith(b"{"):
        return False
    try:
        from_json(fragment, allow_partial=True)
        json.JSONDecoder().raw_decode(fragment.decode("utf-8", "replace"))
    except json.JSONDecodeError:
        return True  # the beginning of JSON, but not the whole
    except (ValueError, RecursionError):
        return False
    return False  # a whole record with something after it


def _calls(record: dict[str, Any]) -> list[str]:
    """Ids of the tool calls that a record makes, ours or in the flat form of other programs."""
    match record:
        case {"type": "turn", "calls": [*calls]}:
            return [call["id"] for call in calls if isinstance(call, dict) and isinstance(call.get("id"), str)]
        case {"type": "tool_call", "id": str(call)}:
            return [call]
    return []


def _answered(record: dict[str, Any]) -> str:
    """The id of the call whose result a record is; empty where it is none."""
    match record:
        case {"type": "observation", "call": str(call)} | {"type": "tool_result", "id": str(call)}:
            return call
    return ""


class _Scan:
    """One pass over a file, line by line."""

    def __init__(self) -> None:
        self._reading = LogReading()
        self._bad = 0
        self._run = ""
        self._last = 0
        self._seen: set[int] = set()
        self._calls: dict[str, None] = {}
        self._results: set[str] = set()
        self._unread = 0
        """Lines that could not be read: any of them may have been the call of a result."""
        self._gap_explained = False
        """The line before could not be read, so that a missing number is explained already."""

    def read(self, file: BinaryIO) -> LogReading:
        array, reading = False, self._reading
        for number, line in enumerate(_lines(file), 1):
            array = array or (number == 1 and _opens_array(line))  # the last line of one may look like a record
            self._line(number, line)
        if array and self._unread > reading.kept:
            return LogReading(status="refuse", problems=["it is one JSON array, not a record per line"])
        if self._bad > NAMED_LIMIT:
            reading.problems.append(f"{self._bad - NAMED_LIMIT} more")
        if self._bad:
            reading.status = "damage" if reading.kept else "refuse"
        reading.pending = [call for call in self._calls if call not in self._results]
        return reading

    def _line(self, number: int, line: bytes) -> None:
        try:
            if len(line) > LINE_LIMIT:
                raise ValueError(f"longer than {LINE_LIMIT >> 20} MiB")
            if not line.endswith(b"\n"):
                line = self._unfinished(number, line)
            text = line.strip(BLANKS)
            record = _parse_record(text) if text else None
        except ValueError as error:
            self._unread += 1
            self._gap_explained = True
            self._name(number, str(error))
        else:
            if record:
                self._record(number, record)

    def _unfinished(self, number: int, line: bytes) -> bytes:
        """What of the last line, which has no end, counts: all of it, or nothing where it is torn."""
        sound = line.rstrip(b"\0")
        if _is_torn(sound.lstrip(BLANKS)):
            sound = b""
        if len(sound) < len(line):
            self._reading.status = "tail"
            self._reading.problems.append(f"line {number}: torn by a crash")
        return sound

    def _record(self, number: int, record: dict[str, Any]) -> None:
        seq, run, last = record["seq"], record.get("run") or self._run, self._last
        if self._run and run != self._run:
            self._name(number, f"belongs to run {str(run)[:100]}, the lines before to {self._run[:100]}")
            return
        if seq in self._seen:
            self._name(number, f"seq {seq} is further up already")
            return
        if seq < last:
            self._name(number, f"seq {seq} comes after {last}")
        elif seq > last + 1 and not self._gap_explained:
            self._name(number, f"seq {seq} follows {last}: records are missing")
        self._run = run if isinstance(run, str) else ""
        self._seen.add(seq)
        self._last, self._gap_explained = max(last, seq), False
        self._check_calls(number, record)
        self._reading.records[number] = record

    def _check_calls(self, number: int, record: dict[str, Any]) -> None:
        for call in _calls(record):
            if call in self._calls:
                self._name(number, f"call {call[:100]} has been made before")
            self._calls[call] = None
        answered = _answered(record)
        if answered in self._results:
            self._name(number, f"a second result for call {answered[:100]}")
        elif answered and answered not in self._calls and not self._unread:
            self._name(number, f"a result for call {answered[:100]}, which has not been made")
        self._results |= {answered} - {""}

    def _name(self, number: int, what: str) -> None:
        self._bad += 1
        if self._bad <= NAMED_LIMIT:
            self._reading.problems.append(f"line {number}: {what}")
            if self._reading.bad_lines[-1:] != [number]:
                self._reading.bad_lines.append(number)


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Each line, without a byte order mark; of one that is too long only the beginning."""
    mark: bytes = codecs.BOM_UTF8
    while line := file.readline(LINE_LIMIT + 1):
        yield line.removeprefix(mark)
        mark = b""
        while len(line) > LINE_LIMIT and not line.endswith(b"\n"):
            line = file.readline(LINE_LIMIT + 1)


def _opens_array(line: bytes) -> bool:
    text = line.strip(BLANKS)
    try:
        return text.startswith(b"[") and not from_json(text)
    except ValueError:
        return True
