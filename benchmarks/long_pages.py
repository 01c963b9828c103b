"""Long pages: is the paragraph with the answer among those read, and is its sentence quoted?

Run: python -m benchmarks.long_pages [--limit N]        (data: $DEEPRESEARCH_SHARED/data, default ../shared/data)

The articles of `wiki_links_en` as Markdown files, one library. A question is a sentence from deep in an article (after
its first quarter) with its year asked for, under the article's title: with all its other words, and with one in four of
its words of at least four letters ("few"). "read": a passage that was shown has the sentence; "first", "report": it is
quoted in the first section, or anywhere; "one search": it is among the eight first passages for the question.
"""

import argparse
import asyncio
import bz2
import random
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from lxml import etree

from deepresearch.derived import answer, registered
from deepresearch.library import Library, LibraryProvider
from deepresearch.text.sentences import split_sentences
from deepresearch.web.search import Query

from .multihop import research
from .retrieval import DATA

LONG = 12_000
"""Characters from which a page is long."""
SHOWN = 8
_GONE = (
    re.compile(
        r"<!--.*?-->|<ref[^>/]*/>|<ref.*?</ref>|<(?:gallery|math|timeline).*?</(?:gallery|math|timeline)>", re.S
    ),
    re.compile(r"\{\{[^{}]*\}\}", re.S),
    re.compile(r"\{\|.*?\|\}", re.S),
    re.compile(r"\[\[(?:File|Image|Category|[a-z-]{2,12}):[^\[\]]*(?:\[\[[^\[\]]*\]\][^\[\]]*)*\]\]"),
    re.compile(r"<[^<>]+>|'{2,}"),
)
_YEAR = re.compile(r"\bin (1[5-9]\d\d|20\d\d)\b")


class Asked(NamedTuple):
    whole: str
    few: str
    sentence: str


def pages() -> Iterator[tuple[str, str]]:
    """(title, Markdown) of every article."""
    with bz2.open(DATA / "wiki_links_en/enwiki-sample.xml.bz2") as file:
        for _, page in etree.iterparse(file, tag="{*}page", recover=True, huge_tree=True):
            text = page.findtext(".//{*}text") or ""
            if not text.lower().startswith("#redirect"):
                yield page.findtext("{*}title") or "", _markdown(text)
            page.clear()


def _markdown(text: str) -> str:
    for pattern in _GONE:
        changed = True
        while changed:
            text, changed = pattern.subn("", text)
    text = re.sub(r"\[\[(?:[^\[\]|]*\|)?([^\[\]|]*)\]\]", r"\1", text)
    text = re.sub(r"\[https?://\S+ ?([^\]]*)\]", r"\1", text)
    return re.sub(r"^(=+)\s*(.*?)\s*=+\s*$", lambda m: f"\n{'#' * len(m[1])} {m[2]}\n", text, flags=re.M)


def questions(title: str, text: str, rng: random.Random) -> Iterator[Asked]:
    """One question about a long page, if it has a fitting sentence."""
    deep = [
        line for line in text[len(text) // 4 :].split("\n") if len(line) > 300 and not line.startswith(("#", "*", "|"))
    ]
    sentences = [s for line in deep for s in split_sentences(line) if 80 < len(s) < 260 and len(_YEAR.findall(s)) == 1]
    if len(text) < LONG or not sentences:
        return
    sentence = rng.choice(sentences)
    told = _YEAR.sub("in which year", sentence).rstrip(" .")
    words = told.split()
    long = [n for n, word in enumerate(words) if len(word) > 3 and word != "which"]
    few = " ".join(word for n, word in enumerate(words) if n not in set(long) - set(long[::4]))
    yield Asked(f"{title}: {told}?", f"{title}: {few}?", sentence)


def folded(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.casefold())


def measure(name: str, asked: list[tuple[str, str]], provider: LibraryProvider) -> str:
    once = read = first = whole = 0
    for question, sentence in asked:
        wanted = folded(sentence)
        hits = provider.library.search(Query(question, k=SHOWN))
        once += any(wanted in folded(hit.passage.text) for hit in hits)
        events = asyncio.run(research(question, provider))
        found = [p for p in registered(events).values() if wanted in folded(p.text)]
        read += bool(found)
        report = answer(events)
        assert report is not None
        sections = report.text.split("\n## ")
        first += len(sections) > 1 and wanted in folded(sections[1])
        whole += wanted in folded("".join(sections[1:]))
    many = len(asked)
    return f"{name:6} {many:6} {once / many:10.3f} {read / many:7.3f} {first / many:7.3f} {whole / many:7.3f}"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--limit", type=int, default=40, help="questions")
    given = arguments.parse_args()
    rng = random.Random(4)
    with tempfile.TemporaryDirectory() as place:
        folder, asked = Path(place) / "pages", list[Asked]()
        folder.mkdir()
        for title, text in pages():
            (folder / f"{title.replace('/', '_')}.md").write_text(f"# {title}\n\n{text}\n", encoding="utf-8")
            asked += questions(title, text, rng)
        library = Library.open(Path(place), "pages")
        library.add([folder])
        provider = LibraryProvider(library)
        asked = asked[: given.limit]
        print(f"{'':6} {'asked':>6} {'one search':>10} {'read':>7} {'first':>7} {'report':>7}")
        print(measure("whole", [(one.whole, one.sentence) for one in asked], provider), flush=True)
        print(measure("few", [(one.few, one.sentence) for one in asked], provider), flush=True)


if __name__ == "__main__":
    main()
