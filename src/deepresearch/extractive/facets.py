"""The parts that an answer must have: each its own search, its own evidence and its own section of the report."""

import re
from dataclasses import dataclass

from .question import Question, analyse
from .words import content_terms, is_comparing, is_general, other_words, question_terms

_BETWEEN = re.compile(
    r"(?:between|compare|comparing|contrast|how (?:do|does|did|are|is))\s+"
    r"(?P<a>.+?)\s+(?:and|with|to|versus|vs\.?|from)\s+"
    r"(?P<b>.+?)(?=\s+(?:differ\w*|compare\w*|in|for|when|with|regarding|on|as)\b|[?,;]|\.\s|\.?$)"
    r"|(?P<c>[^,;?]+?)\s+(?:versus|vs\.?)\s+(?P<d>[^,;?]+)",
    re.IGNORECASE,
)
_BETWEEN_ZH = re.compile(
    r"(?P<a>[\w.+\- ]{1,40}?)\s*(?:与|和|跟|同|及|以及|vs)\s*(?P<b>[\w.+\- ]{1,40}?)\s*(?:之间|相比|在|的|有|各|之)"
    r"[^，。？；]{0,30}?(?:区别|差异|差别|不同|异同|比较|对比|优劣|优缺点)"
)
_OPENING = re.compile(
    r"(?:并且|而且|以及|但是|或者|还有|然后|那么|另外|此外|并(?![行发列联网购入存排])|[而但])[，,]?\s*|(?:and|but|or|also)[:,]?\s+",
    re.IGNORECASE,
)
"""What ties a clause to the one before it; above a section it would be a fragment."""
_BEFORE_ZH = re.compile(r"^.*(?:请|比较|对比|一下|中|里|下|的|在)\s*(?=[\w])")
_DOER = re.compile(
    r"(?:how|why|when|where|what)\s+(?:do|does|did|is|are|was|were|can)\s+(?:(?:the|an?)\s+)?([\w.+/-]+)\s+\w",
    re.IGNORECASE,
)
_CODE = re.compile(r"[a-z][A-Z]|\w[._]\w|\(\)$")
FEW = 2
"""Terms of a clause that are too few to stand by themselves."""
GLOSSARY = {"en": "glossary", "zh": "术语 定义"}
"""What stands over definitions."""
MOST_EACH = 3
MOST = 6
"""Names that get a search of their own, and facets of one question; more would each get too little."""


@dataclass(frozen=True)
class Facet:
    heading: str
    """As it stands in the report."""
    subjects: tuple[tuple[str, ...], ...]
    """Terms of each thing it is about; the document around a sentence may supply them."""
    aspects: tuple[str, ...]
    """Terms of what is asked about it; the sentence itself should have them."""
    queries: tuple[str, ...]
    """How to search for it, the closest wording first."""
    kind: str
    """Kind of its question."""
    language: str
    literal: tuple[str, ...] = ()
    """Identifiers among the things ("taskgroup"): many a sentence has a task and a group."""
    together: bool = False
    """All the things must stand in the sentence: it then says how they relate."""

    @property
    def chinese(self) -> bool:
        """It is asked in Chinese, whatever language the names are in."""
        return self.language == "zh"

    @property
    def subject(self) -> tuple[str, ...]:
        """Terms of all the things together."""
        return tuple(dict.fromkeys(term for terms in self.subjects for term in terms))


def facets_of(questions: list[Question]) -> list[Facet]:
    """The facets of the question and of what people added to it."""
    found: list[Facet] = []
    for question in questions:
        many = len(question.clauses) > 1 or len(questions) > 1
        parts = [analyse(clause) for clause in question.clauses] if many else [question]
        for part in parts:
            found += _of_clause(part, question, parts[0], many)
    return list({facet.heading.casefold(): facet for facet in found}.values())[:MOST]


