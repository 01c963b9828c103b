"""A pattern in words: the question, and the plan that its solver would follow."""

import random
import re
from collections.abc import Callable, Sequence

from .drawing import described, hops
from .evidence import plain_number
from .generation import words_of
from .graph import KnowledgeGraph
from .patterns import PatternQuery
from .records import Clue, Pattern
from .relations import Wording, kind_word, measure_word, tail_text, with_article, wording

_CONSONANT = re.compile(r"eu|ewe|one\b|once\b", re.IGNORECASE)
"""Begins words that sound as if with a consonant."""


class QuestionWriter:
    """Words patterns in one language."""

    def __init__(self, query: PatternQuery, language: str) -> None:
        self._query = query
        self._graph: KnowledgeGraph = query.graph
        self._language = language

    def question(self, pattern: Pattern, rng: random.Random) -> str:
        """The question that the pattern's entity answers."""
        # Short clues come first: what follows a nested one would be read as a part of it.
        clues = sorted(pattern.clues, key=lambda clue: hops(clue.value) if clue.value else 0)
        verbs = [self._verb(clue) for clue in clues if not clue.rank]
        ranked = next((clue for clue in clues if clue.rank), None)
        kind = self._kind(pattern)
        nested = sum(bool(clue.value and clue.value.clues) for clue in clues)
        if self._language == "zh":
            return _chinese(kind, verbs, self._superlative(ranked) if ranked else "", rng)
        return _english(kind, verbs, self._superlative(ranked) if ranked else "", nested, rng)

    def plan(self, pattern: Pattern) -> list[str]:
        """Steps to the answer: what is described has to be found first, the innermost at first."""
        told = [self.phrase(part) for part in described(pattern)]
        return [f"找出{what}。" if self._language == "zh" else f"Identify {what}." for what in told]

    def phrase(self, pattern: Pattern) -> str:
        """The entity as it is spoken of within a sentence."""
        zh = self._language == "zh"
        kind = self._kind(pattern)
        if pattern.name and pattern.name_language:
            tongue = words_of("questions", self._language)[pattern.name_language]
            return (
                f"{tongue}里叫做“{pattern.name}”的{kind}" if zh else f'the {kind} called "{pattern.name}" in {tongue}'
            )
        if pattern.name:
            return pattern.name if zh else with_article(pattern.name)
        verbs = [self._verb(clue) for clue in pattern.clues if not clue.rank]
        unique = len(self._query.solve(pattern)) == 1
        if zh:
            measure = measure_word(kind)
            told = "、".join(v.lstrip("的") for v in verbs)
            which = f"某{measure}" if not unique else f"那{measure}" if told.startswith("与") else ""
            return f"{which}{told}的{kind}"
        rank = next((clue for clue in pattern.clues if clue.rank), None)
        best = f" and, of all these, has {self._superlative(rank)}" if rank else ""
        return f"{'the' if unique else article(kind)} {kind} that {' and '.join(verbs)}{best}"

    def search_text(self, clue: Clue, names: Callable[[Pattern], str]) -> str:
        """What to search for to find the entity of which a clue is told. names: what each entity is called."""
        if clue.value is None:
            return self._words(clue).key
        form = self._words(clue).form(self._language, "vp" if clue.forward else "inverse") or "{}"
        return form.format(names(clue.value)).lstrip("的")

    def _verb(self, clue: Clue) -> str:
        words = self._words(clue)
        if clue.value is None:
            assert clue.low is not None and clue.high is not None
            bounds = plain_number(clue.low), plain_number(clue.high)
            special = words.form(self._language, {0: "none", 1: "one"}.get(int(clue.low), "exact"))
            exact = special or words.form(self._language, "exact") if clue.low == clue.high else None
            return exact.format(bounds[0]) if exact else (words.form(self._language, "between") or "").format(*bounds)
        inner = clue.value.clues[0] if len(clue.value.clues) == 1 else None
        shared = words.form(self._language, "shared") if clue.forward else None
        if shared and inner and inner.value and inner.relation == clue.relation and not inner.forward:
            return shared.format(self.phrase(inner.value))
        forms = ("nested", "vp") if clue.forward and clue.value.clues else ("vp",) if clue.forward else ("inverse",)
        form = next(filter(None, (words.form(self._language, form) for form in forms)), "{}")
        return form.format(self._tail(words, clue.value) if clue.forward else self.phrase(clue.value))

    def _tail(self, words: Wording, value: Pattern) -> str:
        named = value.name and not value.name_language
        return tail_text(words, self._language, value.name) if named else self.phrase(value)

    def _superlative(self, clue: Clue) -> str:
        place = clue.rank or 1
        form = self._words(clue).form(self._language, "largest" if place > 0 else "smallest") or "{}"
        return form.format(words_of("questions", self._language)["ordinals"][abs(place) - 1])

    def _words(self, clue: Clue) -> Wording:
        return wording(clue.relation, self._graph.relation_labels.get(clue.relation, ""))

    def _kind(self, pattern: Pattern) -> str:
        if not pattern.kind:
            return "事物" if self._language == "zh" else "thing"
        kind = self._query.numbers[pattern.kind]
        forms = (
            wording(self._graph.relations[relation]).form(self._language, "kind")
            for relation in self._query.class_relations
            if self._graph.has_edge(self._query.numbers[pattern.entity], relation, kind)
        )
        return kind_word(self._graph.name(kind, self._language), next(forms, None) or "{}")


def _english(kind: str, verbs: list[str], superlative: str, nested: int, rng: random.Random) -> str:
    if superlative:
        return f"Consider every {kind} that {listed(verbs)}. Which of them has {superlative}?"
    if len(verbs) == 1:
        return rng.choice((f"Which {kind} {verbs[0]}?", f"Find the {kind} that {verbs[0]}. Which one is it?"))
    style = rng.randrange(3)
    if style == 0 and nested < 2:
        return f"Which {kind} {listed(verbs)}?"
    first, *others = verbs
    rest = ". ".join([_also(others[0]), *(f"It {verb}" for verb in others[1:])])
    if style == 1:
        return f"I am looking for {article(kind)} {kind} that {first}. {rest}. Which {kind} is it?"
    return f"{article(kind).capitalize()} {kind} {first}. {rest}. Which one is it?"


def _chinese(kind: str, verbs: list[str], superlative: str, rng: random.Random) -> str:
    measure = measure_word(kind)
    first, *others = verbs
    rest = [verb.lstrip("的") for verb in others]
    if rest:
        rest[-1] = f"并且{rest[-1]}"
    told = "，".join([first, *rest])
    if superlative:
        return f"考虑所有这样的{kind}：它们{told}。其中哪一{measure}{superlative}？"
    return rng.choice((f"哪{measure}{kind}{told}？", f"有一{measure}{kind}，它{told}。它是哪{measure}{kind}？"))


def listed(parts: Sequence[str], comma: str = ", ", last: str = " and ") -> str:
    """The parts one after another, `last` before the last of them."""
    return last.join(filter(None, (comma.join(parts[:-1]), parts[-1])))


def _also(verb: str) -> str:
    return f"It is also {verb[3:]}" if verb.startswith("is ") else f"It also {verb}"


def article(word: str) -> str:
    return "an" if re.match(r"[aeio]|u(?!ni(?![nm])|s[aei]|t)", word.casefold()) and not _CONSONANT.match(word) else "a"
