"""Checkpoints: a Hugging Face folder (config, weights, tokenizer) with dialect.json, which says how runs are written.

Any Hugging Face causal model can be one; new small ones have Qwen2's architecture.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoModelForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
)
from transformers.utils.logging import disable_progress_bar

from ..errors import CheckpointError, TrainingError
from ..files import write_file
from ..trajectory import parse_event
from .dialects import DIALECTS, TokenDialect, open_dialect
from .records import TokenSample, as_sample, read_records
from .tokenizer import text_ids, train_tokenizer

DIALECT_FILE = "dialect.json"


@dataclass
class Checkpoint:
    """A model with what is needed to read and write runs by it."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerFast
    dialect: TokenDialect
    folder: Path


def new_model(
    vocab: int, width: int = 160, layers: int = 5, heads: int = 5, context: int = 1024, seed: int = 0
) -> Qwen2ForCausalLM:
    """A small model with random weights, determined by `seed`. Raises CheckpointError for impossible shapes."""
    if width % heads or (width // heads) % 2:
        raise CheckpointError(
            f"A width of {width} cannot be divided among {heads} heads.", "width / heads must be an even number."
        )
    config = Qwen2Config(
        vocab_size=vocab,
        hidden_size=width,
        intermediate_size=4 * width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=heads,
        max_position_embeddings=context,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=None,
        pad_token_id=None,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Qwen2ForCausalLM(config)


def load_checkpoint(folder: Path, dtype: torch.dtype = torch.float32, dialect: str = "chat") -> Checkpoint:
    """The checkpoint in `folder`. `dialect` is that of a folder without dialect.json.

    Raises CheckpointError where something is missing or does not fit, among it marks that the tokenizer lacks.
    """
    model, tokenizer = load_model(folder, dtype)
    return Checkpoint(model, tokenizer, open_dialect_of(folder, tokenizer, dialect), folder)


def load_model(folder: Path, dtype: torch.dtype = torch.float32) -> tuple[PreTrainedModel, PreTrainedTokenizerFast]:
    """Model and tokenizer of a folder, which need not be those of a policy. Raises CheckpointError."""
    if not (folder / "config.json").is_file():
        raise CheckpointError(f"{folder} holds no checkpoint: no config.json.", "Name a Hugging Face model folder.")
    disable_progress_bar()
    try:
        model, loading = AutoModelForCausalLM.from_pretrained(
            folder, dtype=dtype, output_loading_info=True, local_files_only=True
        )
        # not AutoTokenizer, which reads a tokenizer of one's own as that of the model's architecture
        tokenizer = PreTrainedTokenizerFast.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        reason = " ".join(str(error).split())[:300]
        raise CheckpointError(
            f"{folder} cannot be loaded: {reason}.", "Weights and config.json must belong."
        ) from error
    wrong = sorted({str(key) for kind in ("missing_keys", "mismatched_keys") for key in loading.get(kind) or ()})
    if wrong:
        raise CheckpointError(
            f"{folder}: weights are missing or of another shape: {', '.join(wrong[:5])}.",
            "Weights and config.json must belong together.",
        )
    rows = model.get_input_embeddings().num_embeddings
    if len(tokenizer) > rows:
        raise CheckpointError(
            f"{folder}: the tokenizer has {len(tokenizer)} tokens, the model knows {rows}.",
            "Use the tokenizer that the model was trained with.",
        )
    return model, tokenizer


def open_dialect_of(folder: Path, tokenizer: PreTrainedTokenizerFast, default: str = "chat") -> TokenDialect:
    """The dialect that the folder's dialect.json describes, or `default`. Raises CheckpointError, SettingsError."""
    file = folder / DIALECT_FILE
    try:
        description = json.loads(file.read_bytes()) if file.is_file() else {"name": default}
    except ValueError as error:
        raise CheckpointError(f"{file} is not JSON: {error}.", 'It holds {"name": "compact"} or "chat".') from error
    return open_dialect(tokenizer, description)


def save_checkpoint(
    folder: Path,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    dialect: TokenDialect | Mapping[str, Any],
    state: Mapping[str, torch.Tensor] | None = None,
) -> None:
    """Put a checkpoint at `folder`, whole or not at all; what is there is replaced.

    dialect: the dialect or what dialect.json is to hold. state: weights in the place of the model's own (gathered from
    many processes). Raises OSError.
    """
    description = dialect if isinstance(dialect, Mapping) else dialect.describe()
    aside = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(aside, ignore_errors=True)
    model.save_pretrained(aside, state_dict=state)
    tokenizer.save_pretrained(aside)
    write_file(aside / DIALECT_FILE, [json.dumps(description, ensure_ascii=False, indent=1).encode()])
    replace_folder(aside, folder)


def replace_folder(new: Path, folder: Path) -> None:
    """Move `new` to the place of `folder`. A kill in between leaves the old one beside it as .NAME.old."""
    old = folder.with_name(f".{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def samples_from(path: Path, checkpoint: Checkpoint) -> Iterator[TokenSample]:
    """The records of a file as samples of a checkpoint, one by one.

    Samples as they are; runs (`events`, as `deepresearch synth` writes them) in the checkpoint's dialect; documents
    (`text`) with each token learnt. Raises TrainingError naming a record that is none of these.
    """
    end = checkpoint.tokenizer.eos_token_id
    for place, record in read_records(path):
        if "ids" in record:
            yield as_sample(place, record)
        elif "events" in record:
            events = [parse_event(event) for event in record["events"]]
            yield from checkpoint.dialect.samples(events, str(record.get("route") or ""))
        elif isinstance(text := record.get("text"), str):
            ids = [*text_ids(checkpoint.tokenizer, text), *([] if end is None else [end])]
            yield TokenSample(ids, [1.0] * len(ids), kind="text")
        else:
            raise TrainingError(
                f"{place} is neither a sample, a run nor a document.",
                'It needs "ids" and "weights", or "events", or "text".',
            )


def new_checkpoint(folder: Path, texts: Path, vocab: int, dialect: str, seed: int, **shape: int) -> None:
    """Put a new checkpoint at `folder`: a tokenizer trained on documents, and a model with random weights.

    shape: width, layers, heads and context of `new_model`. Raises TrainingError, CheckpointError, SettingsError.
    """
    marks: tuple[str, ...] = getattr(DIALECTS.get(dialect), "marks", ())
    documents = (str(record.get("text") or "") for _, record in read_records(texts))
    tokenizer = train_tokenizer(documents, vocab, marks)
    model = new_model(len(tokenizer), seed=seed, **shape)
    save_checkpoint(folder, model, tokenizer, open_dialect(tokenizer, {"name": dialect}))
