"""Text from pages and documents, made safe for the conversation.

Every line of such text begins with a mark that the conversation's own lines never bear, so nothing in it can pass for
a heading, a passage id or an instruction of the system; tags and marks that a parser of replies looks for are broken.
"""

import re

from ..text import characters
from ..text.characters import clean
from ..trajectory import Passage

MARK = "> "
LONGEST_LINE = 200
"""Characters of a title, a place or an address that are shown."""

_TAG = re.compile(
    r"<(?=\s*/?\s*(?:(?:[a-z]{1,20}:)?(?:think|tool|answer|steptml|function|invoke|parameter|system|user|assistant)"
    r"|[|｜]|<SYS>|(?:s|bos|eos|start_of_turn|end_of_turn)>))"
    r"|\[(?=/?(?:TOOL_CALLS|TOOL_RESULTS|AVAILABLE_TOOLS|ARGS|SYSTEM_PROMPT|INST)\])",
    re.IGNORECASE,
)
"""Marks of calls, answers and turns, and special tokens, as several model families write them."""
_CITE = re.compile(r"\\*(cite[a-z]{0,10})\*?(?=\s*(?:\[[^\]\n]*\]\s*)*[{｛])", re.IGNORECASE)


def disarm(text: str) -> str:
    """`text` without control characters, and with the conversation's own markers in other brackets."""
    return _CITE.sub(r"‹\1›", _TAG.sub("‹", clean(text)))


def fence(text: str) -> str:
    """`text`, disarmed, each line marked."""
    return "\n".join(MARK + line for line in disarm(text).splitlines()) or MARK


def one_line(text: str, longest: int = LONGEST_LINE) -> str:
    """`text`, disarmed, as a single line of at most `longest` characters."""
    return characters.one_line(disarm(text), longest)


def describe_document(passage: Passage, standing: str = "") -> str:
    """The line that opens a document: title, name, what is known of its source, date, language, address.

    standing: what is known of the source, in words.
    """
    parts = [f"document: {one_line(passage.document)}"]
    parts += [one_line(standing, 120)] if standing else []
    parts.append(f"date: {one_line(passage.date, 10)}" if passage.date else "undated")
    parts += [f"language: {one_line(passage.language, 10)}"] if passage.language else []
    if passage.url and passage.url != passage.document:
        parts.append(f"url: {one_line(passage.url)}")
    return f"## {one_line(passage.title) or '(no title)'} ({'; '.join(parts)})"


def describe_place(passage: Passage) -> str:
    """Where in its document a passage is: page, headings, paragraph number."""
    if passage.excerpt:
        return "excerpt by the search engine; open the document to read it"
    parts = [f"page {passage.page}"] if passage.page else []
    headings = " / ".join(passage.heading)
    if headings and headings != passage.title:
        parts.append(one_line(headings))
    return ", ".join([*parts, f"paragraph {passage.position}"])


def show_passage(passage: Passage, note: str = "") -> str:
    """A passage whole: id and place on a line of their own, then the fenced text."""
    return f"[{one_line(passage.id)}] {describe_place(passage)}{note}\n{fence(passage.text)}"


def recall_passage(passage: Passage) -> str:
    """A passage shown before: id and first words."""
    start = one_line(" ".join(passage.text.split()[:12]), 100)
    return f"[{one_line(passage.id)}] (shown before) {start} …"
