"""The walk route: from page to page without a target, until several of them name the same thing.

A question says of several pages where on each the answer is named: beside another thing, beside a number, under a
heading, in the entry of a term, or as a link. Each page alone leaves several candidates; a solver that sees any single
page must fail.
"""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from ..errors import SearchFailed
from ..text.characters import normalise
from ..text.names import is_named, names_in
from ..text.wordlists import stop_words
from ..web.search import Query
from .data_files import Card
from .evidence import Search
from .generation import Progress, Rejected, words_of, write_tasks
from .pages import LinkedSentence, PageStore
from .records import DataCard, Provenance, SourceFile, SupportingPassage, SyntheticTask
from .walk_wording import (
    PagePlace,
    bare,
    definition_of,
    named_as,
    numbers_in,
    plan_steps,
    question_text,
    resemble,
    shape_of,
)

LONGEST_WALK = 8
"""Pages of one walk."""
MOST_TITLES = 5_000
"""Titles that are looked for in Chinese text, which has no capitals to find names by."""
CACHED = 500
"""Pages kept in memory."""
CROWD = 3
"""Candidates that each page alone must leave."""
DESCRIBED = 0.6
"""How often a page is spoken of by its definition instead of its title."""
MOST_PAGES = 4
"""Pages that one question joins."""
SURE = 2
"""Names of a question on the answer's own page from which that page alone suggests it."""
LONGEST_PLACE = 60
"""Characters of a heading or term that a question names."""
LONGEST_SENTENCE = 600
MOST_LINKS = 12
"""Of one sentence; more make a list."""
_SIGNS = re.compile(r"[_$\\{}]|\.(?:md|html?)$")
"""Of formulas, and of pages that have only the name of their file."""
_PLACEHOLDER = re.compile(words_of("patterns", "en")["placeholder"], re.IGNORECASE)
"""What stands for any name."""
_SHORTENED = re.compile(r"(?:[a-z]\.)+[a-z]")
"""As "e.g"."""
_WORD = re.compile(r"[a-z]+")
_CONTENT = re.compile(r"[^\W\d_]{3,}")


@dataclass(frozen=True)
class WalkOptions:
    """What determines the tasks, beside pages and library."""

    count: int = 100
    seed: int = 0
    language: str = "en"
    steps: int = LONGEST_WALK
    library: str = ""


@dataclass(frozen=True)
class Mention:
    """That the answer is named at a place of a page."""

    page: str
    place: PagePlace
    sentence: str
    """One at that place that names the answer."""
    candidates: frozenset[str]
    """All that are named there."""


