"""The judge's arithmetic, and what counting is worth.

Run: python -m benchmarks.judge [arithmetic] [trees] [pairs] [systems]   (data: $DEEPRESEARCH_SHARED/data,
default ../shared/data; without a name, all four)

arithmetic  hand-worked cases of the two views, beside what the code gives; equal means equal to the last bit
trees       published grading trees (paperbench_judgeeval): every inner node recomputed from the leaves alone
pairs       published outputs of pairwise judges (llmbar), read again: winner for winner, and the accuracy that follows.
            "rule": the pattern that the publisher names for the prompt; "own": the one reading of prose used here
systems     reports of named systems (drb1_reports) held against mechanically drafted criteria, beside the published
            overall score of a model judge: what the offline score can and cannot tell
"""

import asyncio
import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from deepresearch.judge import CriterionVerdict, MechanicalJudge, Rubric, draft_mechanically, judge_report
from deepresearch.judge.comparison import Side
from deepresearch.judge.reward import outcome

from .grading_tree import Node, aggregate
from .harness import machine
from .pairwise import accuracy
from .reading import DATA

LETTERS = {"n": "not", "p": "partially", "f": "fully", "?": "undecided", "!": "unusable"}
CASES: list[tuple[str, list[float], list[str], float | None, float | None]] = [
    ("all wanted, all there", [5, 3, 2], ["fff"], 1.0, 1.0),
    ("half of the second", [5, 3, 2], ["fpn"], 5 / 10, 6.5 / 10),
    ("a flaw that is not there", [5, 3, -4], ["ffn"], 1.0, 1.0),
    ("a flaw that is partly there", [5, 3, -4], ["ffp"], 4 / 8, 6 / 8),
    ("a flaw, and little else", [5, 3, -4], ["npf"], -4 / 8, -2.5 / 8),
    ("weight +10 met", [10, 1], ["fn"], 10 / 11, 10 / 11),
    ("weight +10 missed", [10, 1], ["nf"], 1 / 11, 1 / 11),
    ("weight 0 changes nothing", [0, 2, -1], ["ffn"], 1.0, 1.0),
    ("all weights 0", [0, 0], ["ff"], None, None),
    ("only flaws", [-2, -3], ["nf"], None, None),
    ("undecided and unusable left out", [5, 3, 2, -4], ["f?!p"], 1 / 5, 3 / 5),
    ("nothing decided", [5, 3], ["?!"], None, None),
    ("three trials", [3, 1], ["ff", "fn", "np"], (1 + 0.75 + 0) / 3, (1 + 0.75 + 0.125) / 3),
    ("a trial without verdicts", [3, 1], ["fn", "??"], 0.75, 0.75),
    ("fractions", [0.1, 0.2, 0.3], ["fff"], 1.0, 1.0),
]
ACCURACIES = {
    "LLMBar_Natural_ChatGPT_CoT": "74.0%",
    "LLMBar_Natural_ChatGPT_Vanilla": "81.5%",
    "LLMBar_Natural_GPT-4_CoT": "94.5%",
    "LLMBar_Natural_GPT-4_Vanilla": "95.5%",
}
"""Mean accuracies in the publisher's own statistics, for the sets whose statistics were looked up."""
PUBLISHED = {
    "grok-deeper-search": 38.22,
    "perplexity-Research": 40.46,
    "odr_gpt-4.1": 43.09,
    "odr_claude4-sonnet": 44.01,
    "odr_gpt-5": 49.43,
    "onyx": 54.92,
}
"""Overall scores that the publishers of the reports state (SOURCE.txt beside them)."""


def arithmetic() -> None:
    unequal = 0
    print(f"{'case':<34} {'weights':<16} {'verdicts':<12} {'binary':>10} {'ternary':>10}  equal")
    for name, weights, rows, binary, ternary in CASES:
        rubrics = [Rubric(id=f"c{n}", criterion="x", weight=weight) for n, weight in enumerate(weights)]
        trials = [
            [
                CriterionVerdict.model_validate({"rubric": r.id, "level": LETTERS[x]})
                for r, x in zip(rubrics, row, strict=True)
            ]
            for row in rows
        ]
        found = (outcome(rubrics, trials, "binary").score, outcome(rubrics, trials, "ternary").score)
        equal = found == (binary, ternary)
        unequal += not equal
        shown = [f"{v:.6f}" if v is not None else "none" for v in found]
        weighed = ",".join(f"{w:g}" for w in weights)
        print(
            f"{name:<34} {weighed:<16} {' '.join(rows):<12} {shown[0]:>10} {shown[1]:>10}  {'yes' if equal else 'NO'}"
        )
    print(f"{len(CASES)} cases: {len(CASES) - unequal} equal, {unequal} unequal")


def trees() -> None:
    print(f"{'tree':<40} {'leaves':>7} {'inner':>6} {'equal':>6} {'unequal':>8} {'furthest':>9}  root")
    for file in sorted((DATA / "paperbench_judgeeval").glob("*/*.json")):
        root = Node.read(json.loads(file.read_text(encoding="utf-8")))
        inner = [node for node in root.walk() if node.children and node.score is not None]
        leaves = sum(not node.children for node in root.walk())
        pairs = [(aggregate(node), node.score) for node in inner]
        gaps = [abs(own - recorded) for own, recorded in pairs if own is not None and recorded is not None]
        equal = sum(own == recorded for own, recorded in pairs)
        print(
            f"{file.stem[:40]:<40} {leaves:>7} {len(inner):>6} {equal:>6} {len(inner) - equal:>8} "
            f"{max(gaps, default=0):>9.1g}  {aggregate(root)!r} (recorded {root.score!r})"
        )


