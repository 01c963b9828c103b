"""What a document is: the form in which every kind of file reaches the library."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

BlockKind = Literal["heading", "term", "paragraph", "item", "code", "table"]
"""A term opens a definition (a signature, a word of a glossary): it heads what follows and is part of its text."""


@dataclass(frozen=True)
class Block:
    """A piece of a document that is not taken apart needlessly."""

    kind: BlockKind
    text: str
    level: int = 0
    """Of a heading or term, 1 the highest. A heading without text only closes what is as deep or deeper."""
    page: int | None = None
    """Of a paged document, from 1."""


@dataclass(frozen=True)
class Document:
    """One source: a file, or a row of a corpus."""

    id: str
    """The path of a file, or the id that the corpus gives to the row."""
    title: str
    blocks: list[Block] = field(default_factory=list)
    url: str | None = None
    date: str | None = None
    """YYYY, YYYY-MM or YYYY-MM-DD."""
    language: str | None = None
    """ISO 639-1 code where the document names one; otherwise it is detected in each passage's text."""
    row: bool = False
    """A row of a corpus: cut by its author already, so it stays one passage where that is readable."""


def own_title(blocks: Sequence[Block]) -> str:
    """The title that a document opens with: a heading of the first level; any other heading names only its part."""
    first = next((block for block in blocks if block.text), None)
    return first.text if first and first.kind == "heading" and first.level == 1 else ""


@dataclass(frozen=True)
class ReadProblem:
    """A file, or a part of one, that could not be read."""

    place: str
    """Path, with `:row` where it is a row of a corpus."""
    reason: str