class WalkRoute:
    """Makes tasks from one store of pages and the library that holds their texts."""

    def __init__(self, pages: PageStore, search: Search, options: WalkOptions) -> None:
        self.pages = pages
        self.options = options
        self._search = search
        self._titles = pages.titles()
        longest = 12 if options.language == "zh" else 60
        self._short_titles = [title for title in self._titles if 2 <= len(title) <= longest][:MOST_TITLES]
        self._sentences: dict[str, list[LinkedSentence]] = {}
        self._named: dict[str, frozenset[str]] = {}
        self._in_sentence: dict[LinkedSentence, list[str]] = {}

    async def attempt(self, number: int, own_seed: str, rng: random.Random) -> SyntheticTask:
        """The task of one attempt. own_seed: what `rng` was made from, for the record. Raises Rejected."""
        visited = self._walk(rng)
        answer, mentions = self._common(visited, rng)
        if page := self._single_page(answer, mentions, visited):
            raise Rejected(f"one page alone answers it{'' if page != answer else ', the answer’s own'}")
        return await self._task(answer, mentions, visited, own_seed, rng)

    def sentences_of(self, title: str) -> list[LinkedSentence]:
        """The sentences of a page; of none where there is no such page."""
        if title not in self._sentences:
            if len(self._sentences) > CACHED:
                self._sentences.clear()
                self._named.clear()
                self._in_sentence.clear()
            page = self.pages.page(title)
            self._sentences[title] = self.pages.sentences(page) if page else []
        return self._sentences[title]

    def _things(self, sentence: LinkedSentence) -> list[str]:
        """What a sentence names: its links first, then other pages and names in its text."""
        if sentence not in self._in_sentence:
            named = [name.text for name in names_in(sentence.text) if not _SHORTENED.fullmatch(name.text)]
            if self.options.language == "zh":
                named += [title for title in self._short_titles if title in sentence.text]
            self._in_sentence[sentence] = list(dict.fromkeys([*sentence.links, *named]))
        return self._in_sentence[sentence]

    def _walk(self, rng: random.Random) -> list[str]:
        """Pages visited: along links, or, where a link leads nowhere, to another page that has the same link."""
        here = rng.choice(self._titles)
        visited = [here]
        for _ in range(3 * self.options.steps):
            links = [title for sentence in self.sentences_of(here) for title in sentence.links]
            links = links or self.pages.linking(here)
            if not links:
                break
            target = rng.choice(links)
            choice = [target] if self.pages.page(target) else [t for t in self.pages.linking(target) if t != here]
            if not choice:
                continue
            here = rng.choice(choice)
            if here not in visited:
                visited.append(here)
            if len(visited) == self.options.steps:
                break
        if len(visited) < 2:
            raise Rejected("the walk ends at once")
        return visited

    def _common(self, visited: Sequence[str], rng: random.Random) -> tuple[str, list[Mention]]:
        """Something that several visited pages name, and that alone is named at these places. Raises Rejected."""
        naming: dict[str, list[str]] = {}
        for page in visited:
            for title in dict.fromkeys(t for s in self.sentences_of(page) for t in s.links):
                naming.setdefault(title, []).append(page)
        shared = [title for title, pages in naming.items() if len(pages) >= 2 and self._is_answer(title)]
        rng.shuffle(shared)
        for answer in (title for title in shared if not self._is_ordinary(title, naming[title])):
            pages = [page for page in naming[answer] if page != answer and not _SIGNS.search(page)]
            rng.shuffle(pages)
            mentions: list[Mention] = []
            for page in pages:
                if mention := self._mention(page, answer, [m.place.name for m in mentions], rng):
                    mentions.append(mention)
                if len(mentions) >= 2 and self._is_only(answer, mentions):
                    return answer, mentions
                if len(mentions) == MOST_PAGES:
                    break
        raise Rejected("the pages name nothing in common")

    def _is_answer(self, title: str) -> bool:
        """Whether a title is a name that can be asked for or told."""
        words = sum(c.isalnum() for c in title) > 1 and not title[0].isdigit() and not _SIGNS.search(title)
        return words and not title.startswith(("List of", "Category")) and not _PLACEHOLDER.fullmatch(title)

    def _is_ordinary(self, title: str, pages: Sequence[str]) -> bool:
        """Whether a name set as code is on these pages mostly an ordinary word."""
        if not _WORD.fullmatch(title) or self.pages.page(title):
            return False
        named = [s for page in pages for s in self.sentences_of(page) if is_named(title, normalise(s.text))]
        return 2 * sum(title in s.links for s in named) < len(named)

    def _mention(self, page: str, answer: str, told: Sequence[str], rng: random.Random) -> Mention | None:
        """The answer at a place of a page where enough else is named; each form of place has the same chance."""
        forms: dict[str, list[tuple[LinkedSentence, PagePlace]]] = {}
        for sentence in self.sentences_of(page):
            if answer in sentence.links and _is_prose(sentence) and named_as(bare(answer), sentence.text):
                for place in self._places(sentence, page, answer, told):
                    forms.setdefault(place.form, []).append((sentence, place))
        for form in rng.sample(list(forms), len(forms)):
            for sentence, place in rng.sample(forms[form], len(forms[form])):
                candidates = self._candidates(page, place)
                if len(candidates) >= CROWD:
                    return Mention(page, place, sentence.text, candidates)
        return None

    def _places(self, sentence: LinkedSentence, page: str, answer: str, told: Sequence[str]) -> Iterator[PagePlace]:
        """The places that a question could give for what the sentence names."""
        for name in self._things(sentence):
            if self._can_tell(name, page, answer, told) and (shown := named_as(name, sentence.text)):
                yield PagePlace("company", name, shown)
        yield from numbers_in(sentence.text)
        for form, name in (("heading", sentence.heading), ("entry", sentence.term)):
            if 2 < len(name) <= LONGEST_PLACE and self._can_tell(name, page, answer, told):
                yield PagePlace(form, name, name)
        if self.pages.page(answer):
            yield PagePlace("page")

    def _can_tell(self, name: str, page: str, answer: str, told: Sequence[str]) -> bool:
        known = name in (answer, page) or any(resemble(name, other) for other in (answer, *told) if other)
        return not known and self._is_answer(name) and not self._is_ordinary(name, [page])

    def _candidates(self, page: str, place: PagePlace) -> frozenset[str]:
        """All that a page names at a place."""
        if place.form == "page":
            return self._named_pages(page)
        there = [sentence for sentence in self.sentences_of(page) if place.holds(sentence)]
        return frozenset(t for s in there for t in self._things(s)) - {place.name, page}

    def _named_pages(self, page: str) -> frozenset[str]:
        """Titles of other pages that a page links to or names."""
        if page in self._named:
            return self._named[page]
        sentences = self.sentences_of(page)
        text = normalise(" ".join(s.text for s in sentences))
        linked = {title for s in sentences for title in s.links if self.pages.page(title)}
        named = {title for title in self._short_titles if title in text and is_named(title, text)}
        self._named[page] = frozenset(linked | named) - {page}
        return self._named[page]

    def _is_only(self, answer: str, mentions: Sequence[Mention]) -> bool:
        """Whether nothing else is named at all these places, by link or by its name alone."""
        rivals = frozenset.union(*(mention.candidates for mention in mentions)) - {answer}
        texts = [normalise(" ".join(s.text for s in self.sentences_of(m.page) if m.place.holds(s))) for m in mentions]
        if not all(
            answer in m.candidates and is_named(bare(answer), text) for m, text in zip(mentions, texts, strict=True)
        ):
            return False
        sort = self._sort(answer, mentions)
        if sort == "page":
            folded = [text.casefold() for text in texts]
            rivals |= {t for t in self._short_titles if t != answer and all(t.casefold() in text for text in folded)}
        elif sort in ("name", "term") and (
            self.options.language == "zh" or _shared(texts, bare(answer), sort == "name")
        ):
            return False
        return not any(
            all(r in m.candidates or is_named(bare(r), text) for m, text in zip(mentions, texts, strict=True))
            for r in rivals
        )

    def _sort(self, answer: str, mentions: Sequence[Mention]) -> str:
        """What a question can say that the answer is: a subject that has a page, a shape of code, a name, or a term.

        A name is written with a capital wherever it is mentioned."""
        if self.pages.page(answer):
            return "page"
        if shape_of(answer):
            return "code"
        written = [named_as(bare(answer), mention.sentence) for mention in mentions]
        return "name" if all(word[:1].isupper() for word in written) else "term"

    def _single_page(self, answer: str, mentions: Sequence[Mention], visited: Sequence[str]) -> str:
        """A page that gives the answer away to a solver who sees it alone; empty where none does.

        The solver takes, of all that the page links to, or on the answer's own page of that too, what is named most
        closely with the things that the question names; two with the same score leave it without an answer.
        """
        asked = [name for m in mentions for name in (m.place.name, m.page) if name]
        for page in dict.fromkeys([answer, *(m.page for m in mentions), *visited]):
            scores: dict[str, set[str]] = {}
            for sentence in self.sentences_of(page):
                text = normalise(sentence.text)
                known = (page, sentence.heading, sentence.term, *sentence.links)
                named = {name for name in asked if name in known or is_named(name, text)}
                for title in (*sentence.links, *([page] if page == answer else [])):
                    if title not in asked:
                        scores.setdefault(title, set()).update(named)
            best = max((len(named) for named in scores.values()), default=0)
            if best >= (SURE if page == answer else 1) and [
                title for title, named in scores.items() if len(named) == best
            ] == [answer]:
                return page
        return ""

    async def _task(
        self, answer: str, mentions: Sequence[Mention], visited: Sequence[str], seed: str, rng: random.Random
    ) -> SyntheticTask:
        language = self.options.language
        spoken = [self._spoken_of(m.page, answer, rng) for m in mentions]
        clues = [(s, m.place) for s, m in zip(spoken, mentions, strict=True)]
        question = question_text(language, clues, bare(answer), self._sort(answer, mentions), rng)
        if is_named(bare(answer), normalise(question)):
            raise Rejected("the question names the answer")
        evidence = []
        for step, mention in enumerate(mentions):
            evidence.append(await self._support(mention, step))
        described = sum(s != f"“{m.page}”" for s, m in zip(spoken, mentions, strict=True))
        score = len(mentions) + 2.0 * bool(described) + described
        told = "\n".join([answer, *sorted(m.page for m in mentions)])
        notes = {"link": answer, "forms": [m.place.form for m in mentions]}
        others = frozenset.union(*(m.candidates for m in mentions))
        near = sorted(t for t in others if not _SIGNS.search(t) and not resemble(t, answer))
        return SyntheticTask(
            id=f"walk-{language}-{blake2b(told.encode(), digest_size=6).hexdigest()}",
            question=question,
            language=language,
            answer=bare(answer),
            aliases=[answer] if bare(answer) != answer else [],
            plan=plan_steps(language, clues),
            evidence=evidence,
            distractors=[bare(title) for title in rng.sample(near, min(8, len(near)))],
            hops=len(mentions) + described,
            depth=1 + bool(described),
            difficulty=score,
            level="easy" if score < 3 else "medium" if score < 6 else "hard",
            provenance=Provenance(route="walk", seed=seed, pages=list(visited), notes=notes),
        )

    def _spoken_of(self, title: str, answer: str, rng: random.Random) -> str:
        """A page by its title, or by its definition, if that neither names it nor the answer."""
        if rng.random() < DESCRIBED:
            definition = definition_of(self.pages.page(title), self.options.language)
            hides = not any(is_named(word, definition) for word in (bare(title), bare(answer)))
            if definition and hides and not resemble(title, definition):
                return definition
        return f"“{title}”"

    async def _support(self, mention: Mention, step: int) -> SupportingPassage:
        """The passage of the library that holds the sentence. Raises Rejected."""
        wanted = normalise(mention.sentence)
        above = mention.place.name if mention.place.form in ("heading", "entry") else ""
        try:
            result = await self._search(Query(text=f"{mention.page} {above} {mention.sentence}"[:400], k=10))
        except SearchFailed as error:
            raise Rejected("a search failed") from error
        for hit in result.hits:
            text = normalise(hit.passage.text)
            if wanted in text and (not above or normalise(above) in text):
                query = f"{mention.page} {mention.place.shown}"
                return SupportingPassage.of(hit.passage, fact=mention.sentence, query=query, step=step)
        raise Rejected("the library does not have the sentence")


