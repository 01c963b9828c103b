"""What can be counted in a report without understanding it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it.token import Token

REFERENCES = re.compile(
    r"(?:\d+[.)]?\s*)?(?:references?|sources?|bibliography|works cited|citations|cited (?:works|sources)|"
    r"参考文献|参考资料|资料来源|数据来源|来源|引用来源|引用)(?:\s*(?:list|列表))?\s*[:：]?",
    re.IGNORECASE,
)
"""A heading under which a report lists its sources."""
WIDE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af"

_CITE = re.compile(r"\\+cite[a-z]{0,10}\*?(?:\[[^\]\n]{0,200}\]){0,2}\{([^{}\n]{1,2000})\}")
_BRACKETS = re.compile(r"(?<![!\\])\[(\^?\d{1,3}[a-z]{0,2}(?:\s*[,，;、–-]\s*\^?\d{1,3}[a-z]{0,2})*)\](?![(:A-Za-z])")
_LATE = re.compile(rf"(?:\s*(?:{_CITE.pattern}|{_BRACKETS.pattern}))+")
_LENTICULAR = re.compile(r"【([^【】\n]{1,80})】")
_LINK = re.compile(
    r"(?<!!)\[([^\[\]\n]{0,500}+)\]\(\s{0,9}+<?"
    r"(https?://[^\s()<>]{1,2000}+(?:\([^\s()<>]{0,200}+\)[^\s()<>]{0,2000}+)?)>?(?:\s[^()\n]{0,200}+)?\)"
)
_URL = re.compile(r"https?://[^\s<>()\[\]{}\"'，。；、）】]+")
_LISTED = re.compile(r"^\s*(?:[-*+]\s+)?(?:\[\^?(\d{1,3})\]:?|(\d{1,3})[.)、])\s+\S")
_WORD = re.compile(rf"[{WIDE}]|(?:(?![{WIDE}_])\w)+(?:['’.,/-](?:(?![{WIDE}_])\w)+)*")
_YEAR = re.compile(r"(?<![\d.,])(?:1[5-9]|20)\d\d(?![\d%]|[.,]\d)")
_NUMBERS = re.compile(r"\d+")


@dataclass(frozen=True)
class Sentence:
    text: str
    cites: bool


class Measures:
    """Counts over one report in Markdown. Code is text here; the list of sources at the end is no prose."""

    def __init__(self, report: str) -> None:
        self.report = report
        self._lines = report.splitlines()
        self._tokens = _parse(report)

    @cached_property
    def headings(self) -> list[tuple[int, str, int]]:
        """(level, text, line) of each heading."""
        found = []
        for opening, inline in zip(self._tokens, self._tokens[1:], strict=False):
            if opening.type == "heading_open" and opening.map:
                found.append((int(opening.tag[1]), _plain(inline.content), opening.map[0]))
        return found

    @cached_property
    def title(self) -> str:
        """The heading of level 1 that opens the report, or ""."""
        level, text, line = self.headings[0] if self.headings else (0, "", 0)
        return text if level == 1 and not any(other.strip() for other in self._lines[:line]) else ""

    @cached_property
    def sections(self) -> list[str]:
        """Headings without the title and without that of the list of sources."""
        begin = 1 if self.title else 0
        return [text for _, text, _ in self.headings[begin:] if not REFERENCES.fullmatch(text)]

    @cached_property
    def top_sections(self) -> list[str]:
        """Those of `sections` on their highest level."""
        begin = 1 if self.title else 0
        inner = [(level, text) for level, text, _ in self.headings[begin:] if not REFERENCES.fullmatch(text)]
        top = min((level for level, _ in inner), default=0)
        return [text for level, text in inner if level == top]

    @cached_property
    def prose(self) -> str:
        """The report up to its list of sources, without citation marks and addresses."""
        text = "\n".join(self._lines[: self._end])
        text = _LINK.sub(lambda link: link[1] if not _BRACKETS.fullmatch(f"[{link[1].strip('[]')}]") else "", text)
        for pattern in (_CITE, _BRACKETS, _URL):
            text = pattern.sub("", text)
        return text

    @cached_property
    def words(self) -> int:
        """Words of the prose; each Chinese character is one, as word processors count."""
        return len(_WORD.findall(self.prose))

    @cached_property
    def characters(self) -> int:
        """Characters of the prose, white space and Markdown's marks left out."""
        return len(re.sub(r"[\s*_`#|>]+", "", self.prose))

    @cached_property
    def tables(self) -> int:
        return self._count("table_open")

    @cached_property
    def lists(self) -> int:
        return self._count("bullet_list_open") + self._count("ordered_list_open")

    @cached_property
    def paragraphs(self) -> list[str]:
        """Paragraphs of prose, list items and cells not among them."""
        found = []
        for opening, inline in zip(self._tokens, self._tokens[1:], strict=False):
            if opening.type == "paragraph_open" and opening.level == 0 and opening.map and opening.map[0] < self._end:
                found.append(inline.content)
        return found

    @cached_property
    def sentences(self) -> list[Sentence]:
        """Sentences of the paragraphs and list items above the list of sources."""
        from ..text.sentences import split_sentences  # noqa: PLC0415  only some criteria need it

        found: list[Sentence] = []
        for opening, inline in zip(self._tokens, self._tokens[1:], strict=False):
            if opening.type != "paragraph_open" or not opening.map or opening.map[0] >= self._end:
                continue
            for number, text in enumerate(split_sentences(inline.content)):
                late = _LATE.match(text) if number else None
                if late and found:  # marks behind the full stop belong to the sentence before them
                    found[-1] = Sentence(found[-1].text, True)
                rest = text[late.end() :] if late else text
                bare = _without_marks(rest).strip()
                if len(_WORD.findall(bare)) >= 3:
                    found.append(Sentence(bare, bool(citation_ids(rest))))
        return found

    @cached_property
    def cited_share(self) -> float | None:
        """Share of the sentences that cite something; None without sentences."""
        return sum(s.cites for s in self.sentences) / len(self.sentences) if self.sentences else None

    @cached_property
    def sources(self) -> int:
        """Different sources: what the text cites, or the entries of the list of sources where those are more."""
        cited = citation_ids("\n".join(self._lines[: self._end]))
        listed = {m[1] or m[2] for line in self._lines[self._end :] if (m := _LISTED.match(line))}
        addresses = {_address(u) for line in self._lines[self._end :] for u in _URL.findall(line)}
        return max(len(cited), len(listed), len(addresses))

    @cached_property
    def years(self) -> int:
        """Different years of the prose, 1500 to 2099."""
        return len(set(_YEAR.findall(self.prose)))

    @cached_property
    def language(self) -> str | None:
        from ..text.language import detect_language  # noqa: PLC0415

        return detect_language(self.prose)

    @cached_property
    def _end(self) -> int:
        """The line at which the list of sources begins: the last heading, or line in bold, of such a name."""
        lines = [line for _, text, line in self.headings if REFERENCES.fullmatch(text)]
        for number, line in enumerate(self._lines):
            stripped = line.strip()
            bold = stripped.startswith("**") and stripped.rstrip(":：").endswith("**")
            if bold and REFERENCES.fullmatch(stripped.strip("*:： ")):
                lines.append(number)
        return max(lines, default=len(self._lines))

    def _count(self, kind: str) -> int:
        """Blocks of one kind above the list of sources, those within others not counted."""
        blocks = [t for t in self._tokens if t.type == kind and t.level == 0]
        return sum(block.map is not None and block.map[0] < self._end for block in blocks)


