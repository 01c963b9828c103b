"""Adapter of the tool-call list: one JSON object a line in, one a line out, read by the project's own reader."""

import json
import os
import sys
from pathlib import Path

from deepresearch.models.calls import read_arguments, read_message

SHARED = Path(os.environ.get("DEEPRESEARCH_SHARED") or Path(__file__).parents[3] / "shared")


def answer(row: dict, schemas: dict) -> dict:
    if row["form"] == "arguments":
        read = read_arguments(row["tool"], row["input"], schemas, row["finish"])
        problems = [read.problem] if read.problem else []
        calls = [{"name": row["tool"], "arguments": read.arguments}]
        repaired = read.repaired
    else:
        message = read_message(row["input"], schemas, row["finish"])
        problems = [call.problem for call in message.calls if call.problem]
        if not (message.text.strip() or message.calls):
            problems = ["The reply is empty. Call a tool or write the answer."]
        calls = [{"name": call.tool, "arguments": call.arguments} for call in message.calls]
        repaired = any(call.raw for call in message.calls)
    if problems:
        return {"outcome": "error", "calls": [], "message": problems[0]}
    return {"outcome": "repaired" if repaired else "ok", "calls": calls, "message": ""}


def main() -> None:
    schemas = json.loads((SHARED / "cases" / "tools.json").read_text())
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line), schemas)), flush=True)


if __name__ == "__main__":
    main()
