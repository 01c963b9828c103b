"""What a training run needs: memory of one device and seconds of one update, on paper.

The counts are those of this room's trainer (AdamW in float32, one layer gathered at a time, chunked logits) and of
transformers' Qwen2 and Llama layers. tests/benchmarks/test_arithmetic.py checks them against small models that are run.
"""

from dataclasses import dataclass
from typing import Any

LOGITS_BYTES = 3 * 4 * 2**25
"""One chunk of logits, its logarithms and their gradient."""


@dataclass(frozen=True)
class Shape:
    """Sizes of a model of Qwen2's or Llama's kind."""

    width: int
    layers: int
    heads: int
    kv_heads: int
    inner: int
    """Width within the feed-forward part."""
    vocab: int
    tied: bool = False
    """Input and output embeddings are one matrix."""
    biases: bool = True
    """Queries, keys and values have biases (Qwen2)."""

    @classmethod
    def of(cls, config: Any) -> "Shape":
        """From a configuration of transformers; head size is width / heads."""
        return cls(
            config.hidden_size, config.num_hidden_layers, config.num_attention_heads, config.num_key_value_heads,
            config.intermediate_size, config.vocab_size, config.tie_word_embeddings, config.model_type == "qwen2",
        )  # fmt: skip

    @property
    def kv_width(self) -> int:
        return self.width // self.heads * self.kv_heads

    @property
    def layer_parameters(self) -> int:
        matrices = 2 * self.width * (self.width + self.kv_width) + 3 * self.width * self.inner
        return matrices + 2 * self.width + self.biases * (self.width + 2 * self.kv_width)

    @property
    def outer_parameters(self) -> int:
        """Of embeddings and the last norm."""
        return (1 if self.tied else 2) * self.vocab * self.width + self.width

    @property
    def parameters(self) -> int:
        return self.layers * self.layer_parameters + self.outer_parameters

    def flops(self, tokens: int, length: int, own: float = 1.0) -> float:
        """Of forward and backward over `tokens` in documents of `length`; `own`: share of tokens with logits."""
        matrices = 2 * self.width * (self.width + self.kv_width) + 3 * self.width * self.inner
        attention = 2 * length * self.width  # per token and layer: half of all pairs, products with keys and values
        return 3.0 * tokens * (self.layers * (2 * matrices + attention) + own * 2 * self.vocab * self.width)

    def activations(self, tokens: int, number_bytes: int = 2, again: bool = True) -> float:
        """Bytes kept for the gradient. again: layers are computed again, only their inputs are kept."""
        norms = 6 * self.width * (number_bytes + (2 if number_bytes == 2 else 0) / 3)  # norms keep float32
        one = norms + number_bytes * (3 * self.width + 2 * self.width + 4 * self.inner)  # keys repeated for each head
        kept = self.layers * self.width * number_bytes + one if again else self.layers * one
        return tokens * (kept + 4 * self.width * number_bytes)


QWEN_7B = Shape(3584, 28, 28, 4, 18944, 152064)
"""Qwen2.5-7B."""
QWEN_32B = Shape(5120, 64, 40, 8, 27648, 152064)
"""Qwen2.5-32B."""


@dataclass(frozen=True)
class Cost:
    """Of one device: gigabytes by what needs them, and time."""

    states: float
    """Weights, gradients and both moments in float32, this device's share."""
    gathered: float
    """Two layers and the embeddings in bfloat16, while they are used."""
    activations: float
    keys: float
    """Keys and values of the whole stream, where it is shared; with their gradients."""
    logits: float
    seconds: float
    """Of one update."""
    tokens: int
    """Of one update, all devices together."""

    @property
    def gigabytes(self) -> float:
        return self.states + self.gathered + self.activations + self.keys + self.logits

    def __str__(self) -> str:
        return (
            f"{self.gigabytes:.1f} GB a device (states {self.states:.1f}, gathered {self.gathered:.1f}, activations "
            f"{self.activations:.1f}, shared keys {self.keys:.1f}, logits {self.logits:.1f}); {self.tokens:,} tokens "
            f"an update in {self.seconds:,.0f} s, {self.tokens / self.seconds:,.0f} tokens/s"
        )


def cost(
    shape: Shape,
    context: int,
    devices: int,
    context_processes: int = 1,
    rows: int = 0,
    flops: float = 989e12,
    used: float = 0.4,
) -> Cost:
    """Of full training in bfloat16 with layers computed again, each group of `context_processes` a row at a time.

    rows: of an update; 0: one for each group. flops: of a device a second (an H100's by default). used: the share of
    them that is reached, an assumption.
    """
    rows = rows or devices // context_processes
    tokens = context // context_processes
    gathered = 2 * (2 * shape.layer_parameters + shape.outer_parameters)
    keys = 2 * 2 * context * 2 * shape.kv_width if context_processes > 1 else 0
    seconds = shape.flops(rows * context, context) * 4 / 3 / (devices * flops * used)
    return Cost(
        states=16 * shape.parameters / devices / 1e9,
        gathered=gathered / 1e9,
        activations=shape.activations(tokens) / 1e9,
        keys=keys / 1e9,
        logits=LOGITS_BYTES / 1e9,
        seconds=seconds,
        tokens=rows * context,
    )


def cache_bytes(shape: Shape, tokens: int) -> int:
    """Keys and values of a sequence while it is generated, in bfloat16."""
    return 2 * 2 * shape.layers * shape.kv_width * tokens
