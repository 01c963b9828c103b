"""One trainer for all supervised stages: mid-training, fine-tuning on runs, judges.

Any Hugging Face causal model; samples with a loss weight for each token, packed so that none sees another. The order of
the samples, the learning rate and the random numbers of an update are functions of the seed and the update's number, so
what is resumed after a kill continues to the same weights as without it.
"""

import json
import math
import resource
import shutil
import time
import warnings
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch.distributed.tensor import DTensor
from transformers import PreTrainedModel

from ..errors import CheckpointError, Diverged
from ..files import write_file
from .checkpoints import load_checkpoint, samples_from, save_checkpoint
from .curves import Curve, CurveFile, draw
from .options import SupervisedOptions
from .packing import Batch, SampleStore, Span, check_model, hidden_states, plan_rows, store_samples, token_logprobs
from .records import TokenSample, read_samples
from .sharding import Processes, load_state, save_state, whole_weights

__all__ = [
    "Evaluate", "Objective", "SupervisedOptions", "make_optimizer", "train", "train_checkpoint", "validation_loss",
]  # fmt: skip

Evaluate = Callable[[PreTrainedModel, int], dict[str, float]]
"""Measures the model after an update; what it returns becomes part of the curve."""


class Objective(torch.nn.Module):
    """The weighted sum of the negative log-probabilities of a batch."""

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, batch: Batch) -> torch.Tensor:
        own = batch.weights.nonzero().squeeze(-1)  # logits of context are never computed
        hidden = hidden_states(self.model, batch)[own]
        logprobs = token_logprobs(self.model.get_output_embeddings(), hidden, batch.targets[own])
        return -(logprobs * batch.weights[own]).sum()


def train(
    model: PreTrainedModel,
    samples: Iterable[TokenSample] | Path,
    options: SupervisedOptions,
    out: Path,
    evaluate: Evaluate | None = None,
    progress: Callable[[str], None] | None = None,
    held_out: SampleStore | None = None,
) -> Curve:
    """Train `model` in place; what was interrupted is continued by the same call.

    held_out: samples whose loss is measured where `evaluate` would be called, by all processes of the run.
    `out` gets curve.jsonl and the state to resume from. Samples that are no sequence are mapped from disk. Returns the
    curve with the counts of samples left out. Raises TrainingError for impossible samples or settings, CheckpointError
    where the state in `out` is that of another run, Diverged where the loss is no number any more, OSError.
    """
    out.mkdir(parents=True, exist_ok=True)
    processes = Processes.join(options.context_processes)
    check_model(model)
    vocab = model.get_input_embeddings().num_embeddings
    given = read_samples(samples) if isinstance(samples, Path) else samples
    place = f"tokens{dist.get_rank() if processes else ''}"
    folder = None if isinstance(given, Sequence) else out / place
    store = store_samples(given, options.context, vocab, options.long, folder)
    run = _Run(model, store, options, out, processes, held_out)
    quiet = progress is None or (processes and not processes.first)
    try:
        return run.train(evaluate, _silent if quiet or not progress else progress)
    finally:
        run.close()


