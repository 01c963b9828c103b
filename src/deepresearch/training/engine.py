"""Sampling from a model in this process: continuous batching, with each run's cache kept between its turns.

The cache is one block for each layer: a row for each run, a column for each position. A request takes the row that
holds its prompt's beginning, reads what is new of the prompt, and then takes part in every step of decoding until it
ends. Rows in decoding come first, so that a step reads no others. Weights are the model's own: a trainer that changes
them calls `forget`.
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import torch
from transformers import Cache, PreTrainedModel
from transformers.cache_utils import CacheLayerMixin

from ..errors import ContextOverflow, ModelUnreachable

PREFILL = 8_192
"""Tokens, padding included, that are read in one step."""
PATIENCE = 0.1
"""Seconds without work after which a run that waits gets the row of another one."""
STEPS = 4
"""Steps of decoding between two looks at what else has come in."""


@dataclass(frozen=True)
class Generated:
    """What was sampled. `logprobs`: of each token in the distribution that it was sampled from, temperature included;
    for temperature 0, which samples nothing, in the model's own."""

    ids: list[int]
    logprobs: list[float]
    finish: Literal["stop", "length"]


class TokenEngine(Protocol):
    """Continues a prompt."""

    context: int
    """Tokens of prompt and continuation together."""

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
        """The continuation, with the token of `stop` that ends it. key: names the run, whose cache is kept. seed: the
        same seed and prompt give the same continuation, whatever else is in work. Raises ModelError."""
        ...

    def release(self, key: str) -> None:
        """The run of that key has ended."""
        ...

    async def close(self) -> None:
        """Release what is held."""
        ...


@dataclass(eq=False)
class _Request:
    prompt: list[int]
    max_new: int
    temperature: float
    stop: frozenset[int]
    key: str
    random: random.Random
    done: asyncio.Future[Generated]
    ids: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)

    @property
    def has_ended(self) -> bool:
        """Whether nothing more is to be sampled, be it that nobody waits for it any more."""
        return bool(self.ids and self.ids[-1] in self.stop) or len(self.ids) >= self.max_new or self.done.done()


@dataclass(eq=False)
class _Row:
    """A row of the cache. `held`: the tokens whose keys and values are in it, from position 0. `key`: the run that it
    is kept for; empty: none."""

    key: str = ""
    held: list[int] = field(default_factory=list)
    request: _Request | None = None
    used: int = 0


class _Layer(CacheLayerMixin):
    """Keys and values of one layer: writes where `place` says, and gives the rows that the step reads."""

    def __init__(self, cache: "_RowCache") -> None:
        super().__init__()
        self.cache = cache

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        rows, columns = self.cache.rows, self.cache.columns
        self.keys = key_states.new_zeros(rows, key_states.shape[1], columns, key_states.shape[3])
        self.values = value_states.new_zeros(rows, value_states.shape[1], columns, value_states.shape[3])
        self.is_initialized = True

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        rows, columns, read, length = self.cache.place
        assert self.keys is not None
        assert self.values is not None
        self.keys[rows, :, columns] = key_states.transpose(1, 2)
        self.values[rows, :, columns] = value_states.transpose(1, 2)
        return self.keys[read, :, :length], self.values[read, :, :length]

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        return self.cache.place[3], 0

    def get_seq_length(self) -> int:
        return 0

    def get_max_length(self) -> int:
        return self.cache.columns

    get_max_cache_shape = get_max_length  # its name in earlier versions of transformers, such as verl asks for


class _RowCache(Cache):
    """A cache whose rows have lengths of their own; the last column takes what padding writes."""

    def __init__(self, layers: int, rows: int, columns: int) -> None:
        self.rows, self.columns = rows, columns
        self.place: tuple[torch.Tensor, torch.Tensor, Any, int] = (torch.zeros(0), torch.zeros(0), slice(0), 0)
        """Rows and columns to write, rows to read, and how many columns of them."""
        super().__init__(layers=[_Layer(self) for _ in range(layers)])

    def swap(self, one: int, other: int, length: int) -> None:
        """Exchange two rows up to a column."""
        for layer in self.layers:
            for block in (layer.keys, layer.values):
                if block is not None:
                    block[[one, other], :, :length] = block[[other, one], :, :length]