def _of_clause(part: Question, whole: Question, first: Question, many: bool) -> list[Facet]:
    """The facets of one clause. A clause that says little by itself ("which tools are there?") goes on about the
    names of the whole question or, where it has none, about the subject of the first clause."""
    if sides := compared(part):
        return _of_comparison(part, whole, sides)
    asked = [t for t in question_terms(" ; ".join(part.phrases)) if not is_comparing(t)]
    about = part.names or (_named_before(part, whole) if many else ()) or _doer(part)
    alike = part != first and part.language == first.language
    if not about and alike and sum(not is_general(t) for t in asked) <= FEW:
        about = first.phrases
    subjects = tuple(tuple(content_terms(name)) for name in about)
    aspects = tuple(t for t in asked if not any(t in terms for terms in subjects))
    words = " ".join([*about, *part.phrases])
    each = [f"{name} {' '.join(part.phrases)}" for name in about[:MOST_EACH]] if len(about) > 1 else []
    others = " ".join([*about, *(word for aspect in aspects for word in other_words(aspect))]) if not about else ""
    glossary = f"{words} {GLOSSARY[part.language]}" if part.kind == "definition" else ""
    latin = " ".join(name for name in about if name.isascii()) if part.language == "zh" else ""
    wordings = [part.text if many else "", words, *each, glossary, others, latin]
    queries = dict.fromkeys(query.strip() for query in wordings if query.strip())
    heading = _heading(part.text) if many else ""
    literal = tuple(name.rpartition(".")[2].removesuffix("()").casefold() for name in about if _CODE.search(name))
    return [Facet(heading, subjects, aspects, tuple(queries), part.kind, part.language, literal)]


def _named_before(part: Question, whole: Question) -> tuple[str, ...]:
    """What the question names in its parts of this language: one in another language is a question of its own."""
    parts = [analyse(clause) for clause in whole.clauses]
    return tuple(n for n in whole.names if any(n in p.text and p.language == part.language for p in parts))


def _doer(part: Question) -> tuple[str, ...]:
    """What does something in "how does X do it": the thing that the question is about, even if it is no name."""
    found = _DOER.match(part.text)
    return (found.group(1),) if found and content_terms(found.group(1)) else ()


def _heading(clause: str) -> str:
    """The clause as a heading, without the conjunction that it may begin with."""
    opening = _OPENING.match(clause)
    rest = clause[opening.end() :] if opening else ""
    heading = rest if content_terms(rest) else clause
    return heading[:1].upper() + heading[1:]


def _of_comparison(part: Question, whole: Question, subjects: tuple[str, ...]) -> list[Facet]:
    """One facet for what is said of all compared things together, and one for each of them."""
    own = {t for subject in subjects for t in content_terms(subject)}
    named = {t for name in whole.names for t in content_terms(name)}
    rest = [words for phrase in part.phrases if (words := _without(phrase, own))]
    rest = rest or [words for phrase in whole.phrases if (words := _without(phrase, own))]
    aspects = tuple(t for t in question_terms(" ; ".join(rest)) if t not in own | named)
    return [
        _of_both(part, subjects, aspects),
        *(_of_subject(subject, rest, aspects, part.language) for subject in subjects),
    ]


def _of_both(part: Question, subjects: tuple[str, ...], aspects: tuple[str, ...]) -> Facet:
    """What is said of the compared things in one breath."""
    terms = tuple(tuple(content_terms(subject)) for subject in subjects)
    heading = (" 与 " if part.language == "zh" else " / ").join(subjects)
    query = " ".join([*subjects, *part.phrases])
    return Facet(heading, terms, aspects, (part.text, query), "comparison", part.language, together=True)


def _of_subject(subject: str, rest: list[str], aspects: tuple[str, ...], language: str) -> Facet:
    """One of the compared things, with what is asked about both."""
    queries = [f"{subject} {' '.join(rest)}".strip()]
    queries += [f"{subject} {phrase}" for phrase in rest[:2]] if len(rest) > 1 else [subject]
    return Facet(
        subject, (tuple(content_terms(subject)),), aspects, tuple(dict.fromkeys(queries)), "comparison", language
    )


def _without(phrase: str, terms: set[str]) -> str:
    """The phrase without words that only say that something is compared, or that are among `terms`."""
    words = phrase.split()
    kept = [w for w in words if any(t not in terms and not is_comparing(t) for t in content_terms(w))]
    return " ".join(kept) if any(not is_general(t) for w in kept for t in content_terms(w)) else ""


def compared(question: Question) -> tuple[str, ...]:
    """What the question compares; empty where it compares nothing."""
    if question.kind != "comparison":
        return ()
    pattern = _BETWEEN_ZH if question.language == "zh" else _BETWEEN
    if found := pattern.search(question.text):
        sides = [side.strip(" \"“”'") for side in found.groups() if side]
        sides = [_BEFORE_ZH.sub("", re.sub(r"^(?:the|a|an)\s+", "", side, flags=re.IGNORECASE)) for side in sides]
        pieces = [piece for side in sides for piece in re.split(r"\s*(?:,|、)\s*", side) if content_terms(piece)]
        if 2 <= len(pieces) <= 4:
            return tuple(pieces)
    return question.names[:4] if len(question.names) >= 2 else ()
