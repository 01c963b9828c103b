"""`synth`: the routes that start from a file of tasks, or from reports."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from cyclopts import App

from .judging import opened_model
from .options import Data, EndpointFlags
from .synth_inputs import progress_lines, put_card

if TYPE_CHECKING:
    from ..settings import Settings
    from ..synthesis.record_steps import ModelStep
    from ..synthesis.records import DataCard

routes = App()
"""Their commands stand beside those of synth.py."""


@routes.command
def rubrics(source: Path, /, *, out: Path, endpoint: EndpointFlags | None = None, data: Data | None = None) -> int:
    """Give each task of a file rubrics from its hidden side; with a model also a new question made from them.

    Facts, and descriptions in the place of names, become criteria, near misses flaws. With --model in two steps: hidden
    summary and rubrics, then question and roles from these; what does not agree is left out. `deepresearch judge` reads
    the file as it is.

    Parameters
    ----------
    source
        File of tasks.
    out
        File of tasks with rubrics; its data card is beside it.
    """
    from ..synthesis.rubric_route import add_rubrics

    settings = _settings(data, endpoint)
    return put_card(_with_model(settings, lambda model: add_rubrics(source, out, model, progress_lines())), out)


def _settings(data: Data | None, endpoint: EndpointFlags | None) -> "Settings":
    from ..settings import Settings

    return Settings.load({**(data or Data()).flags(), **(endpoint or EndpointFlags()).flags()})


def _with_model(settings: "Settings", work: "Callable[[ModelStep | None], Awaitable[DataCard]]") -> "DataCard":
    """What `work` makes with the model that the settings name; with None where they name none."""
    from ..models.structured import StructuredClient
    from ..synthesis.record_steps import ModelStep

    async def make() -> "DataCard":
        async with opened_model(settings, bool(settings.model.name or settings.model.file)) as (client, kept):
            return await work(ModelStep(StructuredClient(client, kept)) if client else None)

    return asyncio.run(make())
