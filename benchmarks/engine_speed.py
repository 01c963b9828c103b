"""Tokens a second of the engine in this process, for runs that sample, read a result, and sample again.

    python -m benchmarks.engine_speed --runs 64 --threads 2

Prints wall time and the processor time of this process, which tells how fast it is where other work takes turns.
"""

import argparse
import asyncio
import random
import time

import torch

from deepresearch.training.checkpoints import new_model
from deepresearch.training.engine import LocalEngine

VOCABULARY, QUESTION, TURN, RESULT, TURNS = 2_048, 40, 30, 100, 6


async def measure(runs: int, slots: int, width: int, layers: int) -> None:
    """Let `runs` runs of TURNS turns work at once, and print what that took."""
    model = new_model(VOCABULARY, width=width, layers=layers, heads=4, context=1024)
    engine = LocalEngine(model, slots, 1024)

    async def run(number: int) -> None:
        source = random.Random(number)
        ids = [source.randrange(VOCABULARY) for _ in range(QUESTION)]
        for turn in range(TURNS):
            made = await engine.generate(
                ids, max_new=TURN, temperature=1.0, stop=frozenset(), key=str(number), seed=1000 * number + turn
            )
            ids = [*ids, *made.ids, *(source.randrange(VOCABULARY) for _ in range(RESULT))]
        engine.release(str(number))

    wall, processor = time.perf_counter(), time.process_time()
    await asyncio.gather(*(run(number) for number in range(runs)))
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    tokens = engine.generated + engine.read
    print(f"{sum(weight.numel() for weight in model.parameters()):,} parameters, {slots} slots, {runs} runs at once")
    print(f"{engine.generated} tokens sampled, {engine.read} read, {engine.reused} found in a cache")
    print(f"{wall:.1f} s: {engine.generated / wall:.0f} sampled a second, {tokens / wall:.0f} with those read")
    print(f"{processor:.1f} s of processor: {engine.generated / processor:.0f} and {tokens / processor:.0f} a second")
    await engine.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    for name, value in {"runs": 64, "slots": 64, "width": 128, "layers": 6, "threads": 2}.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    asyncio.run(measure(given.runs, given.slots, given.width, given.layers))
