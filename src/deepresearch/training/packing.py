"""Documents side by side in one stream of tokens, none of which sees another.

Samples are kept flat (in memory, or mapped from disk), put into rows of at most `context` tokens by best fit, and the
rows of an update are laid end to end without padding. Attention is computed document by document, so nothing can leak
and no work is spent on pairs of tokens that must not meet: on a CPU this is half as fast again as a mask over the row.
"""

import io
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch.nn.attention.bias import causal_lower_right
from torch.utils.checkpoint import checkpoint
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from ..errors import CheckpointError, TrainingError
from .records import TokenSample

ATTENTION = "documents"
"""Name under which `attend` is registered with transformers."""
LOGITS = 2**25
"""Most logits (tokens x vocabulary) that exist at once, 128 MB in float32."""
WINDOW = 4000
"""Samples among which best fit looks for those that fill a row."""

Span = tuple[int, int]
"""First token and the one after the last."""


@dataclass(frozen=True)
class SampleStore:
    """All samples of a training run, flat."""

    ids: "np.ndarray[Any, Any]"
    weights: "np.ndarray[Any, Any]"
    """Loss weight of each token; 0 at the first of a document, which nothing predicts."""
    spans: list[Span]
    skipped: dict[str, int]
    """Samples that were left out, by reason: too long, no own tokens."""

    def document(self, span: Span) -> tuple["np.ndarray[Any, Any]", "np.ndarray[Any, Any]"]:
        """Ids and weights of one."""
        return self.ids[slice(*span)], self.weights[slice(*span)]


def store_samples(
    samples: Iterable[TokenSample],
    context: int,
    vocab: int,
    long: Literal["skip", "split"] = "skip",
    folder: Path | None = None,
) -> SampleStore:
    """Put samples flat, in memory or in two files of `folder`.

    A sample without a token that counts is left out and counted; so is one longer than `context` tokens, unless `long`
    says that it is split into pieces. Raises TrainingError for impossible samples, and where none is left.
    """
    names = [folder / name for name in ("ids.bin", "weights.bin")] if folder else []
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    spans: list[Span] = []
    skipped: Counter[str] = Counter()
    at = 0
    with ExitStack() as opened:
        files: list[Any] = [opened.enter_context(name.open("wb")) for name in names] or [io.BytesIO(), io.BytesIO()]
        for number, sample in enumerate(samples, 1):
            ids, weights = _checked(sample, number, vocab)
            if len(ids) > context and long == "skip":
                skipped["too long"] += 1
                continue
            for start in range(0, max(1, len(ids)), context):
                piece, own = ids[start : start + context], weights[start : start + context].copy()
                own[:1] = 0
                if not own.any():
                    skipped["no own tokens"] += 1
                    continue
                files[0].write(piece.tobytes())
                files[1].write(own.tobytes())
                spans.append((at, at + len(piece)))
                at += len(piece)
    if not spans:
        reasons = ", ".join(f"{count} {reason}" for reason, count in skipped.items()) or "there are none"
        raise TrainingError(f"No sample can be learnt from: {reasons}.", f"Samples have up to {context} tokens.")
    kinds = (np.int32, np.float32)
    if names:
        flat: list[Any] = [np.memmap(name, kind, "r") for name, kind in zip(names, kinds, strict=True)]
    else:
        flat = [np.frombuffer(file.getvalue(), kind) for file, kind in zip(files, kinds, strict=True)]
    return SampleStore(flat[0], flat[1], spans, dict(skipped))


def _checked(sample: TokenSample, number: int, vocab: int) -> tuple["np.ndarray[Any, Any]", "np.ndarray[Any, Any]"]:
    ids, weights = np.asarray(sample.ids, np.int32), np.asarray(sample.weights, np.float32)
    name = f"Sample {number}" + (f" (run {sample.run})" if sample.run else "")
    if len(ids) != len(weights):
        raise TrainingError(f"{name} has {len(ids)} ids and {len(weights)} weights.", "Give each token one weight.")
    if len(ids) and not 0 <= ids.min() <= ids.max() < vocab:
        wrong = int(ids.max() if ids.max() >= vocab else ids.min())
        raise TrainingError(
            f"{name} has the token {wrong}, and the model knows 0 to {vocab - 1}.",
            "Tokenise with the tokenizer of this checkpoint.",
        )
    if not np.isfinite(weights).all() or (weights < 0).any():
        raise TrainingError(f"{name} has a loss weight that is no number from 0.", "Use 0 for what is not learnt.")
    return ids, weights


