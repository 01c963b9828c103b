"""The quality card: a judgement in a form that a reader can check, as data and as Markdown."""

import json
import re
from typing import Any

from .counting import MECHANICAL
from .judging import Judgement
from .reward import Outcome
from .rubrics import Rubric
from .verdicts import CriterionVerdict

FILES = ("quality.json", "quality.md")
LONGEST = 240
"""Characters of a reason or a quotation that the card shows."""
_ACTIVE = re.compile(r"([\\`*_{}\[\]<>#|!~&])")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]")

_ENGLISH = {
    "title": "Quality card",
    "score": "Score (strict: a criterion counts only when it is fully met)",
    "ternary": "Score with half credit",
    "none": "none",
    "judge": "Judge",
    "rubrics": "Criteria",
    "trials": "Trials",
    "spread": "standard deviation of the trials",
    "left": "Left out",
    "left_words": "{undecided} undecided, {unusable} unusable replies of {n} verdicts",
    "invented": "{n} verdicts rest on words that the report does not hold",
    "fatal": "A fatal flaw was found: {ids}",
    "cost": "Tokens and price",
    "head": "| | criterion | weight | verdicts | why |",
    "mechanical": "These criteria only count things; they say nothing about whether the report is right.",
    "unknown": "price unknown",
}
_CHINESE = {
    "title": "质量卡",
    "score": "得分（严格：只有完全满足才计分）",
    "ternary": "得分（部分满足计一半）",
    "none": "无",
    "judge": "评审",
    "rubrics": "评分标准",
    "trials": "评审次数",
    "spread": "各次得分的标准差",
    "left": "未计入",
    "left_words": "{n} 项判定中 {undecided} 项无法判定，{unusable} 项答复不可用",
    "invented": "{n} 项判定的引文在报告中不存在",
    "fatal": "发现致命错误：{ids}",
    "cost": "用量与费用",
    "head": "| | 标准 | 权重 | 判定 | 理由 |",
    "mechanical": "这些标准只做计数，不能说明报告是否正确。",
    "unknown": "价格未知",
}


def quality_json(judgement: Judgement) -> str:
    """The whole judgement as JSON, verdicts and evidence included."""
    return json.dumps(judgement.model_dump(mode="json"), ensure_ascii=False, indent=1) + "\n"


def quality_card(judgement: Judgement, language: str = "en") -> str:
    """The judgement as Markdown: score, what was left out, and a row for each criterion. language: "en" or "zh"."""
    words = _CHINESE if language.startswith("zh") else _ENGLISH
    binary = judgement.binary
    lines = [f"## {words['title']}", ""]
    lines += [f"- {name}: {value}" for name, value in _facts(judgement, words)]
    fatal = sorted({id_ for trial in binary.trials for id_ in trial.fatal})
    if fatal:
        lines += ["", f"**{words['fatal'].format(ids=_inert(', '.join(fatal)))}**"]
    if judgement.rubrics.origin == MECHANICAL:
        lines += ["", words["mechanical"]]
    lines += ["", words["head"], "|---|---|---|---|---|"]
    lines += [_row(rubric, judgement) for rubric in judgement.rubrics.rubrics]
    return "\n".join(lines) + "\n"


def _facts(judgement: Judgement, words: dict[str, str]) -> list[tuple[str, str]]:
    every = sum(len(row) for row in judgement.trials)
    binary, usage = judgement.binary, judgement.usage
    price = words["unknown"] if judgement.cost is None else f"${judgement.cost:.4f}"
    spread = f" ({words['spread']}: {binary.spread:.3f})" if binary.spread is not None else ""
    facts = [
        (words["score"], _score(binary, words)),
        (words["ternary"], _score(judgement.ternary, words)),
        (words["judge"], _inert(judgement.judge)),
        (words["rubrics"], f"{len(judgement.rubrics.rubrics)}, {_inert(judgement.rubrics.origin)}"),
        (words["trials"], f"{len(judgement.trials)}{spread}"),
    ]
    if judgement.undecided or judgement.unusable:
        counts: dict[str, Any] = {"undecided": judgement.undecided, "unusable": judgement.unusable, "n": every}
        facts.append((words["left"], words["left_words"].format(**counts)))
    if judgement.invented:
        facts.append(("!", words["invented"].format(n=judgement.invented)))
    if usage.input or usage.output:
        facts.append((words["cost"], f"{usage.input:,} + {usage.output:,}, {price}"))
    return facts


def _row(rubric: Rubric, judgement: Judgement) -> str:
    verdicts = [v for row in judgement.trials for v in row if v.rubric == rubric.id]
    weight = f"{rubric.weight:+g}" + (" †" if rubric.fatal else "")
    levels = " ".join(verdict.level for verdict in verdicts)
    return f"| {_inert(rubric.id)} | {_inert(rubric.criterion)} | {weight} | {levels} | {_why(verdicts)} |"


def _why(verdicts: list[CriterionVerdict]) -> str:
    if not verdicts:
        return ""
    verdict = verdicts[0]
    quotes = [f"“{_inert(_clip(e.quote))}”{'' if e.found else ' (?)'}" for e in verdict.evidence[:1]]
    return " ".join([_inert(_clip(verdict.reason)), *quotes]).strip()


def _score(outcome: Outcome, words: dict[str, str]) -> str:
    return f"{outcome.score:.3f}" if outcome.score is not None else f"{words['none']} ({outcome.why_none})"


def _clip(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def _inert(text: str) -> str:
    """One line of Markdown that shows `text` and has no other effect: texts of models and reports are untrusted."""
    return _ACTIVE.sub(r"\\\1", _CONTROL.sub("", " ".join(text.split())))
