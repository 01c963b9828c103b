"""`judge`: how good a report is by given or drafted criteria, and `judge draft`: the criteria themselves."""

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cyclopts import App

from .exporting import write_out
from .options import Data, EndpointFlags, Switch, open_store
from .running import report_retries
from .terminal import dump, put, say

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ..judge.judging import Judgement
    from ..judge.rubrics import RubricSet
    from ..models import ChatModel
    from ..models.reply_cache import ReplyCache
    from ..settings import Settings

LONGEST_REPLY = 8_192
"""Tokens of one verdict, reasoning included; a report's part and this fit a context of 32,000."""
SMALLEST_PART = 500

judge = App(name="judge", help="How good a report is, by criteria that you bring or have drafted.")


@judge.default
def judge_target(
    target: str,
    /,
    *,
    rubrics: Path | None = None,
    question: str | None = None,
    by: Literal["model", "mechanical"] | None = None,
    trials: int = 3,
    part: int = 20_000,
    view: Literal["binary", "ternary"] = "binary",
    out: Path | None = None,
    json: Switch = False,
    endpoint: EndpointFlags = EndpointFlags(),
    data: Data = Data(),
) -> int:
    """Judge a report by criteria, one by one, and give it a score.

    The quality card of a run is stored with it and shown by its exports. Replies of a model are cached in the data
    folder, so that asking the same again costs nothing.

    Args:
        target: Run id (or its beginning), or a Markdown file.
        rubrics: JSON, JSON lines or TOML file of criteria; without one they are drafted from the question.
        question: What the report answers; by default that of the run, or of the criteria.
        by: model: the named model judges; mechanical: only the criteria that are drafted without a model are decided.
            Default: model where one is named.
        trials: How often the model judges each criterion; the scores are averaged.
        part: Longest part of the report that one request carries, tokens; less for a model with a small context.
        view: binary: a criterion counts only when it is fully met; ternary: half for partially.
        out: Folder for the quality card (quality.json, quality.md).
        json: Print the whole judgement as one JSON object.
    """
    from ..errors import UserError
    from ..judge.rubrics import choose, read_rubrics
    from ..settings import Settings

    settings = Settings.load({**endpoint.flags(), **data.flags()})
    if trials < 1 or part < SMALLEST_PART:
        raise UserError(f"--trials {trials} --part {part}: at least 1 and {SMALLEST_PART} are needed.", "Raise them.")
    how = by or ("model" if _names_model(settings) else "mechanical")
    chosen = choose(read_rubrics(rubrics), question or "") if rubrics else None
    report, asked, language = _report(target, question, settings)
    asked = asked or (chosen.question if chosen else "")
    if not asked and how != "mechanical":
        raise UserError("What does the report answer?", "Give --question.")
    judgement = asyncio.run(_judged(how, settings, report, asked, chosen, trials, part))
    if not Path(target).is_file():
        _record(judgement, target, settings, language)
    return _show(judgement, view, out, json, language)


@judge.command
def draft(
    question: str,
    /,
    *,
    out: Path | None = None,
    endpoint: EndpointFlags = EndpointFlags(),
    data: Data = Data(),
) -> int:
    """Draft criteria for a question, as JSON that `judge --rubrics` reads.

    Args:
        question: The question that reports will answer.
        out: File to write to instead of printing.
    """
    from ..errors import UserError
    from ..judge.rubrics import dump_rubrics
    from ..settings import Settings

    settings = Settings.load({**endpoint.flags(), **data.flags()})
    if not question.strip():
        raise UserError("The question is empty.", 'Ask one: deepresearch judge draft "QUESTION".')
    drafted = asyncio.run(_drafted(settings, question))
    if out is None:
        put(dump_rubrics(drafted).rstrip())
    else:
        write_out(out, dump_rubrics(drafted).encode())
    return 0


async def _judged(
    how: str, settings: "Settings", report: str, question: str, rubrics: "RubricSet | None", trials: int, part: int
) -> "Judgement":
    from ..judge.counting import MechanicalJudge
    from ..judge.judging import judge_report
    from ..judge.model_judge import ModelJudge

    async with opened_model(settings, how != "mechanical") as (model, cache):
        rubrics = rubrics or await _draft(question, model, cache)
        judge = ModelJudge(model, cache, part) if model else MechanicalJudge()
        return await judge_report(judge, question, report, rubrics, trials=trials)


async def _drafted(settings: "Settings", question: str) -> "RubricSet":
    async with opened_model(settings, _names_model(settings)) as (model, cache):
        return await _draft(question, model, cache)


