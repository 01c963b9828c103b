"""The words of the walk route: questions, plans, definitions of pages, and names in texts."""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from ..text.characters import has_han, normalise
from ..text.names import is_named
from ..text.wordlists import stop_words
from .generation import words_of
from .pages import LinkedPage, LinkedSentence
from .questions import article, listed

SHORTEST_DEFINITION = {"en": 45, "zh": 14}
"""Characters; a shorter one fits too many things."""
_DEFINITION = {
    "en": re.compile(
        r"^(.{2,80}?)\s(?:is|was|are|were)\s((?:an?|the|one of)\s.{15,160}?)(?:[.;]|,\s(?:and|which|who|where)\b|$)"
    ),
    "zh": re.compile(r"^(.{1,30}?)是((?:一种|一个|一类|指|用于|由)?.{6,60}?)[。．；，]"),
}


def definition_of(page: LinkedPage | None, language: str) -> str:
    """What a page's first sentence says that its subject is; empty where it says nothing of the kind."""
    first = page.paragraphs[0].text if page and page.paragraphs else ""
    found = _DEFINITION[language].match(re.sub(r"\s?\([^()]*\)", "", first))
    subject = page.title.split(" (")[0].split()[-1].casefold() if page else ""
    if not found or (language == "en" and subject not in found[1].casefold()):
        return ""
    definition = normalise(found[2]).rstrip(" ,，")
    if definition.split()[-1].casefold() in stop_words("en"):  # its end was a formula or a template
        return ""
    return definition if len(definition) >= SHORTEST_DEFINITION[language] else ""


_SHAPES = (
    (re.compile(r"[~/]|\w+/"), ("path", "路径")),
    (re.compile(r"-{1,2}\w"), ("option", "选项")),
    (re.compile(r"[\w.]+\(\)$"), ("function", "函数")),
    (re.compile(r"[\w.-]+\.(?:com|org|net|example)$"), ("domain name", "域名")),
    (re.compile(r"[\w*-]+\.[a-z]{2,5}$"), ("file name", "文件名")),
    (re.compile(r"\.[a-z]+$"), ("suffix", "后缀")),
    (re.compile(r"[a-z_.:]"), ("name set as code", "代码名称")),
)
"""What a name set as code is, by its form."""
_NUMBER = re.compile(
    r"(?P<time>\b(?i:in|since|until|by|from|of|after|before|during) (?:[A-Z][a-z]+ )?|[A-Z][a-z]+ \d{1,2}, )?"
    r"(?<![A-Za-z0-9.,/:-])(?P<number>\d{1,3}(?:,\d{3})+|\d+\.\d+|\d{3,6})(?![A-Za-z0-9/:-]|[.,]\d)(?P<year>年)?"
)


@dataclass(frozen=True)
class PagePlace:
    """Where on a page a name is."""

    form: str
    """page; company: beside another name; number; year; heading; entry: where a term is explained."""
    name: str = ""
    shown: str = ""
    """The name as the page writes it."""

    def holds(self, sentence: LinkedSentence) -> bool:
        """Whether a sentence of the page is there."""
        if self.form in ("heading", "entry"):
            return self.name == (sentence.heading if self.form == "heading" else sentence.term)
        return not self.name or self.name in sentence.links or is_named(self.name, normalise(sentence.text))


def numbers_in(text: str) -> Iterator[PagePlace]:
    """Places beside the numbers and years of a sentence, small ones left out."""
    for found in _NUMBER.finditer(text):
        number = found["number"]
        is_year = re.fullmatch(r"1\d{3}|20\d\d", number) and (found["time"] or found["year"])
        yield PagePlace("year" if is_year else "number", number, number)


def shape_of(answer: str) -> tuple[str, str] | None:
    """What a name set as code is by its form, in English and Chinese; None for names of other things."""
    return next((words for pattern, words in _SHAPES if pattern.match(answer)), None)


def question_text(
    language: str, clues: Sequence[tuple[str, PagePlace]], answer: str, sort: str, rng: random.Random
) -> str:
    """The question. clues: for each page how it is spoken of, and the place on it. sort: page, code, name or term."""
    zh = language == "zh"
    if all(place.form == "page" for _, place in clues):
        pages = [_page(language, page) for page, _ in clues]
        if zh:
            return f"{listed(pages, '、', '和')}都提到了哪个另有页面介绍的主题？"
        return f"Which page do {listed(pages, ', ', ' and ')} {'both' if len(pages) == 2 else 'all'} refer to?"
    shape = shape_of(answer) if sort == "code" else None
    what = shape[zh] if shape else str(words_of("walk", language)["sorts"][sort])
    parts = [where(language, page, place) for page, place in clues]
    if zh:
        told = "出现，也".join(parts)
        return rng.choice(
            (f"哪个{what}{told}出现？", f"有一个{what}，它{told}出现。它是什么？", f"请找出{told}出现的{what}。")
        )
    told = listed(parts, "; ", ", and ")
    return rng.choice(
        (
            f"Which {what} is mentioned {told}?",
            f"I am trying to recall {article(what)} {what}. It comes up {told}. What is it?",
            f"One {what} appears {told}. Which {what} is it?",
        )
    )


def where(language: str, page: str, place: PagePlace) -> str:
    """A place in words."""
    return str(words_of("walk", language)[place.form]).format(thing=place.shown, page=_page(language, page))


def _page(language: str, page: str) -> str:
    is_title = page.startswith("“")
    if language == "zh":
        return f"页面{page}" if is_title else f"介绍“{page}”的页面"
    return f"the page {page}" if is_title else f"the page about {page}"


def plan_steps(language: str, clues: Sequence[tuple[str, PagePlace]]) -> list[str]:
    """Find each page, and list what is named at its place."""
    if language == "zh":
        return [f"列出{where(language, page, place)}出现的名称。" for page, place in clues]
    return [f"List what is named {where(language, page, place)}." for page, place in clues]


def named_as(name: str, text: str) -> str:
    """How a text writes a name; empty where it does not."""
    found = re.search(rf"(?<!\w){re.escape(name)}(?!\w)" if not has_han(name) else re.escape(name), text, re.IGNORECASE)
    return found[0] if found else ""


def bare(title: str) -> str:
    """A title without what tells namesakes apart."""
    return re.sub(r"\s[(（][^()（）]*[)）]$", "", title)


def resemble(one: str, other: str) -> bool:
    """Whether one name is in the other, or they share a word, its beginning, or two Chinese characters in a row."""
    shorter, longer = sorted((name.casefold().strip("./()-") for name in (one, other)), key=len)
    if len(shorter) > 2 and shorter in longer:
        return True
    if has_han(one) and has_han(other):
        return any(one[i : i + 2] in other for i in range(len(one) - 1))
    words = (re.findall(r"\w{4,}", name.casefold()) for name in (one, other))
    return any(a.startswith(b[:6]) or b.startswith(a[:6]) for a, b in product(*words))
