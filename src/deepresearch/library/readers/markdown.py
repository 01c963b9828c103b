"""Markdown: headings, paragraphs, lists, tables, code."""

import re
from collections.abc import Iterator
from pathlib import Path

from ...text.encoding import decode
from ...text.markdown import markdown_blocks as read_blocks
from ...text.markdown import plain_line, without_links
from ..documents import Block, BlockKind, Document, ReadProblem, own_title
from .signs import lowered, raised

_MOVED = re.compile(r"<(su[bp])(?:\s[^<>]*)?>([^<>\n]{1,40})</\1\s*>", re.IGNORECASE)
_FRONT = re.compile(r"\A---\n(.*?)\n(?:---|\.\.\.)[ \t]*\n", re.DOTALL)
_FIELD = re.compile(r"^(title|date|url|lang|language):[ \t]*[\"']?(.+?)[\"']?[ \t]*$", re.MULTILINE)


_KINDS: dict[str, BlockKind] = {"item": "item", "table": "table", "code": "item"}
"""Code that opens a list item is part of the item."""


def read_markdown(path: Path) -> Iterator[Document | ReadProblem]:
    """One document, titled by front matter, the heading it opens with, or its name. Raises DocumentError, OSError."""
    text = decode(path.read_bytes(), str(path))
    fields: dict[str, str] = {}
    if front := _FRONT.match(text):
        fields = dict(_FIELD.findall(front.group(1)))
        text = text[front.end() :]
    blocks = markdown_blocks(text)
    title = fields.get("title") or own_title(blocks) or path.stem
    yield Document(
        str(path), title, blocks, fields.get("url"), fields.get("date"), fields.get("lang") or fields.get("language")
    )


def markdown_blocks(text: str) -> list[Block]:
    """The blocks of Markdown `text`, in order: the source itself, less link targets, HTML tags and escapes.

    A list item with all that is in it is one block, and so is a quotation.
    """
    text = _MOVED.sub(lambda match: _shown(text, match), text)
    blocks: list[Block] = []
    done = -1
    for block in read_blocks(text, html=True):
        start, end = block.outer
        if start < done:
            continue
        done = end
        source = text[start:end].strip("\n").rstrip()
        if block.kind == "heading":
            blocks.append(Block("heading", plain_line(text[block.start : block.end]), block.level))
        elif block.kind == "code" and block.start == start:
            blocks.append(Block("code", source))
        elif source.lstrip().lower().startswith("<table"):
            from .html import fragment_blocks  # noqa: PLC0415  which reads Markdown itself

            blocks += fragment_blocks(source)
        elif (source := without_links(source)).strip():
            blocks.append(Block(_KINDS.get(block.kind, "paragraph"), source))
    return blocks


def _shown(text: str, match: re.Match[str]) -> str:
    """Raised and lowered text, which is written as HTML, as signs."""
    before = text[max(0, match.start() - 20) : match.start()]
    return raised(match[2], before) if match[1].lower() == "sup" else lowered(match[2])
