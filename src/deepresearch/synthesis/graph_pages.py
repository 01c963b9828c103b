"""A closed web made from a graph: pages that state its facts, as a corpus that a library can be built from.

For graphs that come without texts. What such pages support is only as true as the graph.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..files import write_file
from .evidence import plain_number
from .graph import KnowledgeGraph
from .questions import listed
from .relations import LANGUAGES, tail_text, with_article, wording

SENTENCES = 4
"""Of one page; the facts of an entity are spread over several."""
LISTED = 12
"""Entities named in one sentence."""
MOST = 120
"""Entities told of one relation in one direction."""


def write_pages(graph: KnowledgeGraph, path: Path, languages: Sequence[str] = LANGUAGES) -> int:
    """Write the corpus, JSON lines; how many pages there are. Raises OSError."""
    count = 0

    def lines() -> Iterator[bytes]:
        nonlocal count
        for entity in range(graph.entities):
            for language in languages:
                for page in _pages(graph, entity, language):
                    count += 1
                    yield json.dumps(page, ensure_ascii=False).encode() + b"\n"

    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, lines())
    return count


def _pages(graph: KnowledgeGraph, entity: int, language: str) -> Iterator[dict[str, Any]]:
    name = graph.name(entity, language)
    sentences = list(_sentences(graph, entity, language, name)) if name else []
    for number in range(0, len(sentences), SENTENCES):
        text = ("" if language == "zh" else " ").join(sentences[number : number + SENTENCES])
        yield {
            "id": f"{graph.key(entity)}/{language}/{number // SENTENCES + 1}",
            "title": name,
            "text": text,
            "language": language,
        }


def _sentences(graph: KnowledgeGraph, entity: int, language: str, name: str) -> Iterator[str]:
    zh = language == "zh"
    others = [n for n in dict.fromkeys(graph.all_names(entity)) if n != name][:4]
    if others:
        told = ("、" if zh else ", ").join(others)
        yield f"{name}又称{told}。" if zh else f"{_capital(with_article(name))} is also known as {told}."
    for relation in graph.numeric:
        number = graph.number(entity, relation)
        form = _words(graph, relation).form(language, "vp")
        if number is not None and form:
            yield _sentence(name, form.format(plain_number(number)), zh)
    for forward in (True, False):
        tails: dict[int, list[str]] = defaultdict(list)
        relations, ends = graph.edges(entity, forward)
        for relation, other in zip(relations[: 20 * MOST].tolist(), ends[: 20 * MOST].tolist(), strict=True):
            words = _words(graph, relation)
            skipped = words.hidden or (not forward and (words.same or words.is_class))
            if not skipped and len(tails[relation]) < MOST and (said := graph.name(other, language)):
                plain = said if zh else with_article(said)
                tails[relation].append(tail_text(words, language, said) if forward else plain)
        for relation, names in tails.items():
            form = _words(graph, relation).form(language, "vp" if forward else "inverse") or "{}"
            for start in range(0, len(names), LISTED):
                some = names[start : start + LISTED]
                told_of = listed(some, "、", "和") if zh else listed(some)
                yield _sentence(name, form.format(told_of), zh)


def _sentence(name: str, verb: str, zh: bool) -> str:
    return f"{name}{verb}。" if zh else f"{_capital(with_article(name))} {verb}."


def _words(graph: KnowledgeGraph, relation: int) -> Any:
    key = graph.relations[relation]
    return wording(key, graph.relation_labels.get(key, ""))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
