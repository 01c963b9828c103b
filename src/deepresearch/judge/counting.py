"""What can be counted in a report without a model: its form, its sources, and whether the question's words come up.

The criteria are those drafted here, with other numbers perhaps: one in other words is for a reader or a model.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from ..text.characters import CJK, has_han
from ..text.language import detect_language
from ..text.markdown import MarkdownBlock, markdown_blocks
from ..text.phrases import chinese_phrases
from ..text.wordlists import request_words, stop_words
from .rubrics import Rubric, RubricSet
from .verdicts import CriterionVerdict, Evidence, Level

MECHANICAL = "drafted mechanically"
MOST_PARTS, WORDS_A_PART = 6, 4
_REFERENCES = re.compile(
    r"\W*(?:\d+[.)]?\s*)?(?:references?|sources?|bibliography|works cited|citations"
    r"|参考文献|参考资料|资料来源|数据来源|来源|引用来源|引用)\W*",
    re.IGNORECASE,
)
"""A heading under which a report lists its sources."""
_CITE = re.compile(r"\\+cite[a-z]{0,10}\*?(?:\[[^\]\n]{0,200}\]){0,2}\{([^{}\n]{1,2000})\}")
_BRACKETS = re.compile(r"(?<![!\\])\[(\^?\d{1,3}[a-z]{0,2}(?:\s*[,，;、–-]\s*\^?\d{1,3}[a-z]{0,2})*)\](?![(:A-Za-z])")
_LENTICULAR = re.compile(r"【([^【】\n]{0,40}\d[^【】\n]{0,40})】")
_URL = re.compile(r"https?://[^\s<>()\[\]{}\"'，。；、）】]+")
_MARKS = (_CITE, _BRACKETS, _LENTICULAR, _URL)
_LISTED = re.compile(r"^\s*(?:[-*+]\s+)?(?:\[\^?(\d{1,3})\]:?|(\d{1,3})[.)、])\s+\S", re.MULTILINE)
_WORD = re.compile(rf"[{CJK}]|(?:(?![{CJK}_])\w)+(?:['’.,/-](?:(?![{CJK}_])\w)+)*")
_LATIN_WORD = re.compile(r"[A-Za-z0-9]+(?:[-'’.][A-Za-z0-9]+)*")
_CLAUSE = re.compile(r"[?;？；。！!,，、:：\"“”「」《》]+|\.\s+|\s+(?:and|or)\s+|以及|并且|和|与|及", re.IGNORECASE)


@dataclass(frozen=True)
class Counts:
    """Counts over a report in Markdown; the list of sources at its end does not count."""

    words: int
    """Without citation marks and addresses; each Chinese character is one, as word processors count."""
    sources: int
    """Different sources: what the text cites, or the entries of the list of sources where those are more."""
    title: bool
    language: str | None


def count(report: str) -> Counts:
    """The counts of `report`."""
    blocks = [block for block in markdown_blocks(report) if block.kind != "code"]
    heads = [n for n, b in enumerate(blocks) if _REFERENCES.fullmatch(report[b.start : b.end]) and _is_head(report, b)]
    body, rest = (report[: blocks[heads[-1]].start], report[blocks[heads[-1]].start :]) if heads else (report, "")
    prose = _without_marks(body)
    listed = {m[1] or m[2] for m in _LISTED.finditer(rest)}
    first = blocks[0] if blocks else None
    return Counts(
        words=len(_WORD.findall(prose)),
        sources=max(len(citation_ids(body)), len(listed), len(set(map(_address, _URL.findall(rest))))),
        title=first is not None and first.kind == "heading" and first.level == 1,
        language=detect_language(prose),
    )


def _is_head(report: str, block: MarkdownBlock) -> bool:
    return block.kind == "heading" or report[block.start : block.end].startswith("**")


def citation_ids(text: str) -> set[str]:
    """What the citation marks of `text` name: ids of \\cite{...}, numbers in brackets, addresses of links."""
    found = {id_.strip() for mark in _CITE.finditer(text) for id_ in re.split(r"[,;，；]", mark[1]) if id_.strip()}
    for mark in _BRACKETS.finditer(text):
        for part in re.split(r"[,，;、]", mark[1]):
            ends = [int(n) for n in re.findall(r"\d+", part)]
            wide = len(ends) == 2 and 0 < ends[1] - ends[0] < 100
            found.update(map(str, range(ends[0], ends[1] + 1) if wide else ends))
    found.update(f"【{mark[1]}】" for mark in _LENTICULAR.finditer(text))
    return found | {_address(url) for url in _URL.findall(text)}


def _address(url: str) -> str:
    return url.partition("#")[0].rstrip("/.,;:!?").removeprefix("https://").removeprefix("http://").removeprefix("www.")


def _without_marks(text: str) -> str:
    for mark in _MARKS:
        text = mark.sub("", text)
    return text


class _Criterion(NamedTuple):
    english: str
    """With {n} for a number, 1 where there is none."""
    chinese: str
    drafted: tuple[int, int]
    """The numbers in a draft, English and Chinese."""
    weight: float
    counted: Callable[[Counts], float]
    below: bool = False
    """Met below n instead of from n on."""


_CRITERIA = (
    _Criterion("The report cites {n} or more sources.", "报告引用至少{n}个来源。", (3, 3), 4, lambda c: c.sources),
    _Criterion("The report has a title.", "报告有总标题。", (1, 1), 1, lambda c: c.title),
    _Criterion("The report is at least {n} words long.", "报告不少于{n}字。", (150, 300), 1, lambda c: c.words),
    _Criterion("The report is shorter than {n} words.", "报告少于{n}字。", (50, 100), -3, lambda c: c.words, True),
)  # fmt: skip


def _read(criterion: str) -> tuple[_Criterion, int] | None:
    """Which criterion is meant, and its number."""
    for row in _CRITERIA:
        for template in (row.english, row.chinese):
            pattern = re.escape(template).replace(r"\{n\}", r"(?P<n>\d+)")
            if match := re.fullmatch(pattern, criterion):
                return row, int(match.groupdict().get("n", 1))
    return None


_LANGUAGES = {"The report is written in English.": "en", "报告使用中文撰写。": "zh"}
_MENTIONS = re.compile(r'The report mentions ("[^"]+"(?: and "[^"]+")*)\.|报告提到(“[^“”]+”(?:、“[^“”]+”)*)。')
_QUOTED = re.compile(r'["“]([^"“”]+)["”]')


class MechanicalJudge:
    """Decides the criteria that `draft_mechanically` writes; every other is undecided, which is no verdict."""

    name = "mechanical"
    deterministic = True

    def __init__(self) -> None:
        self._count = lru_cache(maxsize=4)(count)

    async def judge(self, question: str, report: str, rubric: Rubric, trial: int = 0) -> CriterionVerdict:
        """The verdict on one criterion; the question is not looked at."""
        level, reason, quotes = _decide(rubric.criterion, self._count(report), report)
        evidence = tuple(Evidence(quote=quote, found=True) for quote in quotes)
        found = {"level": level, "reason": reason, "evidence": evidence}
        return CriterionVerdict.model_validate({"rubric": rubric.id, "by": self.name, "trial": trial, **found})


def _decide(criterion: str, counts: Counts, report: str) -> tuple[Level | str, str, list[str]]:
    """Level, reason and places in the report."""
    if criterion in _LANGUAGES:
        met = counts.language == _LANGUAGES[criterion]
        return ("fully" if met else "not"), f"the report's language: {counts.language or 'another'}", []
    if read := _read(criterion):
        row, number = read
        counted = row.counted(counts)
        met = counted < number if row.below else counted >= number
        return ("fully" if met else "not"), f"counted: {counted:g}; wanted: {'<' if row.below else '>='} {number:g}", []
    if not _MENTIONS.fullmatch(criterion):
        return "undecided", "counting cannot decide this criterion", []
    wanted = _QUOTED.findall(criterion)
    found = {word: place for word in wanted if (place := find_words(word, report))}
    missing = [word for word in wanted if word not in found]
    level: Level = "fully" if not missing else "partially" if found else "not"
    return level, f"missing: {', '.join(missing)}" if missing else "all found", list(found.values())[:3]


def find_words(words: str, report: str) -> str | None:
    """The place in `report` that has `words` as words of their own, whatever their case; None where there is none."""
    pattern = r"\s+".join(map(re.escape, words.split()))
    edges = [r"(?<![A-Za-z0-9])" if words[:1].isascii() else "", r"(?![A-Za-z0-9])" if words[-1:].isascii() else ""]
    found = re.search(edges[0] + pattern + edges[1], report, re.IGNORECASE) if pattern else None
    return found.group() if found else None


def draft_mechanically(question: str) -> RubricSet:
    """Criteria that MechanicalJudge can decide. They are no measure of whether the report is right, or good."""
    code = detect_language(question) or "en"
    chinese = code == "zh"
    rubrics = [Rubric(criterion=text, weight=3, axis="form") for text, spoken in _LANGUAGES.items() if spoken == code]
    for words in question_parts(question):
        text = f"报告提到{'、'.join(f'“{w}”' for w in words)}。" if chinese else _mentions(words)
        rubrics.append(Rubric(criterion=text, weight=3, axis="coverage of the question's words"))
    rubrics += [
        Rubric(
            criterion=(row.chinese if chinese else row.english).format(n=row.drafted[chinese]),
            weight=row.weight,
            role="negative" if row.below else "implicit",
            axis="form",
        )
        for row in _CRITERIA
    ]
    return RubricSet(question=question, language=code, origin=MECHANICAL, rubrics=tuple(rubrics))


def _mentions(words: list[str]) -> str:
    return "The report mentions " + " and ".join(f'"{word}"' for word in words) + "."


def question_parts(question: str) -> list[list[str]]:
    """The content words of each part of a question, in its own spelling, no word twice."""
    seen: set[str] = set()
    parts = []
    for clause in _CLAUSE.split(question):
        words = [word for word in dict.fromkeys(_words(clause)) if word.casefold() not in seen]
        seen.update(word.casefold() for word in words)
        if words:
            parts.append(words[:WORDS_A_PART])
    return parts[:MOST_PARTS]


def _words(clause: str) -> list[str]:
    common = stop_words("en") | request_words("en")
    latin = [w for w in _LATIN_WORD.findall(clause) if w.casefold() not in common and len(w) > 2]
    return (chinese_phrases(clause) if has_han(clause) else []) + latin
