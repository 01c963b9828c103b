"""The policy itself: a list of steps, each of which says what it would still do; the first that has something does it.

Nothing is remembered between turns: what was asked and found is read back from the events each time, so a resumed
run decides as the first one would have.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from ..policy import View
from ..threads import in_thread
from ..trajectory import AnsweredPart, Call, Passage, Turn
from .answers import Answer, answer_parts
from .features import gather
from .parts import Part, parts_of
from .phrases import phrases_for
from .planning import plan_text, todo_items
from .research import SURFER, Research, read_events
from .trail import STRONG, best_for_question, fold_name, on_trail, read_trail, steps_of
from .words import content_terms, is_relation
from .writing import write_report

NAME = "extractive"
LIST_TOOL = "todo"
OPENING = 8
"""Passages that the first, frugal part may bring: names, what they lead to, and the question as it stands."""
LOOKUPS, MOST_LOOKUPS = 4, 24
"""Leads looked up in one turn, and in all."""
FRUITLESS = 6
"""Lookups without any success after which the documents are held not to be titled by such names."""
LONGEST_QUERY, MOST_ALIASES = 500, 3
"""Characters that the search tool takes, and other names that are searched for."""
PER_TURN = 10
"""New passages in one turn: more would not be shown whole."""
ALONE, MOST_ROUNDS = 2, 6
"""Turns with one wording each, and turns in all, the later ones with two wordings each."""
WIDEST = 60
"""Passages from which searching stops."""
BEST = 8
"""Candidates per part that guide further reading."""
PLACES = 3
"""Places read around in one turn."""
NEIGHBOURS = 5
"""Paragraphs read around a good passage."""

PAGES, PARAGRAPHS = 3, 7
"""Pages opened in one turn, and paragraphs of each; more would not be shown whole."""
MOST_OPENED = 3
"""Turns in which pages are opened, for the trail and for what promises most each."""

LINK = "Looking up what the question names."
FOLLOW = "Following names that stand near what is asked."
ASK = "Searching for the question as it stands."
WEAKLY = "Following the names read first."
OPEN_TRAIL = "Opening the pages that the names led to."
OPEN_QUOTED = "Opening the pages that would be quoted."
OPEN_BEST = "Opening the pages that promise most."
WIDEN = "Searching for each part of the question."
AROUND = "Reading around the best passages."
TICK = "Settling the list."


class ExtractivePolicy:
    """Research without a model: see docs/extractive.md."""

    name = NAME
    revises = False
    """It quotes letter by letter; a sentence that would not hold is never written."""

    async def close(self) -> None:
        """Nothing is held."""

    async def decide(self, view: View) -> Turn:
        """The plan, the next searches, or the report; the same events give the same turn. Decided in a thread."""
        return await in_thread(self._decide, view)

    def _decide(self, view: View) -> Turn:
        research = read_events(view.events)
        if view.phase == "plan":
            return Turn(text=plan_text(research), model=NAME, cost=0.0)
        if view.phase == "work" and SURFER in view.tools:
            seek = (open_trail, link, follow, ask, follow_weakly, widen)
            for step in (*seek, open_best, read_around, open_quoted):
                if turn := step(research):
                    return _with_todo(turn, research) if LIST_TOOL in view.tools else turn
            if LIST_TOOL in view.tools and research.listed and not research.ticked_off:
                return tick_off(research)
        answers = answers_of(research)
        kinds = phrases_for(research.question.language).kinds
        told = [
            AnsweredPart(question=a.part.text, answered=a.shown, quoted=a.answered, kind=kinds[a.part.kind])
            for a in answers
        ]
        return Turn(text=write_report(research, answers), model=NAME, cost=0.0, parts=told)


def _with_todo(turn: Turn, research: Research) -> Turn:
    """The turn; the first one of the work also puts the sub-questions on the todo list."""
    if research.listed:
        return turn
    items = Call(id="", tool=LIST_TOOL, arguments={"items": todo_items(research, "in_progress")})
    return turn.model_copy(update={"calls": [items, *turn.calls]})


def tick_off(research: Research) -> Turn:
    """Settle the todo list before the report: what each sub-question brought."""
    found = [len(answer.quoted) for answer in answers_of(research)]
    words = phrases_for(research.question.language)
    told = [words.count("statements", count) if count else words.nothing for count in found]
    items = todo_items(research, "done", told)
    call = Call(id="", tool=LIST_TOOL, arguments={"items": items})
    return Turn(text=TICK, calls=[call], finish="tool_calls", model=NAME, cost=0.0)


def link(research: Research) -> Turn | None:
    """Look up the documents that the question names."""
    asked = research.titles_asked()
    titles = " / ".join(fold_name(p.title) for p in research.passages.values())
    queries = []
    for question in research.questions:
        settled = {
            part
            for whole, *parts in question.readings
            for part in parts
            if whole.casefold() not in asked or fold_name(part) in titles
        }
        wanted = [whole for whole, *_ in question.readings] + [n for n in question.names if n not in settled]
        context = " ".join(question.phrases) or question.text
        queries += [_lookup(name, context) for name in wanted if name.casefold() not in asked]
    return _search(LINK, queries[:12], OPENING)


def follow(research: Research) -> Turn | None:
    """Look up names that stand near the relations which the question walks along."""
    return _follow(research, STRONG, FOLLOW)


def ask(research: Research) -> Turn | None:
    """Search for the question as it stands, and for the names in it by their words where no document is titled so."""
    text = research.question.text[:LONGEST_QUERY]
    if research.was_asked(text):
        return None
    names = [_named(name) for name in research.question.names[:LOOKUPS]] if research.untitled else []
    few = 1 if names else max(2, min(3, OPENING - len(research.found)))
    return _search(ASK, [*names, {"text": text, "k": few}], few + len(names))


def follow_weakly(research: Research) -> Turn | None:
    """Once, where one thing is sought through another, or two through others, and no relation word showed the way: the
    names read first."""
    trail = read_trail(research)
    roots = len({research.passages[root].document for root in trail.roots})
    if WEAKLY in research.steps or trail.edges or not (roots == 1 or (roots == 2 and research.question.links)):
        return None
    return _follow(research, 0.0, WEAKLY)


def _follow(research: Research, least: float, step: str) -> Turn | None:
    left = OPENING - len(research.found)
    trail = read_trail(research)
    leads = [lead for lead in trail.leads if lead.score >= least]
    looked_up = len(research.titles_asked())
    fruitless = looked_up >= FRUITLESS and research.untitled
    if left <= 0 or looked_up >= MOST_LOOKUPS or fruitless:
        return None
    if research.untitled:
        named = [_named(lead.name) for lead in leads if not research.was_asked(lead.name)]
        return _search(step, named[:LOOKUPS], left)
    told = " ".join(research.question.phrases)  # with the title it tells this bearer of the name from others
    queries = [_lookup(lead.name, f"{told} {research.passages[lead.source].title}") for lead in leads[:LOOKUPS]]
    return _search(step, queries, left)


def widen(research: Research) -> Turn | None:
    """Search for each part of the question in more than one wording, a few wordings a turn."""
    rounds = research.steps.count(WIDEN)
    if rounds >= (1 if is_settled(research) else MOST_ROUNDS) or len(research.passages) >= WIDEST:
        return None
    by_part = [part.queries for part in parts_of(research.questions)]
    depth = max(map(len, by_part), default=0)
    wordings = [queries[place] for place in range(depth) for queries in by_part if place < len(queries)]
    aliases = [other for _, other in research.aliases[:MOST_ALIASES]]
    wordings = list(dict.fromkeys(text[:LONGEST_QUERY] for text in [*aliases, *wordings]))
    many = 1 if rounds < ALONE and not aliases else 2
    queries = [{"text": text, "k": PER_TURN // many} for text in wordings if not research.was_asked(text)]
    return _search(WIDEN, queries[:many], PER_TURN)


def read_around(research: Research) -> Turn | None:
    """Once: the paragraphs around the best passages of longer documents."""
    if AROUND in research.steps or is_settled(research):
        return None
    chosen: list[Passage] = []
    for passage in best_passages(research):
        near = any(p.document == passage.document and abs(p.position - passage.position) < NEIGHBOURS for p in chosen)
        if not near and (passage.position or passage.heading):
            chosen.append(passage)
    if not chosen:
        return None
    return _read(AROUND, [{"reference": passage.id} for passage in chosen[:PLACES]], NEIGHBOURS)


def open_trail(research: Research) -> Turn | None:
    """Open the pages that the trail has come through so far: an excerpt seldom names the next one."""
    trail = read_trail(research)
    nodes = [*trail.nodes, *best_for_question(research)]
    if research.steps.count(OPEN_TRAIL) >= MOST_OPENED:
        return None
    return _open(OPEN_TRAIL, [research.passages[node] for node in nodes], research)


def open_best(research: Research) -> Turn | None:
    """Open the pages whose excerpts promise most, a few at a time, as long as that brings something."""
    rounds = research.steps.count(OPEN_BEST)
    if rounds >= MOST_OPENED or is_settled(research):
        return None
    if rounds and not {passage.document for passage in best_passages(research)} & set(list(research.opened)[-PAGES:]):
        return None
    place = {hit: place for asked in reversed(research.asked) for place, hit in enumerate(asked.hits)}
    excerpts = [p for p in research.passages.values() if p.excerpt]
    promise = {p.id: _promise(p, parts_of(research.questions)) for p in excerpts}
    return _open(OPEN_BEST, sorted(excerpts, key=lambda p: (-promise[p.id], place.get(p.id, 0))), research)


def open_quoted(research: Research) -> Turn | None:
    """Open the pages of which only an excerpt would be quoted."""
    if research.steps.count(OPEN_QUOTED) >= MOST_OPENED:
        return None
    return _open(OPEN_QUOTED, best_passages(research), research)


def _promise(excerpt: Passage, parts: Sequence[Part]) -> float:
    """The largest share of any part's terms that the excerpt has, in tenths: what is equal to that the search's own
    order decides, in which authority counts."""
    said = set(content_terms([excerpt.title, excerpt.text]))
    shares = (sum(t in said for t in part.terms) / len(part.terms) for part in parts if part.terms)
    return round(10 * max(shares, default=0.0))


def _open(step: str, excerpts: Iterable[Passage], research: Research) -> Turn | None:
    """Open the first few pages that were not opened yet."""
    left = {p.document: p.id for p in excerpts if p.excerpt and p.document not in research.opened}
    alone = [ident for document, ident in left.items() if document in research.crowded]
    references = [{"reference": ident} for ident in alone[:1] or list(left.values())[:PAGES]]
    return _read(step, references, PARAGRAPHS) if references else None


def _read(step: str, references: list[dict[str, Any]], paragraphs: int) -> Turn:
    arguments = {"action": "batch_open", "references": references, "k": paragraphs * len(references)}
    call = Call(id="", tool=SURFER, arguments=arguments)
    return Turn(text=step, calls=[call], finish="tool_calls", model=NAME, cost=0.0)


def is_settled(research: Research) -> bool:
    """The question's relations were walked to their end: more reading around would only add noise."""
    if len(parts_of(research.questions)) > 1:
        return False
    return any(is_relation(edge.lead.link) for edge in read_trail(research).edges)