def train_checkpoint(
    folder: Path,
    samples: Path,
    options: SupervisedOptions,
    out: Path,
    held_out: Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> Curve:
    """Train the checkpoint in `folder` on a file; the result is OUT/checkpoint, its curve OUT/curve.svg.

    samples: what `samples_from` takes. held_out: a file whose loss is measured too. Raises as `train` and
    `load_checkpoint` do.
    """
    checkpoint = load_checkpoint(folder)
    model = checkpoint.model
    vocab = model.get_input_embeddings().num_embeddings
    unseen = None
    if held_out:
        unseen = store_samples(samples_from(held_out, checkpoint), options.context, vocab, options.long)
    curve = train(model, samples_from(samples, checkpoint), options, out, None, progress, unseen)
    shared = dist.is_initialized()
    weights = whole_weights(model) if shared else None
    if not shared or weights:
        save_checkpoint(out / "checkpoint", model, checkpoint.tokenizer, checkpoint.dialect, weights)
        draw({folder.name: curve}, ["loss", "held_out_loss", "rate", "norm"], out / "curve.svg")
    return curve


class _Run:
    """One training run between two interruptions."""

    def __init__(
        self,
        model: PreTrainedModel,
        store: SampleStore,
        options: SupervisedOptions,
        out: Path,
        processes: Processes | None,
        held_out: SampleStore | None = None,
    ) -> None:
        self.held_out = held_out
        self.model, self.store, self.options, self.states = model, store, options, out / "states"
        self.processes = processes
        self.device = processes.device if processes else model.device
        self.adapted = _add_lora(model, options) if options.lora_rank else None
        if options.gradient_checkpointing:
            model.activation_checkpointing_enable({"use_reentrant": False})
        self.objective = Objective(model)
        shapes = {name: list(weight.shape) for name, weight in self._learnt()}
        if processes:
            processes.shard(self.objective, model._no_split_modules, options.precision == "bfloat16")
        self.optimizer = make_optimizer(self.objective, options)
        self.updates = options.updates or sum(len(list(self._epoch(epoch))) for epoch in range(options.epochs))
        self.identity = {
            "samples": zlib.crc32(store.ids.tobytes(), zlib.crc32(store.weights.tobytes())),
            "shapes": shapes,
            **{name: getattr(options, name) for name in ("context", "rows", "seed", "updates", "epochs")},
        }
        self.update = self._resume()
        self.main = not processes or processes.first
        self.curve = CurveFile(out / "curve.jsonl" if self.main else None, self.update)
        self.curve.curve.skipped = store.skipped

    def close(self) -> None:
        self.curve.close()

    def train(self, evaluate: Evaluate | None, progress: Callable[[str], None]) -> Curve:
        """All updates that are left."""
        options, curve = self.options, self.curve
        progress(self._beginning())
        for number, rows in enumerate(self._all_rows()):
            if number < self.update:
                continue
            if number >= self.updates:
                break
            curve.add(**self._learn(number, rows))
            self.update = number + 1
            last = self.update == self.updates
            if last or self.update % options.save_every == 0:
                self._save()
            if last or (options.evaluate_every and self.update % options.evaluate_every == 0):
                self.model.eval()
                measured = evaluate(self.model, self.update) if evaluate else {}
                if self.held_out:
                    measured["held_out_loss"] = mean_loss(
                        self.objective, self.held_out, options.context, self.device, self.processes
                    )
                if measured:
                    curve.add(update=self.update, **measured)
            if last or self.update % 20 == 0:
                progress(_describe(curve.curve, self.updates))
        if self.adapted is not None:
            self.adapted.merge_and_unload()
        return curve.curve

    def _beginning(self) -> str:
        store = self.store
        learnt = sum(weight.numel() for _, weight in self._learnt())
        left_out = ", ".join(f"{n} {reason}" for reason, n in store.skipped.items()) or "none"
        return (
            f"{learnt:,} parameters, {len(store.spans):,} samples, {len(store.ids):,} tokens, left out: {left_out}; "
            f"update {self.update} of {self.updates}"
        )

    def _epoch(self, epoch: int) -> Iterator[list[list[Span]]]:
        rows = plan_rows(self.store.spans, self.options.context, self.options.seed, epoch)
        for start in range(0, len(rows), self.options.rows):
            yield rows[start : start + self.options.rows]

    def _all_rows(self) -> Iterator[list[list[Span]]]:
        for epoch in count():
            yield from self._epoch(epoch)

    def _learn(self, number: int, rows: list[list[Span]]) -> dict[str, float]:
        """One update; what was measured. The weights are as before it where Diverged is raised."""
        options = self.options
        started = time.perf_counter()
        torch.manual_seed(options.seed * 1_000_003 + number)
        self.model.train()
        documents = [[self.store.document(span) for span in row] for row in rows]
        total = float(sum(weights.sum() for row in documents for _, weights in row))
        loss = torch.zeros((), device=self.device)
        own = self.processes.rows(documents) if self.processes else documents
        size = options.micro_rows or len(own)
        mixed = options.precision == "bfloat16" and not self.processes  # FSDP computes in bfloat16 itself
        for start in range(0, len(own), size):
            parts = [part for row in own[start : start + size] for part in row]
            batch = self.processes.batch(parts) if self.processes else Batch.of(parts, self.device)
            with torch.autocast(self.device.type, torch.bfloat16, enabled=mixed):
                share = self.objective(batch) / total
            (share * (self.processes.count if self.processes else 1)).backward()  # FSDP takes the mean over processes
            loss += share.detach()
        if self.processes:
            loss = self.processes.total(loss)
        length = torch.nn.utils.clip_grad_norm_(self.objective.parameters(), options.clip)
        norm = float(length.full_tensor() if isinstance(length, DTensor) else length)
        if not math.isfinite(norm) or not math.isfinite(float(loss)):
            self.optimizer.zero_grad()
            self._save()
            raise Diverged(
                f"The loss of update {number + 1} is {float(loss)}, the norm of its gradient {norm}.",
                f"The state before it is in {self.states}: resume with a lower learning rate or in float32.",
            )
        rate = options.rate(number, self.updates)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.optimizer.zero_grad()
        tokens = sum(len(ids) for row in documents for ids, _ in row)
        seconds = time.perf_counter() - started
        return {
            "update": number + 1, "loss": float(loss), "rate": rate, "norm": norm, "tokens": tokens,
            "seconds": seconds, "memory_gb": _memory(self.device),
        }  # fmt: skip

    def _learnt(self) -> list[tuple[str, torch.nn.Parameter]]:
        return [(name, weight) for name, weight in self.objective.named_parameters() if weight.requires_grad]

    def _save(self) -> None:
        """Write the state to resume from; the one before it is removed when it is whole."""
        older = self._saved()
        folder = self.states / f"{self.update:08}"
        if folder in older:  # the loss diverged right after a resume
            return
        aside = self.states / "part"
        if self.main:
            shutil.rmtree(aside, ignore_errors=True)
            aside.mkdir(parents=True)
            write_file(aside / "run.json", [json.dumps(self.identity).encode()])
        self._wait()
        save_state(aside, self.objective, self.optimizer)
        self._wait()
        if self.main:
            aside.rename(folder)
            for old in older:
                shutil.rmtree(old)
        self._wait()

    def _wait(self) -> None:
        if self.processes:
            dist.barrier()

    def _saved(self) -> list[Path]:
        return sorted(self.states.glob("[0-9]*"))

    def _resume(self) -> int:
        """Put the newest saved state, where there is one, into model and optimizer; the number of updates done."""
        if not (saved := self._saved()):
            return 0
        found, wanted = json.loads((saved[-1] / "run.json").read_bytes()), json.loads(json.dumps(self.identity))
        if different := sorted(name for name in wanted if wanted[name] != found.get(name)):
            raise CheckpointError(
                f"{self.states} is of a run with other {', '.join(different)}.",
                "Name another folder, or delete it to begin again.",
            )
        load_state(saved[-1], self.objective, self.optimizer)
        return int(saved[-1].name)


def make_optimizer(module: torch.nn.Module, options: SupervisedOptions) -> torch.optim.Optimizer:
    """AdamW over what is trained, with weight decay on matrices only."""
    learnt = [weight for weight in module.parameters() if weight.requires_grad]
    groups = [
        {"params": [weight for weight in learnt if weight.ndim > 1], "weight_decay": options.weight_decay},
        {"params": [weight for weight in learnt if weight.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=options.learning_rate, betas=options.betas, fused=True)


def validation_loss(model: PreTrainedModel, store: SampleStore, context: int) -> float:
    """Mean negative log-probability over the weights of all samples, in nats."""
    model.eval()
    return mean_loss(Objective(model), store, context, model.device)


def mean_loss(
    objective: Objective, store: SampleStore, context: int, device: torch.device, processes: Processes | None = None
) -> float:
    """The same of an objective whose parameters processes may share: each takes its rows, and all take as many."""
    loss = torch.zeros((), device=device)
    rows = [[store.document(span) for span in row] for row in plan_rows(store.spans, context, 0, 0)]
    with torch.no_grad():
        for documents in processes.rows(rows) if processes else rows:
            loss += objective(processes.batch(documents) if processes else Batch.of(documents, device))
    total = float(sum(weights.sum() for documents in rows for _, weights in documents))
    return float(processes.total(loss) if processes else loss) / total


def _add_lora(model: PreTrainedModel, options: SupervisedOptions) -> Any:
    from peft import LoraConfig, get_peft_model  # noqa: PLC0415  slow to import, rarely needed

    torch.manual_seed(options.seed)
    rank = options.lora_rank
    settings = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear", task_type="CAUSAL_LM")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # peft reads an attribute that transformers renames
        return get_peft_model(model, settings)


def _describe(curve: Curve, updates: int) -> str:
    recent = [point for point in curve.points[-20:] if "loss" in point]
    speed = sum(point["tokens"] for point in recent) / sum(point["seconds"] for point in recent)
    mean = sum(point["loss"] for point in recent) / len(recent)
    measured = curve.points[-1] if "loss" not in curve.points[-1] else {}
    more = "".join(f", {name} {value:.3f}" for name, value in measured.items() if name != "update")
    return (
        f"update {recent[-1]['update']:.0f} of {updates}: loss {mean:.4f}, {speed:,.0f} tokens/s, "
        f"{recent[-1]['memory_gb']:.2f} GB{more}"
    )


def _silent(line: str) -> None:
    pass


def _memory(device: torch.device) -> float:
    """Peak memory so far, GB: of the GPU, or of the process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 1e9
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
