"""Tokens a second of the supervised trainer, beside TRL's SFTTrainer on the same model and samples in one run.

Tokens are those of the samples: padding does not count. CPU seconds are this process's, and say more than wall time on
a machine that does other work. Needs `trl`.
Run: python -m benchmarks.train_speed [--updates 6] [--rows 8] [--threads 2]
"""

import argparse
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from datasets import Dataset, disable_progress_bars
from transformers import PrinterCallback, TrainerCallback
from transformers.utils import logging
from trl import SFTConfig, SFTTrainer

from deepresearch.training.checkpoints import new_model
from deepresearch.training.records import TokenSample
from deepresearch.training.supervised import SupervisedOptions, train
from deepresearch.training.tokenizer import train_tokenizer

CONTEXT, VOCABULARY = 1024, 1536
WIDTH, LAYERS, HEADS = 160, 5, 5
OWN = 0.3
"""Share of the tokens that is learnt, as in runs."""

Clock = list[tuple[float, float]]


def samples(count: int, seed: int = 0) -> Iterator[TokenSample]:
    random = np.random.default_rng(seed)
    for size in random.integers(150, 700, count):
        own = (random.random(size) < OWN).astype(float)
        yield TokenSample(random.integers(0, VOCABULARY, size).tolist(), own.tolist())


def now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def ours(updates: int, rows: int, precision: str, folder: Path) -> tuple[Clock, list[float]]:
    clock = [now()]
    options = SupervisedOptions(
        context=CONTEXT, rows=rows, updates=updates, precision=precision, save_every=10**9, evaluate_every=1
    )
    evaluate: Callable[..., dict[str, float]] = lambda model, update: clock.append(now()) or {}  # noqa: E731
    model = new_model(VOCABULARY, WIDTH, LAYERS, HEADS, CONTEXT)
    curve = train(model, list(samples(3 * rows * updates)), options, folder, evaluate)
    return clock, [point["tokens"] for point in curve.points if "loss" in point]


def theirs(updates: int, rows: int, precision: str, folder: Path, packing: bool) -> tuple[Clock, list[float]]:
    clock, tokens = [], []

    class Watch(TrainerCallback):
        def on_step_begin(self, *_, **__):
            if not clock:
                clock.append(now())

        def on_step_end(self, *_, **__):
            clock.append(now())

    batch = rows if packing else round(rows * CONTEXT / 425)  # samples of 425 tokens in the mean
    settings = SFTConfig(
        output_dir=str(folder), max_steps=updates, per_device_train_batch_size=batch, max_length=CONTEXT,
        packing=packing, packing_strategy="bfd", bf16=precision == "bfloat16", use_cpu=True, report_to=[],
        gradient_checkpointing=False, save_strategy="no", logging_strategy="no", disable_tqdm=True, warmup_steps=2,
        optim="adamw_torch_fused", learning_rate=1e-3, max_grad_norm=1.0, loss_type="nll",
    )  # fmt: skip
    listed = [{"input_ids": s.ids, "completion_mask": [int(w) for w in s.weights]} for s in samples(3 * rows * updates)]
    tokenizer = train_tokenizer(["text"], 300, [])
    tokenizer.eos_token = "<|pad|>"
    trainer = SFTTrainer(
        new_model(VOCABULARY, WIDTH, LAYERS, HEADS, CONTEXT), settings, train_dataset=Dataset.from_list(listed),
        processing_class=tokenizer, callbacks=[Watch()],
    )  # fmt: skip
    trainer.remove_callback(PrinterCallback)
    collate = trainer.data_collator

    def counting(examples):
        tokens.append(sum(len(example["input_ids"]) for example in examples))
        return collate(examples)

    trainer.data_collator = counting
    trainer.train()
    return clock, tokens[:updates]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--updates", type=int, default=6)
    parser.add_argument("--rows", type=int, default=8)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    logging.set_verbosity_error()
    disable_progress_bars()
    warnings.simplefilter("ignore")
    print(f"width {WIDTH}, {LAYERS} layers, {HEADS} heads, vocabulary {VOCABULARY}, {given.rows} rows of {CONTEXT}, "
          f"{given.updates} updates after the first, {given.threads} threads")  # fmt: skip
    variants = {
        "ours": ours,
        "TRL, packed": lambda *rest: theirs(*rest, True),
        "TRL, padded": lambda *rest: theirs(*rest, False),
    }
    for precision in ("float32", "bfloat16"):
        for name, measure in variants.items():
            with tempfile.TemporaryDirectory() as folder:
                clock, tokens = measure(given.updates + 1, given.rows, precision, Path(folder))
            wall, cpu = (clock[-1][i] - clock[1][i] for i in (0, 1))  # the first update warms up
            count = sum(tokens[1:])
            print(f"{precision:8} {name:12} {count / wall:8,.0f} tokens/s {count / cpu:8,.0f} tokens/CPU-s", flush=True)


if __name__ == "__main__":
    main()
