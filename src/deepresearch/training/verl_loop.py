"""The project's own loop as verl's agent loop: verl samples and updates on many GPUs, everything between is ours.

verl is told of it by recipes/agent_loop.yaml, and of the tasks by a Parquet file of `verl_rows`. A task is one episode
of the same loop, tools and reward as everywhere; its tokens go to verl exactly as they were sampled.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

from verl.experimental.agent_loop.agent_loop import AgentLoopBase, AgentLoopMetrics, AgentLoopOutput

from ..agent.control import Handlers
from ..agent.rollouts import SharedSource
from ..agent.sources import open_sources
from ..errors import ContextOverflow, ModelUnreachable
from ..library.authority import Authority
from ..settings import Settings
from ..trajectory import Task, Turn
from ..web.search import SearchProvider
from .checkpoints import open_dialect_of
from .engine import Generated
from .episodes import Episode, EpisodeOptions, roll_out
from .judging import CheckpointJudge, open_judge
from .records import ResearchTask
from .rewards import RewardOptions

NAME = "deepresearch"
"""Of the agent loop, in verl's configuration and in the rows of tasks."""
_sources: dict[str, tuple[list[SharedSource], Authority | None]] = {}
"""By their names: one process of verl runs many episodes over the same libraries."""
_judges: dict[tuple[str, str], CheckpointJudge] = {}
"""By folder and address, for the same reason."""


def verl_rows(tasks: Iterable[ResearchTask]) -> Iterator[dict[str, Any]]:
    """Rows of the Parquet file that verl reads (data.train_files): the hidden side travels in extra_info."""
    for number, task in enumerate(tasks):
        yield {
            "data_source": NAME,
            "agent_name": NAME,
            "prompt": [{"role": "user", "content": task.question}],
            "reward_model": {"style": "rule", "ground_truth": task.answer},
            "extra_info": {"index": number, "task": json.dumps(task.model_dump(mode="json"), ensure_ascii=False)},
        }


class VerlEngine:
    """A TokenEngine over the rollout servers that verl runs, for one episode."""

    def __init__(self, servers: Any, sampling: Mapping[str, Any], prompt_length: int, response_length: int) -> None:
        """servers: verl's LLMServerClient. sampling: what verl gives the loop, temperature included. The lengths are
        those of verl's tensors: an episode ends before it has tokens for which these have no room."""
        self.context = prompt_length + response_length
        self._prompt_length, self._response_length = prompt_length, response_length
        self._servers, self._sampling = servers, dict(sampling)
        self._row: list[int] = []
        """All tokens since the episode began or was last compacted."""
        self._first = 0
        """Tokens of the first prompt among them."""

    async def generate(
        self,
        prompt: Sequence[int],
        *,
        max_new: int,
        temperature: float,
        stop: frozenset[int],
        key: str = "",
        seed: int | None = None,
    ) -> Generated:
        """See TokenEngine; temperature and seed are verl's. Raises ContextOverflow, ModelUnreachable."""
        continues = bool(self._row) and list(prompt[: len(self._row)]) == self._row
        first = self._first if continues else len(prompt)
        limit = min(first, self._prompt_length) + self._response_length
        room = limit - len(prompt)
        if room < 1:
            raise ContextOverflow(f"The prompt has {len(prompt)} tokens of {limit}.", limit=limit)
        given = {**self._sampling, "logprobs": True, "max_tokens": min(max_new, room), "stop_token_ids": sorted(stop)}
        output = await self._servers.generate(
            request_id=key or uuid4().hex, prompt_ids=list(prompt), sampling_params={**given, "ignore_eos": True}
        )
        ids, logprobs = list(output.token_ids), list(output.log_probs or ())
        if not ids or len(ids) != len(logprobs) or output.stop_reason == "aborted":
            raise ModelUnreachable(f"verl's rollout server broke a reply off ({output.stop_reason}).")
        self._row, self._first = [*prompt, *ids], first
        return Generated(ids, logprobs, "stop" if ids[-1] in stop else "length")

    def release(self, key: str) -> None:
        """The servers keep what they have room for."""

    async def close(self) -> None:
        """The servers are verl's."""


class DeepResearchLoop(AgentLoopBase):
    """One task of the batch: one episode."""

    def __init__(
        self,
        *args: Any,
        libraries: Sequence[str],
        settings: Mapping[str, Any] | None = None,
        max_new: int = 4096,
        judge: str = "",
        judge_url: str = "",
        **rest: Any,
    ) -> None:
        """From recipes/agent_loop.yaml; judge: folder of a trained judge, judge_url: where vLLM serves it. Raises
        SettingsError, LibraryError."""
        # The dialect writes every token: verl's own way for the model's family, and what that asks of it, are not used.
        super().__init__(*args, **{**rest, "hf_model_type": None})
        self._settings = Settings.load(dict(settings or {}))
        self._dialect = open_dialect_of(Path(self.config.actor_rollout_ref.model.path), self.tokenizer)
        if (name := ",".join(libraries)) not in _sources:
            opened = open_sources(self._settings, Task(question="", libraries=list(libraries)), Handlers())
            shared = [SharedSource(cast(SearchProvider, source)) for source in opened.all]
            _sources[name] = shared, opened.authority
        self._shared, authority = _sources[name]
        if judge and (judge, judge_url) not in _judges:
            _judges[judge, judge_url] = open_judge(Path(judge), judge_url)
        reward = RewardOptions(judge=_judges.get((judge, judge_url)))
        self._options = EpisodeOptions(max_new=max_new, reward=reward, authority=authority)

    async def run(self, sampling_params: dict[str, Any], **row: Any) -> AgentLoopOutput:
        """The episode of a row, with its reward. One that failed by the world's or our fault teaches nothing: its mask
        is empty."""
        task = ResearchTask.model_validate_json(row["extra_info"]["task"])
        rollout = self.rollout_config
        engine = VerlEngine(self.server_manager, sampling_params, rollout.prompt_length, rollout.response_length)
        options = replace(self._options, name=uuid4().hex)
        [episode] = await roll_out([task], engine, self._dialect, self._shared, self._settings, options)
        return self._output(episode)

    def _output(self, episode: Episode) -> AgentLoopOutput:
        """An episode as verl wants it: the prompt ends before the first own token, or where verl's is full. verl
        takes one sequence an episode, so only the stretch after the last compaction is learnt from, and the same names
        of what is told of each reward."""
        ids, is_own, logprobs = episode.ids, episode.own, episode.logprobs
        if not any(is_own):  # nothing was sampled, and verl takes no empty sequence
            end = min(self._dialect.stop_ids)
            ids, is_own, logprobs, start = [end, end], [False, False], [0.0, 0.0], 1
        else:
            start = min(is_own.index(True), self.rollout_config.prompt_length)
        told = {
            "right": float(episode.reward.right),
            "failed": float(episode.failed),
            "parts": json.dumps(episode.reward.parts, ensure_ascii=False),
        }
        return AgentLoopOutput(
            prompt_ids=ids[:start],
            response_ids=ids[start:],
            response_mask=[int(one and not episode.failed) for one in is_own[start:]],
            response_logprobs=logprobs[start:],
            reward_score=0.0 if episode.failed else episode.reward.score,
            num_turns=sum(isinstance(event, Turn) for event in episode.events),
            metrics=AgentLoopMetrics(),
            extra_fields={"reward_extra_info": told},
        )
