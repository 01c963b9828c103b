"""Markdown: headings, paragraphs, lists, tables, code."""

import re
from collections.abc import Iterator
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from ...text.encoding import decode
from ..documents import Block, BlockKind, Document, Problem

_FRONT = re.compile(r"\A---\n(.*?)\n(?:---|\.\.\.)[ \t]*\n", re.DOTALL)
_FIELD = re.compile(r"^(title|date|url|lang|language):[ \t]*[\"']?(.+?)[\"']?[ \t]*$", re.MULTILINE)
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*(?:[ \t]+\"[^\"\n]*\")?\)")
_EMPHASIS = re.compile(r"[*`]+|(?<!\w)_+|_+(?!\w)")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_TAG = re.compile(r"<!--(?:(?!-->|<!--).)*-->|</?[A-Za-z][^<>]*>", re.DOTALL)
_KINDS: dict[str, BlockKind] = {
    "paragraph_open": "paragraph",
    "blockquote_open": "paragraph",
    "html_block": "paragraph",
    "list_item_open": "item",
    "fence": "code",
    "code_block": "code",
    "table_open": "table",
}


def read_markdown(path: Path) -> Iterator[Document | Problem]:
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
    """The blocks of Markdown `text`, in order: the source itself, less link targets, HTML tags and escapes."""
    lines = text.split("\n")
    blocks: list[Block] = []
    done = 0
    tokens = MarkdownIt("commonmark").enable("table").disable("inline").parse(text)
    for place, token in enumerate(tokens):
        if token.map is None or token.map[0] < done:
            continue
        if token.type == "heading_open":
            blocks.append(Block("heading", _plain(tokens[place + 1]), int(token.tag[1])))
            done = token.map[1]
        elif kind := _KINDS.get(token.type):
            source = "\n".join(lines[token.map[0] : token.map[1]]).strip("\n").rstrip()
            if kind != "code":
                source = _without_marks(source)
            if source.strip():
                blocks.append(Block(kind, source))
            done = token.map[1]
    return blocks


def _without_marks(source: str) -> str:
    return _ESCAPE.sub(r"\1", _LINK.sub(r"\1", _TAG.sub("", source)))


def _plain(inline: Token) -> str:
    """The text of a heading without its mark-up."""
    return " ".join(_EMPHASIS.sub("", _without_marks(inline.content)).split())
