"""The parts that an answer must have: each is searched for, answered or declined, and shown on its own."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from .question import OPEN, Question, analyse, kind_terms
from .words import content_terms, is_comparing, is_general, other_words, pattern

FEW = 2
"""Terms of a clause that are too few to stand by themselves."""
MOST_EACH = 3
MOST = 6
"""Names that get a search of their own, and parts of one question; more would each get too little."""
MOST_SIDES = 4


@dataclass(frozen=True)
class Part:
    text: str
    """The question that it is, as it was put."""
    heading: str
    """As it is shown in the report; empty for a question of one part."""
    kinds: tuple[str, ...]
    language: str
    names: tuple[str, ...]
    phrases: tuple[str, ...]
    terms: tuple[str, ...]
    """What is asked for, in order; the names that a pronoun stands for among them."""
    name_terms: frozenset[str]
    kind_terms: frozenset[str]
    """Terms that only say what kind of answer is wanted."""
    queries: tuple[str, ...]
    """How to search for it, the closest wording first."""
    sides: tuple[str, ...] = ()
    """The things compared; empty where nothing is."""

    @property
    def kind(self) -> str:
        """The kind that decides the form of the answer."""
        return self.kinds[0] if self.kinds else OPEN

    @property
    def chinese(self) -> bool:
        """It is asked in Chinese, whatever language the names are in."""
        return self.language == "zh"

    def side(self, side: str) -> "Part":
        """The part as asked about one of the things compared."""
        others = {t for other in self.sides if other != side for t in content_terms(other)} - set(content_terms(side))
        terms = tuple(t for t in self.terms if t not in others)
        own = content_terms(side)
        terms = tuple(dict.fromkeys([*own, *(t for t in terms if not is_comparing(t))]))
        kinds = tuple(kind for kind in self.kinds if kind != "compare") or ("definition",)
        return replace(self, text=side, kinds=kinds, terms=terms, names=(side,), name_terms=frozenset(own), sides=())


def parts_of(questions: Iterable[Question]) -> list[Part]:
    """The parts of the question and of what people added to it."""
    return list(_parts_of(tuple(questions)))


@lru_cache(maxsize=16)
def _parts_of(questions: tuple[Question, ...]) -> tuple[Part, ...]:
    found: list[Part] = []
    for question in questions:
        many = len(question.clauses) > 1 or len(questions) > 1
        clauses = [analyse(clause) for clause in question.clauses] if many else [question]
        found += [_part(clause, question, clauses[0], many) for clause in clauses]
    return tuple({part.text.casefold(): part for part in found}.values())[:MOST]


def _part(clause: Question, whole: Question, first: Question, many: bool) -> Part:
    """One clause as a part. One that names nothing, or only by a pronoun, is about the names of the whole question
    or, where it has none, about the subject of the first clause."""
    sides = compared(clause) or (compared(first) if many and "compare" in clause.kinds else ())
    asked = [t for t in content_terms(" ; ".join(clause.phrases)) if not (sides and is_comparing(t))]
    names = clause.names
    carried: tuple[str, ...] = ()
    if many and clause != first and clause.language == first.language:
        little = sum(not is_general(t) for t in asked) <= FEW
        if not names or pattern("pronoun").search(clause.text):
            names = (*names, *(n for n in _named_before(clause, whole) if n not in names))
        if not names and (little or pattern("pronoun").search(clause.text)):
            carried = first.phrases
    own = [*content_terms([*names, *carried]), *asked, *(t for side in sides for t in content_terms(side))]
    terms = tuple(_without_parts(_in_order(clause.text, own)))
    about = names or carried or _doer(clause)
    kinds = clause.kinds if sides or clause.kind != "compare" else clause.kinds[1:] or ("compare",)
    return Part(
        text=clause.text,
        heading=_heading(clause.text) if many else "",
        kinds=kinds,
        language=clause.language,
        names=names,
        phrases=clause.phrases,
        terms=terms or tuple(content_terms(clause.text)),
        name_terms=frozenset(content_terms(names)),
        kind_terms=kind_terms(clause.text, clause.kinds) - frozenset(content_terms(names)),
        queries=_queries(clause, about, asked, sides, many),
        sides=sides,
    )


def _without_parts(terms: Iterable[str]) -> list[str]:
    """The terms without those that are parts of an identifier among them: of `TechMart` the whole is enough."""
    found = list(dict.fromkeys(terms))
    cut = [{t for t in found[at + 1 : at + 4] if t in whole} for at, whole in enumerate(found)]
    parts = [own for whole, own in zip(found, cut, strict=True) if len(own) > 1 and len("".join(own)) >= len(whole) - 2]
    return [t for t in found if not any(t in own for own in parts)]


def _in_order(text: str, terms: list[str]) -> list[str]:
    """The terms in the order of the text, those that it has not first."""
    place = {term: at for at, term in enumerate(content_terms(text))}
    return sorted(terms, key=lambda term: place.get(term, -1))


def _queries(
    clause: Question, about: tuple[str, ...], asked: list[str], sides: tuple[str, ...], many: bool
) -> tuple[str, ...]:
    """Wordings to search by, without repeats."""
    words = " ".join(dict.fromkeys([*about, *clause.phrases]))
    rest = " ".join(p for p in clause.phrases if p not in sides and not all(map(is_comparing, content_terms(p))))
    each = [side if side in rest else f"{side} {rest}".strip() for side in sides]
    each += [f"{name} {' '.join(clause.phrases)}" for name in about[:MOST_EACH]] if len(about) > 1 and not sides else []
    others = " ".join([words, *(word for term in asked for word in other_words(term, 2))])
    latin = " ".join(name for name in about if name.isascii()) if clause.language == "zh" else ""
    entry = f"{words} {'术语 定义' if clause.language == 'zh' else 'glossary'}" if clause.kind == "definition" else ""
    wordings = [clause.text if many else "", words, *each, entry, latin, others, *clause.names[:MOST_EACH]]
    return tuple(dict.fromkeys(query.strip() for query in wordings if query.strip()))


def _named_before(clause: Question, whole: Question) -> tuple[str, ...]:
    """What the question names in its clauses of this language: one in another language is a question of its own."""
    clauses = [analyse(text) for text in whole.clauses]
    return tuple(n for n in whole.names if any(n in c.text and c.language == clause.language for c in clauses))


def _doer(clause: Question) -> tuple[str, ...]:
    """What does something in "how does X do it": the thing that the question is about, even if it is no name."""
    found = pattern("doer").match(clause.text)
    return (found.group(1),) if found and content_terms(found.group(1)) else ()


def _heading(clause: str) -> str:
    """The clause as a heading, without the conjunction that it may begin with."""
    opening = pattern("opening").match(clause)
    rest = clause[opening.end() :] if opening else ""
    heading = rest if content_terms(rest) else clause
    return heading[:1].upper() + heading[1:]


def compared(question: Question) -> tuple[str, ...]:
    """What the question compares; empty where it compares nothing."""
    if "compare" not in question.kinds:
        return ()
    if question.language == "zh":
        found = pattern("between_zh").search(question.text)
    else:
        found = pattern("choice").search(question.text) or pattern("between").search(question.text)
    if found:
        sides = [side.strip(" \"“”'") for side in found.groups() if side]
        sides = [
            pattern("before_zh").sub(
                "", re.sub(r"^(?:(?:the|an?|i|ordinary|normal|regular|usual|simple)\s+)+", "", s, flags=re.IGNORECASE)
            )
            for s in sides
        ]
        pieces = [piece.strip() for side in sides for piece in re.split(r"\s*(?:,|、)\s*", side)]
        pieces = [piece for piece in dict.fromkeys(pieces) if content_terms(piece)]
        if 2 <= len(pieces) <= MOST_SIDES:
            return tuple(pieces)
    return question.names[:MOST_SIDES] if len(question.names) >= 2 else ()
