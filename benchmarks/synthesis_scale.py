"""Wikidata5m's size: loading 4.6 million entities and 21 million triples, and subgraphs a minute on two cores.

    python -m benchmarks.synthesis_scale [--entities N] [--triples N] [--folder PATH] [--seconds S]

The graph is made up: degrees follow a power law, as Wikidata's do, and each entity has two names.
"""

import argparse
import multiprocessing
import random
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from deepresearch.synthesis.graph import KnowledgeGraph
from deepresearch.synthesis.subgraphs import grow, seeds
from deepresearch.synthesis.triples import build_graph

RELATIONS = 822
CHUNK = 1_000_000


def write_source(folder: Path, entities: int, triples: int) -> None:
    """The files of a made-up Wikidata5m."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    ranks = rng.permutation(entities)
    with (folder / "wikidata5m_all_triplet.txt").open("w") as file:
        for start in range(0, triples, CHUNK):
            size = min(CHUNK, triples - start)
            heads = rng.integers(0, entities, size)
            tails = ranks[(entities * rng.random(size) ** 3).astype(np.int64)]
            relations = (RELATIONS * rng.random(size) ** 4).astype(np.int64)
            rows = zip(heads.tolist(), relations.tolist(), tails.tolist(), strict=True)
            file.writelines(f"Q{h}\tP{r}\tQ{t}\n" for h, r, t in rows)
    with (folder / "wikidata5m_entity.txt").open("w") as file:
        file.writelines(f"Q{e}\tThing number {e}\tthe {e}th\n" for e in range(entities))
    with (folder / "wikidata5m_relation.txt").open("w") as file:
        file.writelines(f"P{r}\trelation {r}\n" for r in range(RELATIONS))


def grow_for(folder: Path, seed: int, seconds: float) -> tuple[int, int, int]:
    """Subgraphs grown in that time, their nodes, and the memory of the process in MB."""
    graph = KnowledgeGraph(folder)
    starts = seeds(graph)
    rng = random.Random(seed)
    end, count, nodes = time.monotonic() + seconds, 0, 0
    while time.monotonic() < end:
        start = int(starts[rng.randrange(len(starts))])
        nodes += len(grow(graph, start, rng, rng.randint(10, 40)).nodes)
        count += 1
    return count, nodes, _peak()


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entities", type=int, default=4_600_000)
    parser.add_argument("--triples", type=int, default=21_000_000)
    parser.add_argument("--folder", type=Path, default=Path("/tmp/synthesis_scale"))
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--load", action="store_true", help="only load, in this process")
    options = parser.parse_args()
    source, folder = options.folder / "source", options.folder / "graph"
    if options.load:
        start = time.monotonic()
        graph = build_graph([source], folder)
        print(
            f"loaded {graph.entities:,} entities, {graph.triples:,} triples in {time.monotonic() - start:.0f} s, "
            f"peak {_peak():,} MB"
        )
        return
    if not source.exists():
        write_source(source, options.entities, options.triples)
    call = [sys.executable, "-m", "benchmarks.synthesis_scale", "--load", "--folder", str(options.folder)]
    subprocess.run(call, check=True)
    size = sum(file.stat().st_size for file in folder.iterdir())
    print(f"on disk {size / 1e6:,.0f} MB")
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        found = pool.starmap(grow_for, [(folder, seed, options.seconds) for seed in range(2)])
    count, nodes = sum(f[0] for f in found), sum(f[1] for f in found)
    print(
        f"{60 * count / options.seconds:,.0f} subgraphs a minute in two processes, {nodes / count:.1f} nodes each, "
        f"peak {max(f[2] for f in found):,} MB a process"
    )
    shutil.rmtree(source)


if __name__ == "__main__":
    main()