async def _draft(question: str, model: "ChatModel | None", cache: "ReplyCache | None") -> "RubricSet":
    from ..errors import UserError
    from ..judge.counting import draft_mechanically
    from ..judge.drafting import draft_rubrics

    if not question:
        raise UserError("There are no criteria, and no question to draft them from.", "Give --rubrics or --question.")
    if model is None:
        say("Criteria: drafted without a model. They count words and sources, and cannot tell right from wrong.")
        return draft_mechanically(question)
    asked = await draft_rubrics(model, question, cache)
    if asked.value is None:
        raise UserError(
            f"{model.name} drafted no criteria that can be used: {asked.problem}.", "Bring them: --rubrics."
        )
    return asked.value


@asynccontextmanager
async def opened_model(
    settings: "Settings", wanted: bool
) -> "AsyncIterator[tuple[ChatModel, ReplyCache] | tuple[None, None]]":
    """The model at temperature 0, and the file that keeps its replies. Raises SettingsError."""
    from ..agent.control import Handlers
    from ..agent.setup import check_policy, open_model
    from ..models.client import chat_client
    from ..models.reply_cache import FOLDER, ReplyCache
    from ..threads import in_thread

    if not wanted:
        yield None, None
        return
    budget = settings.budget.model_copy(update={"cost": None})  # the limits of runs are not those of judging
    asked = settings.model_copy(update={"policy": "chat", "budget": budget})
    check_policy(asked)
    ready = await in_thread(open_model, asked, Handlers(repaired=say))
    try:
        longest = min(ready.settings.model.max_tokens, LONGEST_REPLY)
        client = chat_client(ready.settings, temperature=0.0, max_tokens=longest)
        report_retries()
        try:
            yield client, ReplyCache(settings.data_folder() / FOLDER)
        finally:
            await client.close()
    finally:
        await in_thread(ready.close)


def _names_model(settings: "Settings") -> bool:
    return bool(settings.model.name or settings.model.file)


def _report(target: str, question: str | None, settings: "Settings") -> tuple[str, str, str]:
    """The report's text, its question, its language."""
    from ..derived import started
    from ..errors import UserError
    from ..text.language import detect_language

    file = Path(target)
    if file.is_file():
        try:
            text = file.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"{file} cannot be read as text: {error}.", "Name a Markdown file in UTF-8.") from error
        return text, question or "", detect_language(text) or "en"
    events = open_store(settings).read(target)
    task = started(events).task
    return _as_read(events), question or task.question, task.language


def _record(judgement: "Judgement", run: str, settings: "Settings", language: str) -> None:
    """Keep the quality card with the run."""
    from ..derived import answer
    from ..errors import RunBusy
    from ..judge.card import quality_card
    from ..trajectory import Judged

    try:
        with open_store(settings).open(run) as log:
            report = answer(log.events)
            log.append(
                Judged(
                    card=quality_card(judgement, language),
                    score=judgement.binary.score,
                    judgement=judgement.model_dump(mode="json"),
                    answered=report.seq if report else 0,
                )
            )
    except RunBusy as error:
        say(f"The card was not stored with the run: {error}")


def _as_read(events: Any) -> str:
    """The report of a run as its readers see it: numbered marks, and the documents that they refer to below."""
    from ..derived import answer
    from ..errors import ExportError
    from ..report.citations import resolve_answer
    from ..report.syntax import PLACEHOLDERS
    from ..text.characters import one_line

    if answer(events) is None:
        raise ExportError("This run has no report yet.", "Continue it: deepresearch resume.")
    resolved = resolve_answer(events)
    marks = ["".join(f"[{cited.label}]" for cited in mark.cited) for mark in resolved.marks]
    text = PLACEHOLDERS.sub(lambda place: marks[int(place[1])], resolved.text)
    listed = [f"{r.number}. {one_line(r.title)} {r.url or r.document}" for r in resolved.references]
    return "\n".join([text.rstrip(), "", "## References", "", *listed]) if listed else text


def _show(
    judgement: "Judgement", view: Literal["binary", "ternary"], out: Path | None, json: bool, language: str
) -> int:
    from ..judge.card import FILES, quality_card, quality_json

    score = judgement.view(view)
    card = quality_card(judgement, language)
    if out:
        for name, text in zip(FILES, (quality_json(judgement), card), strict=True):
            write_out(out / name, text.encode("utf-8", "replace"))
    if json:
        put(dump({"score": score.score, "view": view, **judgement.model_dump(mode="json")}))
    else:
        put(card)
        put(f"Score ({view}): {'none' if score.score is None else f'{score.score:.3f}'}")
    if score.score is None:
        say(f"No score: {score.why_none}. {judgement.undecided} undecided, {judgement.unusable} unusable.")
        return 1
    return 0
