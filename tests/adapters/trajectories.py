"""Adapter for a list of damaged logs: one JSON request per line in, one JSON answer per line out."""

import json
import sys
from pathlib import Path
from typing import Any

from deepresearch.errors import DeepResearchError
from deepresearch.store import MemoryStore, export_run, import_run, read_log
from deepresearch.trajectory import parse_event


def answer(request: dict[str, Any]) -> dict[str, Any]:
    path = Path(request["path"])
    if request["op"] == "read":
        reading = read_log(path)
        names = ("status", "kept", "bad_lines", "pending", "problems")
        return {name: getattr(reading, name) for name in names}
    store = MemoryStore()
    try:
        run = import_run(store, path) if read_log(path).records else "new"
        with store.open(run) if read_log(path).records else store.create(run) as log:
            log.append(parse_event(request["event"]))
        export_run(store, run, path)
    except DeepResearchError as error:
        return {"ok": False, "reason": error.reason, "message": str(error)}
    return {"ok": True}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)
