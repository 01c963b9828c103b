"""Faults planted on purpose: how many does the mechanical check catch, and how often does it accuse what is right?

Run: python -m benchmarks.planted [--missed] [--alarms]      (data: $DEEPRESEARCH_SHARED/data, default ../shared/data)

Reports come from real runs of the extractive policy over public collections (English and Chinese), from claims that
people have written and found supported (SciFact, WiCE), each citing its evidence, and from Chinese news (UHGEval).
Every planted report is wrong in one place, chosen by a seeded chance. The words come from benchmarks.substitutes
(WordNet, and lists by hand), not from the checks; only "not" is a word that any check knows. "caught": the altered
citation no longer counts as `supports`; "named": the fault is called by its name too. A claim that was not `supports`
before the change is no test and is left out. "false alarms": unaltered citations that are not `supports`; of these only
`contradicts` accuses, the others say that the words do not suffice.
"""

import asyncio
import json
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from deepresearch.derived import answer, registered
from deepresearch.report.citations import find_marks
from deepresearch.report.claims import Claim, claims_of
from deepresearch.report.verification import verify
from deepresearch.text.characters import clean
from deepresearch.trajectory import Citation, Passage

from .multihop import as_library, research
from .retrieval import COLLECTIONS
from .substitutes import Swap, class_zh, opposite, sibling, turned
from .verification import DATA

EACH = 60
"""Reports planted of each kind and each origin at most."""
RUNS = 20
NEVER = "zzzzzzzzzzzz"
"""Id of a passage that nobody was shown."""


@dataclass(frozen=True)
class Given:
    """A report that is right, and the passages that it was written from."""

    origin: str
    text: str
    known: dict[str, Passage]


Mutation = Callable[[str, random.Random, list[str]], str | None]
"""(words of a claim, chance, names from other reports) -> the words made wrong, or None where there is no place."""


def _swap(pattern: re.Pattern[str], change: Callable[[re.Match[str], random.Random], str | None]) -> Mutation:
    """Change one place of those that `pattern` finds."""

    def mutate(words: str, chance: random.Random, _: list[str]) -> str | None:
        places = list(pattern.finditer(words))
        chance.shuffle(places)
        for place in places:
            new = change(place, chance)
            if new is not None and new != place.group():
                return words[: place.start()] + new + words[place.end() :]
        return None

    return mutate


def _other_number(match: re.Match[str], chance: random.Random) -> str:
    digits = match.group().replace(",", "")
    if "." in digits:
        return f"{float(digits) * chance.choice([0.5, 1.3, 2.1]) + 0.1:.{len(digits.partition('.')[2])}f}"
    return str(max(2, int(int(digits) * chance.choice([0.5, 1.4, 3]))) + 1)


def _other_year(match: re.Match[str], chance: random.Random) -> str:
    return str(int(match.group()) + chance.choice([-11, -3, -2, -1, 1, 2, 4, 10]))


_MONTHS = "January February March April May June July August September October November December".split()


def _other_month(match: re.Match[str], chance: random.Random) -> str:
    return chance.choice([month for month in _MONTHS if month != match.group()])


def _by(swap: Swap) -> Mutation:
    """A change of benchmarks.substitutes."""

    def mutate(words: str, chance: random.Random, _: list[str]) -> str | None:
        found = swap(words, chance)
        return found[0] if found else None

    return mutate


_NOT_EN = re.compile(r"\b(?:is|was|are|were|can|has|had|does)\b(?! not)")
_NOT_ZH = {"没有": "已经", "不能": "能够", "是": "不是", "将": "不会", "可以": "不可以", "能够": "不能", "已经": "没有"}


def _name(words: str, chance: random.Random, names: list[str]) -> str | None:
    places = [m for m in re.finditer(NAME, words) if m.start() > 0]
    if not places or not names:
        return None
    place = chance.choice(places)
    new = next((n for n in chance.sample(names, min(50, len(names))) if n not in words), None)
    return words[: place.start()] + new + words[place.end() :] if new else None