def plan_rows(spans: Sequence[Span], context: int, seed: int, epoch: int) -> list[list[Span]]:
    """The rows of one epoch in the order in which they are learnt: each at most `context` tokens, full as can be.

    Each epoch puts other samples together. The same arguments give the same rows.
    """
    random = np.random.default_rng((seed, epoch))
    order = random.permutation(len(spans))
    rows: list[list[Span]] = []
    for start in range(0, len(order), WINDOW):
        free: list[tuple[int, int]] = []  # room left and row, by room
        for index in sorted(order[start : start + WINDOW], key=lambda i: spans[i][0] - spans[i][1]):
            span = spans[index]
            size = span[1] - span[0]
            place = bisect_left(free, (size, 0))
            if place < len(free):
                room, row = free.pop(place)
                rows[row].append(span)
            else:
                room, row = context, len(rows)
                rows.append([span])
            if room > size:
                insort(free, (room - size, row))
    return [rows[i] for i in random.permutation(len(rows))]


@dataclass(frozen=True)
class Documents:
    """Which tokens of a stream may attend to which: those of the same document up to themselves."""

    pieces: tuple[tuple[int, int, int, int], ...]
    """First query and the one after the last, among the tokens here; the same of the keys that the last query sees."""
    gather: Callable[[torch.Tensor], torch.Tensor] | None = None
    """Where several processes share the stream: makes the keys of all of it (dimension 2) out of those here."""


def find_pieces(lengths: Sequence[int], here: Sequence[Span] | None = None) -> tuple[tuple[int, int, int, int], ...]:
    """The pieces of a stream of documents of those lengths; `here`: the spans of it that this process holds."""
    pieces = []
    local = 0
    for first, last in here or [(0, sum(lengths))]:
        start = 0
        for length in lengths:
            left, right = max(start, first), min(start + length, last)
            if left < right:
                pieces.append((local + left - first, local + right - first, start, right))
            start += length
        local += last - first
    return tuple(pieces)


@dataclass(frozen=True, kw_only=True)
class Batch:
    """A stream of documents; every tensor has one value a token."""

    ids: torch.Tensor
    positions: torch.Tensor
    targets: torch.Tensor
    """The next token of the same document."""
    weights: torch.Tensor
    """Loss weight of predicting the target."""
    documents: Documents

    @classmethod
    def of(cls, documents: Sequence[tuple[Any, Any]], device: torch.device | str = "cpu") -> "Batch":
        """From the (ids, weights) of each document."""
        lengths = [len(ids) for ids, _ in documents]
        ids = torch.from_numpy(np.concatenate([np.asarray(ids, np.int64) for ids, _ in documents]))
        weights = torch.from_numpy(np.concatenate([np.asarray(w, np.float32) for _, w in documents]))
        positions = torch.cat([torch.arange(length) for length in lengths])
        next_weights = torch.where(positions.roll(-1) == 0, 0.0, weights.roll(-1))
        return cls(
            ids=ids.to(device),
            positions=positions.to(device),
            targets=ids.roll(-1).to(device),
            weights=next_weights.to(device),
            documents=Documents(find_pieces(lengths)),
        )


