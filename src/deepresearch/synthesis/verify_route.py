"""Verification: the statements of a paragraph are extracted, checked one by one, searched again, and reported on.

A paragraph is taken from a library; in some of its sentences a number is altered, and a sentence that no source can
settle is put in, so that the right conclusion on every statement is known. A run is kept only if each (statement,
conclusion, evidence) holds: the conclusion is the known one, the evidence is in a passage that the run was shown, and
the project's check of citations says of statement and evidence what the conclusion says.
"""

import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any

from ..agent.rollouts import SharedSource
from ..derived import registered
from ..library import Library
from ..policy import View
from ..report.verification import support
from ..settings import Settings
from ..text.characters import has_han
from ..text.language import detect_language
from ..text.sentences import split_sentences
from ..text.wordlists import stop_words
from ..tools import Tool
from ..trajectory import Passage, Turn
from ..web.search import Hit, Query, SearchProvider, SearchResult, passage_id
from .data_files import Card, read_records
from .generation import Progress, Rejected, change_records, task_of, words_of
from .oracle import AT_ONCE, SURFER, ProgramTeacher, numbered
from .records import DataCard, Provenance, SupportingPassage, SyntheticTask
from .rollouts import RolloutOptions, open_pool
from .samples import Sample, objects_in
from .source_reports import checked_source

FEWEST, MOST = 3, 5
"""Statements of a paragraph that are the library's own."""
LENGTHS = {"en": (40, 260), "zh": (14, 120)}
LEVELS = ("supports", "contradicts", "")
_LINE = re.compile(
    r"(?m)^\d+\. (?P<point>.+)\n   \*\*(?P<conclusion>[^*]+)\*\*(?:[:：] ?“(?P<evidence>.+)”)?(?P<rest>.*)$"
)
_CITE = re.compile(r"\\cite\{([^}]+)\}")
_PRONOUN = re.compile(words_of("patterns", "en")["pronoun"], re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\d.,/-])(?:1\d{3}|20\d{2}|[2-9]\d|[1-9]\d{2})(?![\d.,/%-]?\d|[-/A-Za-z])")
_MONTH = re.compile(words_of("patterns", "en")["month"])
"""Before a day, which could not be any number."""
_NO_PROSE = re.compile(words_of("patterns", "en")["no prose"], re.IGNORECASE)
_VERB = re.compile(words_of("patterns", "en")["verb"])
"""What a whole statement has, as a title or a reference often has not."""


def statements_task(passage: Passage, language: str, seed: str) -> SyntheticTask:
    """A paragraph to check, with the right conclusions hidden. Raises Rejected."""
    rng = random.Random(f"{seed}:{passage.id}")  # noqa: S311  not for secrets
    least, most = LENGTHS[language]
    words = words_of("verification", language)
    if _NO_PROSE.search(passage.text):
        raise Rejected("no prose")
    own = [s.strip() for s in split_sentences(" ".join(passage.text.split()))]
    own = [s for s in own if least <= len(s) <= most and _is_whole(s)][:MOST]
    if len(own) < FEWEST or not passage.title:
        raise Rejected("fewer than three whole statements")
    can_alter = [n for n, s in enumerate(own) if _numbers(s)]
    if not can_alter:
        raise Rejected("no number to alter")
    points, labels = list(own), [0] * len(own)
    for n in rng.sample(can_alter, rng.randint(1, min(2, len(can_alter), len(own) - 1))):
        points[n], labels[n] = _altered(own[n], rng), 1
    place = rng.randrange(len(points) + 1)
    points.insert(place, rng.choice(words["unsettled"]).format(passage.title))
    labels.insert(place, 2)
    paragraph = ("" if language == "zh" else " ").join(points)
    if split_sentences(paragraph) != points:
        raise Rejected("the statements cannot be separated again")
    return SyntheticTask(
        id=f"verification-{language}-{blake2b(paragraph.encode(), digest_size=6).hexdigest()}",
        question=words["ask"].format(passage.title, paragraph),
        language=language,
        plan=points,
        hops=len(points),
        level="medium",
        provenance=Provenance(
            route="verification",
            seed=seed,
            pages=[passage.document],
            notes={"title": passage.title, "conclusions": labels, "passage": passage.id, "original": own},
        ),
    )


