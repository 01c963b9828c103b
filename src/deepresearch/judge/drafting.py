"""Criteria for a question that has none: drafted by a model, or, without one, only what counting can decide."""

import re
from typing import Any

from pydantic import ValidationError

from ..models import ChatModel
from .asking import Asked, Asker, Unusable, json_object
from .kept import KeptReplies
from .rubrics import Rubric, RubricSet

LEAST, MOST = 8, 25
MECHANICAL = "drafted mechanically"
MOST_PARTS = 6
WORDS_A_PART = 4

_CLAUSE = re.compile(
    r"[?;？；。！]+|(?<=[a-z0-9)])\.\s+|[,，、:：]\s*|\s+and\s+|\s+or\s+|以及|并且|和|与|及", re.IGNORECASE
)
_QUOTED = re.compile(r"[\"“”「」《》‘’]")
_WORD = re.compile(r"[^\W_]+(?:[-'’.][^\W_]+)*")
_HAN_RUN = re.compile(r"[\u3400-\u9fff]{2,}")
_HAN_GLUE = re.compile(
    "请|帮我|我们|收集|整理|分析|说明|介绍|比较|对比|讨论|研究|总结|评估|探讨|阐述|报告|撰写|一份|关于|对于|针对|根据|基于|目前|当前|"
    "什么|哪些|哪个|哪种|如何|怎么样|怎样|怎么|为什么|为何|是否|多少|何时|何地|主要|有关|相关|"
    "以及|并且|其中|特别|得出|等等|其|这|那|的|了|吗|呢|在|是|有|把|被|和|与|及|或|之|个|种"
)
_COMMON = frozenset(
    "a an the and or of in on at to for from by with without about into over under between among as is are was were be "
    "been do does did has have had can could should would will may might must what which who whom whose when where why "
    "how this that these those it its their there than then also any all some such not no if more most much many "
    "please describe explain discuss compare analyse analyze summarise summarize give write provide report list main "
    "key current currently recent different various between each other both including include using used use does say "
    "influence affect effect effects impact role way ways thing things me us our your you they we he she".split()
)
_TIME = re.compile(
    r"\b(?:when|since|latest|recent|history|timeline|trend|year)\b|(?:1[5-9]|20)\d\d|何时|最新|近年|历史|年",
    re.IGNORECASE,
)


async def draft_rubrics(model: ChatModel, question: str, kept: KeptReplies | None = None) -> Asked[RubricSet]:
    """Criteria that `model` drafts for `question`; without a value where no reply could be used. Raises ModelError."""

    def read(text: str) -> RubricSet:
        return read_draft(text, question, f"drafted by {model.name}")

    return await Asker(model, kept).ask("draft", {"question": question}, read, {"least": str(LEAST), "most": str(MOST)})


def read_draft(text: str, question: str, origin: str) -> RubricSet:
    """The criteria in a reply. Raises Unusable where one of them cannot be used, or none is wanted."""
    listed = json_object(text, "rubrics")["rubrics"]
    if not isinstance(listed, list) or not listed:
        raise Unusable('"rubrics" is no list of criteria')
    try:
        rubrics = [Rubric.model_validate(_without_id(item)) for item in listed]
        drafted = RubricSet(question=question, origin=origin, rubrics=tuple(rubrics))
    except ValidationError as error:
        first = error.errors()[0]
        raise Unusable(f"a criterion cannot be used: {first['msg']} ({first['input']!r:.80})") from error
    if not any(rubric.weight > 0 for rubric in drafted.rubrics):
        raise Unusable("no criterion has a weight above zero")
    return drafted


def draft_mechanically(question: str, language: str = "") -> RubricSet:
    """Criteria that MechanicalJudge can decide: form, sources, and whether the question's own words come up.

    They say nothing about whether the report is right, or good. language: "zh" or "en"; empty: the question's.
    """
    from ..text.language import detect_language  # noqa: PLC0415  the library is not needed where a model drafts

    code = language or detect_language(question) or "en"
    texts = _CHINESE if code == "zh" else _ENGLISH
    rubrics = []
    if code in _NAMES:
        spoken = texts["language"].format(_NAMES[code])
        rubrics.append(Rubric(criterion=spoken, weight=3, role="explicit", axis="form"))
    for words in question_parts(question):
        rubrics.append(
            Rubric(criterion=_mentions(words, code), weight=3, role="explicit", axis="coverage of the question's words")
        )
    if _TIME.search(question):
        rubrics.append(Rubric(criterion=texts["years"], weight=1, role="implicit", axis="time"))
    rubrics += [
        Rubric(criterion=texts["sources"], weight=4, role="implicit", axis="sources"),
        Rubric(criterion=texts["share"], weight=3, role="implicit", axis="sources"),
        Rubric(criterion=texts["title"], weight=1, role="implicit", axis="form"),
        Rubric(criterion=texts["length"], weight=1, role="implicit", axis="form"),
        Rubric(criterion=texts["short"], weight=-3, role="negative", axis="form"),
    ]
    return RubricSet(question=question, language=code, origin=MECHANICAL, rubrics=tuple(rubrics))


def question_parts(question: str) -> list[list[str]]:
    """The content words of each part of a question, as they stand in it, no word twice."""
    seen: set[str] = set()
    parts = []
    for clause in _CLAUSE.split(_QUOTED.sub(" ", question)):
        words = [word for word in dict.fromkeys(_words(clause)) if word.casefold() not in seen]
        seen.update(word.casefold() for word in words)
        if words:
            parts.append(words[:WORDS_A_PART])
    return parts[:MOST_PARTS]


def _words(clause: str) -> list[str]:
    chinese = [piece for run in _HAN_RUN.findall(clause) for piece in _HAN_GLUE.split(run) if 2 <= len(piece) <= 8]
    latin = [w for w in _WORD.findall(clause) if w.isascii() and w.casefold() not in _COMMON and len(w) > 2]
    return chinese + latin


def _mentions(words: list[str], code: str) -> str:
    if code == "zh":
        return "报告提到" + "、".join(f"“{word}”" for word in words) + "。"
    return "The report mentions " + " and ".join(f'"{word}"' for word in words) + "."


def _without_id(item: Any) -> Any:
    return {name: value for name, value in item.items() if name != "id"} if isinstance(item, dict) else item


_NAMES = {"en": "English", "zh": "中文"}
_ENGLISH = {
    "language": "The report is written in {}.",
    "years": "The report gives at least one year.",
    "sources": "The report cites at least three different sources.",
    "share": "At least 50% of the sentences carry a citation.",
    "title": "The report has a title.",
    "length": "The report is at least 150 words long.",
    "short": "The report is shorter than 50 words.",
}
_CHINESE = {
    "language": "报告使用{}撰写。",
    "years": "报告给出至少一个年份。",
    "sources": "报告引用至少三个不同的来源。",
    "share": "报告至少50%的句子有引用。",
    "title": "报告有总标题。",
    "length": "报告不少于300字。",
    "short": "报告少于100字。",
}
