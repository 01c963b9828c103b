"""`synth`: the routes that start from a file of tasks, or from reports."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from cyclopts import App

from .judging import opened_model
from .options import Data, EndpointFlags, Limits
from .synth_inputs import (
    AtOnce,
    Count,
    Libraries,
    Out,
    Seed,
    open_providers,
    progress_lines,
    put_card,
    teaching_settings,
)

if TYPE_CHECKING:
    from ..settings import Settings
    from ..synthesis.generation import ModelStep
    from ..synthesis.records import DataCard

routes = App()
"""Their commands are listed with those of synth.py."""


@routes.command
def rubrics(source: Path, /, *, out: Out, endpoint: EndpointFlags | None = None, data: Data | None = None) -> int:
    """Give each task of a file rubrics from its hidden side; with a model also a new question made from them.

    Facts, and descriptions in the place of names, become criteria, near misses flaws. With --model in two steps: hidden
    summary and rubrics, then question and roles from these; what does not agree is left out. `deepresearch judge` reads
    the file as it is.

    Args:
        source: File of tasks.
    """
    from ..synthesis.rubric_route import add_rubrics

    settings = teaching_settings("", data, endpoint)
    return put_card(_with_model(settings, lambda model: add_rubrics(source, out, model, progress_lines())), out)


@routes.command
def reflect(
    source: Path,
    /,
    *,
    out: Out,
    library: Libraries = None,
    teacher: str = "slips",
    at_once: AtOnce = 16,
    endpoint: EndpointFlags | None = None,
    limits: Limits | None = None,
    data: Data | None = None,
) -> int:
    """Let a teacher try every task with hints after wrong reports, and keep what ends right without a trace of them.

    The history stays, there are at most three tries, and what is right at once is kept too.

    Args:
        source: File of tasks.
        teacher: slips, which needs no model: stops early with a near miss and then finds out; chat, a served model; or
            any other of `synth rollout`.
    """
    from ..synthesis.reflection import reflect as run_with_hints
    from ..synthesis.rollouts import RolloutOptions

    settings = teaching_settings(teacher, data, endpoint, limits)
    options = RolloutOptions(teacher, 1, at_once, ", ".join(library or []))
    with open_providers(settings, library) as providers:
        return put_card(asyncio.run(run_with_hints(source, out, providers, settings, options, progress_lines())), out)


@routes.command
def plan(
    source: Path,
    /,
    *,
    out: Out,
    runs: Path | None = None,
    library: Libraries = None,
    teacher: str = "follower",
    threshold: float = 0.7,
    at_once: AtOnce = 16,
    endpoint: EndpointFlags | None = None,
    limits: Limits | None = None,
    data: Data | None = None,
) -> int:
    """Make a task of each finished report, its structure as the hidden plan, and keep the runs that follow it.

    With --model the task is in the model's words; --teacher chat lets it work on the tasks too.

    Args:
        source: File or folder of reports (Markdown, HTML and what else a library reads), or the name of a library.
        runs: Also let a teacher work on the tasks, and keep what follows the plan in this file of rollouts.
        teacher: follower, which needs no model: searches for each item of the plan; or any other of `synth rollout`.
        threshold: Least alignment of a run with the plan, 0 to 1.
    """
    from ..synthesis.plan_route import follow_plans, make_plan_tasks
    from ..synthesis.rollouts import RolloutOptions

    settings = teaching_settings(teacher, data, endpoint, limits)
    folder = settings.data_folder()
    made = _with_model(settings, lambda model: make_plan_tasks(source, folder, out, progress_lines(), model))
    put_card(made, out)
    if not runs:
        return 0
    options = RolloutOptions(teacher, 1, at_once, ", ".join(library or []))
    with open_providers(settings, library) as providers:
        kept = follow_plans(out, runs, providers, settings, options, threshold, progress_lines())
        return put_card(asyncio.run(kept), runs)


@routes.command
def reports(
    source: Path | None = None,
    /,
    *,
    out: Out,
    runs: Path | None = None,
    seed: Seed = 0,
    endpoint: EndpointFlags | None = None,
    data: Data | None = None,
) -> int:
    """Make pairs of request and report from finished reports: by question, by a given plan, and from a bad form.

    With --runs only the reports of finished runs are written again: badly formed ones in a good form; with --model
    anew, kept where a comparison finds them deeper and no less complete.

    Args:
        source: File or folder of reports (Markdown, HTML and what else a library reads), or the name of a library.
        runs: File of rollouts, in the place of the source.
    """
    from ..errors import UserError
    from ..synthesis.report_route import make_report_pairs, rewrite_reports

    settings = teaching_settings("", data, endpoint)
    if runs:
        return put_card(_with_model(settings, lambda model: rewrite_reports(runs, out, model, progress_lines())), out)
    if not source:
        raise UserError("There are no reports.", "Name a file, folder or library of reports, or --runs FILE.")
    made = make_report_pairs(source, settings.data_folder(), out, seed, progress_lines())
    return put_card(asyncio.run(made), out)


@routes.command
def verify(
    source: str,
    /,
    *,
    out: Out,
    count: Count = 100,
    seed: Seed = 0,
    teacher: str = "checker",
    at_once: AtOnce = 16,
    endpoint: EndpointFlags | None = None,
    limits: Limits | None = None,
    data: Data | None = None,
) -> int:
    """Let a teacher check the statements of paragraphs, some altered, and keep the runs whose every conclusion holds.

    Of statements with human verdicts the card also has how often the runs conclude what people did.

    Args:
        source: Library from which the paragraphs are taken and which is searched; or a file of human verdicts, JSON
            lines with statement, passages and conclusion (supported, refuted, doubtful).
        teacher: checker, which needs no model: the project's own check of citations; or any other of `synth rollout`.
    """
    from ..synthesis.rollouts import RolloutOptions
    from ..synthesis.verify_route import verify_statements

    settings = teaching_settings(teacher, data, endpoint, limits)
    options = RolloutOptions(teacher, 1, at_once, source, seed)
    folder = settings.data_folder()
    with ExitStack() as stack:
        is_library = not Path(source).exists()
        providers = stack.enter_context(open_providers(settings, [source])) if is_library else []
        kept = verify_statements(source, folder, out, providers, settings, options, count, progress_lines())
        return put_card(asyncio.run(kept), out)


def _with_model(settings: "Settings", work: "Callable[[ModelStep | None], Awaitable[DataCard]]") -> "DataCard":
    """What `work` makes with the model that the settings name; with None where they name none."""
    from ..models.structured import StructuredClient
    from ..synthesis.generation import ModelStep

    async def make() -> "DataCard":
        async with opened_model(settings, bool(settings.model.name or settings.model.file)) as (client, kept):
            return await work(ModelStep(StructuredClient(client, kept)) if client else None)

    return asyncio.run(make())
