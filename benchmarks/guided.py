"""The reader's test through any policy: facts in the first section and in the report, declines, seconds, tokens.

    python -m benchmarks.guided --policy guided --model qwen-1.5b --base-url http://127.0.0.1:8080/v1 [--only ID,...]

Needs DEEPRESEARCH_SHARED: questions, corpora and scoring are those of its cases/reader. --out keeps what each run
printed; what is kept there is scored again instead of being asked again. Without --policy: the extractive one.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

READER = Path(os.environ.get("DEEPRESEARCH_SHARED", "/nowhere")) / "cases" / "reader"


def asked(question: dict[str, Any], folder: Path, given: argparse.Namespace) -> dict[str, Any]:
    """What a run printed, with `seconds` and `tokens`."""
    kept = given.out / f"{question['id']}.json"
    if kept.is_file():
        return dict(json.loads(kept.read_text()))
    call = [sys.executable, "-m", "deepresearch", "run", question["question"], "--docs", str(folder), "--no-web"]
    call += ["--json", "--data", str(given.data), "--policy", given.policy]
    if given.policy != "extractive":
        call += ["--model", given.model, "--base-url", given.base_url]
    begun = time.monotonic()
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 3):
        return {"failed": f"exit {done.returncode}: {done.stderr[-300:]}"}
    said = json.loads(done.stdout)
    told = {name: said[name] for name in ("run", "question", "status", "report", "citations", "sources", "usage")}
    told["seconds"] = time.monotonic() - begun
    kept.write_text(json.dumps(told, ensure_ascii=False, indent=1))
    return told


def main() -> None:
    """Ask, score, print a line for each question and the totals."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--policy", default="extractive")
    parser.add_argument("--model", default="")
    parser.add_argument("--base-url", default="")
    parser.add_argument("--questions", type=Path, default=READER / "questions-dev.jsonl")
    parser.add_argument("--only", default="", help="ids of questions, with commas, or how many from the start")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--text", action="store_true", help="prints the first section of each report")
    given = parser.parse_args()
    sys.path.insert(0, str(READER))
    from prepare import prepared  # type: ignore[import-not-found]
    from reader import scored  # type: ignore[import-not-found]

    for folder in (given.out, given.corpora, given.data):
        folder.mkdir(parents=True, exist_ok=True)
    rows = [json.loads(line) for line in given.questions.read_text(encoding="utf-8").splitlines()]
    if given.only.isdigit():
        rows = rows[: int(given.only)]
    elif given.only:
        rows = [row for row in rows if row["id"] in given.only.split(",")]
    results = []
    for row in rows:
        said = asked(row, prepared(row["corpus"], given.corpora), given)
        if "failed" in said:
            print(f"{row['id']:<18} {said['failed']}", flush=True)
            continue
        score = scored(row, said)
        results.append((row, said, score))
        usage = said["usage"]
        tokens = f"{usage['input'] - usage['cached']}+{usage['cached']} in, {usage['output']} out"
        verdict = f"short {score['short']}/{score['groups']} report {score['report']}/{score['groups']} "
        verdict += f"read {score['read']}/{score['groups']}" + " REFUSES" * score["abstains"]
        if row["kind"] == "unanswerable":
            verdict = "declines" if score["abstains"] else "ANSWERS"
        print(f"{row['id']:<18} {row['kind']:<17} {verdict:<44} {said['seconds']:5.0f} s {tokens}", flush=True)
        if given.text:
            print(f"    Q {row['question']}\n    A {score['text'] or '(none)'}\n    gold: {row['note']}")
    _totals(results)


def _totals(results: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]]) -> None:
    can = [score for row, _, score in results if row["kind"] != "unanswerable"]
    cannot = [score for row, _, score in results if row["kind"] == "unanswerable"]
    many = max(1, len(results))

    def share(name: str) -> str:
        full = sum(score[name] == score["groups"] for score in can)
        return f"{sum(s[name] / s['groups'] for s in can) / max(1, len(can)):.2f} ({full} of {len(can)} whole)"

    print(f"\nfacts in the first section  {share('short')}\nfacts in the report         {share('report')}")
    print(f"facts read                  {share('read')}")
    print(f"declined                    {sum(s['abstains'] for s in cannot)} of {len(cannot)}")
    print(f"false refusals              {sum(s['abstains'] for s in can)} of {len(can)}")
    print(f"seconds a question          {sum(said['seconds'] for _, said, _ in results) / many:.0f}")
    read, written = (sum(said["usage"][name] for _, said, _ in results) for name in ("input", "output"))
    cached = sum(said["usage"]["cached"] for _, said, _ in results)
    print(f"tokens a question           {read / many:.0f} in ({cached / many:.0f} cached), {written / many:.0f} out")


if __name__ == "__main__":
    main()
