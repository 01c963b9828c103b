"""Generation by a server, token ids in and token ids out: vLLM, SGLang, llama.cpp.

A prompt is sent as ids and its continuation comes back as ids with log-probabilities, so that nothing is tokenised
again. Sampling is from the whole distribution: the filters that a server takes from generation_config.json are turned
off in each request, and so is its own end-of-text token, which ends a reply only where the dialect says so.
llama.cpp is for measuring a policy alone: log-probabilities are no numbers there, and training on them ends at once.
"""

import asyncio
import math
from collections.abc import Sequence
from functools import partial
from typing import Any, Literal

from pydantic_core import from_json

from ..errors import ContextOverflow, SettingsError
from ..models.client import CONNECTING
from ..models.failures import Failures, Refused
from ..models.listing import addresses, checked_key
from ..network import client_options
from ..retry import aretry
from ..settings import NetworkSettings
from .engine import Generated

Server = Literal["vllm", "sglang", "llama.cpp"]
SETTING = "--endpoint"
_PATHS: dict[Server, str] = {"vllm": "/completions", "sglang": "/generate", "llama.cpp": "/completion"}


class EndpointEngine:
    """A TokenEngine over a server. One instance serves many episodes at once; the server caches prefixes itself."""

    def __init__(
        self,
        model: str,
        base_url: str,
        *,
        context: int,
        server: Server = "vllm",
        key: str = "",
        tempered: bool = False,
        at_once: int = 256,
        timeout: float = 600.0,
        retries: int = 4,
        wait: float = 1.0,
        network: NetworkSettings | None = None,
    ) -> None:
        """
        base_url: http://host:port/v1 of vLLM, http://host:port of the others.
        context: tokens of prompt and continuation that the server was started for (--max-model-len, --context-length).
        tempered: a vLLM server was started with `--logprobs-mode processed_logprobs`; only then are its
            log-probabilities those of the distribution sampled from where the temperature is not 1.
        at_once: requests sent at the same time. timeout: seconds for one whole continuation.
        wait: seconds before the second attempt, doubled with each further one, unless the server names a time.
        Raises SettingsError for an address or a key that cannot be one.
        """
        import httpx2  # noqa: PLC0415  a tenth of a second that only those pay who talk to a server

        self.name = model
        self.context = context
        self._server: Server = server
        self._tempered = tempered or server == "sglang"
        self._timeout, self._retries, self._wait = timeout, retries, wait
        root = base_url if server == "vllm" else base_url.strip().rstrip("/").removesuffix("/v1")
        self._url, shown = addresses(root, _PATHS[server], SETTING)
        self._failures = Failures(shown, model, checked_key(key), setting=SETTING, reply="token ids")
        self._places = asyncio.Semaphore(at_once)
        self._http = httpx2.AsyncClient(
            headers={"authorization": f"Bearer {key}"} if key else {},
            timeout=httpx2.Timeout(timeout, connect=min(CONNECTING, timeout)),
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=30),
            **client_options(self._url, network or NetworkSettings()),
        )

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
        """See TokenEngine. Raises ModelError, retried before where that can help; SettingsError for a temperature at
        which the server's log-probabilities would be of another distribution."""
        if len(prompt) >= self.context:
            raise ContextOverflow(f"The prompt has {len(prompt)} tokens of {self.context}.", limit=self.context)
        if temperature not in (0.0, 1.0) and not self._tempered:
            raise SettingsError(
                f"At temperature {temperature:g} {self._server} returns log-probabilities of temperature 1.",
                "Start vLLM with --logprobs-mode processed_logprobs and say so (tempered), or sample at 1.",
            )
        fields = _FIELDS[self._server](
            self.name, prompt, min(max_new, self.context - len(prompt)), temperature, stop, seed
        )
        async with self._places:
            return await aretry(partial(self._attempt, fields, stop), self._retries + 1, self._wait)

    def release(self, key: str) -> None:
        """The server keeps what it has room for."""

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _attempt(self, fields: dict[str, Any], stop: frozenset[int]) -> Generated:
        """One request. Raises ModelError, Retryable."""
        import httpx2  # noqa: PLC0415

        try:
            response = await self._http.post(self._url, json=fields)
        except httpx2.TimeoutException as error:
            raise self._failures.unreachable(f"no answer within {self._timeout:g} s") from error
        except httpx2.RequestError as error:
            raise self._failures.unreachable(str(error) or type(error).__name__) from error
        if response.status_code >= 300:
            failure = self._failures.of_answer(response.status_code, response.headers, response.content)
            raise failure.error if isinstance(failure, Refused) else failure
        try:
            ids, logprobs, finish = _READERS[self._server](from_json(response.content))
        except (ValueError, KeyError, IndexError, TypeError) as error:
            raise self._failures.not_an_endpoint(
                response.text, "HTTP 200 without token ids and log-probabilities; vLLM returns them since 0.10.2"
            ) from error
        if self._server == "llama.cpp" and (ends := [place for place, id_ in enumerate(ids) if id_ in stop]):
            ids, logprobs, finish = ids[: ends[0] + 1], logprobs[: ends[0] + 1], "stop"  # it stops at texts, not at ids
        if finish not in ("stop", "length") or len(ids) != len(logprobs) or any(map(math.isinf, logprobs)):
            raise self._failures.broken(f"{len(ids)} ids, {len(logprobs)} log-probabilities, finish {finish}")
        if finish == "stop" and (not ids or ids[-1] not in stop):
            raise self._failures.broken("the end of the reply is missing from its ids")
        return Generated(ids, logprobs, "stop" if finish == "stop" else "length")


