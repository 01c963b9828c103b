"""Export for llama.cpp: by its own converter and its own server, where both are at hand.

DEEPRESEARCH_TEST_LLAMA_CPP names llama.cpp's source folder, DEEPRESEARCH_TEST_MODELS one with `llama-server`.
"""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import Qwen2Config, Qwen2ForCausalLM

from deepresearch.errors import ExportError
from deepresearch.training.endpoint import EndpointEngine
from deepresearch.training.gguf import export_gguf
from deepresearch.training.tokenizer import text_ids
from tests.training.judging_data import tiny_tokenizer

CONVERTER = Path(os.environ.get("DEEPRESEARCH_TEST_LLAMA_CPP", "absent"))
SERVER = Path(os.environ.get("DEEPRESEARCH_TEST_MODELS", "absent")) / "llama-server"
TEXT = "The roof is 1234 green, isn't it?\n\n  <Yes> 是的。"


def checkpoint(folder: Path) -> Qwen2ForCausalLM:
    torch.manual_seed(0)
    tokenizer = tiny_tokenizer()
    shape = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "max_position_embeddings": 256}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 2, "tie_word_embeddings": True}
    model = Qwen2ForCausalLM(Qwen2Config(vocab_size=len(tokenizer), bos_token_id=None, **shape, **heads)).eval()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return model


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"has no convert_hf_to_gguf\.py"):
        export_gguf(tmp_path, tmp_path / "out.gguf", tmp_path)
    (tmp_path / "convert_hf_to_gguf.py").write_text("")
    with pytest.raises(ExportError, match="no checkpoint"):
        export_gguf(tmp_path / "none", tmp_path / "out.gguf", tmp_path)


def test_a_converter_that_fails_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "conversion").mkdir()
    (tmp_path / "conversion" / "__init__.py").write_text("")
    base = "class TextModel:\n    def get_vocab_base_pre(self, t): ...\n    def _set_vocab_sentencepiece(self): ...\n"
    (tmp_path / "conversion" / "base.py").write_text(base)
    (tmp_path / "convert_hf_to_gguf.py").write_text("import sys\nsys.exit(3)\n")
    (tmp_path / "config.json").write_text("{}")
    before = list(sys.path), list(sys.argv)
    for name in ("conversion", "conversion.base"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    with pytest.raises(ExportError, match=r"SystemExit\(3\)"):
        export_gguf(tmp_path, tmp_path / "out.gguf", tmp_path)
    for name in ("conversion", "conversion.base"):
        sys.modules.pop(name, None)
    assert not (tmp_path / "out.gguf").exists()
    assert (sys.path, sys.argv) == before


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.skipif(not (CONVERTER.is_dir() and SERVER.is_file()), reason="no llama.cpp: see the top of this file")
async def test_llama_cpp_continues_as_the_checkpoint_does(tmp_path: Path) -> None:
    """The same ids for a text, and the same greedy continuation."""
    model = checkpoint(tmp_path / "hf")
    export_gguf(tmp_path / "hf", tmp_path / "tiny.gguf", CONVERTER, "f32")
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    command = [str(SERVER), "-m", str(tmp_path / "tiny.gguf"), "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen([*command, "-c", "256", "-np", "1", "-t", "1", "--no-ui"], stderr=subprocess.DEVNULL)

    def ask(path: str, body: dict[str, Any]) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}{path}", json.dumps(body).encode(), {"content-type": "application/json"}
        )
        for _ in range(120):
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    return json.load(answer)
            except OSError:
                time.sleep(0.5)
        raise AssertionError("llama-server does not answer")

    try:
        ids = ask("/tokenize", {"content": TEXT, "parse_special": False})["tokens"]
        engine = EndpointEngine("tiny", f"http://127.0.0.1:{port}", context=256, server="llama.cpp")
        found = await engine.generate(ids, max_new=16, temperature=0.0, stop=frozenset())
        await engine.close()
    finally:
        process.terminate()
        process.wait(30)
    assert ids == text_ids(tiny_tokenizer(), TEXT)
    expected = model.generate(torch.tensor([ids]), max_new_tokens=16, do_sample=False, eos_token_id=None)
    assert found.ids == expected[0, len(ids) :].tolist()