class LocalEngine:
    """An engine over a model in this process. Models with sliding windows or recurrent layers are not for it."""

    def __init__(self, model: PreTrainedModel, slots: int = 64, context: int = 1024) -> None:
        """slots: runs whose caches are held at once. context: longest prompt and continuation together."""
        self.model = model
        self.context = context
        self.generated, self.read, self.reused = 0, 0, 0
        """Tokens sampled, tokens of prompts read, and tokens that were in a cache."""
        self._cache = _RowCache(model.config.get_text_config().num_hidden_layers, slots, context + 1)
        self._rows = [_Row() for _ in range(slots)]
        self._active = 0
        """Rows in decoding: the first ones."""
        self._waiting: deque[_Request] = deque()
        self._released: set[str] = set()
        self._thread = ThreadPoolExecutor(1, "engine")
        self._work: asyncio.Task[None] | None = None
        self._clock = 0
        self._busy = 0.0
        """When a step last did something."""

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
        """See TokenEngine. Raises ContextOverflow for a prompt that leaves no room, ModelUnreachable where the model
        fails, as it does with weights that are not numbers."""
        if not prompt or len(prompt) >= self.context:
            raise ContextOverflow(f"The prompt has {len(prompt)} tokens of {self.context}.", limit=self.context)
        done: asyncio.Future[Generated] = asyncio.get_running_loop().create_future()
        most = min(max_new, self.context - len(prompt))
        source = random.Random(seed)  # noqa: S311  not for secrets
        self._waiting.append(_Request(list(prompt), most, temperature, stop, key, source, done))
        if self._work is None or self._work.done():
            self._work = asyncio.ensure_future(self._run())
        return await done

    def release(self, key: str) -> None:
        """See TokenEngine."""
        self._released.add(key)

    def forget(self) -> None:
        """Drop what the caches hold: the weights have changed. Only between requests."""
        for row in self._rows:
            row.key, row.held = "", []

    async def close(self) -> None:
        """Give up what is in work, and release the memory."""
        if self._work:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)
        self._thread.shutdown()
        self._cache.layers.clear()

    async def _run(self) -> None:
        """Work until nothing is left to do."""
        loop = asyncio.get_running_loop()
        try:
            while self._waiting or self._active:
                for request in await loop.run_in_executor(self._thread, self._step):
                    if not request.done.done():
                        finish: Literal["stop", "length"] = "stop" if request.ids[-1] in request.stop else "length"
                        request.done.set_result(Generated(request.ids, request.logprobs, finish))
                await asyncio.sleep(0 if self._active else 0.001)  # who got a reply may ask again at once
        except Exception as error:  # of any kind: nobody may wait for ever
            self._fail(ModelUnreachable(f"The model in this process has stopped: {error!r}.", "See the log above it."))
        except asyncio.CancelledError:
            self._fail(ModelUnreachable("The engine was closed."))
            raise

    def _fail(self, error: Exception) -> None:
        requests = [*self._waiting, *(row.request for row in self._rows if row.request)]
        self._waiting.clear()
        self._active = 0
        for row in self._rows:
            row.key, row.held, row.request = "", [], None
        for request in requests:
            if not request.done.done():
                request.done.set_exception(error)

    def _settle(self) -> list[_Request]:
        """The requests that have ended; closes the gaps that they leave among the rows in decoding."""
        ended: list[_Request] = []
        for place in reversed(range(self._active)):
            row = self._rows[place]
            if row.request and row.request.has_ended:
                ended.append(row.request)
                row.request = None
                self._active -= 1
                self._swap(place, self._active)
        return ended

    def _swap(self, one: int, other: int) -> None:
        if one != other:
            rows = self._rows
            self._cache.swap(one, other, max(len(rows[one].held), len(rows[other].held)))
            rows[one], rows[other] = rows[other], rows[one]

    @torch.inference_mode()
    def _step(self) -> list[_Request]:
        """Read new prompts, decode a few tokens; the requests that have ended."""
        training = self.model.training
        self.model.eval()
        try:
            if new := self._admit():
                self._prefill(new)
            elif not self._active:
                return []
            ended = self._settle()
            for _ in range(STEPS):
                if not self._active or ended:
                    break
                self._decode()
                ended = self._settle()
            self._busy = time.monotonic()
            return ended
        finally:
            self.model.train(training)

    def _admit(self) -> list[_Row]:
        """Give waiting requests a row each, as long as there are rows and their prompts fit in one step."""
        for row in self._rows[self._active :]:
            if row.key in self._released:
                row.key, row.held = "", []
        self._released.clear()
        admitted: list[_Row] = []
        longest = 0
        held_runs = {row.key for row in self._rows[self._active :]}
        for request in sorted(self._waiting, key=lambda request: request.key not in held_runs):
            if request.done.done():  # given up
                self._waiting.remove(request)
                continue
            place = self._place_for(request)
            if place is None:
                continue
            row = self._rows[place]
            held = row.held if row.key == request.key else []
            same = _common(held, request.prompt[:-1])
            longest = max(longest, len(request.prompt) - same)
            if admitted and longest * (len(admitted) + 1) > PREFILL:
                break
            self._waiting.remove(request)
            self._clock += 1
            row.key, row.used, row.request, row.held = request.key, self._clock, request, held[:same]
            self.reused += same
            self._swap(place, self._active)
            self._active += 1
            admitted.append(row)
        return admitted

    def _place_for(self, request: _Request) -> int | None:
        """The row that holds the request's run, else a free one. A run between two turns loses its row only where
        nothing has been in work for a while: it will soon be back, and would have to be read from its beginning."""
        idle = range(self._active, len(self._rows))
        own = next((place for place in idle if request.key and self._rows[place].key == request.key), None)
        if own is not None:
            return own
        free = next((place for place in idle if not self._rows[place].key), None)
        if free is not None or self._active or time.monotonic() - self._busy < PATIENCE:
            return free
        return min(idle, key=lambda place: self._rows[place].used)

    def _prefill(self, new: Sequence[_Row]) -> None:
        """Read what is new of the prompts, padded on the left, and sample the first token of each reply."""
        first = self._active - len(new)
        parts = [row.request.prompt[len(row.held) :] for row in new if row.request]
        width = max(map(len, parts))
        starts = torch.tensor([len(row.held) for row in new])
        gaps = torch.tensor([width - len(part) for part in parts])
        ids = torch.tensor([[0] * (width - len(part)) + part for part in parts])
        offsets = torch.arange(width)[None] - gaps[:, None]
        columns = torch.where(offsets < 0, self.context, starts[:, None] + offsets)
        for row, part in zip(new, parts, strict=True):
            row.held += part
            self.read += len(part)
        self._sample(new, self._forward(ids, columns, slice(first, self._active), max(len(r.held) for r in new)))

    def _decode(self) -> None:
        """One more token for every row in decoding."""
        rows = self._rows[: self._active]
        ids = torch.tensor([[row.request.ids[-1]] for row in rows if row.request])
        columns = torch.tensor([[len(row.held)] for row in rows])
        for row in rows:
            assert row.request is not None
            row.held.append(row.request.ids[-1])
        self._sample(rows, self._forward(ids, columns, slice(0, self._active), max(len(row.held) for row in rows)))

    def _forward(self, ids: torch.Tensor, columns: torch.Tensor, rows: slice, length: int) -> torch.Tensor:
        """Logits after the last token of each row. columns: the position of each token; the last column for padding,
        which sees position 0 alone, so that nothing of it is undefined."""
        device = self.model.device
        padding = columns == self.context
        positions = torch.where(padding, 0, columns)
        mask = torch.arange(length)[None, None, None] <= positions[:, None, :, None]
        written = torch.arange(rows.start, rows.stop)[:, None].expand_as(columns)
        self._cache.place = (written.to(device), columns.to(device), rows, length)
        out = self.model(
            input_ids=ids.to(device),
            position_ids=positions.to(device),
            attention_mask=mask.to(device),
            cache=self._cache,
            use_cache=True,
            logits_to_keep=1,
        )
        logits: torch.Tensor = out.logits[:, -1].float().cpu()
        if not torch.isfinite(logits).all():
            raise ValueError("its logits are not finite")
        return logits

    def _sample(self, rows: Sequence[_Row], logits: torch.Tensor) -> None:
        """One token for each row, by the inverse of its cumulative distribution at a number of its own generator."""
        requests = [row.request for row in rows if row.request]
        heat = torch.tensor([request.temperature for request in requests])
        logprobs = torch.log_softmax(logits / torch.where(heat > 0, heat, 1.0)[:, None], -1)
        sums = logprobs.double().exp().cumsum(-1)
        drawn = torch.tensor([request.random.random() for request in requests], dtype=torch.double)[:, None]
        chosen = torch.searchsorted(sums, drawn * sums[:, -1:], right=True).squeeze(1).clamp(max=logits.shape[1] - 1)
        chosen = torch.where(heat > 0, chosen, logits.argmax(-1))
        own = logprobs.gather(1, chosen[:, None]).squeeze(1)
        for request, id_, logprob in zip(requests, chosen.tolist(), own.tolist(), strict=True):
            request.ids.append(id_)
            request.logprobs.append(logprob)
        self.generated += len(requests)


def _common(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens two sequences begin with in common."""
    if one == other[: len(one)]:
        return len(one)
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
