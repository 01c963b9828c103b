"""The project's loop as verl's agent loop, on verl's own classes without a GPU: where verl is installed.

verl's rollout server is the only part that is not verl's: a model in this process takes its place.
"""

import json
import math
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("verl.experimental.agent_loop.agent_loop", exc_type=ImportError)

import hydra
import torch
from omegaconf import OmegaConf
from verl.experimental.agent_loop.agent_loop import AgentLoopWorker, DictConfigWrap, ToolListWrap
from verl.workers.rollout.replica import TokenOutput

from deepresearch.errors import ContextOverflow
from deepresearch.library import Library
from deepresearch.training import verl_loop
from deepresearch.training.checkpoints import save_checkpoint
from deepresearch.training.episodes import Episode, EpisodeRow
from deepresearch.training.rewards import Reward
from deepresearch.training.verl_loop import VerlEngine, verl_rows
from tests.training.world import FACTS, TASK, tiny_dialect, tiny_model, tiny_tokenizer

LOOP = Path(__file__).parents[2] / "recipes" / "agent_loop.yaml"


class Servers:
    """verl's LLMServerClient, as far as the loop asks it: samples token by token."""

    def __init__(self, model: Any) -> None:
        self.model = model.eval()
        self.random = torch.Generator().manual_seed(0)
        self.calls: list[tuple[list[int], list[int]]] = []

    async def generate(self, request_id: str, *, prompt_ids: list[int], sampling_params: dict[str, Any]) -> TokenOutput:
        ids: list[int] = []
        logprobs: list[float] = []
        while len(ids) < sampling_params["max_tokens"] and not set(ids) & set(sampling_params["stop_token_ids"]):
            with torch.inference_mode():
                every = self.model(torch.tensor([[*prompt_ids, *ids]])).logits[0, -1].log_softmax(-1)
            ids.append(int(torch.multinomial(every.exp(), 1, generator=self.random)))
            logprobs.append(float(every[ids[-1]]))
        self.calls.append((prompt_ids, ids))
        return TokenOutput(token_ids=ids, log_probs=logprobs, stop_reason="completed")


def build(tmp_path: Path, servers: Any, **given: Any) -> Any:
    """The loop as verl's AgentLoopWorker makes it, from recipes/agent_loop.yaml."""
    save_checkpoint(tmp_path / "model", tiny_model(), tiny_tokenizer(), tiny_dialect())
    (tmp_path / "facts.jsonl").write_text("".join(json.dumps({"id": t, "text": x}) + "\n" for t, x in FACTS.items()))
    library = Library.open(tmp_path / "data", "facts")
    library.add([tmp_path / "facts.jsonl"])
    library.close()
    entry = OmegaConf.load(LOOP)[0]
    assert entry.pop("name") == "deepresearch"
    entry.libraries, entry.max_new = ["facts"], 16
    entry.settings = {"store.folder": str(tmp_path / "data"), "budget.turns": 4}
    entry.update(given)
    rollout = {"prompt_length": 64, "response_length": 448, "name": "vllm"}
    config = OmegaConf.create(
        {"actor_rollout_ref": {"rollout": rollout, "model": {"path": str(tmp_path / "model")}}, "data": {}}
    )
    return hydra.utils.instantiate(
        entry,
        trainer_config=DictConfigWrap(config=config),
        server_manager=servers,
        tokenizer=tiny_tokenizer(),
        processor=None,
        hf_model_type="qwen2",
        dataset_cls=None,
        data_config=DictConfigWrap(config.data),
        tools=ToolListWrap([]),
    )


async def test_verl_gets_the_episode_as_it_was_sampled(tmp_path: Path) -> None:
    servers = Servers(tiny_model())
    loop = build(tmp_path, servers)
    [row] = verl_rows([TASK])
    output = await loop.run({"temperature": 1.0, "top_p": 1.0, "logprobs": True}, raw_prompt=row["prompt"], **row)
    prompt, own = servers.calls[-1]
    assert output.prompt_ids + output.response_ids == prompt + own
    sampled = [id_ for _, ids in servers.calls for id_ in ids]
    masked = [id_ for id_, is_own in zip(output.response_ids, output.response_mask, strict=True) if is_own]
    assert masked == sampled
    assert output.response_mask[0] == 1, "the prompt ends where the first own token begins"
    assert len(output.response_logprobs) == len(output.response_ids)
    assert output.num_turns == len(servers.calls) and math.isfinite(output.reward_score)
    tensors = output.as_dict()
    assert tensors["rm_scores"][-1] == output.reward_score and tensors["responses"].dtype == torch.int64


