"""The words of the walk route: questions, plans, definitions of pages, and names in texts."""

import random
import re
from collections.abc import Sequence

from ..text.characters import has_han, normalise
from .pages import LinkedPage

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
    first = page.paragraphs[0][0] if page and page.paragraphs else ""
    found = _DEFINITION[language].match(re.sub(r"\s?\([^()]*\)", "", first))
    subject = page.title.split(" (")[0].split()[-1].casefold() if page else ""
    if not found or (language == "en" and subject not in found[1].casefold()):
        return ""
    definition = normalise(found[2]).rstrip(" ,，")
    return definition if len(definition) >= SHORTEST_DEFINITION[language] else ""


def question_text(language: str, clues: Sequence[tuple[str, str]], rng: random.Random) -> str:
    plain = all(not thing for _, thing in clues)
    if language == "zh":
        parts = [
            f"在{_article_zh(page)}里" + (f"与“{thing}”在同一句中被提到" if thing else "被提到")
            for page, thing in clues
        ]
        told = "，又".join(parts)
        if plain:
            return f"有一个主题，本身有专门的文章，{told}。它是什么？"
        return rng.choice((f"什么{told}？", f"有一个名称，它{told}。它是什么？"))
    parts = [(f"in the same sentence as {thing} in " if thing else "in ") + _article(page) for page, thing in clues]
    told = ", and ".join(parts) if len(parts) < 3 else "; ".join(parts[:-1]) + f"; and {parts[-1]}"
    if plain:
        return f"Which subject that has an article of its own is mentioned {told}?"
    return rng.choice(
        (
            f"Who or what is mentioned {told}?",
            f"I am trying to recall a name. It comes up {told}. What is it?",
            f"One name appears {told}. Which name is it?",
        )
    )


def _article(page: str) -> str:
    return f"the article {page}" if page.startswith("“") else f"the article about {page}"


def _article_zh(page: str) -> str:
    return f"文章{page}" if page.startswith("“") else f"介绍“{page}”的文章"


def plan_steps(language: str, clues: Sequence[tuple[str, str]]) -> list[str]:
    if language == "zh":
        return [
            f"找到{_article_zh(page)}，看{f'与“{thing}”同句的' if thing else '它提到的'}有哪些。"
            for page, thing in clues
        ]
    return [
        f"Find {_article(page)}, and list what it names{f' together with {thing}' if thing else ''}."
        for page, thing in clues
    ]


def named_as(name: str, text: str) -> str:
    """How a text writes a name; empty where it does not."""
    found = re.search(rf"(?<!\w){re.escape(name)}(?!\w)" if not has_han(name) else re.escape(name), text, re.IGNORECASE)
    return found[0] if found else ""


def bare(title: str) -> str:
    """A title without what tells namesakes apart."""
    return re.sub(r"\s[(（][^()（）]*[)）]$", "", title)


def resemble(one: str, other: str) -> bool:
    """Whether two names share a word, or two Chinese characters in a row."""
    if has_han(one) and has_han(other):
        return any(one[i : i + 2] in other for i in range(len(one) - 1))
    long = {word[:6] for word in re.findall(r"\w{4,}", one.casefold())}
    return bool(long & {word[:6] for word in re.findall(r"\w{4,}", other.casefold())})
