"""Statements as quotations in Markdown: letter for letter, with their citation, under their source."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ..trajectory import Passage
from .phrases import Phrases
from .scoring import without_number
from .statements import Statement, is_signature, leans, statements_of

LONGEST_TITLE = 90
LONGEST_QUOTE = 700
LONGEST_SIGNATURE = 60

_ACTIVE = re.compile(r"([\\`*\[\]<~|])|(?<![^\W_])(_)|(_)(?![^\W_])|(&)(?=#?\w+;)")
_SPAN = re.compile(r"(`[^`\\]+`(?!`)|\*\*[^\s*`\\\[\]<&_~](?:[^*`\\\[\]<&_~]*[^\s*`\\\[\]<&_~])?\*\*(?!\*))")
_STOP = re.compile(r"[.。;；]$")


@dataclass
class Quote:
    """Consecutive statements of one passage, quoted as one."""

    statements: list[Statement]
    text: str

    @property
    def passage(self) -> Passage:
        return self.statements[0].passage


def make_quotes(statements: Iterable[Statement]) -> list[Quote]:
    """`statements` as quotations, by document and by place in it, neighbours joined."""
    given = list(statements)
    order = {s.passage.document: i for i, s in reversed(list(enumerate(given)))}
    quotes: list[Quote] = []
    for statement in sorted(given, key=lambda s: (order[s.passage.document], s.passage.position, s.index)):
        last = quotes[-1] if quotes else None
        joined = _join(last, statement) if last else ""
        if last and joined:
            last.statements.append(statement)
            last.text = joined
        elif not last or statement.text not in last.text:
            quotes.append(_with_lead(statement))
    return quotes


def _join(quote: Quote, statement: Statement) -> str:
    """The quote with the statement that follows it at once, or nothing where it does not."""
    last = quote.statements[-1]
    if statement.passage.id != last.passage.id or statement.block != last.block or statement.index != last.index + 1:
        return ""
    return _adjoining(quote.text, statement.text, statement.passage)


def _with_lead(statement: Statement) -> Quote:
    """A statement that leans on the one before it is quoted together with that one."""
    if leans(statement.text):
        before = [s for s in statements_of(statement.passage) if s.index == statement.index - 1 and s.whole]
        if before and before[0].block == statement.block:
            joined = _adjoining(before[0].text, statement.text, statement.passage)
            if joined:
                return Quote([before[0], statement], joined)
    return Quote([statement], statement.text)


def _adjoining(one: str, other: str, passage: Passage) -> str:
    """The two texts as one, if they stand side by side in the passage and are not too long together."""
    whole = " ".join(passage.text.split())
    for joined in (f"{one} {other}", one + other):
        if joined in whole and len(joined) <= LONGEST_QUOTE:
            return joined
    return ""


def render_quote(quote: Quote, phrases: Phrases) -> str:
    """The quotation in quotation marks, with its citation."""
    return f"{phrases.open_quote}{escape(_STOP.sub('', quote.text))}{phrases.close_quote}\\cite{{{quote.passage.id}}}"


def render_date(passage: Passage, phrases: Phrases) -> str:
    """When the source says that it was written; nothing where it does not say."""
    return phrases.dated.format(date=escape(passage.date[:10])) if passage.date else ""


def render_place(quote: Quote, phrases: Phrases, title: str, dated: bool = False) -> str:
    """Where in its document a quotation stands: the heading above it, the term it explains, the page; and its date."""
    passage = quote.passage
    heading = without_number(passage.heading[-1]) if passage.heading else ""
    heading = "" if title.startswith(heading) else heading
    term = next((s.term for s in quote.statements if s.term), "")
    parts = [_code(heading) if is_signature(heading) else escape(shorten(heading))] if heading else []
    parts += [_code(term)] if term and term != heading else []
    parts += [phrases.page.format(n=passage.page)] if passage.page else []
    parts += [phrases.excerpt] if passage.excerpt else []
    parts += [date] if dated and (date := render_date(passage, phrases)) else []
    joint = "，" if phrases.stop == "。" else ", "
    return joint.join(parts)


def _code(term: str) -> str:
    """A signature as code, its parameters left out where they are many."""
    term = term.replace("`", "")
    return f"`{term if len(term) <= LONGEST_SIGNATURE else term.partition('(')[0] + '(…)'}`"


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


def shorten(text: str) -> str:
    """`text`, cut at the end of a word where it is long."""
    if len(text) <= LONGEST_TITLE:
        return text
    return text[:LONGEST_TITLE].rsplit(" ", 1)[0].rstrip(" ,;:，；：、") + "…"
