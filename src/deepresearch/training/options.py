"""How a model is trained on samples: what `deepresearch train mid` and `sft` take as flags. Imports no torch."""

import math
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class SupervisedOptions:
    """How a model is trained on samples."""

    context: int = 1024
    """Most tokens of a row, and of a sample."""
    long: Literal["skip", "split"] = "skip"
    """What becomes of a longer sample: left out and counted, or split into pieces (documents)."""
    rows: int = 16
    """Rows of one update, on all devices together."""
    micro_rows: int = 0
    """Rows whose gradient a device computes at once; 0: all of them."""
    epochs: int = 1
    updates: int = 0
    """Updates in all; 0: as many as `epochs` need."""
    learning_rate: float = 1e-3
    schedule: Literal["cosine", "constant"] = "cosine"
    warmup: int = 20
    """Updates in which the rate grows to `learning_rate`."""
    floor: float = 0.1
    """Share of the rate that is left at the end of the cosine."""
    weight_decay: float = 0.1
    """Of matrices; none of norms and biases."""
    betas: tuple[float, float] = (0.9, 0.95)
    clip: float = 1.0
    """Largest norm of the gradient."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Of the computation; weights and optimizer are float32."""
    gradient_checkpointing: bool = False
    """Compute each layer again for the gradient instead of keeping what it computed."""
    lora_rank: int = 0
    """Train low-rank additions to all linear layers instead of the weights; merged at the end."""
    context_processes: int = 1
    """Processes of torchrun that share the tokens of the same rows; for long contexts."""
    save_every: int = 200
    evaluate_every: int = 0
    """0: at the end only."""
    seed: int = 0

    def rate(self, update: int, updates: int) -> float:
        """Learning rate of an update, from 0."""
        if update < self.warmup:
            return self.learning_rate * (update + 1) / self.warmup
        if self.schedule == "constant":
            return self.learning_rate
        done = (update - self.warmup) / max(1, updates - self.warmup)
        return self.learning_rate * (self.floor + (1 - self.floor) * (1 + math.cos(math.pi * min(1.0, done))) / 2)
