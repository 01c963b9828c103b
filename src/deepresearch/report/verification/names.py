"""Names of a claim: does the passage, or its title, hold each of them?"""

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import takewhile

from ...text.characters import CJK, HAN, fold_accents, has_han, normalise
from ...text.names import Name, chinese_names, names_in
from ...text.sentences import split_sentences
from ...text.terms import content_terms
from ...text.wordlists import request_words, stop_words, tables, word_set
from .faults import Fault, missing, say
from .reading import Reading

_LETTER = rf"(?:(?![{CJK}])\w)"
"""Of words; Chinese and its neighbours have none."""
_WORD = re.compile(rf"(?!\d|_){_LETTER}(?:(?:{_LETTER}|['’&.-])*{_LETTER})?")
_ENDS = ".!?:;\n。！？：；"
_IS = re.compile(r"\s+(?:is|was)\b")
"""A word before it is what its sentence is about, not a verb or an adjective that has its capital for opening it."""
_COMPARED = re.compile(
    r"\b(?:than|unlike|versus|vs\.?|instead of|replace[sd]|supersede[sd]|compared (?:with|to)|as opposed to"
    r"|differ\w* from)\s+(?:(?:the|an?|its|their|any|other)\s+)*(?P<other>[^\W\d][^\n,;:!?()]*)",
    re.IGNORECASE,
)
"""What follows is a thing that a claim compares with its subject."""
_CODE = re.compile(r"(?<![\w./:-])(?:--[a-z][\w-]+|(?:/[\w.+-]*\w){2,}|\.[a-z]\w{0,7})(?![\w/])")
"""Options, paths and endings of files, which are named as they are."""
_BARE = re.compile(
    rf"(?:[它他她这那]|答案)?[是为在]?(?=[{HAN}·\d]{{1,8}}[。]?$)"
    r"|(?:(?:it|this|that|he|she|they|these|the answer)(?:'s|\s+(?:is|was|are|were))\b)?(?:\s*(?:in|on|at|by|the)\b)*",
    re.IGNORECASE,
)
"""What an answer that is only a name or a number opens with."""
LONGEST_BARE = 9
"""Characters of such an answer in Chinese."""


@cache
def _no_names() -> frozenset[str]:
    own = [*tables(__package__)["names"]["common"].split(), *tables(__package__)["names"]["titles"].split()]
    return stop_words("en") | word_set("names", "calendar") | frozenset(own)


@cache
def _same_names() -> tuple[frozenset[str], ...]:
    return tuple(frozenset(row.split()) for row in tables(__package__)["names"]["same"])


def check(claim: Reading, passage: Reading, evidence: str) -> list[Fault]:
    """The names of the claim of which a word is neither in the passage nor in its title, and what it compares with."""
    text = normalise(claim.text)
    lacking = [
        name.text
        for name in ([] if text.isupper() else names_in(text, question=True))
        if not all(_is_named(word, passage) for word in _words(name, text))
    ]
    lacking += [name.text for name in chinese_names(text) if not _holds(name.text, passage.plain)]
    lacking += [code for code in _CODE.findall(text) if code.strip(".") not in passage.plain]
    lacking += [other for other in _compared(text) if passage.vocabulary.isdisjoint(content_terms(other))]
    return [Fault("name", name, missing("name", name, (), text)) for name in dict.fromkeys(lacking)]


def unasked(claim: Reading, passage: Reading, question: str) -> list[Fault]:
    """A fault where the claim is only a name or a number, and what `question` asks is not said where the passage has
    it: in the same sentence, the one before or after, or the title. "" for a question that is not known."""
    body = _BARE.sub("", normalise(claim.text).strip(_ENDS), count=1).strip()
    own = {term for term in content_terms(body) if len(term) > 1 or term.isdigit()}
    named = set(content_terms(" ".join(name.text for name in names_in(body, question=True))))
    parts = [set(content_terms(part)) - own - request_words("en") for part in split_sentences(question)]
    asked = [{t for t in part if stop_words("zh").isdisjoint(t)} for part in parts]
    is_bare = all(term in named or has_han(term) or any(c.isdigit() for c in term) for term in own)
    if not (own and any(asked) and is_bare) or (has_han(body) and len(body) > LONGEST_BARE):
        return []
    near = [
        passage.around.union(*(sentence.terms for sentence in passage.sentences[max(0, n - 1) : n + 2]))
        for n, sentence in enumerate(passage.sentences)
        if own <= sentence.terms
    ]
    if any(part & terms for part in asked for terms in near):
        return []
    return [Fault("name", body, say(claim.text, "unasked", words=body))]