NAME = r"(?<=[a-z,] )[A-Z][a-z]{3,}(?: [A-Z][a-z]{2,})?"
NAME_ZH = (
    r"(?<=记者)[\u4e00-\u9fff]{2,3}(?=[、，）])"
    r"|(?<=[长员席理任授])[\u4e00-\u9fff]{2,4}(?=(?:表示|指出|认为|强调|说))"
    r"|《[^《》]{2,12}》"
)
PEOPLE_ZH = "周文涛 吴晓梅 郑国平 孙立新 钱玉兰 冯志远 褚建华 蒋海燕 沈振东 韩雪松".split()


def _name_zh(words: str, chance: random.Random, names: list[str]) -> str | None:
    places = list(re.finditer(NAME_ZH, words))
    if not places or not names:
        return None
    place = chance.choice(places)
    like = [n for n in names if n not in words and n.startswith("《") == place.group().startswith("《")]
    return words[: place.start()] + chance.choice(like) + words[place.end() :] if like else None


def _quote(words: str, chance: random.Random, names: list[str]) -> str | None:
    """One word within quotation marks left out; where nothing is quoted, the claim is made a quotation."""
    match = re.search(r"“([^“”]{20,})”", words)
    inner = match.group(1) if match else words.rstrip(".。")
    if re.search(r"[\u4e00-\u9fff]", inner):
        at = chance.randrange(3, max(4, len(inner) - 3))
        altered = inner[:at] + inner[at + 1 :] if inner[at].isalnum() else None
    else:
        parts = inner.split(" ")
        at = chance.randrange(1, max(2, len(parts) - 2)) if len(parts) > 5 else 0
        altered = " ".join(parts[:at] + parts[at + 1 :]) if at and parts[at].isalpha() else None
    if altered is None:
        return None
    return words[: match.start(1)] + altered + words[match.end(1) :] if match else f"“{altered}”."


NUMBER = re.compile(
    r"(?<![\w.,《])\d{1,3}(?:,\d{3})+(?![\w.])|(?<![\w.,《-])\d{1,3}(?:\.\d+)?(?![\w.,》]*\d)(?!\s?(?:年|月|日|》|[A-Z][a-z]{2,8}\b))"
)
YEAR = re.compile(r"(?<![\w.,-])(?:1[5-9]\d\d|20[0-2]\d)(?![\w.,-]*\d)")
MONTH = re.compile(r"\b(?:" + "|".join(_MONTHS) + r")\b(?= \d)")
EN: dict[str, Mutation] = {
    "number": _swap(NUMBER, _other_number),
    "date": lambda w, c, n: _swap(YEAR, _other_year)(w, c, n) or _swap(MONTH, _other_month)(w, c, n),
    "name": _name,
    "not": _swap(_NOT_EN, lambda match, _: f"{match.group()} not"),
    "denied": _by(turned("negation", "en")),
    "opposite": _by(opposite("en")),
    "word": _by(sibling),
    "hedge": _by(turned("hedge", "en")),
    "scope": _by(turned("scope", "en")),
    "quote": _quote,
}  # fmt: skip
ZH: dict[str, Mutation] = {
    "number": _swap(NUMBER, _other_number),
    "date": lambda w, c, n: _swap(re.compile(r"(?<!\d)(?:1[5-9]|20)\d\d(?=年)"), _other_year)(w, c, n)
    or _swap(re.compile(r"(?<!\d)\d{1,2}(?=[月日])"), lambda m, c: str(int(m.group()) % 12 + 1))(w, c, n),
    "name": _name_zh,
    "not": _swap(re.compile("|".join(_NOT_ZH)), lambda match, _: _NOT_ZH[match.group()]),
    "denied": _by(turned("negation", "zh")),
    "opposite": _by(opposite("zh")),
    "word": _by(class_zh),
    "hedge": _by(turned("hedge", "zh")),
    "scope": _by(turned("scope", "zh")),
    "quote": _quote,
}  # fmt: skip
CITING = ("swapped", "unread")
NAMED = {
    "not": {"negation"}, "denied": {"negation", "word"}, "opposite": {"word", "direction"}, "word": {"word"},
    "hedge": {"hedge", "word"}, "scope": {"scope", "word"},
}  # fmt: skip
"""Faults by which a planted change is called by its name, where these are not its own."""


