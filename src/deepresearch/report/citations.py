"""Citations: from `\\cite{passage id}` in a report to numbered references.

Only passages that the policy was shown can be cited. A mark with any other id never becomes a reference: it is
counted and leaves a visible note in its place. A document has one number, given in the order of first citation;
where several of its passages are cited, letters distinguish them: [2a], [2b].
"""

import re
from collections.abc import Callable, Container, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from ..derived import answer, find, registered
from ..text.characters import clean
from ..text.markdown import code_ranges, is_inside, unfenced
from ..trajectory import Citation, Event, Passage, Verified
from ..web.urls import page_key
from .syntax import PLACEHOLDER

Key = TypeVar("Key", bound=Hashable)
Level = Literal["seen", "supports", "partly", "contradicts", "unrelated", "unreachable"]
WEAKEST_FIRST: tuple[Level, ...] = ("contradicts", "unrelated", "unreachable", "partly", "seen", "supports")

_IDS = r"[^{}｛｝【】]{0,2000}"
_WORDS = r"[^()（）\[\]【】{}\\\n]{1,600}"
_MARK = re.compile(
    # \cite{a, b}, \citep[p. 3]{a}{b}, \\cite{a}
    rf"(?<!\\)\\+cite[a-z]{{0,10}}\*?\s?(?:\[[^\]\n]{{0,200}}\]){{0,2}}(?P<plain>[{{｛]{_IDS}[}}｝](?:\{{[^{{}}\s]{{1,100}}\}})*)"
    # other spellings, only where the ids are known: without the backslash, and in brackets of every kind
    rf"|(?<![\\A-Za-z])cite(?P<bare>\{{{_IDS}\}})|【(?P<wide>{_IDS})】"
    rf"|(?<![\\!])\[(?P<square>{_WORDS})\](?!\()|[(（](?P<round>{_WORDS})[)）]",
    re.IGNORECASE,
)
_LEAD = re.compile(
    r"\s*(?:(?:cite|citation|ref|reference|source|passage|id|来源|引用|参考)s?(?:\s*[:：=]\s*|\s+))?", re.I
)
"""What may precede the ids: [cite: a], (source: a)."""
_BETWEEN_IDS = re.compile(r"[\s,;，；、|{}｛｝]+")


@dataclass(frozen=True)
class Cited:
    """A registered passage that the report cites."""

    label: str
    """What is between the brackets: 2, or 2b where other passages of the document are cited too."""
    passage: Passage
    check: Citation | None = None
    """The verdict on this place in the text; among the references the weakest of all places."""

    @property
    def level(self) -> Level:
        """What the check found; "seen" where there was none."""
        return self.check.level if self.check else "seen"


@dataclass(frozen=True)
class Reference:
    """A cited document with its cited passages, in the order of first citation."""

    number: int
    document: str
    title: str
    url: str | None
    date: str | None
    passages: tuple[Cited, ...]


@dataclass(frozen=True)
class Mark:
    """One place in the text that cites."""

    cited: tuple[Cited, ...]
    removed: tuple[str, ...]
    """Ids that were never shown to the policy."""


@dataclass(frozen=True)
class Resolved:
    """A report's text with a placeholder (syntax.PLACEHOLDER) for each mark, and what each mark cites."""

    text: str
    marks: tuple[Mark, ...]
    references: tuple[Reference, ...]

    @property
    def unregistered(self) -> list[str]:
        """Every id that was cited and never shown, once each, in the order of the text."""
        return list(dict.fromkeys(id_ for mark in self.marks for id_ in mark.removed))


@dataclass(frozen=True)
class FoundMark:
    """A citation mark in the text."""

    start: int
    end: int
    ids: tuple[str, ...]


def find_marks(text: str, known: Container[str]) -> Iterator[FoundMark]:
    """The citation marks of `text` outside code. A spelling without its backslash needs ids that are all `known`."""
    code = code_ranges(text)
    for match in _MARK.finditer(text):
        line = text.rfind("\n", 0, match.start()) + 1
        defines = text[match.end() : match.end() + 1] == ":" and not text[line : match.start()].strip()
        if is_inside(code, match.start()) or (match["square"] and defines):
            continue
        raw = match[match.lastgroup or 0] or ""
        raw = raw if match["plain"] is not None else raw[_LEAD.match(raw).end() :]  # type: ignore[union-attr]  # always
        ids = tuple(dict.fromkeys(i.strip("`'\"“”*[]^") for i in _BETWEEN_IDS.split(raw) if i))
        if match["plain"] is not None or (ids and all(i in known for i in ids)):
            yield FoundMark(match.start(), match.end(), ids or ("",))


