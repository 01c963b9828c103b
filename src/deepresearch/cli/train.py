"""`train`: a tokenizer with a new model, mid-training and fine-tuning of checkpoints."""

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from ..errors import UserError
from ..training.options import SupervisedOptions
from . import train_rl
from .terminal import put, say
from .train_judge import judges

Training = Annotated[SupervisedOptions | None, Parameter(name="*", group="Training")]

train = App(name="train", help="Models of one's own: from documents and runs to a checkpoint that `run` can use.")
train.command(judges, name="*")
train.command(train_rl.commands, name="*")


def need_torch() -> None:
    """Raises UserError where the packages of the extra `train` are missing."""
    if missing := [name for name in ("torch", "transformers", "peft") if find_spec(name) is None]:
        raise UserError(f"Training needs {', '.join(missing)}.", "pip install 'step-deepresearch[train]'")


@train.command
def tokenizer(
    texts: Path,
    /,
    *,
    out: Path,
    vocabulary: int = 1536,
    dialect: str = "compact",
    width: int = 160,
    layers: int = 5,
    heads: int = 5,
    context: int = 1024,
    seed: int = 0,
) -> int:
    """Begin a small model: a tokenizer trained on documents, and random weights of Qwen2's architecture.

    Args:
        texts: Documents, JSON lines or Parquet with `text`.
        out: Folder of the new checkpoint.
        vocabulary: Tokens, at least 300.
        dialect: How runs are written in tokens; its marks become tokens.
        width: Numbers in a hidden state; a multiple of 2 x heads.
        layers: Of the model.
        heads: Of attention.
        context: Most tokens of a sequence.
        seed: The same seed gives the same weights.
    """
    need_torch()
    from ..training.checkpoints import new_checkpoint

    new_checkpoint(out, texts, vocabulary, dialect, seed, width=width, layers=layers, heads=heads, context=context)
    put(f"New checkpoint in {out}. Next: deepresearch train mid {out} DOCUMENTS --out FOLDER")
    return 0


@train.command
def mid(
    checkpoint: Path, samples: Path, /, *, out: Path, held_out: Path | None = None, options: Training = None
) -> int:
    """Mid-training: learn from documents and lessons. `--long split` cuts long documents into pieces.

    What was interrupted is continued by the same command. On many GPUs: torchrun --nproc-per-node 8 -m deepresearch
    train mid ...

    Args:
        checkpoint: Hugging Face folder of the model to begin with.
        samples: JSON lines or Parquet: token samples (ids, weights), documents (text), or runs (events).
        out: Folder for the checkpoint, the state to resume from, and the curve.
        held_out: Samples on which the loss is measured too.
    """
    return _supervised(checkpoint, samples, out, held_out, options)


@train.command
def sft(
    checkpoint: Path, samples: Path, /, *, out: Path, held_out: Path | None = None, options: Training = None
) -> int:
    """Fine-tuning on runs: learn the agent's own turns. Runs are taken as `deepresearch synth filter` writes them.

    What was interrupted is continued by the same command. On many GPUs: torchrun --nproc-per-node 8 -m deepresearch
    train sft ...

    Args:
        checkpoint: Hugging Face folder of the model to begin with.
        samples: JSON lines or Parquet: runs (events), or token samples (ids, weights).
        out: Folder for the checkpoint, the state to resume from, and the curve.
        held_out: Samples on which the loss is measured too.
    """
    return _supervised(checkpoint, samples, out, held_out, options)


def _supervised(
    checkpoint: Path, samples: Path, out: Path, held_out: Path | None, options: SupervisedOptions | None
) -> int:
    need_torch()
    from ..training.supervised import train_checkpoint

    curve = train_checkpoint(checkpoint, samples, options or SupervisedOptions(), out, held_out, say)
    left_out = ", ".join(f"{count} {reason}" for reason, count in curve.skipped.items()) or "none"
    put(f"{out / 'checkpoint'}: loss {curve.last('loss'):.4f}; samples left out: {left_out}")
    return 0