def _shared(texts: Sequence[str], answer: str, names_only: bool) -> set[str]:
    """Words, or words with a capital, that all texts have beside the answer's own: a reader could mean them too."""
    found = [{w for w in _CONTENT.findall(text) if w[0].isupper() or not names_only} for text in texts]
    words = [{w.casefold().removesuffix("s") for w in one} - stop_words("en") for one in found]
    return set.intersection(*words) - {w.removesuffix("s") for w in answer.casefold().split()}


def _is_prose(sentence: LinkedSentence) -> bool:
    ends = sentence.text.rstrip("\"'”’」)）").endswith((".", "!", "?", "。", "！", "？", "．"))
    return ends and len(sentence.links) <= MOST_LINKS and len(sentence.text) <= LONGEST_SENTENCE


async def make_walk_tasks(
    pages: PageStore,
    search: Search,
    out: Path,
    options: WalkOptions,
    sources: Sequence[SourceFile] = (),
    progress: Progress = lambda done, wanted, what: None,
) -> DataCard:
    """Write `options.count` tasks to `out`, or as many as there are; continues a file that was begun.

    Raises UserError where no task could be made.
    """
    route = WalkRoute(pages, search, options)
    card = Card(out, "walk", options.seed, sources)
    card.problems, card.problem_count = pages.problems, pages.problem_count
    return await write_tasks(route.attempt, options, card, progress)
