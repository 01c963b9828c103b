"""Words put in the place of others, by sources that know nothing of the checker: WordNet, and lists written by hand.

WordNet (the entities and hypernym edges of $DEEPRESEARCH_SHARED/data/kg_wn18rr): a word gives way to a sibling, another
word under the same hypernym ("process" to "event"). By hand (substitutes.toml): Chinese words of one class, English and
Chinese opposites, and ways to deny, to be sure and to widen. A pair of opposites that is also in the checker's own list
is left out, so that nothing here is planted that the checker knows by heart.
"""

import random
import re
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

from deepresearch.report.verification.wordlists import pairs
from deepresearch.text.terms import stem

from .corpus import DATA

Swap = Callable[[str, random.Random], tuple[str, str, str] | None]
"""(sentence, chance) -> (the sentence changed, the old word, the new one), or None where there is no place for it."""

_WORD = re.compile(r"(?<![\w'-])[a-z]{4,}(?![\w'-])")
_FUNCTION_WORDS = frozenset(
    "about above across after against along also although among another around because been before being below "
    "between both could does doing done during each either else even ever every from have having here into itself "
    "just less like made make many more most much must near need neither never next none nothing once only onto other "
    "over same shall should since some such than that their them then there these they this those though through thus "
    "under until upon used very well were what when where which while whom whose will with within without would your "
    "first second third four five seven eight nine twelve hundred thousand million billion several another".split()
)


@cache
def by_hand() -> dict[str, Any]:
    """The tables of substitutes.toml."""
    return tomllib.loads((Path(__file__).parent / "substitutes.toml").read_text(encoding="utf-8"))


@cache
def _siblings() -> dict[str, tuple[str, ...]]:
    """For each English word of WordNet those that share a hypernym with its first sense; single words only."""
    words: dict[str, str] = {}
    for line in (DATA / "kg_wn18rr/entity2text.txt").read_text(encoding="utf-8").splitlines():
        entity, _, text = line.partition("\t")
        word = text.partition(",")[0].strip().lower()
        if re.fullmatch("[a-z]{3,}", word):
            words[entity] = word
    above: dict[str, set[str]] = defaultdict(set)
    below: dict[str, set[str]] = defaultdict(set)
    for name in ("train", "valid", "test"):
        for line in (DATA / f"kg_wn18rr/{name}.txt").read_text(encoding="utf-8").splitlines():
            one, relation, other = line.split("\t")
            if relation == "_hypernym" and one in words:
                above[words[one]].add(other)
                below[other].add(words[one])
    return {
        word: tuple(sorted(found))
        for word, parents in above.items()
        if (found := set().union(*(below[p] for p in parents)) - {word})
    }


def sibling(sentence: str, chance: random.Random) -> tuple[str, str, str] | None:
    """One English word, or its plural, changed for a WordNet sibling that the sentence does not hold."""
    places = [m for m in _WORD.finditer(sentence) if m.group() not in _FUNCTION_WORDS]
    chance.shuffle(places)
    for place in places:
        word = place.group()
        plural = word not in _siblings() and word.endswith("s")
        base = word[:-1] if plural else word
        near = [w for w in _siblings().get(base, ()) if w[:4] != base[:4] and w not in sentence.lower()]
        if near:
            new = chance.choice(near) + ("s" if plural else "")
            return _put(sentence, place, new)
    return None


def exchanged(sentence: str, chance: random.Random) -> tuple[str, str, str] | None:
    """Two English nouns or verbs of a sentence in the place of each other, with other words than "and" between them."""
    places = [m for m in _WORD.finditer(sentence) if m.group() in _siblings() and m.group() not in _FUNCTION_WORDS]
    pairs = [(a, b) for a, b in combinations(places, 2) if len(_WORD.findall(sentence[a.end() : b.start()])) > 0]
    if not pairs:
        return None
    one, other = chance.choice(pairs)
    middle = sentence[one.end() : other.start()]
    changed = sentence[: one.start()] + other.group() + middle + one.group() + sentence[other.end() :]
    return (changed, one.group(), other.group()) if one.group() != other.group() else None


def class_zh(sentence: str, chance: random.Random) -> tuple[str, str, str] | None:
    """One Chinese word changed for another of its class, from the lists by hand."""
    return _one_of(sentence, chance, _table(tuple(by_hand()["classes"]["zh"])), bounded=False)


def opposite(language: str) -> Swap:
    """One word changed for its opposite, from the lists by hand without the checker's own pairs."""
    known = {(a, b) for one, other in pairs(language) for x, y in ((one, other), (other, one)) for a in x for b in y}
    reduce = stem if language == "en" else str
    rows = [row for row in by_hand()["opposites"][language] if tuple(map(reduce, row.split())) not in known]
    table = _table(tuple(rows))
    return lambda sentence, chance: _one_of(sentence, chance, table, bounded=language == "en")


def turned(kind: str, language: str) -> Swap:
    """Words changed so that the sentence denies (negation), is sure (hedge) or widens (scope), in other words than not,
    may and all."""
    table = {old: [new] for old, new in by_hand()["turned"][f"{kind}_{language}"]}
    return lambda sentence, chance: _one_of(sentence, chance, table, bounded=language == "en")


def _table(rows: tuple[str, ...]) -> dict[str, list[str]]:
    table: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        for word in row.split():
            table[word] += [other for other in row.split() if other != word]
    return table


def _one_of(
    sentence: str, chance: random.Random, table: dict[str, list[str]], bounded: bool
) -> tuple[str, str, str] | None:
    edge = r"\b" if bounded else ""
    some = "|".join(re.escape(word) for word in sorted(table, key=len, reverse=True))
    places = list(re.finditer(f"{edge}(?:{some}){edge}", sentence))
    chance.shuffle(places)
    for place in places:
        fitting = [word for word in table[place.group()] if word not in sentence]
        if fitting:
            return _put(sentence, place, chance.choice(fitting))
    return None


def _put(sentence: str, place: re.Match[str], new: str) -> tuple[str, str, str]:
    return sentence[: place.start()] + new + sentence[place.end() :], place.group(), new


def swaps(language: str) -> Iterator[tuple[str, Swap]]:
    """(name, swap) of each way to change one content word of a sentence."""
    yield ("sibling", sibling) if language == "en" else ("class", class_zh)
    yield "opposite", opposite(language)
    if language == "en":
        yield "exchanged", exchanged