def _is_whole(sentence: str) -> bool:
    """Whether a sentence can be checked by itself."""
    opens = sentence[0].isupper() or sentence[0].isdigit() or not sentence[0].isascii()
    ends = sentence[-1] in ".。" and "“" not in sentence
    return opens and ends and not _PRONOUN.match(sentence) and bool(_VERB.search(sentence))


def _numbers(sentence: str) -> list[re.Match[str]]:
    return [found for found in _NUMBER.finditer(sentence) if not _MONTH.search(sentence[: found.start()])]


def _altered(sentence: str, rng: random.Random) -> str:
    found = rng.choice(_numbers(sentence))
    number = int(found[0])
    shift = rng.choice((-1, 1)) * rng.randint(3, 9 if number < 100 else 30)
    other = number + shift if number + shift > 9 and (number < 1000 or number + shift < 2020) else number - abs(shift)
    return f"{sentence[: found.start()]}{max(10, other)}{sentence[found.end() :]}"


class StatementChecker(ProgramTeacher):
    """The teacher without a model: extracts, plans, verifies, plans again and reports, by the check of citations."""

    name = "checker"

    def __init__(self, settings: Settings, tools: Sequence[Tool], task: SyntheticTask) -> None:
        super().__init__(settings, tools, task)
        self._language = "zh" if task.language == "zh" else "en"
        self._words = words_of("verification", self._language)
        self._points = split_sentences(task.question.split("\n\n", 1)[-1].strip())
        self._title = str(task.provenance.notes.get("title", ""))

    async def decide(self, view: View) -> Turn:
        """One step of the five."""
        if view.phase == "plan":
            return self._write(self._words["extract"].format(numbered(self._points)))
        shown = list(registered(view.events).values())
        done = sum(isinstance(event, Turn) and bool(event.calls) for event in view.events)
        first = -(-len(self._points) // AT_ONCE)
        if view.phase == "work" and SURFER in view.tools and done < first:
            numbers = range(done * AT_ONCE, min(len(self._points), (done + 1) * AT_ONCE))
            return self._search("verify", list(numbers), [self._points[n][:400] for n in numbers])
        verdicts = [judge_statement(point, shown) for point in self._points]
        unsettled = [n for n, (conclusion, _, _) in enumerate(verdicts) if conclusion == 2][:AT_ONCE]
        if view.phase == "work" and SURFER in view.tools and done == first and unsettled:
            queries = [f"{self._title} {_key_words(self._points[n], self._title)}" for n in unsettled]
            return self._search("replan", unsettled, queries)
        return self._write(self._report(verdicts))

    def _search(self, step: str, numbers: Sequence[int], queries: list[str]) -> Turn:
        told = ("、" if self._language == "zh" else ", ").join(str(n + 1) for n in numbers)
        return self._call(self._words[step].format(told), queries=queries)

    def _report(self, verdicts: Sequence[tuple[int, str, str]]) -> str:
        counts = Counter(conclusion for conclusion, _, _ in verdicts)
        lines = [f"# {self._words['title'].format(self._title, len(verdicts), *(counts[n] for n in range(3)))}"]
        gap, stop, colon = ("", "。", "：") if self._language == "zh" else (" ", ".", ": ")
        for n, (point, (conclusion, evidence, id_)) in enumerate(zip(self._points, verdicts, strict=True), 1):
            word = self._words["conclusions"][conclusion]
            told = (
                f"**{word}**{colon}“{evidence}”{gap}\\cite{{{id_}}}{stop}"
                if id_
                else f"**{word}**{stop}{gap}{self._words['open']}"
            )
            lines.append(f"{n}. {point}\n   {told}")
        return "\n".join(lines)


def _key_words(point: str, title: str) -> str:
    """What to search for in other words than the statement's own sentence."""
    plain = point.replace(title, " ")
    words = [word for word in re.findall(r"\w+", plain) if word.casefold() not in stop_words("en")]
    return " ".join(words)[:80]


def judge_statement(point: str, passages: Sequence[Passage]) -> tuple[int, str, str]:
    """(conclusion, evidence, id of its passage): 0 supported, 1 refuted, 2 doubtful; what supports goes first."""
    found = [(support(point, passage), passage) for passage in passages]
    for conclusion in (0, 1):
        best = max((f for f in found if f[0].level == LEVELS[conclusion]), key=lambda f: f[0].score, default=None)
        if best and best[0].evidence:
            start, end = best[0].evidence[0]
            return conclusion, " ".join(best[1].text[start:end].split()), best[1].id
    return 2, "", ""


def unsound(record: Sample, task: SyntheticTask) -> str:
    """Why a run's report is not kept; empty: every (statement, conclusion, evidence) holds."""
    passages = {p["id"]: Passage.model_validate(p) for e in record["events"] for p in e.get("passages", [])}
    lines = list(_LINE.finditer(record["report"]))
    if [line["point"].strip() for line in lines] != task.plan:
        return "not every statement has its conclusion"
    words = words_of("verification", task.language)["conclusions"]
    for line, point, label in zip(lines, task.plan, task.provenance.notes["conclusions"], strict=True):
        told = line["conclusion"].strip(" .。:：")
        if told != words[label]:
            return f"a statement is {words[label]}, the run says {told if told in words else 'something else'}"
        cited = _CITE.findall(line["rest"])
        if label == 2:
            if cited or any(support(point, passage).level in LEVELS[:2] for passage in passages.values()):
                return "a passage settles what the run calls doubtful"
            continue
        passage = passages.get(cited[0]) if cited else None
        if not passage or not line["evidence"] or line["evidence"] not in " ".join(passage.text.split()):
            return "evidence is not in a passage that was shown"
        if support(point, passage).level != LEVELS[label]:
            return "statement and evidence do not bear the conclusion out"
    return ""


async def verify_statements(
    source: str,
    data: Path,
    out: Path,
    sources: Sequence[SearchProvider],
    settings: Settings,
    options: RolloutOptions,
    count: int,
    progress: Progress,
) -> DataCard:
    """Let a teacher check paragraphs of a library, or the statements of a file of human verdicts, and keep the runs
    that hold. Of the latter the card has how often the runs conclude what people did.

    Beside each run are its statements and the right conclusions. Raises UserError where nothing could be kept.
    """
    place = checked_source(Path(source), data)
    names = words_of("verification", "en")["conclusions"]
    with open_pool(sources, settings, options) as pool:

        def tasks(card: Card) -> Iterator[Sample]:
            if place != Path(source):
                return _paragraphs(source, data, options.seed, count)
            return (task.model_dump(mode="json") for task in islice(verdict_tasks(place), count))

        async def change(record: Sample, card: Card) -> Sample:
            task = task_of(record)
            given = [SharedSource(GivenPassages(task.evidence))] if task.evidence else pool.sources
            made = (await replace(pool, sources=given).run(task, 0)).model_dump(mode="json")
            labels = task.provenance.notes["conclusions"]
            if task.evidence:
                concluded = card.counts.setdefault("people / run", Counter())
                concluded[f"{names[labels[0]]} / {_conclusion(made['report'], task.language, names)}"] += 1
            why = unsound(made, task) if made["state"] == "finished" else f"the run is {made['state']}"
            if why:
                raise Rejected(why)
            card.counts.setdefault("conclusions", Counter()).update(names[label] for label in labels)
            return {**made, "correct": True, "statements": task.plan, "conclusions": labels}

        chosen = {"policy": options.policy, "model": settings.model.name, "library": source, "count": count}
        chosen |= {"seed": options.seed}
        return await change_records(
            place, out, "verification", chosen, change, progress, options.at_once, records=tasks
        )


def _conclusion(report: str, language: str, names: Sequence[str]) -> str:
    """The name of the first conclusion of a report."""
    told = line["conclusion"].strip(" .。:：") if (line := _LINE.search(report)) else ""
    own: dict[str, str] = dict(zip(words_of("verification", language)["conclusions"], names, strict=True))
    return own.get(told, "nothing")


def _paragraphs(name: str, data: Path, seed: int, count: int) -> Iterator[Sample]:
    """The first `count` paragraphs of a library, in an order that the seed gives, that make a task."""
    library = Library.open(data, name, create=False)
    try:
        documents = [document for document, _ in library.documents()]
        random.Random(seed).shuffle(documents)  # noqa: S311  not for secrets
        for document in documents:
            for passage in library.passages(document):
                language = passage.language or detect_language(passage.text) or ""
                if language[:2] not in LENGTHS:
                    continue
                try:
                    task = statements_task(passage, language[:2], str(seed))
                except Rejected:
                    continue
                yield task.model_dump(mode="json")
                count -= 1
                if not count:
                    return
                break  # one of each document
    finally:
        library.close()


LONGEST_PASSAGE = 1_500
"""Characters; longer texts become several passages."""
_MARK = re.compile(r"\s*\[\d+\]")


class GivenPassages:
    """A place to search that holds only the texts of one statement."""

    name = "given"

    def __init__(self, evidence: list[SupportingPassage]) -> None:
        self._passages = [Passage(id=e.passage, document=e.document, title=e.title, text=e.text) for e in evidence]

    async def search(self, query: Query) -> SearchResult:
        """All passages, in their order."""
        return SearchResult([Hit(passage, -float(n)) for n, passage in enumerate(self._passages)][: query.k], self.name)

    async def open(self, reference: str) -> list[Passage]:
        """The passages of a document; none where it is not there."""
        return [passage for passage in self._passages if passage.document == reference]

    def close(self) -> None:
        """Nothing is open."""


def verdict_tasks(path: Path) -> Iterator[SyntheticTask]:
    """A task for each statement of a file whose verdicts agree; its evidence is what it was judged against.

    Raises UserError for a file that cannot be read.
    """
    fields = words_of("verdicts", "en")
    meaning = {word: label for label, name in enumerate(("supported", "refuted", "doubtful")) for word in fields[name]}
    found: dict[str, tuple[set[int | None], list[str]]] = {}
    for row in (row for record in read_records(path) for row in objects_in(record)):
        statement, texts, verdict = (
            next((row[key] for key in fields[field] if row.get(key)), None)
            for field in ("statement", "passages", "conclusion")
        )
        if isinstance(statement, str) and isinstance(verdict, str) and texts:
            labels, own = found.setdefault(" ".join(_MARK.sub("", statement).split()), (set(), []))
            labels.add(meaning.get(verdict.casefold().replace("_", " ").replace("-", " ")))
            own += _passages(texts)
    for statement, (labels, texts) in found.items():
        decided = labels - {2} or labels  # beside a text that settles it, others may be beside the point
        if None not in labels and len(decided) == 1 and split_sentences(statement) == [statement]:
            yield _task(statement, int(decided.pop() or 0), list(dict.fromkeys(texts)), path.name)


def _task(statement: str, label: int, texts: list[str], source: str) -> SyntheticTask:
    language = "zh" if has_han(statement) else "en"
    key = blake2b(statement.encode(), digest_size=6).hexdigest()
    return SyntheticTask(
        id=f"verification-{language}-{key}",
        question=words_of("verification", language)["ask one"].format(statement),
        language=language,
        plan=[statement],
        evidence=[SupportingPassage(passage=passage_id(key, t), document=key, title=source, text=t) for t in texts],
        hops=1,
        provenance=Provenance(
            route="verification", pages=[source], notes={"title": "", "conclusions": [label], "by": "people"}
        ),
    )


def _passages(texts: Any) -> Iterator[str]:
    """Texts of a length that can be cited, whether they come as one, as sentences, or as records with a text."""
    parts = [texts] if isinstance(texts, str) else [t if isinstance(t, str) else t.get("text", "") for t in texts]
    text = ""
    for sentence in (sentence for part in parts for sentence in split_sentences(" ".join(part.split()))):
        if text and len(text) + len(sentence) > LONGEST_PASSAGE:
            yield text
            text = ""
        text = f"{text} {sentence}".strip()
    yield from [text] if text else []