async def test_a_failed_episode_is_left_out_of_the_loss(tmp_path: Path) -> None:
    class Broken:
        async def generate(self, request_id: str, **_: Any) -> TokenOutput:
            return TokenOutput(token_ids=[], log_probs=None, stop_reason="aborted")

    loop = build(tmp_path, Broken())
    [row] = verl_rows([TASK])
    output = await loop.run({"temperature": 1.0}, raw_prompt=row["prompt"], **row)
    assert (
        output.extra_fields["reward_extra_info"]["failed"]
        and not any(output.response_mask)
        and output.reward_score == 0.0
    )
    assert output.prompt_ids and output.response_ids and output.as_dict()


def worker(loop: Any) -> Any:
    """verl's AgentLoopWorker without ray: as much of it as makes a batch of outputs."""
    made = object.__new__(AgentLoopWorker)
    tokenizer = tiny_tokenizer()
    tokenizer.pad_token = tokenizer.eos_token = tokenizer.convert_ids_to_tokens(0)
    made.rollout_config, made.tokenizer, made.processor = loop.rollout_config, tokenizer, None
    made.mm_processor_kwargs = None
    made.reward_loop_worker_handles, made.distillation_enabled = None, False
    made.stream_teacher_with_rollout, made.teacher_key = False, None
    return made


async def batched(loop: Any, episodes: list[Episode]) -> Any:
    own = worker(loop)
    padded = [await own._agent_loop_postprocess(loop._output(episode), False, raw_prompt=[]) for episode in episodes]
    return own._postprocess(padded)


async def test_unlike_episodes_are_one_batch_of_verl(tmp_path: Path) -> None:
    loop = build(tmp_path, Servers(tiny_model()))
    long = EpisodeRow([7] * 100 + [9] * 20, [False] * 100 + [True] * 20, [0.0] * 100 + [-1.0] * 20)
    right = Episode(TASK, [], [EpisodeRow([1], [True], [-1.0]), long], Reward(0.75, {"found": 1.0, "page": 0.0}, True))
    batch = await batched(loop, [Episode(TASK, [], [], failed=True, problem="no server"), right])
    assert batch.batch["prompts"].shape == (2, 64) and batch.batch["responses"].shape == (2, 448)
    assert batch.batch["response_mask"].sum(-1).tolist() == [0, 20]
    assert batch.batch["response_mask"][1, 36:56].all(), "36 tokens of the prompt had no room in verl's"
    assert batch.batch["rm_scores"][1, 55] == 0.75
    assert batch.non_tensor_batch["failed"].tolist() == [1.0, 0.0]
    assert batch.non_tensor_batch["right"].tolist() == [0.0, 1.0]
    assert json.loads(batch.non_tensor_batch["parts"][1]) == {"found": 1.0, "page": 0.0}


async def test_an_episode_ends_before_it_has_no_room() -> None:
    class Counting:
        async def generate(self, request_id: str, *, sampling_params: dict[str, Any], **_: Any) -> TokenOutput:
            count = sampling_params["max_tokens"]
            return TokenOutput(token_ids=[5] * count, log_probs=[0.0] * count, stop_reason="completed")

    engine = VerlEngine(Counting(), {}, 64, 100)

    async def made(prompt: list[int], max_new: int = 500) -> list[int]:
        return (await engine.generate(prompt, max_new=max_new, temperature=1.0, stop=frozenset([0]))).ids

    row = [1] * 10 + await made([1] * 10, 40)
    row = [*row, 2, 2, *await made([*row, 2, 2])]
    assert len(row) == 110, "the first prompt and a whole response"
    with pytest.raises(ContextOverflow):
        await made([*row, 2])
    assert len(await made([3] * 80)) == 84, "after a compaction: what the prompt has beyond 64 is in the response"


def test_one_judge_is_loaded_for_all_episodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Path] = []
    monkeypatch.setattr(verl_loop, "open_judge", lambda folder, url: opened.append(folder) or object())
    monkeypatch.setattr(verl_loop, "_judges", {})
    first, second = (build(tmp_path / name, None, judge="a judge") for name in ("one", "two"))
    assert opened == [Path("a judge")]
    assert first._options.reward.judge is second._options.reward.judge