def attend(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    *,
    scaling: float | None = None,
    dropout: float = 0.0,
    documents: Documents | None = None,
    sliding_window: int | None = None,
    **rest: Any,
) -> tuple[torch.Tensor, None]:
    """Attention as transformers calls it; without `documents` (generation, other trainers) its own."""
    if documents is None:
        found: tuple[torch.Tensor, None] = sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling,
            sliding_window=sliding_window, **rest,
        )  # fmt: skip
        return found
    kind = query.dtype
    if query.device.type == "cpu":  # its kernel is slower in bfloat16
        query, key, value = query.float(), key.float(), value.float()
    if documents.gather:
        key, value = documents.gather(key), documents.gather(value)
    if repeats := query.shape[1] // key.shape[1] - 1:
        key, value = (part.repeat_interleave(repeats + 1, 1) for part in (key, value))
    if documents.gather:
        parts = [
            (query[:, :, first:last], key[:, :, start:end], value[:, :, start:end])
            for first, last, start, end in documents.pieces
        ]
    else:  # the gradient of a split is one concatenation, that of slices a sum of tensors of the whole stream
        lengths = [last - first for first, last, _, _ in documents.pieces]
        parts = list(zip(*(part.split(lengths, 2) for part in (query, key, value)), strict=True))
    out = []
    for q, k, v in parts:
        if sliding_window and k.shape[2] > sliding_window:
            keys = torch.arange(k.shape[2], device=q.device)
            distance = keys - keys[-q.shape[2] :, None]
            limits: dict[str, Any] = {"attn_mask": (distance <= 0) & (distance > -sliding_window)}
        elif q.shape[2] == k.shape[2]:
            limits = {"is_causal": True}
        else:
            limits = {"attn_mask": causal_lower_right(q.shape[2], k.shape[2])}
        with torch.autocast(q.device.type, enabled=False):
            out.append(F.scaled_dot_product_attention(q, k, v, dropout_p=dropout, scale=scaling, **limits))
    return torch.cat(out, 2).transpose(1, 2).to(kind), None


AttentionInterface.register(ATTENTION, attend)
AttentionMaskInterface.register(ATTENTION, sdpa_mask)


def hidden_states(model: PreTrainedModel, batch: Batch) -> torch.Tensor:
    """The model's last hidden states, one a token of the batch."""
    if model.config._attn_implementation != ATTENTION:
        model.set_attn_implementation(ATTENTION)
    none = batch.ids.new_zeros(1, 1, 1, 1)  # a mask that exists already is passed on: `attend` needs none
    states: torch.Tensor = model.base_model(
        input_ids=batch.ids[None],
        position_ids=batch.positions[None],
        attention_mask=none,
        use_cache=False,
        documents=batch.documents,
    ).last_hidden_state
    return states[0]


def token_logprobs(head: torch.nn.Module, hidden: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Log-probability of each target after the hidden state of its place, float32.

    Logits exist for LOGITS of tokens x vocabulary at a time, and are computed again for the gradient where that is less
    than all.
    """

    def of_chunk(states: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
        return -F.cross_entropy(head(states).float(), wanted, reduction="none")

    size = max(1, LOGITS // int(head.weight.shape[0]))
    if len(targets) <= size:
        return of_chunk(hidden, targets)
    chunks = zip(hidden.split(size), targets.split(size), strict=True)
    return torch.cat([checkpoint(of_chunk, *chunk, use_reentrant=False, preserve_rng_state=False) for chunk in chunks])


def check_model(model: PreTrainedModel) -> None:
    """Make sure that the model's logits are its head applied to its last hidden states, and documents are apart in it.

    Raises CheckpointError naming the architecture where they are not.
    """
    ids = [[1, 0, 1, 1], [0, 1, 1]]
    batch = Batch.of([(document, document) for document in ids], model.device)
    was_training = model.training
    model.eval()
    with torch.no_grad():
        found = model.get_output_embeddings()(hidden_states(model, batch)).float()
        inputs = [torch.tensor([document], device=model.device) for document in ids]
        expected = torch.cat([model(input_ids=part).logits[0] for part in inputs]).float()
    model.train(was_training)
    close = 1e-4 if model.dtype == torch.float32 else 0.1
    if not torch.allclose(found, expected, atol=close * max(1.0, float(expected.abs().max()))):
        raise CheckpointError(
            f"{type(model).__name__} cannot be trained on packed documents: they see each other, or its logits are not "
            "its head alone.",
            "Use an architecture of the kind of Qwen2, Llama or SmolLM.",
        )


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """The learning rate of every group: a state that was loaded brings the one that it was saved with."""
    for group in optimizer.param_groups:
        group["lr"] = rate
