"""Judges that are trained: a query, a report and criteria in, a reason and a three-way verdict on each out.

    prompt       <|question|> text <|report|> text (<|criterion|> or <|flaw|>) text ...
    completion   <|reason|> text <|not|> or <|partially|> or <|fully|>, for each criterion; <|end|>

A verdict is one token, so that the probability with which it was given is known: what calibration is measured on. Texts
cannot contain the marks: theirs are tokenised as plain characters. Verdicts become bits in judge/reward.py, as
everywhere: of a wanted criterion only `fully` counts, of a flaw `partially` counts too.
"""

import json
import math
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from transformers import AutoConfig, PreTrainedModel, PreTrainedTokenizerFast

from ..errors import TrainingError
from ..judge.model_judge import merge, split_report
from ..judge.rubrics import Rubric
from ..judge.verdicts import LEVELS, CriterionVerdict, Level
from ..trajectory import Record, Usage
from .checkpoints import load_model
from .endpoint import EndpointEngine
from .engine import Generated, LocalEngine, TokenEngine
from .records import TokenSample
from .tokenizer import mark_ids, text_ids

QUESTION, REPORT, CRITERION, FLAW, REASON, END = (
    f"<|{name}|>" for name in ("question", "report", "criterion", "flaw", "reason", "end")
)
LEVEL_MARKS: dict[Level, str] = {level: f"<|{level}|>" for level in LEVELS}
MARKS = (QUESTION, REPORT, CRITERION, FLAW, REASON, *LEVEL_MARKS.values(), END)
"""What must be single tokens of a judge's tokenizer."""
MAX_NEW = 64
"""Tokens of one criterion's reason and verdict."""
CACHED = 32 * 8192
"""Tokens of all requests that a judge in this process keeps at once."""
PART = 20_000
"""Longest part of a report that one request carries, tokens."""
_VERDICT = re.compile(r"<\|reason\|>((?:(?!<\|).)*)<\|(not|partially|fully)\|>", re.DOTALL)


class LabelledCriterion(Rubric):
    """A criterion with the verdict that is known to be right."""

    level: Level
    reason: str = ""


class LabelledReport(Record):
    """A report with the right verdicts: a line of a file of labels."""

    id: str = ""
    question: str = ""
    report: str
    criteria: list[LabelledCriterion]


@dataclass(frozen=True)
class CriterionOpinion:
    """One verdict as it was given."""

    level: Level
    reason: str
    probability: float
    """Of the verdict after its reason."""


def read_labels(path: Path) -> Iterator[LabelledReport]:
    """The labelled reports of a file in JSON lines. Raises TrainingError, naming the line."""
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                item = LabelledReport.model_validate_json(line)
                if not item.criteria:
                    raise ValueError("no criteria")
                yield item
            except (ValidationError, ValueError) as error:
                why = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
                raise TrainingError(
                    f"{path}, line {number}: {why}.",
                    'A line has "report" and "criteria", each with "criterion", "weight" and "level".',
                ) from None


def write_labels(items: Iterable[LabelledReport], path: Path) -> int:
    """Write a file that read_labels reads; the number of lines."""
    lines = [json.dumps(item.model_dump(mode="json"), ensure_ascii=False) + "\n" for item in items]
    path.write_text("".join(lines), encoding="utf-8")
    return len(lines)