def from_runs() -> Iterator[Given]:
    """Reports of the extractive policy."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("2wiki", "hotpot", "cmrc"):
            collection = COLLECTIONS[name]()
            provider = as_library(name, collection, Path(folder))
            for question in list(collection.queries.values())[:RUNS]:
                events = asyncio.run(research(question, provider))
                report = answer(events)
                if report and "\\cite" in report.text:
                    yield Given("runs zh" if name == "cmrc" else "runs en", report.text, registered(events))


def _report(origin: str, claim: str, text: str, title: str, number: int) -> Given:
    passage = Passage(id=f"{origin[0]}{number:011d}", document=f"{origin} {number}", title=title, text=text)
    return Given(origin, f"# Report\n\n{claim.rstrip('.。')}\\cite{{{passage.id}}}.\n", {passage.id: passage})


def from_claims() -> Iterator[Given]:
    """Claims written by people, each with the evidence from which it was found to be supported."""
    corpus = {}
    for line in (DATA / "scifact/corpus.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        corpus[row["doc_id"]] = row
    for number, line in enumerate((DATA / "scifact/dev/claims_train.jsonl").read_text(encoding="utf-8").splitlines()):
        row = json.loads(line)
        if row["evidence_label"] == "SUPPORT":
            source = corpus[row["evidence_doc_id"]]
            yield _report("scifact", row["claim"], " ".join(source["abstract"]), source["title"], number)
    for number, line in enumerate((DATA / "wice/dev/claim_dev.jsonl").read_text(encoding="utf-8").splitlines()):
        row = json.loads(line)
        if row["label"] == "supported":
            chosen = sorted({n for group in row["supporting_sentences"] for n in group})
            yield _report(
                "wice", row["claim"], "\n".join(row["evidence"][n] for n in chosen), row["evidence"][0], number
            )


def from_news() -> Iterator[Given]:
    """Sentences of Chinese news, citing the article."""
    for number, line in enumerate((DATA / "uhgeval_zh/dev/uhgeval.jsonl").read_text(encoding="utf-8").splitlines()):
        row = json.loads(line)
        article = f"{row['newsBeginning']}\n\n{row['newsRemainder']}"
        yield _report("news zh", " ".join(row["realContinuation"].split()), article, row["headLine"], number)


def places(given: Given) -> Iterator[tuple[Claim, int]]:
    """The claims of a report with the mark that backs each, where it is one mark with one passage."""
    text = clean(given.text)
    for claim in claims_of(text, list(find_marks(text, given.known))):
        if len(claim.marks) == len(claim.ids) == 1:
            yield claim, claim.marks[0]


def plant(
    given: Given, kind: str, chance: random.Random, names: list[str], others: list[Given]
) -> tuple[str, dict[str, Passage], int] | None:
    """(report, its passages, the mark that is wrong now) with one fault of `kind`, or None where there is no place."""
    text = clean(given.text)
    found = list(places(given))
    chance.shuffle(found)
    for claim, mark in found:
        if kind in CITING:
            other = chance.choice(others)
            new = NEVER if kind == "unread" else next(iter(other.known))
            spot = list(find_marks(text, given.known))[mark]
            if new != claim.ids[0] and _document(given, claim) != other.known.get(new, _NONE).document:
                altered = text[: spot.start] + f"\\cite{{{new}}}" + text[spot.end :]
                return altered, {**given.known, **(other.known if kind == "swapped" else {})}, mark
            continue
        place = re.search(r"(?:[\s*_`]|\\cite\{[^}]*\})*".join(map(re.escape, claim.text.replace(" ", ""))), text)
        if place is None:
            continue
        words = re.sub(r"\\cite\{[^}]*\}", "", place.group())
        mutate = (ZH if claim.language == "zh" else EN)[kind]
        altered = mutate(words, chance, names)
        if altered:
            cited = f"\\cite{{{claim.ids[0]}}}"
            inside = cited in place.group()
            return text[: place.start()] + altered + (cited if inside else "") + text[place.end() :], given.known, mark
    return None


_NONE = Passage(id="", document="", title="", text="")


def _document(given: Given, claim: Claim) -> str:
    return given.known[claim.ids[0]].document if claim.ids[0] in given.known else ""


def of_mark(citations: list[Citation], mark: int) -> Citation | None:
    return next((c for c in citations if c.mark == mark), None)


@dataclass
class Tally:
    """What was planted, caught and called by its name, by (kind, origin)."""

    planted: Counter[tuple[str, str]] = field(default_factory=Counter)
    caught: Counter[tuple[str, str]] = field(default_factory=Counter)
    named: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, kind: str, origin: str, verdict: Citation | None) -> None:
        found = verdict is None or verdict.level != "supports"
        self.planted[kind, origin] += 1
        self.caught[kind, origin] += found
        names = NAMED.get(kind, {kind})
        self.named[kind, origin] += found and (
            kind in CITING or (verdict is not None and bool(names & {*verdict.faults}))
        )


def main(arguments: list[str]) -> None:
    start = time.perf_counter()
    reports = [*from_runs(), *from_claims(), *from_news()]
    right = [verify(given.text, given.known).citations for given in reports]
    tally = Tally()
    chance = random.Random(1)
    names = sorted({m for r in reports for m in re.findall(NAME, r.text)})
    works = sorted({m for r in reports for m in re.findall(NAME_ZH, r.text) if m.startswith("《")})
    origins = list(dict.fromkeys(r.origin for r in reports))
    for origin in origins:
        own = [(given, before) for given, before in zip(reports, right, strict=True) if given.origin == origin]
        pool = PEOPLE_ZH + works if origin.endswith("zh") else names
        for kind in (*EN, *CITING):
            chance.shuffle(own)
            for given, before in own:
                if tally.planted[kind, origin] == EACH:
                    break
                made = plant(given, kind, chance, pool, [r for r, _ in own])
                standing = of_mark(before, made[2]) if made else None
                if made is None or standing is None or standing.level != "supports":
                    continue
                verdict = of_mark(verify(made[0], made[1]).citations, made[2])
                tally.add(kind, origin, verdict)
                if "--missed" in arguments and verdict is not None and verdict.level == "supports":
                    show(f"missed {kind} {origin}", verdict)
    _table_of(origins, tally.planted, tally.caught, tally.named)
    print()
    for origin in origins:
        cited = [c for given, found in zip(reports, right, strict=True) if given.origin == origin for c in found]
        alarms = [c for c in cited if c.level != "supports"]
        levels = ", ".join(f"{level} {n}" for level, n in Counter(c.level for c in alarms).most_common()) or "none"
        share = f"{len(alarms):4} of {len(cited):4} citations ({100 * len(alarms) / len(cited):.1f} %)"
        print(f"false alarms, {origin:9} {share}: {levels}")
        for alarm in alarms if "--alarms" in arguments else []:
            show(f"alarm {origin}", alarm)
    totals = sum(tally.planted.values()), sum(tally.caught.values())
    print(f"{totals[0]} reports planted, {totals[1]} caught; {time.perf_counter() - start:.0f} s")


def show(what: str, verdict: Citation) -> None:
    """A verdict with what it rests on."""
    print(f"{what} {verdict.level} {verdict.score} {verdict.faults}: {verdict.claim}")
    print(f"    {verdict.reason}\n    | {verdict.evidence[:400]}")


def _table_of(
    origins: list[str],
    planted: Counter[tuple[str, str]],
    caught: Counter[tuple[str, str]],
    named: Counter[tuple[str, str]],
) -> None:
    print(f"{'caught / planted':12}" + "".join(f"{origin:>12}" for origin in origins) + f"{'all':>12} {'named':>6}")
    for kind in (*EN, *CITING):
        cells = [f"{caught[kind, o]}/{planted[kind, o]}" for o in origins]
        all_ = f"{sum(caught[kind, o] for o in origins)}/{sum(planted[kind, o] for o in origins)}"
        print(
            f"{kind:16}"
            + "".join(f"{cell:>12}" for cell in cells)
            + f"{all_:>12} {sum(named[kind, o] for o in origins):6}"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
