"""The quality card: a judgement in a form that a reader can check, as data and as Markdown."""

import json
import re

from ..text.characters import one_line
from ..text.labels import Labels, labels_for
from .counting import MECHANICAL
from .judging import Judgement
from .reward import Outcome
from .rubrics import Rubric
from .verdicts import CriterionVerdict

FILES = ("quality.json", "quality.md")
LONGEST = 240
"""Characters of a reason or a quotation that the card shows."""
_ACTIVE = re.compile(r"([\\`*_{}\[\]<>#|!~&])")


def quality_json(judgement: Judgement) -> str:
    """The whole judgement as JSON, verdicts and evidence included."""
    return json.dumps(judgement.model_dump(mode="json"), ensure_ascii=False, indent=1) + "\n"


def quality_card(judgement: Judgement, language: str = "en") -> str:
    """The judgement as Markdown: score, what was left out, and a row for each criterion. language: "en" or "zh"."""
    words = labels_for(language, __package__)
    binary = judgement.binary
    lines = [f"## {words.title}", ""]
    lines += [f"- {name}: {value}" for name, value in _facts(judgement, words)]
    fatal = sorted({id_ for trial in binary.trials for id_ in trial.fatal})
    if fatal:
        lines += ["", f"**{words.fatal.format(ids=_inert(', '.join(fatal)))}**"]
    if judgement.rubrics.origin == MECHANICAL:
        lines += ["", words.mechanical]
    lines += ["", words.head, "|---|---|---|---|---|"]
    lines += [_row(rubric, judgement) for rubric in judgement.rubrics.rubrics]
    return "\n".join(lines) + "\n"


def _facts(judgement: Judgement, words: Labels) -> list[tuple[str, str]]:
    every = sum(len(row) for row in judgement.trials)
    binary, usage = judgement.binary, judgement.usage
    price = words.unknown if judgement.cost is None else f"${judgement.cost:.4f}"
    spread = f" ({words.spread}: {binary.spread:.3f})" if binary.spread is not None else ""
    facts = [
        (words.score, _score(binary, words)),
        (words.ternary, _score(judgement.ternary, words)),
        (words.judge, _inert(judgement.judge)),
        (words.rubrics, f"{len(judgement.rubrics.rubrics)}, {_inert(judgement.rubrics.origin)}"),
        (words.trials, f"{len(judgement.trials)}{spread}"),
    ]
    if judgement.undecided or judgement.unusable:
        left = words.left_words.format(undecided=judgement.undecided, unusable=judgement.unusable, n=every)
        facts.append((words.left, left))
    if judgement.invented:
        facts.append(("!", words.invented.format(n=judgement.invented)))
    if usage.input or usage.output:
        facts.append((words.cost, f"{usage.input:,} + {usage.output:,}, {price}"))
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
    quotes = [f"“{_inert(e.quote, LONGEST)}”{'' if e.found else ' (?)'}" for e in verdict.evidence[:1]]
    return " ".join([_inert(verdict.reason, LONGEST), *quotes]).strip()


def _score(outcome: Outcome, words: Labels) -> str:
    return f"{outcome.score:.3f}" if outcome.score is not None else f"{words.none} ({outcome.why_none})"


def _inert(text: str, longest: int | None = None) -> str:
    """One line of Markdown that shows `text` and has no other effect: texts of models and reports are untrusted."""
    return _ACTIVE.sub(r"\\\1", one_line(text, longest))
