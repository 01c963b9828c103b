"""Carry a call out once, also where the process dies between the effect and its record.

The state that the call leads to is made durable in the run's scratch folder before it is applied. When the same call
comes again after a crash, that state is applied again and the same answer given: an append does not double.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..errors import PolicyError
from ..files import write_file
from ..threads import in_thread
from .workspace import Change

MOST_RECORDS = 32
"""Number of newest records that are not deleted: far more than the calls that can be without a recorded result."""

Apply = Callable[[Sequence[Change], str], None]
"""Makes all changes or none, given a tag for its temporary files; raises PolicyError."""


@dataclass(frozen=True)
class Effect:
    """The changes that a call makes, and its result."""

    changes: list[Change]
    """With contents in UTF-8."""
    shown: str
    data: dict[str, Any]


async def do_once(scratch: Path, call: str, arguments: str, plan: Callable[[], Effect], apply: Apply) -> Effect:
    """The effect of `call`, applied.

    scratch: folder for the records, made where missing. arguments: the call's arguments as text; a record of the
    same call with other arguments does not count. plan: works the effect out, without side effects, in a thread of its
    own. What follows runs without a pause, so that a call that is cut short by a timeout has no effect afterwards.
    Raises what `plan` and `apply` raise; then nothing has changed and no record stays.
    """
    tag = hashlib.sha256(f"{call}\n{arguments}".encode(errors="surrogatepass")).hexdigest()[:16]
    record = scratch / f"{quote(call, safe='')}.redo"
    effect = _load(record, tag)
    if effect is None:
        effect = await in_thread(plan)
        _save(record, tag, effect)
    try:
        apply(effect.changes, tag)
    except PolicyError:
        record.unlink()
        raise
    return effect


def _load(record: Path, tag: str) -> Effect | None:
    try:
        stored = json.loads(record.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    if stored["tag"] != tag:
        return None
    changes = [Change(path, None if text is None else text.encode()) for path, text in stored["changes"]]
    return Effect(changes, stored["shown"], stored["data"])


def _save(record: Path, tag: str, effect: Effect) -> None:
    changes = [(change.path, None if change.data is None else change.data.decode()) for change in effect.changes]
    record.parent.mkdir(parents=True, exist_ok=True)
    _prune(record.parent)
    text = json.dumps({"tag": tag, "changes": changes, "shown": effect.shown, "data": effect.data})
    write_file(record, [text.encode()])


def _prune(scratch: Path) -> None:
    records = sorted(scratch.glob("*.redo"), key=lambda record: record.stat().st_mtime_ns)
    for record in records[: max(0, len(records) - MOST_RECORDS + 1)]:
        record.unlink()
