"""Pairs of statements that agree, differ or do neither, written by hand: what does the comparison of sources say?

Run: python -m benchmarks.agreement [--wrong] [--held]

agreement.jsonl holds English and Chinese pairs: numbers with and without units, dates, negation, direction, other
things about the same. --held: the pairs that were written before and looked at after the comparison was built.
"""

import json
import sys
from collections import Counter
from pathlib import Path

from deepresearch.report.verification.agreement import compare_statements
from deepresearch.text.characters import has_han


def main(arguments: list[str]) -> None:
    wanted = "held" if "--held" in arguments else "tuned"
    lines = (Path(__file__).parent / "agreement.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [row for row in map(json.loads, lines) if row["set"] == wanted]
    counts: Counter[tuple[str, str, str]] = Counter()
    for row in rows:
        found = compare_statements(row["one"], row["other"])
        said = found.kind if found else "neither"
        counts["zh" if has_han(row["one"]) else "en", row["gold"], said] += 1
        if "--wrong" in arguments and said != row["gold"]:
            print(f"{row['gold']}, found {said}: {row['one']} | {row['other']} {found.values if found else ''}")
    print(f"{wanted:8}{'gold':10}" + "".join(f"{kind:>10}" for kind in ("agree", "differ", "neither")))
    for language in ("en", "zh"):
        for gold in ("agree", "differ", "neither"):
            cells = [counts[language, gold, said] for said in ("agree", "differ", "neither")]
            print(f"{language:8}{gold:10}" + "".join(f"{cell:10}" for cell in cells))
    right = sum(n for (_, gold, said), n in counts.items() if gold == said)
    claimed = sum(n for (_, _, said), n in counts.items() if said != "neither")
    wrong = sum(n for (_, gold, said), n in counts.items() if said not in ("neither", gold))
    print(f"{right} of {len(rows)} right; of {claimed} said to agree or differ {wrong} wrong")


if __name__ == "__main__":
    main(sys.argv[1:])