@lru_cache(maxsize=1)
def answers_of(research: Research) -> list[Answer]:
    """What the passages read so far say on each part."""
    pool = gather(research.evidence, research.authority, research.aliases)
    return answer_parts(pool, parts_of(research.questions), on_trail(research), steps_of(research))


def best_passages(research: Research) -> list[Passage]:
    """The passages of the best candidates for all parts, the parts in turn, best first."""
    firsts = [answer.ranked[:BEST] for answer in answers_of(research)]
    level = [ranked[place] for place in range(BEST) for ranked in firsts if place < len(ranked)]
    return list({one.candidate.passage.id: one.candidate.passage for one in level}.values())


def _lookup(name: str, context: str) -> dict[str, Any]:
    return {"text": context[:LONGEST_QUERY], "title": name, "k": 1}


def _named(name: str) -> dict[str, Any]:
    """A search for the document on a name whose title does not say so."""
    return {"text": name[:LONGEST_QUERY], "k": 1}


def _search(step: str, queries: list[dict[str, Any]], k: int) -> Turn | None:
    if not queries:
        return None
    call = Call(id="", tool=SURFER, arguments={"action": "batch_search", "queries": queries, "k": k})
    return Turn(text=step, calls=[call], finish="tool_calls", model=NAME, cost=0.0)