def _words(name: Name, text: str) -> Iterator[str]:
    """The distinctive words of a name; the first of a sentence may have its capital for that alone."""
    for match in _WORD.finditer(name.text):
        word = match.group().rstrip(".")
        is_open = _opens(text, name.start + match.start()) and not _IS.match(text, name.start + match.end())
        capital = any(c.isupper() for c in (word[1:] if is_open else word))
        if capital and len(word) > 1 and word.casefold().removesuffix("'s") not in _no_names():
            yield word


def _compared(text: str) -> Iterator[str]:
    """What the text compares something with, up to the first word without content."""
    for match in _COMPARED.finditer(text):
        words = takewhile(lambda word: word.casefold().strip(_ENDS) not in stop_words("en"), match["other"].split())
        if content_terms(other := " ".join(words).rstrip(_ENDS)):
            yield other


def _opens(text: str, position: int) -> bool:
    """Whether a sentence, a quotation or a label starts here, so that a capital says nothing."""
    before = text[:position].rstrip(" '\"([-*")
    return not before or before[-1] in _ENDS


@lru_cache(maxsize=2048)
def _vocabulary(text: str) -> frozenset[str]:
    """The words of a passage, folded, compounds and possessives also in their parts."""
    found: set[str] = set()
    for word in set(_WORD.findall(_folded(text))):
        bare = word.removesuffix("'s").removesuffix("'").rstrip(".")
        found.add(bare)
        found.update(part for part in re.split(r"[-.&'/]", bare) if part)
        found.update(part.replace(".", "") for part in re.split(r"[-&/]", bare))
    return frozenset(found)


def _folded(text: str) -> str:
    return fold_accents(text.casefold())


def _is_named(name: str, passage: Reading) -> bool:
    known = _vocabulary(passage.plain)
    word = _folded(name).removesuffix("'s").removesuffix("'").rstrip(".")
    if word in known or word.replace(".", "") in known or word.replace("-", "") in known:
        return True
    if any(word.replace(".", "") in same and same & known for same in _same_names()):
        return True
    parts = [part for part in re.split(r"[-.&'/]", word) if len(part) > 1]
    if len(parts) > 1 and all(_has(part, known) for part in parts):
        return True
    return _has(word, known) or _is_abbreviated(name, passage.plain)


def _has(word: str, known: frozenset[str]) -> bool:
    """The word, or one with the same beginning: Japan, Japanese; Germany, German."""
    if word in known or word.rstrip("s") in known or word + "s" in known:
        return True
    stem = word[: max(4, len(word) - 3)]
    return len(word) >= 5 and any(
        other.startswith(stem) and abs(len(other) - len(word)) <= 3 and len(other) >= 4 for other in known
    )


def _is_abbreviated(name: str, text: str) -> bool:
    """Whether capitals such as WHO are the initials of words of the text."""
    letters = name.replace(".", "").rstrip("s")
    if not (2 <= len(letters) <= 6 and letters.isupper() and letters.isalpha()):
        return False
    gap = r"[\w'-]*(?:\s+(?:of|the|and|for|in|on|de|to|&))*[\s-]+"
    return bool(re.search(r"\b" + gap.join(re.escape(c) for c in letters), text, re.IGNORECASE))


def _holds(name: str, text: str) -> bool:
    """The name, or for a long one every pair of its characters."""
    if name in text:
        return True
    pairs = {name[i : i + 2] for i in range(len(name) - 1)}
    return len(name) > 3 and all(pair in text for pair in pairs)
