"""From SmolLM2-135M to a policy on two cores: fine-tuning on the product's own runs, PPO, and back through llama.cpp.

    python -m runs.smollm MODELS/smollm2-135m.gguf --out smollm [--quick] [--converter LLAMA_CPP --server LLAMA_SERVER]

The closed web, the tasks, the teacher and what is held out (countries, and paths of relations) are those of the
miniature; the model begins as one that people have trained on language, its tokenizer gets the compact dialect's marks.
Two cores need about a second for 250 tokens of fine-tuning: whoever has more of them raises --trajectories. With a
converter and a server the trained policy is measured once more where it is served, by token ids.
"""

import argparse
import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from deepresearch.training.compact import MARKS, CompactDialect
from deepresearch.training.endpoint import EndpointEngine
from deepresearch.training.gguf import export_gguf
from deepresearch.training.policy import LocalPolicy

from .miniature import facts
from .miniature_measure import Outcome, rows_of, table
from .miniature_stages import LONGEST_TURN, PASSAGES, QUICK, Data, Recipe, Sizes, Student, make_data

CONTEXT = 1280


def main() -> None:
    options = read_options()
    began = time.monotonic()
    tell = lambda line: print(f"[{(time.monotonic() - began) / 60:5.1f} min] {line}", flush=True)  # noqa: E731
    torch.set_num_threads(options.threads)
    sizes = replace(
        QUICK if options.quick else Sizes(),
        context=CONTEXT,
        made_up=64,
        trajectories=8 if options.quick else options.trajectories,
        epochs=1 if options.quick else 2,
        ppo_updates=1 if options.quick else options.updates,
        episodes=4 if options.quick else 64,
        test=2 if options.quick else 20,
        rate_sft=2e-4,
        rate_ppo=5e-6,
    )
    options.out.mkdir(parents=True, exist_ok=True)
    data = make_data(options.out / "data", facts(options.facts), sizes)
    student = start(options.model, options.out)
    tell(f"{student.model.num_parameters():,} parameters, {len(MARKS)} marks added to {options.model.name}")
    recipe = Recipe(data, sizes, 0, options.out, tell)
    recipe.outcomes["before"] = student.measure(data.arena, data.test())
    recipe.fine_tuning(student)
    recipe.reinforce(student)
    if options.converter and options.server:
        recipe.outcomes["PPO, llama.cpp"] = served(options, student, data)
    print(table([row for stage, outcomes in recipe.outcomes.items() for row in rows_of(stage, [outcomes])]))


def read_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="smollm2-135m.gguf: SmolLM2-135M-Instruct")
    parser.add_argument("--out", type=Path, default=Path("smollm"), help="folder for all results")
    parser.add_argument("--quick", action="store_true", help="everything in small: does it still work?")
    parser.add_argument("--trajectories", type=int, default=320)
    parser.add_argument("--updates", type=int, default=5, help="of PPO, 64 episodes each")
    parser.add_argument("--facts", type=Path, help="countries.json; by default where DEEPRESEARCH_SHARED says")
    parser.add_argument("--converter", type=Path, help="llama.cpp's source folder")
    parser.add_argument("--server", type=Path, help="llama-server")
    parser.add_argument("--threads", type=int, default=min(8, os.cpu_count() or 1))
    return parser.parse_args()


def start(gguf: Path, folder: Path) -> Student:
    """The model in float32, as one of its own architecture, with a row of its embedding for each mark."""
    read: dict[str, Any] = {"gguf_file": gguf.name, "local_files_only": True}
    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, **read)
    loaded = AutoModelForCausalLM.from_pretrained(gguf.parent, dtype=torch.float32, **read)
    loaded.config.quantization_config = None
    model = type(loaded)(loaded.config)  # what comes from a GGUF file refuses to be saved
    model.load_state_dict(loaded.state_dict())
    model.tie_weights()
    tokenizer.add_tokens(list(MARKS), special_tokens=True)
    tokenizer.chat_template = None  # the compact dialect has none
    model.resize_token_embeddings(len(tokenizer))
    model.config.max_position_embeddings = CONTEXT
    return Student(model, CompactDialect(tokenizer, k=PASSAGES), folder)


def served(options: argparse.Namespace, student: Student, data: Data) -> list[Outcome]:
    """The policy measured where llama.cpp serves it."""
    file = options.out / "policy.gguf"
    export_gguf(options.out / "PPO", file, options.converter, "f16")
    with llama_server(options.server, file, options.threads) as url:
        engine = EndpointEngine("policy", url, context=CONTEXT, server="llama.cpp", at_once=4)
        outcomes = data.arena.run(
            data.test(),
            lambda task, tools, settings: LocalPolicy(engine, student.dialect, 0.0, LONGEST_TURN),
            student.tokens,
        )
    return outcomes


@contextmanager
def llama_server(program: Path, model: Path, threads: int) -> Iterator[str]:
    """A server of `model` on a free port; its address."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    flags = ["-c", str(4 * CONTEXT), "-np", "4", "-t", str(threads), "--no-ui"]
    command = [str(program), "-m", str(model), "--host", "127.0.0.1", "--port", str(port), *flags]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).close()
                break
            except OSError:
                time.sleep(0.5)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


if __name__ == "__main__":
    main()
