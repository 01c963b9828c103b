"""Removes references that a policy wrote itself: a list at the end of its text, and brackets without a passage."""

import re
from collections.abc import Iterable, Sequence

from ..text.markdown import code_ranges, is_inside
from .citations import Reference
from .markup import safe_url
from .syntax import PLACEHOLDERS

_NUMBER_MARK = re.compile(r"(?<![!\\])\[\d{1,3}(?:\s*[,，–-]\s*\d{1,3})*\](?![(:])")
_BRACKETS = re.compile(r"(?<![!\\])\[\^?(?:cite:\s*)?([\w.:-]{8,80})\](?![(:])")
_OWN_LIST = re.compile(
    r"^(?P<heading>#{1,6}[ \t]+|\*\*|__)?(?:[\d一二三四五六七八九十]{1,3}[.、．)）][ \t]*)?"
    r"(?:(?:list of )?references|(?:list of )?sources|bibliography|works cited|citations"
    r"|(?:主要)?参考(?:文献|资料|来源|链接)|(?:资料|信息|数据|引用)?来源|引用(?:文献|列表)?)"
    r"(?:\*\*|__)?[ \t]*[:：]?[ \t]*#*[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
"""The heading of a list of references that the policy wrote itself."""
_NEXT_HEADING = re.compile(r"^#{1,6}[ \t]+\S", re.MULTILINE)
_ADDRESS = re.compile(r"https?://[^\s<>()\[\]\"，。；）】]+")


def unlinked_marks(text: str, known: Iterable[str] = ()) -> int:
    """How many marks there are in `text` outside code that look like citations and are none: [7], or an id never shown.

    known: the ids that may be cited; what has as many characters as they have looks like one.
    """
    code = code_ranges(text)
    lengths = {len(id_) for id_ in known}
    ids = [m for m in _BRACKETS.finditer(text) if len(m[1]) in lengths and any(c.isdigit() for c in m[1])]
    return sum(not is_inside(code, match.start()) for match in [*_NUMBER_MARK.finditer(text), *ids])


def without_own_references(text: str, references: Sequence[Reference], known: Iterable[str]) -> tuple[str, bool]:
    """`text` without a list of references of the policy's own that names nothing but these; and whether there was one.

    A list that names anything else stays, because nothing else would show what its author meant.
    """
    defined = re.compile(rf"^\[\^?(?:{'|'.join(map(re.escape, known)) or '(?!)'})\]:.*(?:\n[ \t]+\S.*)*$", re.MULTILINE)
    text, found = defined.subn("", text)
    code = code_ranges(text)
    for heading in reversed(list(_OWN_LIST.finditer(text))):
        following = _NEXT_HEADING.search(text, heading.end())
        end = following.start() if following and heading["heading"] else len(text)
        lines = [line for line in text[heading.end() : end].splitlines() if line.strip()]
        if (lines or heading["heading"]) and not is_inside(code, heading.start()) and _names_only(lines, references):
            return text[: heading.start()].rstrip() + "\n\n" + text[end:], True
    return text, found > 0


def _names_only(lines: Sequence[str], references: Sequence[Reference]) -> bool:
    """Whether each line names one of `references`: by a citation mark, its address, or its title."""
    urls = {safe_url(r.url) for r in references if r.url}
    titles = [r.title.casefold() for r in references if len(r.title) >= 4] + [r.document.casefold() for r in references]

    def named(line: str) -> bool:
        address = _ADDRESS.search(line)
        if PLACEHOLDERS.search(line) or re.fullmatch(r"[\s|:*-]+", line):
            return True
        return safe_url(address.group()) in urls if address else any(title in line.casefold() for title in titles)

    return all(map(named, lines))