def add_marks(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> int:
    """Give a policy's tokenizer the marks of a judge that it lacks, and the model a row for each; how many."""
    missing = [mark for mark in MARKS if mark not in tokenizer.get_vocab()]
    tokenizer.add_tokens(missing, special_tokens=True)
    if len(tokenizer) > model.get_input_embeddings().num_embeddings:
        model.resize_token_embeddings(len(tokenizer))
    return len(missing)


class JudgeForm:
    """Between labelled reports and token ids."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast) -> None:
        """Raises CheckpointError for a tokenizer without the marks."""
        self._tokenizer = tokenizer
        self._mark = mark_ids(tokenizer, MARKS)
        self._levels = {self._mark[mark] for mark in LEVEL_MARKS.values()}
        self.stop_ids = frozenset([self._mark[END]])

    def prompt(self, question: str, report: str, criteria: Sequence[Rubric]) -> list[int]:
        """What precedes the verdicts."""
        parts = [(QUESTION, question), (REPORT, report)]
        parts += [(FLAW if rubric.negative else CRITERION, rubric.criterion) for rubric in criteria]
        return [id_ for mark, text in parts for id_ in (self._mark[mark], *text_ids(self._tokenizer, text))]

    def completion(self, criteria: Sequence[LabelledCriterion]) -> list[int]:
        """The right verdicts."""
        ids = []
        for one in criteria:
            ids += [self._mark[REASON], *text_ids(self._tokenizer, one.reason), self._mark[LEVEL_MARKS[one.level]]]
        return [*ids, self._mark[END]]

    def sample(self, item: LabelledReport) -> TokenSample:
        """A labelled report as training data: the loss on the verdicts and their reasons."""
        prompt = self.prompt(item.question, item.report, item.criteria)
        own = self.completion(item.criteria)
        return TokenSample([*prompt, *own], [0.0] * len(prompt) + [1.0] * len(own), item.id, "judge")

    def read(self, generated: Generated, criteria: int) -> list[CriterionOpinion] | None:
        """The opinions in a completion; None where it has another form or another number of them."""
        text = self._tokenizer.decode(generated.ids, skip_special_tokens=False)
        found = list(_VERDICT.finditer(text))
        given = [place for place, id_ in enumerate(generated.ids) if id_ in self._levels]
        if not text.endswith(END) or _VERDICT.sub("", text) != END or not len(found) == len(given) == criteria:
            return None
        return [
            CriterionOpinion(_as_level(match[2]), match[1].strip(), min(math.exp(generated.logprobs[place]), 1.0))
            for match, place in zip(found, given, strict=True)
        ]

    def tokens(self, item: LabelledReport) -> int:
        """Of a report with its criteria and the longest reply."""
        return len(self.prompt(item.question, item.report, item.criteria)) + _longest(item)

    async def ask(
        self, engine: TokenEngine, item: LabelledReport, temperature: float = 0.0, seed: int | None = None
    ) -> Generated:
        """A judge's verdicts on a report, as sampled."""
        prompt = self.prompt(item.question, item.report, item.criteria)
        longest = _longest(item)
        return await engine.generate(prompt, max_new=longest, temperature=temperature, stop=self.stop_ids, seed=seed)


def fitting(items: Sequence[LabelledReport], form: JudgeForm, context: int) -> list[LabelledReport]:
    """Those that a judge reads and answers within `context` tokens, also when `padded` with any other of them."""
    alone = [form.tokens(item) for item in items]
    reports = [len(form.prompt("", item.report, [])) for item in items]
    # The longest go until the longest request and the longest report have room together.
    kept = sorted(range(len(items)), key=lambda place: alone[place] + reports[place])
    while kept and max(alone[place] for place in kept) + max(reports[place] for place in kept) > context:
        kept.pop()
    return [items[place] for place in sorted(kept)]


def _as_level(word: str) -> Level:
    return next(level for level in LEVELS if level == word)


def _longest(item: LabelledReport) -> int:
    return MAX_NEW * len(item.criteria) + 1


def reordered(item: LabelledReport, rng: random.Random) -> LabelledReport:
    """The same with its criteria in another order; one criterion alone stays where it is."""
    places = list(range(len(item.criteria)))
    while len(places) > 1 and places == sorted(places):
        rng.shuffle(places)
    return item.model_copy(update={"criteria": [item.criteria[place] for place in places]})


def padded(item: LabelledReport, others: Sequence[LabelledReport], rng: random.Random) -> LabelledReport:
    """The same with a report on another question before or after its own; the verdicts do not change."""
    strange = [other for other in others if other.question != item.question]
    if not strange:
        return item
    parts = [item.report, rng.choice(strange).report]
    rng.shuffle(parts)
    return item.model_copy(update={"report": "\n\n".join(parts)})


def judge_samples(
    items: Sequence[LabelledReport], form: JudgeForm, seed: int = 0, varied: float = 0.5
) -> Iterator[TokenSample]:
    """Training data of the supervised stage.

    varied: share of the samples whose report is padded and whose criteria are in another order.
    """
    rng = random.Random(f"judge samples {seed}")  # noqa: S311  not for secrets
    for item in items:
        varies = rng.random() < varied
        yield form.sample(padded(reordered(item, rng), items, rng) if varies else item)


class CheckpointJudge:
    """A Judge of the judge room over an engine: the reward of training by a judge that was trained."""

    deterministic = True

    def __init__(self, engine: TokenEngine, form: JudgeForm, name: str, part: int = PART) -> None:
        """part: longest part of a report that one request carries, tokens as estimated by the judge room."""
        self.name = name
        self._engine, self._form, self._part = engine, form, part

    async def judge(self, question: str, report: str, rubric: Rubric, trial: int = 0) -> CriterionVerdict:
        """See Judge. A verdict that cannot be read is "unusable". Raises ModelError."""
        return merge([await self._one(question, part, rubric, trial) for part in split_report(report, self._part)])

    async def _one(self, question: str, part: str, rubric: Rubric, trial: int) -> CriterionVerdict:
        prompt = self._form.prompt(question, part, [rubric])
        generated = await self._engine.generate(
            prompt, max_new=MAX_NEW + 1, temperature=0.0, stop=self._form.stop_ids, seed=trial
        )
        opinions = self._form.read(generated, 1)
        found: dict[str, Any] = {"level": "unusable", "reason": "the verdict cannot be read"}
        if opinions:
            found = {"level": opinions[0].level, "reason": opinions[0].reason}
        usage = Usage(input=len(prompt), output=len(generated.ids))
        return CriterionVerdict(rubric=rubric.id, by=self.name, trial=trial, usage=usage, requests=1, **found)


def open_judge(folder: Path, base_url: str = "") -> CheckpointJudge:
    """The judge in `folder`: in this process, or at `base_url`, where vLLM serves it under the folder's path. Its
    context is that of the model's configuration.

    Raises CheckpointError, SettingsError.
    """
    engine: TokenEngine
    if base_url:
        config = AutoConfig.from_pretrained(folder, local_files_only=True).get_text_config()
        context = config.max_position_embeddings
        engine = EndpointEngine(str(folder), base_url, context=context)
        tokenizer = PreTrainedTokenizerFast.from_pretrained(folder, local_files_only=True)
    else:
        model, tokenizer = load_model(folder)
        context = model.config.get_text_config().max_position_embeddings
        slots = max(1, min(32, CACHED // context))  # the cache is allocated whole
        engine = LocalEngine(model, slots=slots, context=context)
    return CheckpointJudge(engine, JudgeForm(tokenizer), str(folder), part=min(context // 2, PART))