def citation_ids(text: str) -> set[str]:
    """What the citation marks of `text` name: ids of \\cite{...}, numbers in brackets, addresses of links."""
    found: set[str] = set()
    for link in _LINK.finditer(text):
        found.add(_address(link[2]))
    bare = _LINK.sub(" ", text)
    for mark in _CITE.finditer(bare):
        found.update(id_.strip() for id_ in re.split(r"[,;，；]", mark[1]) if id_.strip())
    for mark in _BRACKETS.finditer(bare):
        found.update(_numbers(mark[1]))
    found.update(f"【{mark[1]}】" for mark in _LENTICULAR.finditer(bare) if _NUMBERS.search(mark[1]))
    found.update(_address(url) for url in _URL.findall(bare))
    return found


def _numbers(inside: str) -> Iterable[str]:
    """The numbers of [1, 3-5]; letters behind a number ([2b]) tell passages of one source apart."""
    for part in re.split(r"[,，;、]", inside):
        ends = [int(n) for n in _NUMBERS.findall(part)]
        if len(ends) == 2 and 0 < ends[1] - ends[0] < 100:
            yield from map(str, range(ends[0], ends[1] + 1))
        else:
            yield from map(str, ends)


def _address(url: str) -> str:
    return url.partition("#")[0].rstrip("/.,;:!?").removeprefix("https://").removeprefix("http://").removeprefix("www.")


def _without_marks(text: str) -> str:
    for pattern in (_CITE, _BRACKETS, _LENTICULAR, _URL):
        text = pattern.sub("", _LINK.sub(lambda link: link[1], text))
    return text


def _plain(inline: str) -> str:
    return re.sub(r"[*_`]+", "", inline).strip()


def _parse(report: str) -> "list[Token]":
    from markdown_it import MarkdownIt  # noqa: PLC0415

    parser = MarkdownIt("commonmark").enable("table")
    parser.core.ruler.disable(["inline"])  # blocks are enough
    return parser.parse(report)
