"""A checkpoint as the policy of a run: `deepresearch run --policy local --checkpoint DIR`."""

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ContextOverflow, SettingsError
from ..local.prepare import SHORTEST_REPLY
from ..policy import Policy, View
from ..settings import Settings
from ..tools import Tool
from ..trajectory import Sample, Turn, Usage

if TYPE_CHECKING:
    from .dialects import TokenDialect
    from .engine import TokenEngine

SHORTEST = 16
"""Tokens that a turn must have room for."""


def open_local(settings: Settings, tools: Sequence[Tool]) -> Policy:
    """The policy of the checkpoint that the settings name, at temperature 0 unless they name another.

    Raises SettingsError where there is none, or where the extra is missing; CheckpointError for one that is damaged.
    """
    if not settings.model.checkpoint:
        raise SettingsError("--policy local needs a checkpoint.", "Name its folder: --checkpoint DIR.")
    try:
        import torch  # noqa: F401, PLC0415
        import transformers  # noqa: F401, PLC0415
    except ImportError as error:
        raise SettingsError(
            f"--policy local needs torch and transformers ({error}).", "pip install 'step-deepresearch[train]'"
        ) from error
    from .checkpoints import load_checkpoint  # noqa: PLC0415  torch takes seconds to import
    from .engine import LocalEngine  # noqa: PLC0415

    checkpoint = load_checkpoint(Path(settings.model.checkpoint).expanduser())
    model = checkpoint.model
    most = int(getattr(model.config.get_text_config(), "max_position_embeddings", 0)) or settings.context.limit
    engine = LocalEngine(model, slots=1, context=min(settings.model.context or most, most))
    longest = min(settings.model.max_tokens, max(SHORTEST_REPLY, engine.context // 4))
    return LocalPolicy(engine, checkpoint.dialect, settings.model.temperature or 0.0, longest, owns_engine=True)


class LocalPolicy:
    """Samples each turn from an engine; the turn carries the ids, so that nothing has to be tokenised again."""

    name = "local"
    revises = False

    def __init__(
        self,
        engine: "TokenEngine",
        dialect: "TokenDialect",
        temperature: float = 1.0,
        max_new: int = 512,
        seed: int = 0,
        owns_engine: bool = False,
    ) -> None:
        """max_new: longest turn, tokens. owns_engine: it ends with this policy."""
        self._engine = engine
        self._dialect = dialect
        self._temperature = temperature
        self._max_new = max_new
        self._seed = seed
        self._owns_engine = owns_engine
        self._run = ""

    async def decide(self, view: View) -> Turn:
        """The next turn. Raises ContextOverflow where no room for one is left, ModelError where the engine fails."""
        began = time.perf_counter()
        prompt = self._dialect.prompt(view)
        room = self._engine.context - len(prompt)
        if room < SHORTEST:
            raise ContextOverflow(
                f"The run has {len(prompt)} tokens; the model's context of {self._engine.context} is used up.",
                limit=self._engine.context,
            )
        run = self._run = view.events[0].run
        turns = sum(isinstance(event, Turn) for event in view.events)
        made = await self._engine.generate(
            prompt,
            max_new=min(self._max_new, room),
            temperature=self._temperature,
            stop=self._dialect.stop_ids,
            key=run,
            seed=seed_of(self._seed, run, turns),
        )
        usage = Usage(input=len(prompt), output=len(made.ids))
        sample = Sample(prompt_ids=prompt, completion_ids=made.ids, logprobs=made.logprobs)
        seconds = time.perf_counter() - began
        known = {"usage": usage, "sample": sample, "model": self.name, "cost": 0.0, "seconds": seconds}
        return self._dialect.read(made.ids, view).model_copy(update=known)

    async def close(self) -> None:
        """Give up the run's cache, and close the engine where it is this policy's own."""
        self._engine.release(self._run)
        if self._owns_engine:
            await self._engine.close()


def seed_of(seed: int, run: str, turn: int) -> int:
    """A number for one turn of one run, the same on every machine."""
    return int.from_bytes(hashlib.blake2b(f"{seed} {run} {turn}".encode(), digest_size=7).digest())
