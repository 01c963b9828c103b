"""A checkpoint in the form that servers expect: a chat template, and the tokens that end a turn where they look."""

from pathlib import Path

import torch

from .checkpoints import load_checkpoint, save_checkpoint
from .compact import END, QUESTION, RESULT

TEMPLATE = (
    "{% for message in messages %}"
    f"{{% if message.role == 'user' %}}{QUESTION}{{% elif message.role == 'tool' %}}{RESULT}{{% endif %}}"
    "{% if message.role != 'system' %}{{ message.content }}{% endif %}"
    f"{{% if message.role == 'assistant' %}}{END}{{% endif %}}"
    "{% endfor %}"
)
"""Of the compact dialect: turns are written with their own marks."""


def export_checkpoint(checkpoint: Path, out: Path, precision: str = "bfloat16") -> None:
    """Write `checkpoint` to `out`. precision: a floating-point type of torch. Raises CheckpointError, OSError."""
    found = load_checkpoint(checkpoint, dtype=getattr(torch, precision))
    tokenizer = found.tokenizer
    if found.dialect.name == "compact":
        tokenizer.eos_token = END
        tokenizer.chat_template = tokenizer.chat_template or TEMPLATE
    if found.model.generation_config is not None:
        found.model.generation_config.eos_token_id = sorted(found.dialect.stop_ids)
    save_checkpoint(out, found.model, tokenizer, found.dialect)
