"""Markdown: headings, paragraphs, lists, tables, code."""

import re
from collections.abc import Iterator
from pathlib import Path

from ...text.encoding import decode
from ...text.markdown import markdown_blocks as read_blocks
from ...text.markdown import plain_line, without_links
from ..documents import Block, BlockKind, Document, ReadProblem

_FRONT = re.compile(r"\A---\n(.*?)\n(?:---|\.\.\.)[ \t]*\n", re.DOTALL)
_FIELD = re.compile(r"^(title|date|url|lang|language):[ \t]*[\"']?(.+?)[\"']?[ \t]*$", re.MULTILINE)


_KINDS: dict[str, BlockKind] = {"item": "item", "table": "table", "code": "item"}
"""Code that opens a list item is part of the item."""


def read_markdown(path: Path) -> Iterator[Document | ReadProblem]:
    """One document, titled by its front matter, its first heading or its name. Raises DocumentError, OSError."""
    text = decode(path.read_bytes(), str(path))
    fields: dict[str, str] = {}
    if front := _FRONT.match(text):
        fields = dict(_FIELD.findall(front.group(1)))
        text = text[front.end() :]
    blocks = markdown_blocks(text)
    title = fields.get("title") or next((block.text for block in blocks if block.kind == "heading"), path.stem)
    yield Document(
        str(path), title, blocks, fields.get("url"), fields.get("date"), fields.get("lang") or fields.get("language")
    )


def markdown_blocks(text: str) -> list[Block]:
    """The blocks of Markdown `text`, in order: the source itself, less link targets, HTML tags and escapes.

    A list item with all that is in it is one block, and so is a quotation.
    """
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
        elif (source := without_links(source)).strip():
            blocks.append(Block(_KINDS.get(block.kind, "paragraph"), source))
    return blocks
