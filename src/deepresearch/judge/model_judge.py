"""A judge that asks a served model, one criterion at a time."""

import re
from dataclasses import dataclass
from typing import Any

from ..models import ChatModel
from ..models.reply_cache import ReplyCache
from ..models.structured import StructuredClient, StructuredReply, Unusable, json_object
from ..text.characters import WIDE
from ..text.quotations import find_quote
from .prompt import prompt
from .rubrics import Rubric
from .verdicts import LEVELS, CriterionVerdict, Evidence, Level, paid

PART = 20_000
"""Longest part of a report that one request carries, tokens as estimated here."""
OVERLAP = 400
"""Tokens of the part before that the next one begins with."""
MOST_QUOTES = 5

_WIDE = re.compile(f"[{WIDE}]")
_WORDS: dict[str, Level] = {
    **dict.fromkeys(("not", "no part", "absent", "未满足", "不满足", "不符合"), "not"),
    **dict.fromkeys(("partially", "partial", "partly", "部分满足", "部分符合"), "partially"),
    **dict.fromkeys(("fully", "full", "完全满足", "完全符合"), "fully"),
}
_TAIL = re.compile(r"[\s_-]+(?:satisfied|met|present|fulfilled)$")


@dataclass(frozen=True)
class Opinion:
    """A reply as it was read."""

    level: Level
    reason: str
    quotes: tuple[str, ...]


class ModelJudge:
    """Judges with any chat model. Wanted criteria and flaws are asked about in different words.

    A report longer than `part` tokens is judged in parts that overlap; of their verdicts the strongest holds, which is
    the best for a wanted criterion and the worst for a flaw.
    """

    deterministic = False

    def __init__(self, model: ChatModel, kept: ReplyCache | None = None, part: int = PART) -> None:
        """model: best at temperature 0. kept: the cache in which replies are stored before they are used."""
        self.name = model.name
        self._asker = StructuredClient(model, kept)
        self._part = part

    async def judge(self, question: str, report: str, rubric: Rubric, trial: int = 0) -> CriterionVerdict:
        """The verdict on one criterion. Raises ModelError where the endpoint as a whole does not work."""
        parts = split_report(report, self._part)
        verdicts = []
        for number, part in enumerate(parts, 1):
            asked = await self._ask(question, part, rubric, trial, _place(number, len(parts)))
            verdicts.append(_verdict(asked, rubric, part, self.name, trial))
            if verdicts[-1].level == "fully":
                break  # nothing in a later part can change it
        return merge(verdicts)

    async def _ask(self, question: str, part: str, rubric: Rubric, trial: int, place: str) -> StructuredReply[Opinion]:
        template = "negative" if rubric.negative else "positive"
        texts = {"question": question, "report": part, "criterion": rubric.criterion}
        return await self._asker.ask(prompt(template, texts, {"part": place}), read_opinion, trial=trial)


def read_opinion(text: str) -> Opinion:
    """The verdict in a reply. Raises Unusable."""
    found = json_object(text, "verdict")
    return Opinion(_level(found["verdict"]), _text(found.get("reason")), _quotes(found.get("evidence")))


def merge(verdicts: list[CriterionVerdict]) -> CriterionVerdict:
    """One verdict from those on the parts of a report: the strongest level, and its evidence.

    Where a part has none and no other is "fully", the whole has none: the missing part might have been.
    """
    levels: list[Level] = [v.level for v in verdicts if v.level in LEVELS]
    missing = [v for v in verdicts if not v.counts]
    if missing and "fully" not in levels:
        chosen, level = missing, missing[0].level
    else:
        level = max(levels, key=LEVELS.index)
        chosen = [v for v in verdicts if v.level == level]
    evidence = tuple(e for v in chosen for e in v.evidence)[:MOST_QUOTES]
    return chosen[0].model_copy(update={"level": level, "evidence": evidence, **paid(verdicts)})


def split_report(report: str, size: int, overlap: int = OVERLAP) -> list[str]:
    """`report` in parts of about `size` tokens, cut between lines where that is possible, each but the first beginning
    with about the last `overlap` tokens of the one before. A report that fits is one part."""
    if tokens(report) <= size:
        return [report]
    pieces = [piece for line in report.splitlines(keepends=True) for piece in _cut(line, max(size // 4, 1))]
    parts: list[list[str]] = [[]]
    room = size
    for piece in pieces:
        weight = tokens(piece)
        if weight > room and parts[-1]:
            tail = _tail(parts[-1], min(overlap, size // 4))
            parts.append(tail)
            room = size - sum(map(tokens, tail))
        parts[-1].append(piece)
        room -= weight
    return ["".join(part) for part in parts]


def tokens(text: str) -> int:
    """A rough count: a Chinese character is one, four others are one."""
    wide = len(_WIDE.findall(text))
    return wide + (len(text) - wide + 3) // 4


def _cut(line: str, size: int) -> list[str]:
    return [line] if tokens(line) <= size else [line[i : i + size] for i in range(0, len(line), size)]


def _tail(pieces: list[str], size: int) -> list[str]:
    tail: list[str] = []
    for piece in reversed(pieces):
        size -= tokens(piece)
        if size < 0:
            break
        tail.insert(0, piece)
    return tail


def _place(number: int, of: int) -> str:
    if of == 1:
        return ""
    return (
        f"This is part {number} of {of} of the report; neighbouring parts overlap. Judge what this part shows. The "
        "other parts are judged on their own, and the strongest verdict counts."
    )


def _verdict(asked: StructuredReply[Opinion], rubric: Rubric, part: str, by: str, trial: int) -> CriterionVerdict:
    opinion = asked.value
    return CriterionVerdict(
        rubric=rubric.id,
        level=opinion.level if opinion else "unusable",
        reason=opinion.reason if opinion else asked.problem,
        evidence=tuple(_checked(quote, part) for quote in opinion.quotes[:MOST_QUOTES]) if opinion else (),
        by=by,
        trial=trial,
        usage=asked.usage,
        cost=asked.cost,
        requests=asked.requests,
    )


def _checked(quote: str, report: str) -> Evidence:
    found = find_quote(quote, report)
    return Evidence(quote=found if found is not None else quote, found=found is not None)


def _level(word: Any) -> Level:
    plain = _TAIL.sub("", str(word).strip().strip(".。'\"").casefold()) if isinstance(word, str) else ""
    if plain not in _WORDS:
        raise Unusable(f'the verdict {word!r:.40} is none of "fully", "partially", "not"')
    return _WORDS[plain]


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _quotes(value: Any) -> tuple[str, ...]:
    """The quotations of a reply: a list of texts, or one text."""
    items = value if isinstance(value, list) else [value]
    return tuple(item.strip() for item in items if isinstance(item, str) and item.strip())
