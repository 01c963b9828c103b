"""Plain text, and functions that readers of other files share."""

import re
from collections.abc import Iterator
from pathlib import Path

from ...text.characters import CJK
from ...text.encoding import decode
from ..documents import Block, Document, ReadProblem

_ITEM = re.compile(r"\s{0,8}(?:[-*•]|\d{1,3}[.)])\s+\S")
CJK_WRAP = re.compile(rf"(?<=[{CJK}，。、；：！？）」』》”])[ \t]*\n\s*(?=[{CJK}（「『《“])")


def read_text(path: Path) -> Iterator[Document | ReadProblem]:
    """One document: its paragraphs are separated by blank lines. Raises DocumentError, OSError."""
    text = decode(path.read_bytes(), str(path))
    yield Document(str(path), path.stem, paragraphs(text))


def paragraphs(text: str) -> list[Block]:
    """Blocks of text without mark-up; line breaks within a paragraph are kept."""
    blocks = []
    for part in re.split(r"\n[ \t]*\n", text):
        if part.strip():
            blocks.append(Block("item" if _ITEM.match(part) else "paragraph", part.strip("\n").rstrip()))
    return blocks


def unwrapped(text: str) -> str:
    """`text` on one line; Chinese is joined without the space that a line break would leave."""
    return " ".join(CJK_WRAP.sub("", text).split())