def _vllm_fields(
    model: str, prompt: Sequence[int], max_new: int, temperature: float, stop: frozenset[int], seed: int | None
) -> dict[str, Any]:
    return {
        "model": model,
        "prompt": list(prompt),
        "max_tokens": max_new,
        "temperature": temperature,
        "stop_token_ids": sorted(stop),
        "logprobs": 0,
        "return_token_ids": True,
        **_WHOLE,
        **({} if seed is None else {"seed": seed}),
    }


def _sglang_fields(
    model: str, prompt: Sequence[int], max_new: int, temperature: float, stop: frozenset[int], seed: int | None
) -> dict[str, Any]:
    sampling = {"max_new_tokens": max_new, "temperature": temperature, "stop_token_ids": sorted(stop), **_WHOLE}
    seeded = {} if seed is None else {"sampling_seed": seed}
    return {"input_ids": list(prompt), "return_logprob": True, "sampling_params": {**sampling, **seeded}}


def _llama_cpp_fields(
    model: str, prompt: Sequence[int], max_new: int, temperature: float, stop: frozenset[int], seed: int | None
) -> dict[str, Any]:
    return {
        "prompt": list(prompt),
        "n_predict": max_new,
        "temperature": temperature,
        "samplers": ["temperature"],
        "ignore_eos": True,
        "return_tokens": True,
        "seed": -1 if seed is None else seed,
    }


def _read_vllm(answer: Any) -> tuple[list[int], list[float], str]:
    choice = answer["choices"][0]
    return list(choice["token_ids"]), list(choice["logprobs"]["token_logprobs"]), choice["finish_reason"]


def _read_sglang(answer: Any) -> tuple[list[int], list[float], str]:
    meta = answer["meta_info"]
    triples = meta["output_token_logprobs"]
    return [triple[1] for triple in triples], [triple[0] for triple in triples], meta["finish_reason"]["type"]


def _read_llama_cpp(answer: Any) -> tuple[list[int], list[float], str]:
    """Its log-probabilities leave out tokens that end within a character, so there are none here."""
    ids = list(answer["tokens"])
    return ids, [math.nan] * len(ids), "length"


_WHOLE = {"top_p": 1.0, "top_k": -1, "min_p": 0.0, "repetition_penalty": 1.0, "ignore_eos": True}
_FIELDS = {"vllm": _vllm_fields, "sglang": _sglang_fields, "llama.cpp": _llama_cpp_fields}
_READERS = {"vllm": _read_vllm, "sglang": _read_sglang, "llama.cpp": _read_llama_cpp}