def pairs() -> None:
    names = ("judge", "reading", "n", "equal", "unequal", "straight", "swapped", "both", "same", "unread", "mean")
    row_of = "{:<33} {:<8} {:>4} {:>6} {:>8} {:>9} {:>8} {:>5} {:>5} {:>7} {:>7}  {}".format
    print(row_of(*names, "published"))
    for file in sorted((DATA / "llmbar").glob("*/judge_outputs/*.json")):
        rows = json.loads(file.read_text(encoding="utf-8"))
        labels: list[Side] = ["a" if str(row["label"]) == "1" else "b" for row in rows]
        kept = [side for row in rows for side in _recorded(row)]
        rule = partial(first_named, REASONED if "CoT" in file.stem else NAMED)
        for name, reader in (("rule", rule), ("own", read_choice)):
            choices = [_choices(row, reader) for row in rows]
            equal = sum(one == other for one, other in zip(kept, (s for c in choices for s in c), strict=True))
            found = accuracy(choices, labels)
            counts = (found.n, equal, len(kept) - equal, found.straight, found.swapped, found.both, found.same)
            accuracies = (f"{found.mean:.1%}", ACCURACIES.get(file.stem, "not looked up"))
            print(row_of(file.stem, name, *counts, found.unusable, *accuracies))


REASONED = r"Output \({}\) is better"
"""The publisher's pattern for judges that reason first."""
NAMED = r"(?:^|\n) ?Output \({}\)"
"""The publisher's pattern for judges that only name their choice."""


def first_named(pattern: str, text: str) -> Side | None:
    """The publisher's rule: (a) where its pattern stands anywhere, else (b) where that does."""
    sides: tuple[Side, Side] = ("a", "b")
    return next((side for side in sides if re.search(pattern.format(side), text)), None)


def read_choice(text: str) -> Side | None:
    """The last output that is called better; a reply that names nothing else, that. None where both are called it."""
    called = re.findall(r"Output \((a|b)\) (?:is|would be) (?:the )?better", text)
    if not called and re.fullmatch(r"\s*Output \((?:a|b)\)[\s.]*", text):
        called = re.findall(r"\((a|b)\)", text)
    return called[-1] if called and len(set(called)) == 1 else None


def _recorded(row: dict[str, Any]) -> tuple[Side | None, Side | None]:
    sides: dict[str, Side] = {"1": "a", "2": "b"}
    last = row["results"][-1]
    return sides.get(str(last["swap = False"]["winner"])), sides.get(str(last["swap = True"]["winner"]))


def _choices(row: dict[str, Any], reader: Callable[[str], Side | None]) -> tuple[Side | None, Side | None]:
    last = row["results"][-1]
    straight, swapped = (reader(last[f"swap = {turn}"]["completion"][0].strip()) for turn in (False, True))
    turned: dict[Side | None, Side | None] = {"a": "b", "b": "a", None: None}
    return straight, turned[swapped]


def _lines(collection: str, name: str = "*.jsonl") -> Iterator[dict[str, Any]]:
    for file in sorted((DATA / collection).glob(f"*/{name}")):
        for line in file.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)


async def systems() -> None:
    print(f"{'system':<22} {'reports':>8} {'mechanical':>11} {'published':>10} {'ms/report':>10}")
    means = {}
    for name, published in PUBLISHED.items():
        scores, begin = [], time.perf_counter()
        for row in _lines("drb1_reports", f"{name}.jsonl"):
            report = row.get("article") or ""
            found = await judge_report(MechanicalJudge(), row["prompt"], report, draft_mechanically(row["prompt"]))
            if found.ternary.score is not None:
                scores.append(found.ternary.score)
        if scores:
            means[name] = sum(scores) / len(scores)
            took = 1000 * (time.perf_counter() - begin) / len(scores)
            print(f"{name:<22} {len(scores):>8} {means[name]:>11.3f} {published:>10.2f} {took:>10.1f}")
    names = list(means)
    pairs_of = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    right = sum((means[a] < means[b]) == (PUBLISHED[a] < PUBLISHED[b]) for a, b in pairs_of)
    print(f"pairs of systems in the published order: {right} of {len(pairs_of)}")


SHOWS: dict[str, Callable[[], None]] = {
    "arithmetic": arithmetic,
    "trees": trees,
    "pairs": pairs,
    "systems": lambda: asyncio.run(systems()),
}


def main() -> None:
    if not DATA.is_dir():
        sys.exit(f"There is no data in {DATA}; set DEEPRESEARCH_SHARED.")
    wanted = sys.argv[1:] or list(SHOWS)
    if unknown := [name for name in wanted if name not in SHOWS]:
        sys.exit(f"{unknown[0]} is none of {', '.join(SHOWS)}.")
    print(f"The judge. {machine()}")
    for name in wanted:
        print(f"\n{name}")
        SHOWS[name]()


if __name__ == "__main__":
    main()
