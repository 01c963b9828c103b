"""A passage's own sentence with one content word changed: is it still called supported?

Run: python -m benchmarks.changed_words [--missed] [--alarms]    (data: $DEEPRESEARCH_SHARED/data)

The sentences are those of WiCE's web pages, SciFact's abstracts and CMRC's and DRCD's paragraphs; the words come from
benchmarks.substitutes (WordNet, and lists by hand), which know nothing of the checker. "wrong" are changed sentences
that are still called `supports`. "untouched": the sentence as it is; "reworded": the same in slightly other words (a
connective put before it, brackets or a last clause left out, "as well as" for "and"), which is no change of what it
says. Of these two those are wrong that are not `supports`. Only sentences of the half "tuned" were read for tuning.
"""

import json
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from hashlib import sha256

from deepresearch.report.verification.support import Support, support
from deepresearch.text.sentences import split_sentences

from .corpus import DATA
from .substitutes import Swap, swaps

EACH = 200
"""Sentences of each set, half and kind of change at most."""


@dataclass(frozen=True)
class Told:
    """A sentence and the passage that it was taken from."""

    sentence: str
    passage: str
    title: str

    @property
    def held(self) -> bool:
        return sha256(self.passage.encode()).digest()[0] % 2 == 1


def wice() -> Iterator[Told]:
    for line in (DATA / "wice/dev/claim_dev.jsonl").read_text(encoding="utf-8").splitlines():
        lines = json.loads(line)["evidence"]
        for sentence in lines[1:]:
            yield Told(sentence, "\n\n".join(lines), lines[0].removeprefix("(meta data) TITLE: "))


def scifact() -> Iterator[Told]:
    for line in (DATA / "scifact/corpus.jsonl").read_text(encoding="utf-8").splitlines()[:1500]:
        row = json.loads(line)
        for sentence in row["abstract"]:
            yield Told(sentence.strip(), " ".join(row["abstract"]), row["title"])


def wikipedia_zh() -> Iterator[Told]:
    for name in ("cmrc2018_trial", "drcd_dev"):
        for article in json.loads((DATA / f"zh_passage_retrieval/dev/{name}.json").read_text(encoding="utf-8"))["data"]:
            for paragraph in article["paragraphs"]:
                for sentence in split_sentences(paragraph["context"]):
                    yield Told(sentence, paragraph["context"], article["title"])


SETS = {"wice": wice, "scifact": scifact, "wikipedia zh": wikipedia_zh}


def _fits(told: Told) -> bool:
    """A whole sentence of usual length."""
    if re.search("[\u4e00-\u9fff]", told.sentence):
        return 15 <= len(told.sentence) <= 120 and told.sentence[-1] == "。"
    return 8 <= len(told.sentence.split()) <= 45 and told.sentence[-1] == "." and told.sentence[0].isupper()


_REWORDED_EN = [
    (r"\s\([^()]*\)", ""), (r"\band\b", "as well as"), (r"\bbecause\b", "since"), (r"\bwhile\b", "whereas"),
    (r"\balso\s", ""), (r"(\d)\s?%", r"\1 percent"), (r"\babout (?=\d)", "approximately "), (r"^The\b", "This"),
    (r"\bin order to\b", "to"), (r"\bwhich\b", "that"), (r"\bis\b", "was"), (r"\bhas been\b", "was"),
]  # fmt: skip
_REWORDED_ZH = [
    (r"[（(][^（）()]*[）)]", ""), ("和", "以及"), ("因为", "由于"), ("但是", "不过"), ("并且", "而且"),
    ("於", "在"), ("非常", "十分"), ("此外，", ""), ("大约", "约"), ("其中，", ""), ("这些", "上述"),
]  # fmt: skip


def reworded(sentence: str, chance: random.Random) -> str | None:
    """The sentence in slightly other words."""
    chinese = bool(re.search("[\u4e00-\u9fff]", sentence))
    ways = [new for old, by in (_REWORDED_ZH if chinese else _REWORDED_EN) if (new := re.sub(old, by, sentence))]
    ways.append("此外，" + sentence if chinese else f"In addition, {_uncapitalised(sentence)}")
    cut = sentence[:-1].rpartition("，" if chinese else ",")[0]
    if len(cut) > len(sentence) / 2:
        ways.append(cut + sentence[-1])
    ways = [way for way in ways if way != sentence]
    return chance.choice(ways) if ways else None


def _uncapitalised(sentence: str) -> str:
    first = sentence.split(maxsplit=1)[0]
    return sentence[0].lower() + sentence[1:] if first[1:].islower() or len(first) == 1 else sentence


def _support(told: Told, claim: str) -> Support:
    return support(claim, told.passage, title=told.title)


def main(arguments: list[str]) -> None:
    start = time.perf_counter()
    print(f"{'':14}{'half':7}{'change':10}{'n':>5}{'wrong':>10}  others than supports")
    for name, read in SETS.items():
        told = list({t.sentence: t for t in read() if _fits(t)}.values())
        random.Random(2).shuffle(told)
        for half in ("tuned", "held"):
            own = [t for t in told if t.held == (half == "held")]
            language = "zh" if name.endswith("zh") else "en"
            for kind, swap in swaps(language):
                _row(name, half, kind, own, swap, "--missed" in arguments)
            _alarms(name, half, "untouched", own, str, "--alarms" in arguments)
            _alarms(name, half, "reworded", own, partial(reworded, chance=random.Random(3)), "--alarms" in arguments)
    print(f"{time.perf_counter() - start:.0f} s")


def _row(name: str, half: str, kind: str, told: list[Told], swap: Swap, show: bool) -> None:
    chance, levels = random.Random(1), Counter[str]()
    for one in told:
        changed = swap(one.sentence, chance)
        if changed is None:
            continue
        found = _support(one, changed[0])
        levels[found.level] += 1
        if show and half == "tuned" and found.level == "supports":
            print(f"  missed {changed[1]} -> {changed[2]}: {changed[0]}")
        if levels.total() == EACH:
            break
    _line(name, half, kind, levels, levels["supports"])


def _alarms(name: str, half: str, kind: str, told: list[Told], made: Callable[[str], str | None], show: bool) -> None:
    levels = Counter[str]()
    for one in told:
        claim = made(one.sentence)
        if claim is None:
            continue
        found = _support(one, claim)
        levels[found.level] += 1
        if show and half == "tuned" and found.level != "supports":
            print(f"  alarm {[f.reason for f in found.faults]}: {claim}")
        if levels.total() == EACH:
            break
    _line(name, half, kind, levels, levels.total() - levels["supports"])


def _line(name: str, half: str, kind: str, levels: Counter[str], wrong: int) -> None:
    others = ", ".join(f"{level} {n}" for level, n in levels.most_common() if level != "supports")
    share = f"{100 * wrong / max(1, levels.total()):.1f} %"
    print(f"{name:14}{half:7}{kind:10}{levels.total():5}{share:>10}  {others}")


if __name__ == "__main__":
    main(sys.argv[1:])
