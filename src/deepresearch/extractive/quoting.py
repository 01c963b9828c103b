"""Candidates as quotations in Markdown: letter for letter, with their citation, under their source."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..text.characters import WIDE, count_han
from ..trajectory import Passage
from .candidates import (
    ASKS,
    Candidate,
    Unit,
    blocks_of,
    is_behind,
    is_junk,
    is_signature,
    units_of,
    without_marks,
)
from .features import without_number
from .phrases import Phrases
from .words import leans, points_elsewhere

LONGEST_TITLE = 90
LONGEST_QUOTE = 800
PARAGRAPH = 600
"""Width of what the short answer quotes around a candidate: characters, Chinese ones twice."""
TABLE = 1_000
"""The same of a table that is quoted whole."""
SECTION = 800
"""Width of what is quoted of a section that is about what is asked."""
LONGEST_ABOVE = 60
SHORTEST_LEAD = 12
"""Characters of a sentence that says what the list behind it is ("Notes:" does not)."""

_ACTIVE = re.compile(r"([\\`*\[\]<~|])|(?<![^\W_])(_)|(_)(?![^\W_])|(&)(?=#?\w+;)")
_SPAN = re.compile(r"(`[^`\\]+`(?!`)|\*\*[^\s*`\\\[\]<&_~](?:[^*`\\\[\]<&_~]*[^\s*`\\\[\]<&_~])?\*\*(?!\*))")
_LAST_WORD = re.compile(rf"[^\s{WIDE}]+$")
"""Half a word or number would be one that the source does not have."""
_ANNOUNCES = re.compile(r"[:：]$|\b(?:following|as follows|below)\b|以下|如下|下列|下面")
_STOP = re.compile(r"[.。．;；]$")


@dataclass(frozen=True)
class Quote:
    """A stretch of a passage as it is quoted."""

    passage: Passage
    text: str
    above: str
    """The term that it explains, the sentence that leads to its list, or the head of its table."""
    code: str
    kind: str


def quotes_of(candidate: Candidate) -> list[Quote]:
    """The candidate as quotations: neighbours that adjoin in the passage as one, rows and items one by one.

    A first sentence that cannot be understood without the one before it is quoted together with that one.
    """
    passage, quotes = candidate.passage, []
    units = list(candidate.units)
    if leans(units[0].text) and units[0].index:
        before = units_of(passage.text)[units[0].index - 1]
        if is_behind(before, units[0]) and _joined(before.text, units[0].text, passage):
            units.insert(0, before)
    quotes += _lead(units[0], passage)
    run: list[Unit] = []
    text = ""
    for unit in units:
        joins = run and not run[-1].code and unit.kind == "sentence" == run[-1].kind and unit.block == run[-1].block
        joined = _joined(text, unit.text, passage) if joins else ""
        if run and not joined:
            quotes.append(_quote(run, text, passage))
            run = []
        text = joined if run else unit.text
        run.append(unit)
    return [*quotes, _quote(run, text, passage)]


def section_quotes(candidate: Candidate, following: Sequence[Passage]) -> list[Quote]:
    """The candidate with its paragraph and what follows in its section, as far as there is room: the steps, the
    conditions and the exceptions. following: the passages behind its own under the same heading."""
    quotes = paragraph_quotes(candidate)
    if candidate.passage.excerpt:
        return quotes
    if quotes[-1].kind == "row":  # in a short table the row that is asked for may have another name
        rows = _list_around(candidate, units_of(candidate.passage.text), TABLE)
        return quotes_of(replace(candidate, units=tuple(dict.fromkeys((*candidate.units, *rows)))))
    said = " ".join(quote.text for quote in quotes)
    room = SECTION - _width(said)
    for passage in [candidate.passage, *following]:
        own = passage is candidate.passage
        units = units_of(passage.text)[candidate.units[-1].index + 1 if own else 0 :]
        after: list[Unit] = []
        for unit in units:
            if own and unit.text in said:
                continue
            room -= _width(unit.text)
            if room < 0 or unit.kind == "row" or (unit.above != candidate.above and ASKS.search(unit.above)):
                room = 0
                break
            after += [unit] if not points_elsewhere(unit.text) else []
        more = quotes_of(replace(candidate, passage=passage, units=tuple(after))) if after else []
        quotes = [quote for quote in quotes if not any(quote.text in one.text for one in more)] + more
        if room <= 0:
            break
    return quotes


def paragraph_quotes(candidate: Candidate, lists: bool = True, following: Sequence[Passage] = ()) -> list[Quote]:
    """The candidate with its paragraph or (lists) its list around it, as far as there is room: what decides an answer
    (a bare "No.", a reason, a condition) is often in the sentence beside the one that has the asked words. following:
    the passages behind its own under the same heading, where a list that it leads to may be."""
    passage, first = candidate.passage, candidate.units[0]
    if passage.excerpt or any(unit.kind != first.kind for unit in candidate.units):
        return quotes_of(candidate)
    units = units_of(passage.text)
    if first.kind == "item":
        return quotes_of(replace(candidate, units=_list_around(candidate, units)) if lists else candidate)
    if first.kind != "sentence":
        return quotes_of(candidate)
    wide = _paragraph_around(candidate, units)
    last = wide[-1]
    after = units[last.index + 1 :]
    behind = [] if after or not following else [replace(u, block=last.block + 1) for u in units_of(following[0].text)]
    items = _list_after(last, after or behind)
    text = without_marks(" ".join(blocks_of(passage.text)[first.block][0].split()))
    if wide[0].block == last.block and _width(text) <= PARAGRAPH and not is_junk(text):
        above = first.above if first.above and not text.startswith(first.above) else ""
        whole = [Quote(passage, text, above, last.code, "sentence")]
    else:
        whole = quotes_of(replace(candidate, units=wide))
    source = passage if after else next(iter(following), passage)
    return [*whole, *(_quote([item], item.text, source) for item in items)]


def _width(text: str) -> int:
    return len(text) + count_han(text)


def _paragraph_around(candidate: Candidate, units: tuple[Unit, ...]) -> tuple[Unit, ...]:
    """The sentences of the candidate and those before it that it continues, then those of its paragraph behind it,
    while there is room."""
    first, last = candidate.units[0].index, candidate.units[-1].index
    block = candidate.units[0].block
    room = PARAGRAPH - _width(candidate.text)
    while first and is_behind(units[first - 1], units[first]) and (room := room - _width(units[first - 1].text)) >= 0:
        first -= 1
    for unit in units[last + 1 :]:
        room -= _width(unit.text)
        if room < 0 or unit.block != block or unit.kind != "sentence":
            break
        last = unit.index
    return units[first : last + 1]


def _list_around(candidate: Candidate, units: tuple[Unit, ...], room: int = PARAGRAPH) -> tuple[Unit, ...]:
    """The list or table that the candidate is of, or the candidate where that is too long."""
    first, last = candidate.units[0].index, candidate.units[-1].index
    while first and _continues(units[first - 1], units[first]):
        first -= 1
    while last + 1 < len(units) and _continues(units[last], units[last + 1]):
        last += 1
    whole = units[first : last + 1]
    return whole if _width("".join(unit.text for unit in whole)) <= room else candidate.units


def _list_after(lead: Unit, after: Sequence[Unit]) -> tuple[Unit, ...]:
    """The list that a sentence announces, as far as there is room. after: the units behind it."""
    if not _ANNOUNCES.search(lead.text):
        return ()
    items: list[Unit] = []
    room = PARAGRAPH
    for unit in after:
        room -= _width(unit.text)
        if room < 0 or unit.kind != "item" or (items and unit.block - items[-1].block > 1):
            break
        items.append(unit)
    return tuple(items)


def _continues(one: Unit, other: Unit) -> bool:
    return one.kind == other.kind and one.above == other.above and other.block - one.block <= 1


def _lead(first: Unit, passage: Passage) -> list[Quote]:
    """The sentence that leads to the list which the candidate begins with."""
    if first.kind == "item" and first.above.endswith((":", "：")) and len(first.above) >= SHORTEST_LEAD:
        return [Quote(passage, first.above, "", "", "lead")]
    return []


def _quote(run: list[Unit], text: str, passage: Passage) -> Quote:
    above = run[0].above
    if run[0].kind == "sentence" and above and (joined := _joined(above, text, passage)):
        return Quote(passage, joined, "", run[-1].code, "entry")  # the term and what is said of it
    return Quote(passage, text, above, run[-1].code, run[0].kind)


def _joined(one: str, other: str, passage: Passage) -> str:
    """The two texts as one, if they adjoin in the passage and are not too long together; else nothing."""
    whole = " ".join(passage.text.split())
    for joined in (f"{one} {other}", one + other):
        if joined in whole and len(joined) <= LONGEST_QUOTE:
            return joined
    return ""


def render_quote(text: str, passage: Passage, phrases: Phrases) -> str:
    """The quotation in quotation marks, with its citation."""
    return f"{phrases.open_quote}{escape(_STOP.sub('', text))}{phrases.close_quote}\\cite{{{passage.id}}}"


def render_date(passage: Passage, phrases: Phrases) -> str:
    """When the source says that it was written; nothing where it does not say."""
    return phrases.dated.format(date=escape(passage.date[:10])) if passage.date else ""


def render_place(quote: Quote, phrases: Phrases, title: str, dated: bool = False) -> str:
    """Where in its document a quotation is: the heading above it, the term it explains, the page; and its date."""
    passage = quote.passage
    heading = without_number(passage.heading[-1]) if passage.heading else ""
    heading = "" if title.startswith(heading) else heading
    above = quote.above if quote.above != heading and len(quote.above) <= LONGEST_ABOVE else ""
    parts = [_code(heading) if is_signature(heading) else escape(shorten(heading))] if heading else []
    parts += [_code(above) if is_signature(above) else escape(above.rstrip(":："))] if above else []
    parts += [phrases.page.format(n=passage.page)] if passage.page else []
    parts += [phrases.excerpt] if passage.excerpt else []
    parts += [date] if dated and (date := render_date(passage, phrases)) else []
    joint = "，" if phrases.stop == "。" else ", "
    return joint.join(parts)


def _code(term: str) -> str:
    """A signature as code, its parameters left out where they are many."""
    term = term.replace("`", "")
    return f"`{term if len(term) <= LONGEST_ABOVE else term.partition('(')[0] + '(…)'}`"


def render_code(code: str) -> str:
    """An example as a fenced block within a list item."""
    fence = "```"
    while fence in code:
        fence += "`"
    return "\n".join("  " + line for line in [fence, *code.split("\n"), fence])


def show_title(title: str, phrases: Phrases) -> str:
    return f"{phrases.title_open}{escape(title)}{phrases.title_close}"


def escape(text: str) -> str:
    """`text` with nothing in it that Markdown would act on, except code and bold type that end where they should."""
    pieces = _SPAN.split(text)
    return "".join(p if i % 2 else _ACTIVE.sub(lambda m: "\\" + m.group(), p) for i, p in enumerate(pieces))


def shorten(text: str, longest: int = LONGEST_TITLE) -> str:
    """`text` without white space around it, cut at the end of a word where it is longer than so many characters."""
    text = text.strip()
    if len(text) <= longest:
        return text
    return (_LAST_WORD.sub("", text[:longest]) or text[:longest]).rstrip(" ,;:，；：、") + "…"
