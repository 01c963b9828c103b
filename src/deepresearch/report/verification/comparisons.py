"""What a claim compares: two things, of which the second is not the first, and which the passage both names."""

import re
from collections.abc import Iterator

from ...text.characters import HAN, normalise
from ...text.names import names_in
from ...text.terms import content_terms
from ...text.wordlists import stop_words, tables
from .faults import Fault, missing, say
from .reading import Reading

_ARTICLES = r"(?:(?:the|an?|its|their|any|other)\s+)*"
_BESIDE = re.compile(
    r"\b(?:than|unlike|versus|vs\.?|(?:instead|in place|takes? the place|took the place) of|replace[sd]|supersede[sd]"
    r"|compared (?:with|to)|as opposed to"
    r"|(?:advantages?|benefits?|improvements?|preferred|preferable|superior|inferior)(?:\s\w+){0,2}\s(?:over|to)"
    r"|(?:differ\w*|different|distinct|distinguish\w*) from)\s+" + _ARTICLES + r"(?P<other>\w[^\n,;:!?()]*)",
    re.IGNORECASE,
)
_BESIDE_ZH = re.compile(
    r"(?:不同于|区别于|优于|劣于|快于|慢于|相较于|相比于|而不是|(?<![同环对占正反相])比(?![赛例如率重较分特亚值方]))"
    rf"\s?(?P<other>[{HAN}\w.@/-]{{2,20}}?)\s?"
    r"(?=更|还要|要|较|[高低多少大小快慢好差长短强弱新旧]|[，。；、]|$)"
)
_ENDS = ".'\""


def check(claim: Reading, passage: Reading, evidence: str) -> list[Fault]:
    """A fault where the claim compares a thing with itself, or with one that the passage and its title do not have."""
    text = normalise(claim.text)
    faults = []
    for start, other, ends in _others(text):
        terms = content_terms(other)
        if terms and not any(term in passage.vocabulary for term in terms) and not any(c.isdigit() for c in other):
            faults.append(Fault("name", other, missing("name", other, (), text)))
        elif terms and ends and _is_subject(other, text[:start]):
            faults.append(Fault("word", other, say(text, "with_itself", words=other)))
    return faults


def _others(text: str) -> Iterator[tuple[int, str, bool]]:
    """What is compared with: where its comparison starts, its words, and whether its clause ends with them."""
    no_content = stop_words("en") | frozenset(tables(__package__)["names"]["common"].split())
    for match in _BESIDE.finditer(text):
        words = match["other"].split()
        many = next((n for n, word in enumerate(words) if word.casefold().strip(_ENDS) in no_content), len(words))
        yield match.start(), " ".join(words[:many]).strip(_ENDS), many == len(words)
    for match in _BESIDE_ZH.finditer(text):
        yield match.start(), match["other"], True


def _is_subject(other: str, before: str) -> bool:
    """The sentence opens with these words, or with a name with which they end ("the default class jsonb_ops")."""
    opening, whole = re.sub(rf"^\W*{_ARTICLES}", "", before, flags=re.IGNORECASE), other.casefold()
    named = {name.text.casefold() for name in names_in(opening, question=True) if name.start == 0}
    return bool(re.match(rf"{re.escape(whole)}(?![\w-])", opening.casefold())) or whole.split()[-1] in named