def resolve(text: str, known: Mapping[str, Passage], checks: Iterable[Citation] = ()) -> Resolved:
    """Number the citations of `text`.

    known: the passages that may be cited, by id. checks: the verdicts on `text` ("seen" where there is none).
    """
    text = clean(text)
    checks = list(checks)
    overall = _weakest(checks, lambda check: check.passage)
    at_mark = _weakest(checks, lambda check: (check.mark, check.passage))
    found = list(find_marks(text, known))
    documents: dict[str, dict[str, Passage]] = {}
    for mark in found:
        for id_ in mark.ids:
            if id_ in known:
                documents.setdefault(_page(known[id_]), {})[id_] = known[id_]
    cited: dict[str, Cited] = {}
    references = []
    for number, passages in enumerate(documents.values(), 1):
        for index, (id_, passage) in enumerate(passages.items()):
            label = f"{number}{_letters(index)}" if len(passages) > 1 else str(number)
            cited[id_] = Cited(label, passage, overall.get(id_))
        references.append(_reference(number, tuple(cited[id_] for id_ in passages)))
    marks = tuple(
        Mark(
            tuple(
                Cited(cited[i].label, known[i], at_mark.get((index, i)) or at_mark.get((None, i)))
                for i in mark.ids
                if i in cited
            ),
            tuple(i for i in mark.ids if i not in cited),
        )
        for index, mark in enumerate(found)
    )
    return Resolved(with_placeholders(text, found), marks, tuple(references))


def _weakest(checks: Iterable[Citation], key: Callable[[Citation], Key]) -> dict[Key, Citation]:
    """Of several verdicts on one thing the weakest."""
    weakest: dict[Key, Citation] = {}
    for check in checks:
        standing = weakest.get(key(check), check)
        weakest[key(check)] = min(standing, check, key=lambda c: WEAKEST_FIRST.index(c.level))
    return weakest


def _page(passage: Passage) -> str:
    """The same for all addresses of one page: it is one reference, however it was reached."""
    return page_key(passage.url, variants=True) if passage.url else passage.document


def _reference(number: int, passages: tuple[Cited, ...]) -> Reference:
    def first(field: str) -> str | None:
        return next((value for c in passages if (value := getattr(c.passage, field))), None)

    document = passages[0].passage.document
    return Reference(number, document, first("title") or document, first("url"), first("date"), passages)


def _letters(index: int) -> str:
    """a, b, ... z, aa, ab, ..."""
    letters = ""
    while index >= 0:
        letters = chr(ord("a") + index % 26) + letters
        index = index // 26 - 1
    return letters


def with_placeholders(text: str, found: Iterable[FoundMark]) -> str:
    """`text` with a placeholder (syntax.PLACEHOLDER) for each of its marks."""
    pieces = []
    end = 0
    for index, mark in enumerate(found):
        pieces += [text[end : mark.start], PLACEHOLDER % index]
        end = mark.end
    return "".join([*pieces, text[end:]])


def newest_check(events: Iterable[Event]) -> Verified | None:
    """The newest check of the newest report; None where that report has not been checked."""
    events = list(events)
    report = answer(events)
    fitting = [check for check in find(events, Verified) if report and check.answered in (0, report.seq)]
    return fitting[-1] if fitting else None


def resolve_answer(events: Iterable[Event]) -> Resolved:
    """The newest report of a run with its citations resolved; empty where there is none yet."""
    events = list(events)
    report, check = answer(events), newest_check(events)
    return resolve(unfenced(report.text) if report else "", registered(events), check.citations if check else ())


def citations(events: Iterable[Event]) -> list[dict[str, Any]]:
    """Every cited passage once, in the order of the references.

    Each with `id` and `passage` (the passage's id), `number` as printed, `document`, `url`, `title`, `date`, `text`
    and `level`.
    """
    return [
        {
            "id": cited.passage.id,
            "number": cited.label,
            "document": reference.document,
            "passage": cited.passage.id,
            "url": reference.url,
            "title": reference.title,
            "date": reference.date,
            "level": cited.level,
            "text": cited.passage.text,
        }
        for reference in resolve_answer(events).references
        for cited in reference.passages
    ]


def sources(events: Iterable[Event]) -> list[dict[str, Any]]:
    """Every document that the policy was shown, in the order first shown, each with its passages in that order."""
    documents: dict[str, list[Passage]] = {}
    for passage in registered(events).values():
        documents.setdefault(passage.document, []).append(passage)
    return [
        {
            "document": document,
            "title": next((p.title for p in passages if p.title), document),
            "url": next((p.url for p in passages if p.url), None),
            "date": next((p.date for p in passages if p.date), None),
            "passages": [p.model_dump(include=_SHOWN, mode="json") for p in passages],
        }
        for document, passages in documents.items()
    ]


_SHOWN = {"id", "text", "heading", "position", "page", "language", "excerpt"}
